/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Keyless levels: products of three parts against long double, sums before one relinearisation, bounds that hold, what
 * refuses three parts and levels without keys, keys and public keys that there are, files.
 */
#include <sodium.h>

#include "container_bytes.h"
#include "host/ckks/ciphertext_internal.h"
#include "scheme.h"

enum { MOST_SLOTS = 8, SETS = 3 };

/* Rings of 2^12 with and without a public key, and one whose scales do not come bit by bit. */
static const struct {
  uint32_t log_n, scale_bits, depth, keyless;
} sets[SETS] = {{12, 21, 3, 2}, {12, 20, 2, 1}, {13, 40, 3, 2}};

static const int32_t steps[] = {1};

static void open_set(scheme *s, int i) {
  scheme_open(s, keyless_params(sets[i].log_n, sets[i].scale_bits, sets[i].depth, sets[i].keyless), NULL, steps, 1);
}

static void open_first(scheme *s) { open_set(s, 0); }

static uint32_t keyed_of(const scheme *s) { return umbra_params_keyed_level(s->params); }

/* ---- values ---- */

/* An operand and what it should be; values of some size, as three parts round coarsely. */
typedef struct value {
  umbra_ciphertext *x;
  vector is;
} value;

static value fresh(const scheme *s, uint64_t *state, uint32_t level) {
  value v = {NULL, vector_random(state, umbra_params_slots(s->params), 1)};
  for (uint32_t j = 0; j < v.is.slots; j++) v.is.value[j] *= 4;
  v.x = encrypt_vector(s, &v.is, level);
  return v;
}

static void drop(value *v) {
  umbra_ciphertext_destroy(v->x);
  vector_destroy(&v->is);
}

/* The error is within its bound, and not far below it: within 2^12. */
static void check(const scheme *s, const value *v, const char *what, uint32_t level, uint32_t parts) {
  const double error = worst_error(s, v->x, &v->is), bound = umbra_ciphertext_error_bound(v->x);
  assert_int_equal(umbra_ciphertext_level(v->x), level);
  assert_int_equal(umbra_ciphertext_parts(v->x), parts);
  assert_int_equal(umbra_ciphertext_bytes(v->x), parts * umbra_params_ciphertext_bytes(s->params, level) / 2);
  if (!(error <= bound && error > 0x1p-12 * bound))
    fail_msg("%s: error 2^%.2f, bound 2^%.2f", what, log2(error), log2(bound));
}

