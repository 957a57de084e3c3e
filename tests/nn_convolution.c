/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Convolutions of encrypted feature maps against the sum in the clear: shapes by chance in simulations and on a CPU, one
 * after the other; keys, counts and layouts; and what is refused.
 */
#include <time.h>

#include "boot.h"
#include "convolutions.h"
#include "host/base/memory.h"
#include "host/base/watch.h"
#include "host/nn/convolution.h"

enum { LOG_N = 12, DEPTH = 2, SCALE = 40 };

/* ---- rigs ---- */

/* What a dry run says of a case: its cost, and needs. */
static umbra_key_needs *needs_of_case(const convolution_case *c, umbra_params *params, umbra_cost *cost) {
  scheme dry;
  umbra_feature_map *map = NULL;
  scheme_open_dry(&dry, umbra_params_share(params));
  umbra_convolution *convolution = case_create(c, dry.context);
  assert_ok(umbra_dry_feature_map(&map, dry.context, UMBRA_TOP_LEVEL, 1, &c->in));
  assert_ok(umbra_context_cost_begin(dry.context));
  assert_ok(umbra_convolution_apply(dry.evaluator, &map, map, convolution));
  if (cost) assert_ok(umbra_context_cost(dry.context, cost));
  umbra_key_needs *needs = scheme_needs(&dry);
  umbra_feature_map_destroy(map);
  umbra_convolution_destroy(convolution);
  scheme_close(&dry);
  return needs;
}

static umbra_feature_map *encrypt_case(const scheme *s, const convolution_case *c) {
  umbra_feature_map *map = NULL;
  if (s->public) assert_ok(umbra_feature_map_encrypt(&map, s->public, c->values, &c->in, NULL));
  else assert_ok(umbra_sim_feature_map(&map, s->context, c->values, &c->in));
  return map;
}

static void check_map(const scheme *s, const convolution_case *c, const umbra_feature_map *map) {
  double *found = malloc(c->outputs * c->height * c->width * sizeof *found);
  assert_non_null(found);
  if (s->secret) assert_ok(umbra_feature_map_decrypt(map, found, s->secret, NULL));
  else assert_ok(umbra_sim_feature_map_decode(found, map));
  check_outputs(c, found);
  free(found);
}

static void check_case(const scheme *s, const convolution_case *c) {
  umbra_feature_map *map = encrypt_case(s, c);
  umbra_convolution *convolution = case_create(c, s->context);
  umbra_feature_layout out = {UMBRA_FEATURE_LAYOUT_INIT}, expected = {UMBRA_FEATURE_LAYOUT_INIT};
  assert_ok(umbra_convolution_apply(s->evaluator, &map, map, convolution));
  assert_ok(umbra_feature_map_layout(map, &out));
  assert_ok(umbra_convolution_output(convolution, &expected));
  assert_memory_equal(&out, &expected, sizeof out);
  assert_true(out.channels == c->outputs && out.height == c->height && out.width == c->width);
  assert_int_equal(umbra_feature_map_level(map), umbra_convolution_level(convolution) - 1);
  check_map(s, c, map);
  umbra_convolution_destroy(convolution);
  umbra_feature_map_destroy(map);
}

/* ---- right ---- */

static void random_shapes_in_simulations(void **state) {
  (void)state;
  uint64_t random = 1;
  scheme s;
  scheme_open_sim(&s, test_params(LOG_N, SCALE, DEPTH), 0, 7);
  for (int trial = 0; trial < 40; trial++) {
    convolution_case c;
    case_random(&c, &random, 20);
    c.desc.encode = trial % 2 ? UMBRA_TRANSFORM_AT_USE : UMBRA_TRANSFORM_ENCODED;
    check_case(&s, &c);
    case_free(&c);
  }
  scheme_close(&s);
}

static void random_shapes(void **state) {
  (void)state;
  uint64_t random = 2;
  for (int trial = 0; trial < 6; trial++) {
    umbra_params *params = test_params(LOG_N, SCALE, DEPTH);
    convolution_case c;
    scheme s;
    case_random(&c, &random, 8);
    scheme_open_for(&s, params, "cpu", needs_of_case(&c, params, NULL));
    check_case(&s, &c);
    scheme_close(&s);
    case_free(&c);
  }
}

