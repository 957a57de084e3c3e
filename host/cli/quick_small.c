/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "quick.h"

enum { DEGREE = 15, SIDE = 64, RECORDS = 256, FEATURES = 30 };
static const double coefficients[DEGREE + 1] = {[1] = 1, [3] = -0.25, [5] = 0.125, [15] = 0.0625};
static const umbra_sigmoid_options sigmoid = {.struct_size = sizeof sigmoid, .degree = DEGREE, .range = 8};
static const double bias = 0.25;

typedef struct small_set {
  cli_quick_home home;
  size_t slots;
  double *values, *opened; /* values: those of x, and then those of y */
  double weights[FEATURES];
  umbra_ciphertext *x, *y, *encrypted, *out;
  umbra_product_plan *plan;
  umbra_matrix *a, *b, *product; /* square ones, of the values */
  umbra_logistic *model;
  umbra_matrix *records, *scores;
} small_set;

/* ---- what is done ---- */

static umbra_status encrypt(void *set) {
  small_set *s = set;
  return umbra_encode_encrypt(&s->encrypted, s->home.public, s->values, s->slots);
}

static umbra_status decrypt(void *set) {
  small_set *s = set;
  return umbra_decrypt_decode(s->opened, s->slots, s->x, s->home.secret);
}

static umbra_status add(void *set) {
  small_set *s = set;
  return umbra_add(s->home.evaluator, &s->out, s->x, s->y);
}

static umbra_status multiply(void *set) {
  small_set *s = set;
  return umbra_mul(s->home.evaluator, &s->out, s->x, s->y);
}

static umbra_status rotate(void *set) {
  small_set *s = set;
  return umbra_rotate(s->home.evaluator, &s->out, s->x, 1);
}

static umbra_status evaluate(void *set) {
  small_set *s = set;
  return umbra_chebyshev_eval(s->home.evaluator, &s->out, s->x, coefficients, DEGREE);
}

static umbra_status multiply_matrices(void *set) {
  small_set *s = set;
  return umbra_matrix_multiply(s->home.evaluator, &s->product, s->a, s->b, NULL);
}

static umbra_status score(void *set) {
  small_set *s = set;
  return umbra_logistic_score(s->home.evaluator, &s->scores, s->model, s->records, NULL);
}

/* ---- whether it is right ---- */

static double itself(const small_set *s, size_t i) { return s->values[i]; }
static double sum(const small_set *s, size_t i) { return s->values[i] + s->values[s->slots + i]; }
static double product(const small_set *s, size_t i) { return s->values[i] * s->values[s->slots + i]; }
static double next(const small_set *s, size_t i) { return s->values[(i + 1) % s->slots]; }

static double polynomial(const small_set *s, size_t i) {
  double value = 0;
  for (int k = 0; k <= DEGREE; k++) value += coefficients[k] * cos(k * acos(s->values[i]));
  return value;
}

static double element(const small_set *s, size_t i) {
  double value = 0;
  for (size_t k = 0; k < SIDE; k++) value += s->values[i / SIDE * SIDE + k] * s->values[k * SIDE + i % SIDE];
  return value;
}

static double probability(const small_set *s, size_t i) {
  double z = bias;
  for (size_t k = 0; k < FEATURES; k++) z += s->weights[k] * s->values[i * FEATURES + k];
  return umbra_sigmoid_value(z, &sigmoid);
}

/* What decryption of the results gives, and how much of it. */
static const struct {
  double (*value)(const small_set *s, size_t i);
  size_t count; /* 0: all slots */
} expected[CLI_QUICK_COUNT] = {
    [CLI_QUICK_ENCRYPT] = {itself},
    [CLI_QUICK_DECRYPT] = {itself},
    [CLI_QUICK_ADD] = {sum},
    [CLI_QUICK_MULTIPLY] = {product},
    [CLI_QUICK_ROTATE] = {next},
    [CLI_QUICK_POLYNOMIAL] = {polynomial},
    [CLI_QUICK_MATRICES] = {element, (size_t)SIDE *SIDE},
    [CLI_QUICK_SCORES] = {probability, RECORDS},
};

static umbra_status open_result(small_set *s, size_t number) {
  const umbra_secret_key *key = s->home.secret;
  switch (number) {
    case CLI_QUICK_DECRYPT: return UMBRA_OK; /* which it is */
    case CLI_QUICK_ENCRYPT: return umbra_decrypt_decode(s->opened, s->slots, s->encrypted, key);
    case CLI_QUICK_MATRICES: return umbra_matrix_decrypt(s->product, s->opened, key, NULL);
    case CLI_QUICK_SCORES: return umbra_matrix_decrypt(s->scores, s->opened, key, NULL);
    default: return umbra_decrypt_decode(s->opened, s->slots, s->out, key);
  }
}