/* v becomes what is computed of it: its ciphertext, its slots and their check. */
#define STEP(v, call, expected, level, parts)                                   \
  do {                                                                          \
    assert_ok(call);                                                            \
    for (uint32_t j = 0; j < (v)->is.slots; j++) (v)->is.value[j] = (expected); \
    check(s, v, #call, level, parts);                                           \
  } while (0)

/* ---- products ---- */

static value product_of(const scheme *s, const value *a, const value *b) {
  value v = {NULL, vector_make(a->is.slots)};
  const uint32_t level = umbra_ciphertext_level(a->x);
  STEP(&v, umbra_mul(s->evaluator, &v.x, a->x, b->x), a->is.value[j] * b->is.value[j], level - 1,
       level > keyed_of(s) ? 3 : 2);
  return v;
}

/* A product at every level, relinearised at once where there are keys, else at the highest level that has some. */
static void products_of(const scheme *s) {
  uint64_t state = 1;
  for (uint32_t level = umbra_params_depth(s->params); level; level--) {
    value a = fresh(s, &state, level), b = fresh(s, &state, level);
    value v = product_of(s, &a, &b);
    const uint32_t keyed = keyed_of(s) < level - 1 ? keyed_of(s) : level - 1;
    STEP(&v, umbra_level_drop(s->evaluator, &v.x, v.x, keyed), v.is.value[j], keyed, level > keyed_of(s) ? 3 : 2);
    STEP(&v, umbra_relinearize(s->evaluator, &v.x, v.x), v.is.value[j], keyed, 2);
    STEP(&v, umbra_rotate(s->evaluator, &v.x, v.x, 1),
         a.is.value[(j + 1) % a.is.slots] * b.is.value[(j + 1) % a.is.slots], keyed, 2);
    drop(&a);
    drop(&b);
    drop(&v);
  }
}

static void products(void **state) {
  (void)state;
  for (int i = 0; i < SETS; i++) {
    scheme s;
    open_set(&s, i);
    products_of(&s);
    scheme_close(&s);
  }
}

/* Everything that takes three parts. v: such a product at the highest level without keys. */
static void operate(const scheme *s, value *v, const value *two) {
  umbra_evaluator *e = s->evaluator;
  const uint32_t level = umbra_ciphertext_level(v->x);
  umbra_plaintext *plain = encode_vector(s, &two->is, level);
  const number *y = two->is.value;
  const number *was = v->is.value;
  STEP(v, umbra_add(e, &v->x, v->x, v->x), 2 * was[j], level, 3);
  STEP(v, umbra_add(e, &v->x, v->x, two->x), was[j] + y[j], level, 3);
  STEP(v, umbra_add(e, &v->x, two->x, v->x), y[j] + was[j], level, 3);
  STEP(v, umbra_sub(e, &v->x, v->x, two->x), was[j] - y[j], level, 3);
  STEP(v, umbra_sub(e, &v->x, two->x, v->x), y[j] - was[j], level, 3);
  STEP(v, umbra_negate(e, &v->x, v->x), -was[j], level, 3);
  STEP(v, umbra_add_plain(e, &v->x, v->x, plain), was[j] + y[j], level, 3);
  STEP(v, umbra_sub_plain(e, &v->x, v->x, plain), was[j] - y[j], level, 3);
  STEP(v, umbra_add_constant(e, &v->x, v->x, 1.5, -0.25), was[j] + 1.5L - 0.25L * I, level, 3);
  STEP(v, umbra_mul_integer(e, &v->x, v->x, -3), -3 * was[j], level, 3);
  STEP(v, umbra_mul_i(e, &v->x, v->x), I * was[j], level, 3);
  STEP(v, umbra_ciphertext_copy(&v->x, v->x), was[j], level, 3);
  STEP(v, umbra_mul_plain(e, &v->x, v->x, plain), was[j] * y[j], level - 1, 3);
  umbra_plaintext_destroy(plain);
}

static void operations(void **state) {
  (void)state;
  for (int i = 0; i < SETS; i++) {
    scheme s;
    uint64_t seed = 2;
    open_set(&s, i);
    const uint32_t top = umbra_params_depth(s.params);
    value a = fresh(&s, &seed, top), b = fresh(&s, &seed, top), two = fresh(&s, &seed, top - 1);
    value v = product_of(&s, &a, &b);
    operate(&s, &v, &two);
    drop(&a);
    drop(&b);
    drop(&two);
    drop(&v);
    scheme_close(&s);
  }
}

/* gemm, square, gemm: multiples of inputs, squares that are summed with factors, one relinearisation of the sum. */
static void sums_before_one_relinearisation(void **state) {
  (void)state;
  enum { TERMS = 3 };
  static const double pairs[] = {0.5, 0, -1.25, 0, 2, 0};
  scheme opened, *s = &opened;
  uint64_t seed = 3;
  open_first(s);
  umbra_evaluator *e = s->evaluator;
  value in[TERMS], square[TERMS], v = {NULL, vector_make(umbra_params_slots(s->params))};
  const umbra_ciphertext *x[TERMS], *h[TERMS];
  umbra_ciphertext *hidden = NULL;
  for (int i = 0; i < TERMS; i++) x[i] = (in[i] = fresh(s, &seed, 3)).x;
  for (int i = 0; i < TERMS; i++) {
    square[i] = (value){NULL, vector_make(v.is.slots)};
    assert_ok(umbra_dot_constants(e, &hidden, x, pairs, TERMS - i));
    STEP(
        &square[i], umbra_square(e, &square[i].x, hidden),
        (0.5L * in[0].is.value[j] + (i < 2 ? -1.25L * in[1].is.value[j] : 0) + (i < 1 ? 2 * in[2].is.value[j] : 0)) *
            (0.5L * in[0].is.value[j] + (i < 2 ? -1.25L * in[1].is.value[j] : 0) + (i < 1 ? 2 * in[2].is.value[j] : 0)),
        1, 3);
    h[i] = square[i].x;
  }
  STEP(&v, umbra_dot_constants(e, &v.x, h, pairs, TERMS),
       0.5L * square[0].is.value[j] - 1.25L * square[1].is.value[j] + 2 * square[2].is.value[j], 0, 3);
  STEP(&v, umbra_relinearize(e, &v.x, v.x), v.is.value[j], 0, 2);
  STEP(&v, umbra_relinearize(e, &v.x, v.x), v.is.value[j], 0, 2);
  /* Products of ciphertexts summed as three parts. */
  STEP(&v, umbra_dot(e, &v.x, x, x, TERMS),
       in[0].is.value[j] * in[0].is.value[j] + in[1].is.value[j] * in[1].is.value[j] +
           in[2].is.value[j] * in[2].is.value[j],
       2, 3);
  STEP(&v, umbra_mul_add(e, &v.x, x[0], x[1], v.x), v.is.value[j] + in[0].is.value[j] * in[1].is.value[j], 2, 3);
  umbra_ciphertext_destroy(hidden);
  for (int i = 0; i < TERMS; i++) {
    drop(&in[i]);
    drop(&square[i]);
  }
  drop(&v);
  scheme_close(s);
}

/* ---- refusals ---- */

static umbra_status mul_body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                             void *user) {
  (void)user;
  return umbra_square(e, outs, ins[0]);
}