/* What lies between the pixels of a map is nobody's: here it is as large as they are. */
static void other_slots_are_ignored(void **state) {
  (void)state;
  uint64_t random = 3;
  scheme s;
  scheme_open_sim(&s, test_params(LOG_N, SCALE, DEPTH), 1, 7);
  for (int trial = 0; trial < 8; trial++) {
    convolution_case c;
    case_random(&c, &random, 8);
    umbra_feature_map *map = encrypt_case(&s, &c);
    umbra_convolution *convolution = case_create(&c, s.context);
    const size_t parts = umbra_feature_map_ciphertexts(map);
    umbra_ciphertext **moved = calloc(parts, sizeof *moved);
    assert_non_null(moved);
    for (size_t i = 0; i < parts; i++)
      assert_ok(umbra_add_constant(s.evaluator, &moved[i], umbra_feature_map_ciphertext(map, i), 0.5, 0));
    assert_ok(umbra_feature_map_from(&map, (const umbra_ciphertext *const *)moved, parts, &c.in));
    for (size_t i = 0; i < (size_t)c.in.channels * c.in.height * c.in.width; i++) c.values[i] += 0.5;
    assert_ok(umbra_convolution_apply(s.evaluator, &map, map, convolution));
    check_map(&s, &c, map);
    for (size_t i = 0; i < parts; i++) umbra_ciphertext_destroy(moved[i]);
    free(moved);
    umbra_feature_map_destroy(map);
    umbra_convolution_destroy(convolution);
    case_free(&c);
  }
  scheme_close(&s);
}

/* Images that a ciphertext does not hold, also with gaps between their pixels. */
static void planes_of_several_ciphertexts(void **state) {
  (void)state;
  uint64_t random = 9;
  scheme s;
  scheme_open_sim(&s, test_params(LOG_N, SCALE, DEPTH), 0, 7);
  for (uint32_t trial = 0; trial < 6; trial++) {
    convolution_case c = {.in = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 1 + trial % 2, .height = 60, .width = 57},
                          .desc = {UMBRA_CONVOLUTION_DESC_INIT, .channels = 2, .kernel_y = 3, .kernel_x = 2}};
    c.desc.pad_top = c.desc.pad_left = c.desc.stride_y = c.desc.stride_x = 1 + trial / 2;
    if (trial / 2 == 1) c.in.gap_x = 2;
    case_fill(&c, &random);
    check_case(&s, &c);
    case_free(&c);
  }
  scheme_close(&s);
}

/* Outputs that no weight reaches are their bias. */
static void weights_of_zero(void **state) {
  (void)state;
  uint64_t random = 6;
  scheme s;
  scheme_open_sim(&s, test_params(LOG_N, SCALE, DEPTH), 1, 7);
  for (size_t reached = 0; reached < 10; reached += 9) {
    convolution_case c = {.in = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 1, .height = 30, .width = 30},
                          .desc = {UMBRA_CONVOLUTION_DESC_INIT, .channels = 5, .kernel_y = 3, .kernel_x = 3}};
    case_fill(&c, &random);
    c.desc.bias = c.bias;
    for (size_t i = reached; i < 5 * 9; i++) c.weights[i] = 0;
    check_case(&s, &c);
    case_free(&c);
  }
  scheme_close(&s);
}

/* The second takes what the first gives, with gaps between its pixels and channels in them. */
static void one_after_the_other(void **state) {
  (void)state;
  uint64_t random = 4;
  scheme s;
  scheme_open_sim(&s, test_params(LOG_N, SCALE, DEPTH), 0, 7);
  for (int trial = 0; trial < 10; trial++) {
    convolution_case first, second;
    case_random(&first, &random, 16);
    case_random(&second, &random, 1);
    case_free(&second);
    umbra_feature_map *map = encrypt_case(&s, &first);
    umbra_convolution *convolution = case_create(&first, s.context), *next;
    assert_ok(umbra_convolution_apply(s.evaluator, &map, map, convolution));
    assert_ok(umbra_convolution_output(convolution, &second.in));
    second.desc.bias = NULL;
    second.desc.groups = 1;
    second.desc.kernel_y = second.in.height < 3 ? 1 : 3;
    second.desc.kernel_x = second.in.width < 2 ? 1 : 2;
    second.desc.dilation_y = 1;
    second.desc.level = DEPTH - 1;
    case_fill(&second, &random);
    assert_ok(umbra_sim_feature_map_decode(second.values, map));
    next = case_create(&second, s.context);
    assert_ok(umbra_convolution_apply(s.evaluator, &map, map, next));
    assert_int_equal(umbra_feature_map_level(map), DEPTH - 2);
    check_map(&s, &second, map);
    umbra_convolution_destroy(convolution);
    umbra_convolution_destroy(next);
    umbra_feature_map_destroy(map);
    case_free(&first);
    case_free(&second);
  }
  scheme_close(&s);
}

