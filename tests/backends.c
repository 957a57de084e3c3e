/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick UMBRA_TEST_PART=scheme */
/* labels: emu full UMBRA_TEST_PART=trainings */
/* labels: gpu UMBRA_TEST_BACKEND=cuda */
/*
 * The whole scheme gives the same bits on every backend that this machine can run, the emulated GPU among them: with
 * the same random numbers, the same keys, encryptions, results of all operations, and decrypted values.
 * UMBRA_TEST_BACKEND names the only one to look at, UMBRA_TEST_PART the only part of what is compared.
 */
#include <sodium.h>
#include <umbra/convolution.h>

#include "../kernels/kernels.h"
#include "train.h"
#include "transforms.h"

/* ---- the same random numbers in every run ---- */

static uint8_t seed[randombytes_SEEDBYTES];

static const char *generator_name(void) { return "test"; }

static void fill(void *buffer, const size_t size) {
  randombytes_buf_deterministic(buffer, size, seed);
  sodium_increment(seed, sizeof seed);
}

static uint32_t word(void) {
  uint32_t value;
  fill(&value, sizeof value);
  return value;
}

static randombytes_implementation generator = {.implementation_name = generator_name, .random = word, .buf = fill};

/* ---- one run: the digest of everything it makes, object by object ---- */

enum { MAX_OBJECTS = 64, DIGEST = 32 };

typedef struct trace {
  int count;
  const char *name[MAX_OBJECTS];
  uint8_t digest[MAX_OBJECTS][DIGEST];
} trace;

static void record(trace *t, const char *name, const void *data, size_t size) {
  assert_in_range(t->count, 0, MAX_OBJECTS - 1);
  t->name[t->count] = name;
  crypto_generichash(t->digest[t->count++], DIGEST, data, size, NULL, 0);
}

static void record_ciphertext(trace *t, const char *name, const umbra_ciphertext *ciphertext) {
  bytes b = ciphertext_bytes(ciphertext);
  record(t, name, b.data, b.size);
  free(b.data);
}