/* three: of three parts, at a level with keys; two: at a level without. */
static void refuse(const scheme *s, const umbra_ciphertext *three, const umbra_ciphertext *two) {
  static const double pairs[] = {1, 0, 1, 0}, cubic[] = {0, 0, 0, 1};
  umbra_evaluator *e = s->evaluator;
  umbra_ciphertext *out = NULL;
  umbra_circuit *circuit = NULL;
  const umbra_ciphertext *mixed[] = {three, two};
  const umbra_status unsupported = UMBRA_ERROR_UNSUPPORTED, missing = UMBRA_ERROR_MISSING_KEY;
  const umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = mul_body, .ins = 1, .outs = 1, .examples = mixed};
  assert_fails(umbra_mul(e, &out, three, two), unsupported, "umbra_relinearize makes them two, at level 1 or below");
  assert_fails(umbra_mul(e, &out, two, three), unsupported, "umbra_relinearize");
  assert_fails(umbra_square(e, &out, three), unsupported, "umbra_relinearize");
  assert_fails(umbra_mul_add(e, &out, three, two, two), unsupported, "umbra_relinearize");
  assert_fails(umbra_dot(e, &out, mixed, mixed, 2), unsupported, "umbra_relinearize");
  assert_fails(umbra_rotate(e, &out, three, 1), unsupported, "umbra_relinearize");
  assert_fails(umbra_rotate_many(e, &out, three, steps, 1), unsupported, "umbra_relinearize");
  assert_fails(umbra_conjugate(e, &out, three), unsupported, "umbra_relinearize");
  assert_fails(umbra_chebyshev_eval(e, &out, three, cubic, 3), unsupported, "umbra_relinearize");
  assert_fails(umbra_circuit_create(&circuit, e, &desc), unsupported, "umbra_relinearize");
  assert_fails(umbra_dot_constants(e, &out, mixed, pairs, 2), unsupported, "of two and of three parts");
  assert_fails(umbra_rotate(e, &out, two, 1), missing, "no switching keys at level 3: what needs the key for rotation");
  assert_fails(umbra_rotate(e, &out, two, 1), missing, "possible from level 1 down (umbra_level_drop)");
  assert_fails(umbra_conjugate(e, &out, two), missing, "from level 1 down");
  assert_fails(umbra_chebyshev_eval(e, &out, two, cubic, 3), missing, "from level 1 down");
  assert_null(out);
}