/* An evaluator that refreshes does so where a level lacks. */
static void refreshed_where_levels_lack(void **state) {
  (void)state;
  boot b;
  convolution_case c = {.in = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 3, .height = 9, .width = 8},
                        .desc = {UMBRA_CONVOLUTION_DESC_INIT, .channels = 2, .kernel_y = 2, .kernel_x = 3}};
  uint64_t random = 10;
  umbra_ciphertext *low = NULL;
  const umbra_ciphertext *const *part = (const umbra_ciphertext *const *)&low;
  boot_open_sim(&b, boot_twin_40(11), 1, 7, NULL);
  case_fill(&c, &random);
  c.desc.level = b.report.output_level;
  umbra_feature_map *map = encrypt_case(&b.s, &c);
  umbra_convolution *convolution = case_create(&c, b.s.context);
  assert_ok(umbra_level_drop(b.s.evaluator, &low, umbra_feature_map_ciphertext(map, 0), b.report.input_level));
  assert_ok(umbra_feature_map_from(&map, part, 1, &c.in));
  assert_fails(umbra_convolution_apply(b.s.evaluator, &map, map, convolution), UMBRA_ERROR_NO_LEVEL, "begins at");
  assert_ok(umbra_evaluator_bootstrap_with(b.s.evaluator, b.bootstrapper));
  assert_ok(umbra_convolution_apply(b.s.evaluator, &map, map, convolution));
  assert_int_equal(umbra_feature_map_level(map), b.report.output_level - 1);
  check_map(&b.s, &c, map);
  umbra_ciphertext_destroy(low);
  umbra_feature_map_destroy(map);
  umbra_convolution_destroy(convolution);
  case_free(&c);
  assert_ok(umbra_evaluator_bootstrap_with(b.s.evaluator, NULL));
  boot_close(&b);
}

/* ---- plans ---- */

static void case_square(convolution_case *c, uint32_t in, uint32_t out, uint32_t size, uint32_t kernel,
                        uint32_t stride) {
  *c = (convolution_case){.in = {UMBRA_FEATURE_LAYOUT_INIT, .channels = in, .height = size, .width = size},
                          .desc = {UMBRA_CONVOLUTION_DESC_INIT, .channels = out}};
  umbra_convolution_desc *d = &c->desc;
  d->kernel_y = d->kernel_x = kernel;
  d->stride_y = d->stride_x = stride;
  d->pad_top = d->pad_bottom = d->pad_left = d->pad_right = kernel / 2;
  uint64_t random = 5;
  case_fill(c, &random);
}