#define RECORD_KEY(t, type, object)                                 \
  do {                                                              \
    size_t size_ = 0;                                               \
    assert_ok(umbra_##type##_write(object, NULL, &size_, NULL));    \
    void *buffer_ = malloc(size_);                                  \
    assert_non_null(buffer_);                                       \
    assert_ok(umbra_##type##_write(object, buffer_, &size_, NULL)); \
    record(t, #type, buffer_, size_);                               \
    free(buffer_);                                                  \
  } while (0)

/* Makes a ciphertext with a call, records it and destroys it. */
#define RECORD_CALL(name, call)      \
  do {                               \
    umbra_ciphertext *out = NULL;    \
    assert_ok(call);                 \
    record_ciphertext(t, name, out); \
    umbra_ciphertext_destroy(out);   \
  } while (0)

static void record_values(trace *t, const scheme *s, const umbra_ciphertext *x) {
  double pairs[64];
  assert_ok(umbra_decrypt_decode_complex(pairs, 32, x, s->secret));
  record(t, "values", pairs, sizeof pairs);
}

static void record_operations(trace *t, const scheme *s, umbra_ciphertext *const *x, umbra_plaintext *const *p) {
  static const double pairs[] = {0.5, 0, -0.25, 2, 1, 1};
  static const double polynomial[] = {0.5, 0.25, 0.125, -0.5, 0.1, -0.2, 0.05, 0.3};
  umbra_evaluator *e = s->evaluator;
  const umbra_ciphertext *const *xs = (const umbra_ciphertext *const *)x;
  RECORD_CALL("add", umbra_add(e, &out, x[0], x[1]));
  RECORD_CALL("sub", umbra_sub(e, &out, x[1], x[2]));
  RECORD_CALL("negate", umbra_negate(e, &out, x[0]));
  RECORD_CALL("add_plain", umbra_add_plain(e, &out, x[2], p[0]));
  RECORD_CALL("sub_plain", umbra_sub_plain(e, &out, x[0], p[1]));
  RECORD_CALL("add_constant", umbra_add_constant(e, &out, x[0], 1.5, -0.25));
  RECORD_CALL("mul_integer", umbra_mul_integer(e, &out, x[0], -12345));
  RECORD_CALL("mul_i", umbra_mul_i(e, &out, x[1]));
  RECORD_CALL("level_drop", umbra_level_drop(e, &out, x[0], 0));
  RECORD_CALL("mul", umbra_mul(e, &out, x[0], x[1]));
  RECORD_CALL("square", umbra_square(e, &out, x[2]));
  RECORD_CALL("dot", umbra_dot(e, &out, xs, xs, 3));
  RECORD_CALL("mul_add", umbra_mul_add(e, &out, x[0], x[1], x[2]));
  RECORD_CALL("mul_plain", umbra_mul_plain(e, &out, x[0], p[0]));
  RECORD_CALL("dot_plain", umbra_dot_plain(e, &out, xs, (const umbra_plaintext *const *)p, 3));
  RECORD_CALL("dot_constants", umbra_dot_constants(e, &out, xs, pairs, 3));
  RECORD_CALL("mul_constant", umbra_mul_constant(e, &out, x[1], 0.3, 0));
  RECORD_CALL("rotate", umbra_rotate(e, &out, x[0], 1));
  RECORD_CALL("rotate", umbra_rotate(e, &out, x[2], -5));
  RECORD_CALL("conjugate", umbra_conjugate(e, &out, x[0]));
  RECORD_CALL("chebyshev", umbra_chebyshev_eval(e, &out, x[0], polynomial, 7));
}

enum { CIRCUIT_OUTS = 7 };

/* A product, rotations of it added up, and all that copies a ciphertext or multiplies by i on the way. */
static umbra_status circuit_body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                                 void *user) {
  static const double polynomial[] = {0.5, 0.25, 0.125, -0.5, 0.1};
  umbra_ciphertext *turned[3] = {NULL};
  umbra_status status = umbra_mul(e, &outs[0], ins[0], ins[1]);
  if (status == UMBRA_OK) status = umbra_rotate_many(e, turned, outs[0], user, 3);
  if (status == UMBRA_OK) status = umbra_add(e, &outs[1], turned[0], turned[1]);
  if (status == UMBRA_OK) status = umbra_add(e, &outs[1], outs[1], turned[2]);
  if (status == UMBRA_OK) status = umbra_rotate(e, &outs[2], ins[0], 0);
  if (status == UMBRA_OK) status = umbra_ciphertext_copy(&outs[3], ins[0]);
  if (status == UMBRA_OK) status = umbra_chebyshev_eval(e, &outs[4], ins[0], polynomial, 4);
  if (status == UMBRA_OK) status = umbra_mul_i(e, &outs[5], ins[0]);
  if (status == UMBRA_OK) status = umbra_mul_constant(e, &outs[6], ins[0], 0.5, -0.25);
  if (status == UMBRA_OK) status = umbra_add_constant(e, &outs[6], outs[6], 0.5, 1.5);
  for (int i = 0; i < 3; i++) umbra_ciphertext_destroy(turned[i]);
  return status;
}

/* A circuit that is run on other inputs than those that it was made with. */
static void record_circuit(trace *t, const scheme *s, umbra_ciphertext *const *x) {
  static int32_t steps[] = {1, 0, -5};
  umbra_ciphertext *outs[CIRCUIT_OUTS] = {NULL}, *other = NULL;
  umbra_circuit *circuit = NULL;
  const umbra_ciphertext *ins[2] = {x[0], x[1]};
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = circuit_body, .user = steps, .ins = 2,
                             .outs = CIRCUIT_OUTS,    .examples = ins};
  assert_ok(umbra_circuit_create(&circuit, s->evaluator, &desc));
  assert_ok(umbra_negate(s->evaluator, &other, x[0]));
  ins[0] = other;
  for (int i = 0; i < 2; i++) assert_ok(umbra_circuit_run(circuit, outs, ins));
  for (int i = 0; i < CIRCUIT_OUTS; i++) {
    record_ciphertext(t, "circuit", outs[i]);
    umbra_ciphertext_destroy(outs[i]);
  }
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(other);
}

/* A map by rotations -3 to 4 at a level, of both kinds. */
static umbra_transform *make_map(const scheme *s, uint32_t level, int min_key) {
  static const int32_t rotations[] = {-3, -2, -1, 0, 1, 2, 3, 4};
  uint64_t state = 3;
  umbra_transform *map;
  umbra_diagonals diagonals = diagonals_random(&state, umbra_params_slots(s->params), 16, rotations, 8);
  umbra_transform_encoding desc = {.diagonals = &diagonals,
                                   .level = level,
                                   .log_scale = s->params->chain.log_scale[level],
                                   .min_key = min_key,
                                   .baby_steps = 4};
  assert_ok(umbra_transform_encode(&map, s->context, &desc));
  diagonals_destroy(&diagonals);
  return map;
}

static umbra_status map_body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                             void *user) {
  return transform_ciphertext(e, outs, ins[0], user);
}