static void refusals(void **state) {
  (void)state;
  scheme s;
  uint64_t seed = 4;
  umbra_ciphertext *three = NULL, *out = NULL;
  open_first(&s);
  value two = fresh(&s, &seed, 3);
  assert_ok(umbra_square(s.evaluator, &three, two.x));
  assert_fails(umbra_relinearize(s.evaluator, &out, three), UMBRA_ERROR_MISSING_KEY, "from level 1 down");
  assert_ok(umbra_level_drop(s.evaluator, &three, three, 1));
  refuse(&s, three, two.x);
  umbra_evaluator *bare = NULL;
  assert_ok(umbra_evaluator_create(&bare, s.context, NULL));
  assert_fails(umbra_relinearize(bare, &out, three), UMBRA_ERROR_MISSING_KEY, "relinearisation key");
  assert_fails(umbra_relinearize(s.evaluator, NULL, three), UMBRA_ERROR_INVALID_ARGUMENT, "may not be NULL");
  assert_fails(umbra_relinearize(s.evaluator, &out, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "may not be NULL");
  umbra_bootstrap_plan *plan = NULL;
  assert_true(umbra_bootstrap_plan_create(&plan, s.params, NULL) != UMBRA_OK);
  umbra_train_plan *training = NULL;
  const umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = 8, .columns = 2};
  assert_fails(umbra_train_plan_create(&training, s.params, &options), UMBRA_ERROR_UNSUPPORTED, "do not refresh");
  umbra_evaluator_destroy(bare);
  umbra_ciphertext_destroy(three);
  drop(&two);
  scheme_close(&s);
}

/* ---- keys ---- */

static void key_needs_end_where_keys_do(void **state) {
  (void)state;
  umbra_params *params = keyless_params(12, 21, 3, 2);
  umbra_key_needs *needs = NULL;
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  assert_int_equal(umbra_params_keyed_level(params), 1);
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL));
  assert_ok(umbra_key_needs_get(needs, &need, 0));
  assert_int_equal(need.level, 1);
  assert_int_equal(umbra_key_needs_bytes(needs), umbra_params_key_bytes(params, 1));
  assert_int_equal(umbra_params_key_bytes(params, 2), 0);
  assert_fails(umbra_key_needs_relinearization(needs, 2), UMBRA_ERROR_INVALID_ARGUMENT,
               "level 2 has no keys: the highest that keys can have is 1");
  assert_fails(umbra_key_needs_rotation(needs, 1, 3), UMBRA_ERROR_INVALID_ARGUMENT, "level 3 has no keys");
  assert_fails(umbra_key_needs_conjugation(needs, 4), UMBRA_ERROR_INVALID_ARGUMENT, "level 4 does not exist");
  umbra_key_needs_destroy(needs);
  umbra_params_destroy(params);
}

static void public_keys_only_where_they_fit(void **state) {
  (void)state;
  umbra_params *params[] = {keyless_params(12, 21, 3, 2), keyless_params(12, 20, 2, 1), keyless_params(13, 30, 3, 1)};
  static const int has[] = {0, 1, 1};
  for (int i = 0; i < 3; i++) {
    const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params[i]};
    umbra_context *context = NULL;
    umbra_secret_key *secret = NULL;
    umbra_public_key *public = NULL;
    assert_int_equal(umbra_params_has_public_key(params[i]), has[i]);
    assert_ok(umbra_context_create(&context, &desc));
    assert_ok(umbra_secret_key_generate(&secret, context));
    if (has[i]) assert_ok(umbra_public_key_generate(&public, secret));
    else
      assert_fails(umbra_public_key_generate(&public, secret), UMBRA_ERROR_INSECURE,
                   "log2(Qp) = 135.97, and at most 106 bits are secure in a ring of 2^12");
    umbra_public_key_destroy(public);
    umbra_secret_key_destroy(secret);
    umbra_context_destroy(context);
    umbra_params_destroy(params[i]);
  }
}

/* ---- files ---- */