/* 9 places of the kernel, 16 shifts of planes, half of them as imaginary parts; with a stride 4 x 4 places. */
static void diagonals_are_few(void **state) {
  (void)state;
  convolution_case c;
  scheme dry;
  umbra_feature_layout out = {UMBRA_FEATURE_LAYOUT_INIT};
  scheme_open_dry(&dry, test_params(15, SCALE, DEPTH));
  case_square(&c, 16, 16, 32, 3, 1);
  umbra_convolution *convolution = case_create(&c, dry.context);
  assert_int_equal(umbra_convolution_diagonals(convolution), 72);
  assert_ok(umbra_convolution_output(convolution, &out));
  assert_true(out.slots == 16384 && out.plane == 1024 && out.row == 32 && out.gap_y == 1 && out.interleave_x == 1);
  umbra_convolution_destroy(convolution);
  c.desc.weights = NULL; /* as many as if none were 0 */
  convolution = case_create(&c, dry.context);
  assert_int_equal(umbra_convolution_diagonals(convolution), 72);
  umbra_convolution_destroy(convolution);
  c.desc.stride_y = c.desc.stride_x = 2;
  convolution = case_create(&c, dry.context);
  assert_int_equal(umbra_convolution_diagonals(convolution), 32);
  assert_ok(umbra_convolution_output(convolution, &out));
  assert_true(out.slots == 4096 && out.plane == 1024 && out.row == 32 && out.height == 16 && out.width == 16);
  assert_true(out.gap_y == 2 && out.gap_x == 2 && out.interleave_y == 2 && out.interleave_x == 2);
  umbra_convolution_destroy(convolution);
  c.average = 1; /* channels stay where they are */
  c.desc.kernel_y = c.desc.kernel_x = 2;
  c.desc.pad_top = c.desc.pad_bottom = c.desc.pad_left = c.desc.pad_right = 0;
  c.desc.weights = NULL;
  convolution = case_create(&c, dry.context);
  assert_ok(umbra_convolution_output(convolution, &out));
  assert_true(out.slots == 16384 && out.gap_y == 2 && out.interleave_y == 1 && out.interleave_x == 1);
  assert_int_equal(umbra_convolution_diagonals(convolution), 4);
  umbra_convolution_destroy(convolution);
  case_free(&c);
  scheme_close(&dry);
}

/* With every key that the dry run named it works, and with one less it names that one. */
static void keys_are_those_listed(void **state) {
  (void)state;
  convolution_case c;
  scheme s;
  umbra_params *params = test_params(LOG_N, SCALE, DEPTH);
  case_square(&c, 8, 8, 8, 3, 1);
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_key_needs *needs = needs_of_case(&c, params, &cost);
  assert_int_equal(cost.keys, umbra_key_needs_count(needs));
  assert_true(cost.keys > 8 && cost.key_switches >= cost.keys);
  scheme_open_for(&s, params, "cpu", needs_of_case(&c, params, NULL));
  umbra_feature_map *map = encrypt_case(&s, &c), *out = NULL;
  umbra_convolution *convolution = case_create(&c, s.context);
  for (size_t i = 0; i < umbra_key_needs_count(needs); i++) {
    umbra_key_needs *less = needs_without(needs, params, i);
    umbra_eval_keys *keys = keys_for(s.secret, less);
    assert_ok(umbra_evaluator_use_keys(s.evaluator, keys));
    assert_fails(umbra_convolution_apply(s.evaluator, &out, map, convolution), UMBRA_ERROR_MISSING_KEY, "no key for");
    assert_null(out);
    umbra_eval_keys_destroy(keys);
  }
  assert_ok(umbra_evaluator_use_keys(s.evaluator, s.keys));
  assert_ok(umbra_convolution_apply(s.evaluator, &out, map, convolution));
  check_map(&s, &c, out);
  umbra_key_needs_destroy(needs);
  umbra_convolution_destroy(convolution);
  umbra_feature_map_destroy(map);
  umbra_feature_map_destroy(out);
  scheme_close(&s);
  case_free(&c);
}

/* ---- large shapes ---- */

static double seconds_since(clock_t begin) { return (double)(clock() - begin) / CLOCKS_PER_SEC; }

/* Taps that are 2^29 apart, of which the middle ones meet the image: no memory and no time for what lies between. */
static void wide_dilations(void **state) {
  (void)state;
  const uint32_t far = (uint32_t)1 << 29;
  convolution_case c = {.in = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 2, .height = 4, .width = 5},
                        .desc = {UMBRA_CONVOLUTION_DESC_INIT, .channels = 3, .kernel_y = 3, .kernel_x = 3}};
  umbra_convolution_desc *d = &c.desc;
  uint64_t random = 11;
  scheme s;
  d->dilation_y = d->dilation_x = d->pad_top = d->pad_bottom = d->pad_left = d->pad_right = far;
  case_fill(&c, &random);
  scheme_open_sim(&s, test_params(LOG_N, SCALE, DEPTH), 0, 7);
  const clock_t begin = clock();
  check_case(&s, &c);
  c.average = c.desc.ignore_padding = 1;
  c.desc.weights = c.desc.bias = NULL;
  c.desc.stride_y = c.desc.stride_x = 1;
  c.outputs = 2;
  check_case(&s, &c);
  assert_true(seconds_since(begin) < 1);
  scheme_close(&s);
  case_free(&c);
}