/* Maps, called and recorded. */
static void record_maps(trace *t, const scheme *s, const umbra_ciphertext *x) {
  for (int min_key = 0; min_key < 2; min_key++) {
    umbra_transform *map = make_map(s, umbra_ciphertext_level(x), min_key);
    umbra_circuit *circuit = NULL;
    umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = map_body, .user = map, .ins = 1, .outs = 1,
                               .examples = &x};
    RECORD_CALL("map", transform_ciphertext(s->evaluator, &out, x, map));
    assert_ok(umbra_circuit_create(&circuit, s->evaluator, &desc));
    RECORD_CALL("circuit, map", umbra_circuit_run(circuit, &out, &x));
    umbra_circuit_destroy(circuit);
    umbra_transform_destroy(map);
  }
}

/* Two maps of one input, of which the second has only the rotations to the left. */
static void record_two_maps(trace *t, const scheme *s, const umbra_ciphertext *x) {
  static const int32_t rotations[] = {-3, -2, -1, 0, 1, 2, 3, 4};
  const size_t slots = umbra_params_slots(s->params), of_one = 8 * slots;
  double *values = calloc(2 * of_one, sizeof *values);
  uint64_t state = 4;
  umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT,
                               .values = values,
                               .rotations = rotations,
                               .diagonals = 8,
                               .outputs = 2,
                               .baby_steps = 4};
  desc.level = umbra_ciphertext_level(x);
  assert_non_null(values);
  for (size_t i = 0; i < 2 * of_one; i++) values[i] = i / of_one && i % of_one < 4 * slots ? 0 : uniform(&state);
  for (desc.min_key = 0; desc.min_key < 2; desc.min_key++) {
    umbra_transform *maps = NULL;
    umbra_ciphertext *outs[2] = {NULL};
    assert_ok(umbra_transform_create(&maps, s->context, &desc, NULL));
    assert_ok(umbra_transform_apply(s->evaluator, outs, x, maps));
    for (int i = 0; i < 2; i++) {
      record_ciphertext(t, "two maps", outs[i]);
      umbra_ciphertext_destroy(outs[i]);
    }
    umbra_transform_destroy(maps);
  }
  free(values);
}

/* Products of two encrypted matrices, whose tiles of 2 x 2 and four diagonals do with the keys that there are. */
static void record_multiply(trace *t, const scheme *s, umbra_matrix_order of_a, umbra_matrix_order of_b,
                            uint32_t stride, uint32_t slots) {
  const double numbers[] = {1, -2, 0.5, 0.25, 3, -1, 0.125, 7, -0.5, 4, 2, -3, 6, 1.5, -4, 0.75};
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = of_a, .stride = stride, .slots = slots};
  umbra_matrix *a = NULL, *b = NULL;
  assert_ok(umbra_matrix_encrypt(&a, s->public, numbers, 3, 4, &layout, NULL));
  layout.order = of_b;
  assert_ok(umbra_matrix_encrypt(&b, s->public, numbers, 4, 4, &layout, NULL));
  assert_ok(umbra_matrix_multiply(s->evaluator, &a, a, b, NULL));
  RECORD_KEY(t, matrix, a);
  umbra_matrix_destroy(a);
  umbra_matrix_destroy(b);
}

enum { INPUTS = 4, OUTPUTS = 19 };

typedef struct layer {
  umbra_matrix_layout layout;
  umbra_weights *weights;
} layer;