static void files_of_three_parts(void **state) {
  (void)state;
  scheme s;
  uint64_t seed = 5;
  umbra_ciphertext *three = NULL, *again = NULL;
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  open_first(&s);
  value two = fresh(&s, &seed, 3);
  assert_ok(umbra_square(s.evaluator, &three, two.x));
  bytes of_two = ciphertext_bytes(two.x), of_three = ciphertext_bytes(three);
  assert_ok(umbra_buffer_inspect(&info, of_two.data, of_two.size));
  assert_int_equal(info.version, 1);
  assert_ok(umbra_buffer_inspect(&info, of_three.data, of_three.size));
  assert_int_equal(info.version, 2);
  assert_ok(umbra_ciphertext_read(&again, s.context, of_three.data, of_three.size, NULL));
  assert_int_equal(umbra_ciphertext_parts(again), 3);
  assert_true(has_bytes(again, &of_three));
  assert_ok(umbra_ciphertext_move(&again, s.context, again));
  assert_true(has_bytes(again, &of_three));
  free(of_two.data);
  free(of_three.data);
  umbra_ciphertext_destroy(three);
  umbra_ciphertext_destroy(again);
  drop(&two);
  scheme_close(&s);
}

/* A word of the header (-1) or of a section's payload is replaced, and checksums are right again. */
typedef struct fault {
  int section;
  size_t at;
  uint32_t word;
  const char *text;
} fault;

/* Sections: RANGE, PARTS, RESIDUES. */
static const fault ciphertext_faults[] = {
    {-1, 8, 1, "holds the number of parts where residues must be"},
    {-1, 8, 3, "format version 3"},
    {0, 24, 1, "of three parts with a seed"},
    {1, 0, 2, "a ciphertext of 2 parts: this version of the format is for three"},
    {1, 0, 4, "a ciphertext of 4 parts"},
    {0, 0, 1, "residues"}, /* of another level, so of another length */
    {2, 0, 0xffffffff, "4294967295"},
};

/* Sections: COUNTS, KEYLESS, CHAIN. */
static const fault params_faults[] = {
    {-1, 8, 1, "parameters with keyless levels have version 2"},
    {0, 28, 0, "parameters with keyless levels have version 2"},
    {0, 28, 1, "parameters with keyless levels have version 2"},
    {0, 28, 3, "there may be"},
    {1, 0, 0, "parameters with keyless levels that have none"},
    {1, 0, 1, "log2(QP)"}, /* with keys at level 2 it is not secure */
    {1, 0, 3, "digest"},
    {1, 0, 4, "keyless_levels is 4, and depth 3: level 0 has keys"},
    {1, 0, 0xffffffff, "keyless_levels is 4294967295"},
};

typedef umbra_status loader(const umbra_context *context, const void *data, size_t size);

static umbra_status load_ciphertext(const umbra_context *context, const void *data, size_t size) {
  umbra_ciphertext *made = NULL;
  umbra_status status = umbra_ciphertext_read(&made, context, data, size, NULL);
  if (status != UMBRA_OK) assert_null(made);
  umbra_ciphertext_destroy(made);
  return status;
}

static umbra_status load_params(const umbra_context *context, const void *data, size_t size) {
  umbra_params *made = NULL;
  (void)context;
  umbra_status status = umbra_params_read(&made, data, size);
  if (status != UMBRA_OK) assert_null(made);
  umbra_params_destroy(made);
  return status;
}

static void check_fault(const fault *f, loader *load, const umbra_context *context, const bytes *whole) {
  section found[MAX_SECTIONS];
  uint8_t *copy = malloc(whole->size);
  assert_non_null(copy);
  memcpy(copy, whole->data, whole->size);
  find_sections(found, copy, whole->size);
  memcpy(f->section < 0 ? copy + f->at : payload(copy, &found[f->section]) + f->at, &f->word, sizeof f->word);
  fix_checksums(copy, whole->size);
  assert_true(load(context, copy, whole->size) != UMBRA_OK);
  if (!strstr(umbra_last_error(), f->text)) fail_msg("no '%s' in: %s", f->text, umbra_last_error());
  free(copy);
}