/* 1 x 1 images of so many channels, on a dry device. */
static umbra_status create_narrow(const scheme *dry, umbra_convolution **made, uint32_t in, uint32_t out,
                                  uint32_t groups, const double *bias, const umbra_progress *progress) {
  const umbra_feature_layout layout = {UMBRA_FEATURE_LAYOUT_INIT, .channels = in, .height = 1, .width = 1};
  umbra_convolution_desc desc = {UMBRA_CONVOLUTION_DESC_INIT, .input = &layout, .channels = out};
  desc.kernel_y = desc.kernel_x = 1;
  desc.groups = groups;
  desc.bias = bias;
  return umbra_convolution_create(made, dry->context, &desc, progress);
}

static void many_channels(void **state) {
  (void)state;
  const uint32_t many = (uint32_t)1 << 19, most = (uint32_t)1 << 31;
  scheme dry;
  umbra_convolution *made = NULL;
  double *bias = calloc(many, sizeof *bias);
  assert_non_null(bias);
  scheme_open_dry(&dry, test_params(LOG_N, SCALE, DEPTH));
  const clock_t begin = clock();
  assert_fails(create_narrow(&dry, &made, most, 1, 1, NULL, NULL), UMBRA_ERROR_RANGE, "from 1048576 to 1 ciphertexts");
  assert_fails(create_narrow(&dry, &made, 1, most, 1, NULL, NULL), UMBRA_ERROR_RANGE, "at most 65535 on either side");
  assert_ok(create_narrow(&dry, &made, many, 1, 1, NULL, NULL));
  assert_ok(create_narrow(&dry, &made, many, many, many, bias, NULL));
  assert_true(seconds_since(begin) < 1);
  umbra_convolution_destroy(made);
  scheme_close(&dry);
  free(bias);
}

static int stop_later(void *user, double fraction) {
  int *left = user;
  (void)fraction;
  return (*left)-- == 0;
}

/* Also while it is looked for which diagonals there are. */
static void cancelled(void **state) {
  (void)state;
  scheme dry;
  umbra_convolution *made = NULL;
  int left = 4000;
  const umbra_progress progress = {stop_later, &left};
  scheme_open_dry(&dry, test_params(LOG_N, SCALE, DEPTH));
  umbra_watch_interval(0);
  assert_fails(create_narrow(&dry, &made, 4096, 1, 1, NULL, &progress), UMBRA_ERROR_CANCELLED, "cancelled");
  assert_null(made);
  scheme_close(&dry);
}

/* ---- encoding at use ---- */

static int same_maps(const umbra_feature_map *a, const umbra_feature_map *b) {
  int same = umbra_feature_map_ciphertexts(a) == umbra_feature_map_ciphertexts(b);
  for (size_t i = 0; same && i < umbra_feature_map_ciphertexts(a); i++) {
    bytes expected = ciphertext_bytes(umbra_feature_map_ciphertext(a, i));
    same = has_bytes(umbra_feature_map_ciphertext(b, i), &expected);
    free(expected.data);
  }
  return same;
}

static void same_bits_at_use(void **state) {
  (void)state;
  for (uint32_t stride = 1; stride < 3; stride++) {
    convolution_case c;
    scheme s;
    umbra_params *params = test_params(LOG_N, SCALE, DEPTH);
    case_square(&c, 20, 20, 13, 3, stride); /* several ciphertexts */
    scheme_open_for(&s, params, "cpu", needs_of_case(&c, params, NULL));
    umbra_feature_map *map = encrypt_case(&s, &c), *out[2] = {NULL};
    for (int at_use = 0; at_use < 2; at_use++) {
      c.desc.encode = at_use ? UMBRA_TRANSFORM_AT_USE : UMBRA_TRANSFORM_ENCODED;
      umbra_convolution *convolution = case_create(&c, s.context);
      assert_true((umbra_convolution_bytes(convolution) == 0) == at_use);
      assert_ok(umbra_convolution_apply(s.evaluator, &out[at_use], map, convolution));
      umbra_convolution_destroy(convolution);
    }
    check_map(&s, &c, out[1]);
    assert_true(same_maps(out[0], out[1]));
    for (int i = 0; i < 2; i++) umbra_feature_map_destroy(out[i]);
    umbra_feature_map_destroy(map);
    scheme_close(&s);
    case_free(&c);
  }
}