/* Of one record: a column in a ciphertext; all of them; these in copies that are shifted by two; and copies of a column in
   one, and all of them in one of several runs. */
static const umbra_matrix_layout inputs[] = {
    {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 1, .slots = 1, .group = 1},
    {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 1, .slots = INPUTS, .group = 1},
    {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_SHIFTED, .stride = INPUTS, .slots = 2 * INPUTS, .group = 2},
    {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_INTERLEAVED, .stride = 2, .slots = 4, .group = 1},
    {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_INTERLEAVED, .stride = INPUTS, .slots = 2 * INPUTS,
     .group = INPUTS},
};

static int is_a_column(const umbra_matrix_layout *layout) {
  return layout->slots == 1 || (layout->order == UMBRA_MATRIX_INTERLEAVED && layout->group == 1);
}

/* With keys of rotations by 1, 2, 3, 4, and back by 1, 2, 3. */
static layer make_layer(const scheme *s, const umbra_matrix_layout *layout, const double *numbers) {
  layer made = {.layout = *layout};
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = numbers, .rows = is_a_column(layout) ? OUTPUTS : INPUTS,
                              .columns = INPUTS},
                    bias = {UMBRA_ARRAY_INIT, .data = numbers, .rows = values.rows, .columns = 1};
  const umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &bias, .layout = &made.layout};
  assert_ok(umbra_weights_create(&made.weights, s->context, &desc, NULL));
  return made;
}

/* The first ciphertext of a product. */
static umbra_status layer_body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                               void *user) {
  const layer *l = user;
  umbra_matrix *matrix = NULL;
  const size_t count = is_a_column(&l->layout) ? INPUTS : 1;
  umbra_status status = umbra_matrix_from_ciphertexts(&matrix, ins, count, 1, INPUTS, &l->layout);
  if (status == UMBRA_OK) status = umbra_matrix_apply(e, &matrix, matrix, l->weights);
  if (status == UMBRA_OK) status = umbra_matrix_ciphertext(matrix, &outs[0], 0);
  umbra_matrix_destroy(matrix);
  return status;
}

/* A product, and its first ciphertext from a recorded one. */
static void record_product(trace *t, const scheme *s, const umbra_matrix_layout *layout, uint64_t seed_of_values) {
  double numbers[OUTPUTS * INPUTS];
  umbra_matrix *matrix = NULL, *product = NULL;
  umbra_circuit *circuit = NULL;
  umbra_ciphertext *ins[INPUTS] = {NULL};
  for (int i = 0; i < OUTPUTS * INPUTS; i++) numbers[i] = uniform(&seed_of_values);
  layer l = make_layer(s, layout, numbers);
  assert_ok(umbra_matrix_encrypt(&matrix, s->public, numbers, 1, INPUTS, &l.layout, NULL));
  assert_ok(umbra_matrix_apply(s->evaluator, &product, matrix, l.weights));
  RECORD_KEY(t, matrix, product);
  for (size_t i = 0; i < umbra_matrix_ciphertexts(matrix); i++) assert_ok(umbra_matrix_ciphertext(matrix, &ins[i], i));
  const umbra_ciphertext *const *examples = (const umbra_ciphertext *const *)ins;
  const umbra_circuit_desc desc = {
      UMBRA_CIRCUIT_DESC_INIT, .body = layer_body, .user = &l, .ins = umbra_matrix_ciphertexts(matrix), .outs = 1,
      .examples = examples};
  assert_ok(umbra_circuit_create(&circuit, s->evaluator, &desc));
  RECORD_CALL("circuit, product", umbra_circuit_run(circuit, &out, examples));
  umbra_circuit_destroy(circuit);
  for (int i = 0; i < INPUTS; i++) umbra_ciphertext_destroy(ins[i]);
  umbra_matrix_destroy(matrix);
  umbra_matrix_destroy(product);
  umbra_weights_destroy(l.weights);
}

static void record_rotations(trace *t, const scheme *s, const umbra_ciphertext *x) {
  static const int32_t steps[] = {1, 0, -5, 1};
  umbra_ciphertext *outs[4] = {NULL};
  assert_ok(umbra_rotate_many(s->evaluator, outs, x, steps, 4));
  for (int i = 0; i < 4; i++) {
    record_ciphertext(t, "rotate_many", outs[i]);
    umbra_ciphertext_destroy(outs[i]);
  }
}