/* Every beginning of the file is refused, too. */
static void check_faults(const fault *faults, size_t count, loader *load, const umbra_context *context,
                         const bytes *whole) {
  assert_ok(load(context, whole->data, whole->size));
  for (size_t i = 0; i < count; i++) check_fault(&faults[i], load, context, whole);
  for (size_t size = 0; size < whole->size; size += size < 1024 ? 1 : 4099)
    assert_int_equal(load(context, whole->data, size), UMBRA_ERROR_FORMAT);
}

static void hostile_files(void **state) {
  (void)state;
  scheme s;
  uint64_t seed = 6;
  umbra_ciphertext *three = NULL;
  open_first(&s);
  value two = fresh(&s, &seed, 3);
  assert_ok(umbra_square(s.evaluator, &three, two.x));
  bytes of_three = ciphertext_bytes(three), of_params = {0};
  check_faults(ciphertext_faults, sizeof ciphertext_faults / sizeof *ciphertext_faults, load_ciphertext, s.context,
               &of_three);
  assert_ok(umbra_params_write(s.params, NULL, &of_params.size));
  of_params.data = malloc(of_params.size);
  assert_non_null(of_params.data);
  assert_ok(umbra_params_write(s.params, of_params.data, &of_params.size));
  check_faults(params_faults, sizeof params_faults / sizeof *params_faults, load_params, NULL, &of_params);
  free(of_three.data);
  free(of_params.data);
  umbra_ciphertext_destroy(three);
  drop(&two);
  scheme_close(&s);
}

static umbra_status load_keys(const umbra_context *context, const void *data, size_t size) {
  umbra_eval_keys *made = NULL;
  umbra_status status = umbra_eval_keys_read(&made, context, data, size, NULL);
  umbra_eval_keys_destroy(made);
  return status;
}

/* What a public key of such parameters would look like: zeros. */
static bytes forged_public_key(const scheme *s) {
  const umbra_chain *chain = &s->params->chain;
  const size_t residues = (umbra_chain_aux(chain) + 1) * sizeof(uint32_t) << chain->log_n;
  const umbra_section_head heads[] = {{UMBRA_SECTION_SEED, 0, UMBRA_SEED_BYTES}, {UMBRA_SECTION_RESIDUES, 1, residues}};
  umbra_header header = {.version = 1, .kind = UMBRA_KIND_PUBLIC_KEY, .sections = 2, .owner = {1}};
  bytes b = {.size = sizeof header + 2 * UMBRA_SECTION_OVERHEAD + UMBRA_SEED_BYTES + residues};
  b.data = calloc(b.size, 1);
  assert_non_null(b.data);
  memcpy(header.magic, umbra_container_magic, sizeof header.magic);
  umbra_params_digest(s->params, header.digest);
  header.bytes = b.size;
  memcpy(b.data, &header, sizeof header);
  memcpy(b.data + sizeof header, &heads[0], sizeof *heads);
  memcpy(b.data + sizeof header + UMBRA_SECTION_OVERHEAD + UMBRA_SEED_BYTES, &heads[1], sizeof *heads);
  fix_checksums(b.data, b.size);
  return b;
}

/* Whoever makes keys for levels without keys breaks the set's security; a public key, too. */
static void hostile_keys(void **state) {
  (void)state;
  static const fault level = {0, 8, 2, "level 2"};
  scheme s;
  bytes of_keys = {0};
  open_first(&s);
  of_keys = keys_bytes(s.keys);
  check_fault(&level, load_keys, s.context, &of_keys);
  free(of_keys.data);
  bytes of_public = forged_public_key(&s);
  umbra_public_key *public = NULL;
  assert_fails(umbra_public_key_read(&public, s.context, of_public.data, of_public.size, NULL), UMBRA_ERROR_INSECURE,
               "at most 106 bits");
  assert_null(public);
  free(of_public.data);
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products),
      cmocka_unit_test(operations),
      cmocka_unit_test(sums_before_one_relinearisation),
      cmocka_unit_test(refusals),
      cmocka_unit_test(key_needs_end_where_keys_do),
      cmocka_unit_test(public_keys_only_where_they_fit),
      cmocka_unit_test(files_of_three_parts),
      cmocka_unit_test(hostile_files),
      cmocka_unit_test(hostile_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