static umbra_status judge(void *set, size_t number, double *error) {
  small_set *s = set;
  const size_t count = expected[number].count ? expected[number].count : s->slots;
  const umbra_status status = open_result(s, number);
  *error = 0;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++)
    *error = cli_larger(*error, fabs(s->opened[i] - expected[number].value(s, i)));
  return status;
}

static const cli_quick_operation operations[] = {
    {CLI_QUICK_ENCRYPT, encrypt, judge, 1},
    {CLI_QUICK_DECRYPT, decrypt, judge, 1},
    {CLI_QUICK_ADD, add, judge, 1},
    {CLI_QUICK_MULTIPLY, multiply, judge, 1},
    {CLI_QUICK_ROTATE, rotate, judge, 1},
    {CLI_QUICK_POLYNOMIAL, evaluate, judge, 1},
    {CLI_QUICK_MATRICES, multiply_matrices, judge, 1},
    {CLI_QUICK_SCORES, score, judge, 1},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- what it is done with ---- */

static bool make_values(small_set *s) {
  s->slots = (size_t)1 << (umbra_params_log_n(s->home.params) - 1);
  s->values = calloc(2 * s->slots, sizeof *s->values);
  s->opened = calloc(s->slots, sizeof *s->opened);
  if (!s->values || !s->opened) return cli_error("out of memory");
  for (size_t i = 0; i < 2 * s->slots; i++) s->values[i] = cli_quick_value(i);
  for (size_t i = 0; i < FEATURES; i++) s->weights[i] = cli_quick_value(i) / 4;
  return true;
}

static bool plan_all(small_set *s) {
  const umbra_product_desc desc = {UMBRA_PRODUCT_DESC_INIT, .rows = SIDE, .inner = SIDE, .columns = SIDE};
  umbra_key_needs *needs = s->home.needs;
  return cli_check(umbra_product_plan_create(&s->plan, s->home.params, &desc), NULL) &&
         cli_check(umbra_product_plan_add_needs(s->plan, needs), NULL) &&
         cli_check(umbra_logistic_needs(needs, FEATURES, UMBRA_TOP_LEVEL), NULL) &&
         cli_check(umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL), NULL) &&
         cli_check(umbra_key_needs_rotation(needs, 1, UMBRA_TOP_LEVEL), NULL);
}

static bool encrypt_all(small_set *s) {
  const umbra_public_key *key = s->home.public;
  const umbra_matrix_layout rows = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  umbra_matrix_layout a = {UMBRA_MATRIX_LAYOUT_INIT}, b = {UMBRA_MATRIX_LAYOUT_INIT};
  return cli_check(umbra_product_plan_layouts(s->plan, &a, &b, 0), NULL) &&
         cli_check(umbra_encode_encrypt(&s->x, key, s->values, s->slots), NULL) &&
         cli_check(umbra_encode_encrypt(&s->y, key, s->values + s->slots, s->slots), NULL) &&
         cli_check(umbra_matrix_encrypt(&s->a, key, s->values, SIDE, SIDE, &a, NULL), NULL) &&
         cli_check(umbra_matrix_encrypt(&s->b, key, s->values, SIDE, SIDE, &b, NULL), NULL) &&
         cli_check(umbra_matrix_encrypt(&s->records, key, s->values, RECORDS, FEATURES, &rows, NULL), NULL) &&
         cli_check(umbra_logistic_encrypt(&s->model, key, s->weights, FEATURES, bias, &sigmoid), NULL);
}

static void clear(small_set *s) {
  umbra_matrix_destroy(s->scores);
  umbra_matrix_destroy(s->records);
  umbra_logistic_destroy(s->model);
  umbra_matrix_destroy(s->product);
  umbra_matrix_destroy(s->b);
  umbra_matrix_destroy(s->a);
  umbra_product_plan_destroy(s->plan);
  umbra_ciphertext_destroy(s->out);
  umbra_ciphertext_destroy(s->encrypted);
  umbra_ciphertext_destroy(s->y);
  umbra_ciphertext_destroy(s->x);
  cli_quick_close(&s->home);
  free(s->opened);
  free(s->values);
}

bool cli_quick_small(cli_quick_result *results, const cli_quick_options *o) {
  small_set s = {0};
  const bool done = cli_quick_open(&s.home, CLI_QUICK_SMALL_PRESET, o) && make_values(&s) && plan_all(&s) &&
                    cli_quick_equip(&s.home) && encrypt_all(&s) &&
                    cli_quick_measure(results, operations, OPERATIONS, &s, &s.home);
  clear(&s);
  return done;
}