static void run(trace *t, umbra_params *params, const char *device) {
  static const int32_t steps[] = {1, -5, -1, -2, -3, 4, -4, 2};
  scheme s;
  umbra_ciphertext *x[3] = {0};
  umbra_plaintext *p[3] = {NULL};
  uint64_t state = 1;
  *t = (trace){0};
  memset(seed, 7, sizeof seed);
  scheme_open(&s, umbra_params_share(params), device, steps, 8);
  RECORD_KEY(t, public_key, s.public);
  RECORD_KEY(t, eval_keys, s.keys);
  for (uint32_t i = 0; i < 3; i++) {
    vector v = vector_random(&state, umbra_params_slots(params) >> i, 1);
    p[i] = encode_vector(&s, &v, umbra_params_depth(params) - i);
    if (i == 1) assert_ok(umbra_encrypt_symmetric(&x[i], s.secret, p[i]));
    else assert_ok(umbra_encrypt(&x[i], s.public, p[i]));
    RECORD_KEY(t, plaintext, p[i]);
    record_ciphertext(t, "encryption", x[i]);
    record_values(t, &s, x[i]);
    vector_destroy(&v);
  }
  record_operations(t, &s, x, p);
  record_rotations(t, &s, x[0]);
  record_circuit(t, &s, x);
  record_maps(t, &s, x[0]);
  record_two_maps(t, &s, x[0]);
  record_multiply(t, &s, UMBRA_MATRIX_TILES, UMBRA_MATRIX_TILES, 2, 8);
  record_multiply(t, &s, UMBRA_MATRIX_BY_COLUMNS, UMBRA_MATRIX_DIAGONALS, 1, 4);
  for (uint64_t i = 0; i < sizeof inputs / sizeof *inputs; i++) record_product(t, &s, &inputs[i], 5 + i);
  for (int i = 0; i < 3; i++) {
    umbra_ciphertext_destroy(x[i]);
    umbra_plaintext_destroy(p[i]);
  }
  scheme_close(&s);
}

/* ---- levels without keys ---- */

/* Secret-key encryptions, products of three parts, what is done to them, and what relinearisation makes of them. */
static void run_keyless(trace *t, umbra_params *params, const char *device) {
  static const int32_t steps[] = {1};
  static const double pairs[] = {0.5, 0, -0.25, 2};
  scheme s;
  umbra_ciphertext *x[2] = {NULL}, *three[2] = {NULL}, *two = NULL;
  uint64_t state = 1;
  *t = (trace){0};
  memset(seed, 7, sizeof seed);
  scheme_open(&s, umbra_params_share(params), device, steps, 1);
  umbra_evaluator *e = s.evaluator;
  const uint32_t top = umbra_params_depth(params), keyed = umbra_params_keyed_level(params);
  vector v = vector_random(&state, umbra_params_slots(params), 1);
  umbra_plaintext *plain = encode_vector(&s, &v, top - 1);
  RECORD_KEY(t, eval_keys, s.keys);
  for (int i = 0; i < 2; i++) {
    assert_ok(umbra_encrypt_symmetric(&x[i], s.secret, plain));
    assert_ok(umbra_square(e, &three[i], x[i]));
    record_ciphertext(t, "square of three parts", three[i]);
    record_values(t, &s, three[i]);
  }
  const umbra_ciphertext *const *both = (const umbra_ciphertext *const *)three;
  RECORD_CALL("add, three parts", umbra_add(e, &out, three[0], three[1]));
  RECORD_CALL("add, two and three parts", umbra_add(e, &out, x[0], three[1]));
  RECORD_CALL("sub, two and three parts", umbra_sub(e, &out, x[0], three[1]));
  RECORD_CALL("mul_i, three parts", umbra_mul_i(e, &out, three[0]));
  RECORD_CALL("mul_plain, three parts", umbra_mul_plain(e, &out, three[0], plain));
  RECORD_CALL("dot_constants, three parts", umbra_dot_constants(e, &out, both, pairs, 2));
  RECORD_CALL("level_drop, three parts", umbra_level_drop(e, &out, three[0], 0));
  assert_ok(umbra_level_drop(e, &three[0], three[0], keyed));
  assert_ok(umbra_relinearize(e, &two, three[0]));
  record_ciphertext(t, "relinearize", two);
  RECORD_CALL("rotate", umbra_rotate(e, &out, two, 1));
  for (int i = 0; i < 2; i++) {
    umbra_ciphertext_destroy(x[i]);
    umbra_ciphertext_destroy(three[i]);
  }
  umbra_ciphertext_destroy(two);
  umbra_plaintext_destroy(plain);
  vector_destroy(&v);
  scheme_close(&s);
}