/* ---- what fails ---- */

static void refused(convolution_case c, const scheme *s, umbra_status status, const char *words) {
  umbra_convolution *made = NULL;
  c.desc.input = &c.in;
  assert_fails(umbra_convolution_create(&made, s->context, &c.desc, NULL), status, words);
  assert_null(made);
}

static void refusals(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT, range = UMBRA_ERROR_RANGE;
  const uint32_t large = (uint32_t)1 << 31;
  convolution_case good, c;
  scheme s;
  scheme_open(&s, test_params(LOG_N, SCALE, DEPTH), NULL, NULL, 0);
  case_square(&good, 4, 6, 5, 3, 1);
#define REFUSED(member, value, status, words) \
  c = good;                                   \
  c.member = (value);                         \
  refused(c, &s, status, words)
  REFUSED(in.channels, 0, bad, "0 channels");
  REFUSED(in.height, 0, bad, "0 x 5");
  REFUSED(in.width, large, range, "2^31");
  REFUSED(in.height, large, range, "2^31");
  REFUSED(in.channels, large, range, "2^31");
  REFUSED(in.plane, 24, bad, "plane of 24");
  REFUSED(in.plane, 16, bad, "does not hold 5 x 5");
  REFUSED(in.row, 4, bad, "rows of 4");
  REFUSED(in.slots, 4096, bad, "ciphertexts of 4096");
  REFUSED(in.interleave_x, 2, bad, "1 x 2 channels in gaps of 1 x 1");
  REFUSED(desc.channels, 0, bad, "to 0 channels");
  REFUSED(desc.channels, large, range, "weights");
  REFUSED(desc.kernel_y, 0, bad, "kernel of 0 x 3");
  REFUSED(desc.kernel_x, 8, bad, "reaches over 8");
  REFUSED(desc.kernel_x, large, range, "weights");
  REFUSED(desc.dilation_y, large, bad, "reaches over");
  REFUSED(desc.pad_left, large, range, "2^31");
  REFUSED(desc.groups, 3, bad, "3 groups do not divide 4 and 6");
  REFUSED(desc.level, 0, UMBRA_ERROR_NO_LEVEL, "level 0");
  REFUSED(desc.level, DEPTH + 1, bad, "level");
  REFUSED(desc.weights, NULL, bad, "needs weights");
  REFUSED(desc.bound, NAN, bad, "bound");
  REFUSED(desc.encode, (umbra_transform_encode_when)2, UMBRA_ERROR_UNSUPPORTED, "encode is 2");
#undef REFUSED
  good.weights[7] = NAN;
  refused(good, &s, range, "weight 7");
  good.weights[7] = 0;
  good.bias[2] = INFINITY;
  good.desc.bias = good.bias;
  refused(good, &s, range, "bias 2");
  case_free(&good);
  scheme_close(&s);
}

