/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Convolutions of encrypted feature maps against the sum in the clear: shapes by chance in simulations and on a CPU, one
 * after the other; keys, counts and layouts; and what is refused.
 */
#include "convolutions.h"
#include "host/base/memory.h"
#include "host/nn/convolution.h"

enum { LOG_N = 12, DEPTH = 2, SCALE = 40 };

/* ---- rigs ---- */

static void open_dry(scheme *s, umbra_params *params) {
  *s = (scheme){.params = params};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry"};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, NULL));
}

/* What a dry run says of a case: its cost, and needs. */
static umbra_key_needs *needs_of_case(const convolution_case *c, umbra_params *params, umbra_cost *cost) {
  scheme dry;
  umbra_feature_map *map = NULL;
  umbra_key_needs *needs = NULL;
  open_dry(&dry, umbra_params_share(params));
  umbra_convolution *convolution = case_create(c, dry.context);
  assert_ok(umbra_dry_feature_map(&map, dry.context, UMBRA_TOP_LEVEL, 1, &c->in));
  assert_ok(umbra_context_cost_begin(dry.context));
  assert_ok(umbra_convolution_apply(dry.evaluator, &map, map, convolution));
  if (cost) assert_ok(umbra_context_cost(dry.context, cost));
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_context_needs(dry.context, needs));
  umbra_feature_map_destroy(map);
  umbra_convolution_destroy(convolution);
  scheme_close(&dry);
  return needs;
}

/* With these keys, which it takes over, on a device. */
static void open_real(scheme *s, umbra_params *params, const char *device, umbra_key_needs *needs) {
  *s = (scheme){.params = params};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  assert_ok(umbra_public_key_generate(&s->public, s->secret));
  if (umbra_key_needs_count(needs)) s->keys = keys_for(s->secret, needs);
  else umbra_key_needs_destroy(needs);
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
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
    open_real(&s, params, "cpu", needs_of_case(&c, params, NULL));
    check_case(&s, &c);
    scheme_close(&s);
    case_free(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_shapes_in_simulations), cmocka_unit_test(random_shapes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