/* ---- convolutions ---- */

static umbra_key_needs *needs_of_convolution(umbra_params *params, const umbra_convolution_desc *desc) {
  scheme dry;
  umbra_feature_map *map = NULL;
  umbra_convolution *convolution = NULL;
  scheme_open_dry(&dry, umbra_params_share(params));
  assert_ok(umbra_convolution_create(&convolution, dry.context, desc, NULL));
  assert_ok(umbra_dry_feature_map(&map, dry.context, UMBRA_TOP_LEVEL, 1, desc->input));
  assert_ok(umbra_convolution_apply(dry.evaluator, &map, map, convolution));
  umbra_key_needs *needs = scheme_needs(&dry);
  umbra_convolution_destroy(convolution);
  umbra_feature_map_destroy(map);
  scheme_close(&dry);
  return needs;
}

static void record_convolution(trace *t, const scheme *s, const umbra_convolution_desc *desc) {
  double values[2 * 5 * 4];
  uint64_t state = 5;
  umbra_feature_map *map = NULL;
  umbra_convolution *convolution = NULL;
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) values[i] = uniform(&state);
  assert_ok(umbra_convolution_create(&convolution, s->context, desc, NULL));
  assert_ok(umbra_feature_map_encrypt(&map, s->public, values, desc->input, NULL));
  assert_ok(umbra_convolution_apply(s->evaluator, &map, map, convolution));
  record_ciphertext(t, "convolution", umbra_feature_map_ciphertext(map, 0));
  umbra_convolution_destroy(convolution);
  umbra_feature_map_destroy(map);
}

static void run_convolutions(trace *t, umbra_params *params, const char *device) {
  const umbra_feature_layout layout = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 2, .height = 5, .width = 4};
  double weights[3 * 2 * 2 * 2];
  uint64_t state = 6;
  umbra_convolution_desc desc = {
      UMBRA_CONVOLUTION_DESC_INIT, .input = &layout, .channels = 3, .kernel_y = 2, .kernel_x = 2,
      .weights = weights,          .pad_left = 1,    .stride_y = 2};
  scheme s = {.params = umbra_params_share(params)};
  const umbra_context_desc on_device = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device};
  for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) weights[i] = uniform(&state);
  *t = (trace){0};
  memset(seed, 8, sizeof seed);
  assert_ok(umbra_context_create(&s.context, &on_device));
  assert_ok(umbra_secret_key_generate(&s.secret, s.context));
  assert_ok(umbra_public_key_generate(&s.public, s.secret));
  s.keys = keys_for(s.secret, needs_of_convolution(params, &desc));
  assert_ok(umbra_evaluator_create(&s.evaluator, s.context, s.keys));
  record_convolution(t, &s, &desc);
  desc.encode = UMBRA_TRANSFORM_AT_USE;
  record_convolution(t, &s, &desc);
  scheme_close(&s);
}

/* ---- refreshes ---- */

static void record_refresh(trace *t, umbra_params *params, const char *device, const umbra_bootstrap_options *options) {
  boot b;
  uint64_t state = 2;
  boot_open(&b, umbra_params_share(params), device, options);
  RECORD_KEY(t, eval_keys, b.s.keys);
  vector v = vector_random(&state, b.report.slots, 1);
  umbra_ciphertext *x = encrypt_vector(&b.s, &v, b.report.input_level), *y = NULL;
  assert_ok(umbra_bootstrap(b.s.evaluator, &y, x, b.bootstrapper));
  record_ciphertext(t, "refreshed", y);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&v);
  boot_close(&b);
}