static void maps_that_do_not_fit(void **state) {
  (void)state;
  convolution_case c;
  scheme s, other;
  scheme_open_sim(&s, test_params(LOG_N, SCALE, DEPTH), 1, 7);
  scheme_open_sim(&other, umbra_params_share(s.params), 1, 7);
  case_square(&c, 4, 6, 5, 3, 1);
  umbra_convolution *convolution = case_create(&c, s.context);
  umbra_feature_map *map = encrypt_case(&s, &c), *foreign = encrypt_case(&other, &c), *wide = NULL, *out = NULL;
  const umbra_ciphertext *parts[1] = {NULL};
  const umbra_feature_layout in = c.in;
  c.in.row = 6;
  assert_ok(umbra_sim_feature_map(&wide, s.context, c.values, &c.in));
  assert_fails(umbra_convolution_apply(s.evaluator, &out, wide, convolution), UMBRA_ERROR_INVALID_ARGUMENT, "layout");
  assert_fails(umbra_convolution_apply(other.evaluator, &out, foreign, convolution), UMBRA_ERROR_MISMATCH,
               "a simulation");
  assert_fails(umbra_convolution_apply(s.evaluator, &out, NULL, convolution), UMBRA_ERROR_INVALID_ARGUMENT, "needs");
  assert_fails(umbra_feature_map_from(&out, parts, 1, &c.in), UMBRA_ERROR_INVALID_ARGUMENT, "needs");
  c.values[3] = NAN;
  assert_fails(umbra_sim_feature_map(&out, s.context, c.values, &c.in), UMBRA_ERROR_RANGE, "finite");
  assert_null(out);
  assert_ok(umbra_level_drop(s.evaluator, (umbra_ciphertext **)&parts[0], umbra_feature_map_ciphertext(map, 0), 1));
  assert_ok(umbra_feature_map_from(&out, parts, 1, &in));
  assert_fails(umbra_feature_map_from(&out, (const umbra_ciphertext *const[]){parts[0], NULL}, 2, &in),
               UMBRA_ERROR_INVALID_ARGUMENT, "2 ciphertexts for a feature map that takes 1");
  assert_fails(umbra_feature_map_from(&out, parts, 1, &(umbra_feature_layout){UMBRA_FEATURE_LAYOUT_INIT, 1, 1, 1}),
               UMBRA_ERROR_INVALID_ARGUMENT, "slots instead of 1");
  assert_fails(umbra_convolution_apply(s.evaluator, &out, out, convolution), UMBRA_ERROR_NO_LEVEL, "begins at level 2");
  umbra_ciphertext_destroy((umbra_ciphertext *)parts[0]);
  umbra_feature_map_destroy(map);
  umbra_feature_map_destroy(foreign);
  umbra_feature_map_destroy(wide);
  umbra_feature_map_destroy(out);
  umbra_convolution_destroy(convolution);
  case_free(&c);
  scheme_close(&other);
  scheme_close(&s);
}

/* Whichever allocation fails, nothing is made and nothing is lost. */
static void failing_allocations_are_clean(void **state) {
  (void)state;
  convolution_case c;
  scheme s;
  umbra_params *params = test_params(LOG_N, SCALE, DEPTH);
  case_square(&c, 2, 2, 3, 2, 1);
  c.desc.pad_top = c.desc.pad_left = 0;
  c.desc.encode = UMBRA_TRANSFORM_AT_USE;
  scheme_open_for(&s, params, "cpu", needs_of_case(&c, params, NULL));
  umbra_feature_map *map = encrypt_case(&s, &c), *out = NULL;
  umbra_convolution *convolution = NULL;
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    const uint64_t before = umbra_context_memory(s.context);
    umbra_alloc_fail_after(n);
    status = umbra_convolution_create(&convolution, s.context, &c.desc, NULL);
    if (status == UMBRA_OK) status = umbra_convolution_apply(s.evaluator, &out, map, convolution);
    umbra_alloc_fail_after(-1);
    if (status == UMBRA_OK) break;
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_null(out);
    umbra_convolution_destroy(convolution);
    convolution = NULL;
    assert_int_equal(umbra_context_memory(s.context), before);
  }
  umbra_convolution_destroy(convolution);
  umbra_feature_map_destroy(map);
  umbra_feature_map_destroy(out);
  scheme_close(&s);
  case_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_shapes_in_simulations),
                                     cmocka_unit_test(random_shapes),
                                     cmocka_unit_test(other_slots_are_ignored),
                                     cmocka_unit_test(planes_of_several_ciphertexts),
                                     cmocka_unit_test(weights_of_zero),
                                     cmocka_unit_test(one_after_the_other),
                                     cmocka_unit_test(refreshed_where_levels_lack),
                                     cmocka_unit_test(diagonals_are_few),
                                     cmocka_unit_test(keys_are_those_listed),
                                     cmocka_unit_test(wide_dilations),
                                     cmocka_unit_test(many_channels),
                                     cmocka_unit_test(cancelled),
                                     cmocka_unit_test(same_bits_at_use),
                                     cmocka_unit_test(refusals),
                                     cmocka_unit_test(maps_that_do_not_fit),
                                     cmocka_unit_test(failing_allocations_are_clean)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