static void run_refreshes(trace *t, umbra_params *params, const char *device) {
  umbra_bootstrap_options options[] = {{UMBRA_BOOTSTRAP_OPTIONS_INIT},
                                       {UMBRA_BOOTSTRAP_OPTIONS_INIT},
                                       {UMBRA_BOOTSTRAP_OPTIONS_INIT},
                                       {UMBRA_BOOTSTRAP_OPTIONS_INIT}};
  options[1].slots = 8;
  options[2].order = UMBRA_BOOTSTRAP_STC_FIRST;
  options[2].target = UMBRA_TARGET_GPU;
  options[3].min_key = 1;
  *t = (trace){0};
  memset(seed, 9, sizeof seed);
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) record_refresh(t, params, device, &options[i]);
}

/* ---- training ---- */

/* Two iterations from one refresh to the next, so the third begins with one; parts in groups and in pairs. */
static void run_training_for(trace *t, umbra_params *params, const char *device, umbra_target target) {
  training job;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .target = target};
  umbra_trainer *trainer = NULL;
  umbra_logistic *model = NULL;
  *t = (trace){0};
  memset(seed, 10, sizeof seed);
  options.iterations = 3;
  options.l2 = 0.01;
  training_open(&job, umbra_params_share(params), random_records(300, 6, 1), options, device);
  umbra_trainer_desc desc = training_desc(&job);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  assert_ok(umbra_trainer_logistic(trainer, &model));
  RECORD_KEY(t, logistic, model);
  umbra_logistic_destroy(model);
  umbra_trainer_destroy(trainer);
  training_close(&job);
}

static void run_training(trace *t, umbra_params *params, const char *device) {
  run_training_for(t, params, device, UMBRA_TARGET_CPU);
}

static void run_training_for_gpus(trace *t, umbra_params *params, const char *device) {
  run_training_for(t, params, device, UMBRA_TARGET_GPU);
}

/* With a refresh before the second iteration. */
static void run_layers(trace *t, umbra_params *params, const char *device, umbra_train_options options,
                       uint32_t layers) {
  training job;
  umbra_trainer *trainer = NULL;
  options.kind = UMBRA_TRAIN_NETWORK;
  *t = (trace){0};
  memset(seed, 11, sizeof seed);
  options.iterations = 2;
  options.rate = 0.125;
  options.optimizer = UMBRA_OPTIMIZER_MOMENTUM;
  options.momentum = 0.5;
  training_open(&job, umbra_params_share(params), random_records(6, 5, 1), options, device);
  umbra_trainer_desc desc = training_desc(&job);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  for (uint32_t layer = 0; layer < layers; layer++) {
    umbra_matrix *weights = NULL;
    assert_ok(umbra_trainer_layer(trainer, &weights, layer));
    RECORD_KEY(t, matrix, weights);
    umbra_matrix_destroy(weights);
  }
  umbra_trainer_destroy(trainer);
  training_close(&job);
}

/* A hidden layer of more diagonals than a run has places. */
static void run_network(trace *t, umbra_params *params, const char *device) {
  const umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .outputs = 2, .hidden = {8}};
  run_layers(t, params, device, options, 2);
}

/* Two hidden layers, with sums refreshed where there are few levels. */
static void run_deep_network(trace *t, umbra_params *params, const char *device) {
  const umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .outputs = 2, .loss = UMBRA_LOSS_SQUARED,
                                       .hidden = {8, 4}};
  run_layers(t, params, device, options, 3);
}

static void run_softmax(trace *t, umbra_params *params, const char *device) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .outputs = 2, .loss = UMBRA_LOSS_SOFTMAX};
  umbra_sigmoid_options exponential = {UMBRA_SIGMOID_OPTIONS_INIT};
  exponential.degree = 7;
  exponential.range = 3;
  options.sigmoid = &exponential;
  run_layers(t, params, device, options, 1);
}

/* ---- the backends ---- */

typedef void (*runner)(trace *t, umbra_params *params, const char *device);

static int can_run(umbra_params *params, const char *device) {
  umbra_context *context = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device};
  umbra_status status = umbra_context_create(&context, &desc);
  if (status == UMBRA_OK) assert_string_equal(umbra_context_backend(context), device);
  else assert_int_equal(status, UMBRA_ERROR_UNSUPPORTED);
  umbra_context_destroy(context);
  return status == UMBRA_OK;
}

static void compare(umbra_params *params, runner run) {
  static trace expected, found;
  const char *only = getenv("UMBRA_TEST_BACKEND");
  run(&expected, params, "ref");
  for (const char *const *other = umbra_kernels_names(); *other; other++) {
    if (strcmp(*other, "ref") == 0 || (only && strcmp(*other, only) != 0) || !can_run(params, *other)) continue;
    printf("ref and %s\n", *other);
    run(&found, params, *other);
    assert_int_equal(found.count, expected.count);
    for (int k = 0; k < expected.count; k++)
      if (memcmp(found.digest[k], expected.digest[k], DIGEST) != 0)
        fail_msg("%s and ref differ in object %d, %s", *other, k, expected.name[k]);
  }
  umbra_params_destroy(params);
}

static void scale_25(void **state) { (void)state, compare(test_params(11, 25, 4), run); }
static void scale_40(void **state) { (void)state, compare(test_params(12, 40, 5), run); }
static void scale_60(void **state) { (void)state, compare(test_params(11, 60, 4), run); }
static void keyless(void **state) { (void)state, compare(keyless_params(12, 21, 3, 2), run_keyless); }
static void refreshing(void **state) { (void)state, compare(boot_twin_40(11), run_refreshes); }
static void convolved(void **state) { (void)state, compare(test_params(11, 40, 1), run_convolutions); }
static void trained(void **state) { (void)state, compare(training_params(), run_training); }
static void trained_for_gpus(void **state) { (void)state, compare(training_params(), run_training_for_gpus); }
static void network(void **state) { (void)state, compare(training_params(), run_network); }
static void deep_network(void **state) { (void)state, compare(levels_of(8), run_deep_network); }
static void softmax_head(void **state) { (void)state, compare(training_params(), run_softmax); }

/* The runs are comparable only if the generator is really in use. */
static void runs_repeat(void **state) {
  (void)state;
  static trace first, second;
  umbra_params *params = test_params(11, 40, 3);
  run(&first, params, "ref");
  run(&second, params, "ref");
  assert_memory_equal(first.digest, second.digest, sizeof first.digest);
  umbra_params_destroy(params);
}

/* "cpu" is no backend's name, and means the same in the environment. */
static void cpu_in_the_environment(void **state) {
  (void)state;
  assert_int_equal(setenv("UMBRA_BACKEND", "cpu", 1), 0);
  assert_non_null(umbra_kernels_get(NULL));
  assert_ptr_equal(umbra_kernels_get("cpu"), umbra_kernels_get(NULL));
  assert_int_equal(unsetenv("UMBRA_BACKEND"), 0);
  assert_ptr_equal(umbra_kernels_get("cpu"), umbra_kernels_get(NULL));
}

static int part_is_wanted(const char *part) {
  const char *only = getenv("UMBRA_TEST_PART");
  return !only || strcmp(only, part) == 0;
}

int main(void) {
  const char *only = getenv("UMBRA_TEST_BACKEND");
  if (only && !umbra_kernels_get(only)) return 77;
  randombytes_set_implementation(&generator);
  if (sodium_init() < 0) return 1; /* now, as it draws random numbers itself */
  const struct CMUnitTest scheme[] = {cmocka_unit_test(cpu_in_the_environment),
                                      cmocka_unit_test(runs_repeat),
                                      cmocka_unit_test(scale_25),
                                      cmocka_unit_test(scale_40),
                                      cmocka_unit_test(scale_60),
                                      cmocka_unit_test(keyless),
                                      cmocka_unit_test(refreshing),
                                      cmocka_unit_test(convolved)},
                          trainings[] = {cmocka_unit_test(trained), cmocka_unit_test(trained_for_gpus),
                                         cmocka_unit_test(network), cmocka_unit_test(deep_network),
                                         cmocka_unit_test(softmax_head)};
  int failed = 0;
  if (part_is_wanted("scheme")) failed += cmocka_run_group_tests(scheme, NULL, NULL);
  if (part_is_wanted("trainings")) failed += cmocka_run_group_tests(trainings, NULL, NULL);
  return failed;
}
