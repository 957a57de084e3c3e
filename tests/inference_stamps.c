/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Records, networks, results and decryption that belong to different plans are refused, also where everything else
 * fits: parameters, shapes, layouts, and keys. What they say of their plan is kept in files.
 */
#include <umbra/matrix_ops.h>

#include "inference_models.h"

#include "container_bytes.h"
#include "host/infer/plan.h"

enum { INPUTS = 8, HIDDEN = 4, CLASSES = 3, SAMPLES = 40 };

/* Alike but for a weight of the last layer, where it is not 0, and for what the owner calls results. */
typedef struct variant {
  double weight;
  const double *labels;
  uint64_t samples; /* a seed */
  umbra_weights_kind kind;
} variant;

static const double some_labels[CLASSES] = {1, 2, 3}, other_labels[CLASSES] = {3, 2, 1};
static const variant usual = {0, some_labels, 1, UMBRA_WEIGHTS_PLAIN};

static umbra_model *model_of(const variant *v) {
  const umbra_closing steps[] = {UMBRA_CLOSING_ARGMAX};
  uint64_t state = 5;
  umbra_model *model = new_model(INPUTS);
  uint32_t node = add_square(model, add_dense(model, &state, 0, INPUTS, HIDDEN));
  double *weights = random_numbers(&state, CLASSES * HIDDEN, 1);
  weights[1] += v->weight;
  assert_ok(umbra_model_dense(model, &node, node, CLASSES, weights, NULL));
  assert_ok(umbra_model_output(model, "label", node, steps, 1, v->labels));
  free(weights);
  return model;
}

static umbra_inference_plan *plan_of(const variant *v) {
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(11, 30, 3),
                                     .weights = v->kind};
  umbra_ndarray samples = random_records(v->samples, SAMPLES, INPUTS);
  umbra_model *model = model_of(v);
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  umbra_model_destroy(model);
  umbra_ndarray_clear(&samples);
  umbra_params_destroy((umbra_params *)options.params);
  return plan;
}

static int same_digest(const umbra_inference_plan *a, const umbra_inference_plan *b) {
  uint8_t first[UMBRA_DIGEST_BYTES], second[UMBRA_DIGEST_BYTES];
  umbra_inference_plan_digest(a, first);
  umbra_inference_plan_digest(b, second);
  return memcmp(first, second, sizeof first) == 0;
}

static umbra_inference_plan *read_plan(const bytes *b) {
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_read(&plan, b->data, b->size));
  return plan;
}

static umbra_inference_plan *plan;
static service server;
static umbra_matrix *batch, *answer;

static int open_all(void **state) {
  (void)state;
  umbra_ndarray records = random_records(2, 3, INPUTS);
  plan = plan_of(&usual);
  service_open(&server, plan, NULL);
  batch = encrypt_records(&server, plan, &records);
  assert_ok(umbra_inference_run(server.evaluator, &answer, batch, server.network));
  umbra_ndarray_clear(&records);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_matrix_destroy(batch);
  umbra_matrix_destroy(answer);
  service_close(&server);
  umbra_inference_plan_destroy(plan);
  return 0;
}

/* ---- digests ---- */

/* Of the plan, its client's, and those in files of both. */
static void check_one_digest(const umbra_inference_plan *of) {
  umbra_inference_plan *client = NULL;
  assert_ok(umbra_inference_plan_client(of, &client));
  bytes whole = plan_bytes(of), part = plan_bytes(client);
  umbra_inference_plan *read[] = {read_plan(&whole), read_plan(&part)};
  assert_true(same_digest(of, client) && same_digest(of, read[0]) && same_digest(of, read[1]));
  umbra_inference_plan_destroy(client);
  umbra_inference_plan_destroy(read[0]);
  umbra_inference_plan_destroy(read[1]);
  free(whole.data);
  free(part.data);
}

/* Both sides, and their files, have one; whatever changes an answer makes another. */
static void digests(void **state) {
  (void)state;
  const variant others[] = {
      {.weight = 0x1p-40, .labels = some_labels, .samples = 1},
      {.labels = other_labels, .samples = 1},
      {.labels = some_labels, .samples = 2},
      {.labels = some_labels, .samples = 1, .kind = UMBRA_WEIGHTS_ENCRYPTED},
  };
  umbra_inference_plan *again = plan_of(&usual);
  assert_true(same_digest(plan, again));
  check_one_digest(plan);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    umbra_inference_plan *other = plan_of(&others[i]);
    assert_false(same_digest(plan, other));
    check_one_digest(other);
    umbra_inference_plan_destroy(other);
  }
  umbra_inference_plan_destroy(again);
}

/* ---- what is of another plan ---- */

static void refused_by_network(const umbra_inference *network, const umbra_matrix *records, const char *words) {
  umbra_matrix *out = NULL;
  assert_fails(umbra_inference_run(server.evaluator, &out, records, network), UMBRA_ERROR_MISMATCH, words);
  assert_null(out);
}

static void refused_by_owner(const umbra_inference_plan *by, const umbra_matrix *results, const char *words) {
  umbra_ndarray found = {0};
  assert_fails(umbra_inference_decrypt(&found, by, results, server.secret, NULL), UMBRA_ERROR_MISMATCH, words);
  assert_fails(umbra_inference_decrypt_values(&found, by, results, server.secret, NULL), UMBRA_ERROR_MISMATCH, words);
  assert_null(found.values);
}

static void another_plan(const variant *v) {
  umbra_inference_plan *other = plan_of(v), *client = NULL;
  umbra_inference *network = NULL;
  umbra_matrix *out = NULL;
  umbra_ndarray records = random_records(2, 3, INPUTS), found = {0};
  assert_ok(umbra_inference_create(&network, server.context, other, NULL));
  assert_ok(umbra_inference_plan_client(other, &client));
  refused_by_network(network, batch, "records of another plan");
  refused_by_owner(client, answer, "results of another plan");
  out = encrypt_records(&server, client, &records);
  refused_by_network(server.network, out, "records of another plan");
  assert_ok(umbra_inference_run(server.evaluator, &out, out, network));
  refused_by_owner(plan, out, "results of another plan");
  assert_ok(umbra_inference_decrypt(&found, client, out, server.secret, NULL));
  umbra_ndarray_clear(&found);
  umbra_ndarray_clear(&records);
  umbra_matrix_destroy(out);
  umbra_inference_destroy(network);
  umbra_inference_plan_destroy(client);
  umbra_inference_plan_destroy(other);
}

static void other_plans(void **state) {
  (void)state;
  another_plan(&(variant){.weight = 0.5, .labels = some_labels, .samples = 1});
  another_plan(&(variant){.labels = other_labels, .samples = 1});
}

/* Records are no results, and results no records. */
static void other_roles(void **state) {
  (void)state;
  refused_by_network(server.network, answer, "the matrix has results, where records of a plan are wanted");
  refused_by_owner(plan, batch, "the matrix has records, where results of a plan are wanted");
}

/* ---- what is of no plan ---- */

static void refused_by_both(umbra_matrix *made) {
  uint8_t digest[UMBRA_DIGEST_BYTES], none[UMBRA_DIGEST_BYTES] = {0};
  assert_int_equal(umbra_matrix_plan(made, digest), UMBRA_MATRIX_OF_NO_PLAN);
  assert_memory_equal(digest, none, sizeof none);
  refused_by_network(server.network, made, "no records or results of any plan");
  refused_by_owner(plan, made, "no records or results of any plan");
}

static void matrices_of_no_plan(void **state) {
  (void)state;
  const umbra_matrix *twice[] = {batch, batch};
  umbra_matrix *made = NULL;
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_ndarray records = random_records(2, 3, INPUTS);
  assert_ok(umbra_matrix_layout_of(batch, &layout));
  assert_ok(umbra_matrix_encrypt(&made, server.public, records.values, 3, INPUTS, &layout, NULL));
  refused_by_both(made);
  assert_ok(umbra_matrix_slice(&made, batch, 0, 1, 0, INPUTS));
  refused_by_both(made);
  assert_ok(umbra_matrix_join_rows(&made, twice, 2));
  refused_by_both(made);
  assert_ok(umbra_matrix_add(server.evaluator, &made, batch, batch));
  refused_by_both(made);
  assert_ok(umbra_matrix_sub(server.evaluator, &made, answer, answer));
  refused_by_both(made);
  umbra_ndarray_clear(&records);
  umbra_matrix_destroy(made);
}

/* ---- of another owner ---- */

static void another_owner(void **state) {
  (void)state;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_matrix *other = NULL;
  umbra_ndarray records = random_records(2, 3, INPUTS), found = {0};
  assert_ok(umbra_secret_key_generate(&secret, server.context));
  assert_ok(umbra_public_key_generate(&public, secret));
  assert_ok(umbra_inference_encrypt(&other, NULL, plan, public, &records, NULL));
  refused_by_network(server.network, other, "another owner");
  assert_fails(umbra_inference_decrypt(&found, plan, answer, secret, NULL), UMBRA_ERROR_MISMATCH, "another owner");
  assert_null(found.values);
  umbra_ndarray_clear(&records);
  umbra_matrix_destroy(other);
  umbra_public_key_destroy(public);
  umbra_secret_key_destroy(secret);
}

/* ---- files ---- */

static umbra_matrix *read_matrix(const bytes *b) {
  umbra_matrix *matrix = NULL;
  assert_ok(umbra_matrix_read(&matrix, server.context, b->data, b->size, NULL));
  return matrix;
}

static void files_keep_it(void **state) {
  (void)state;
  uint8_t wanted[UMBRA_DIGEST_BYTES], found[UMBRA_DIGEST_BYTES];
  umbra_ndarray labels = {0};
  bytes sent = matrix_bytes(batch);
  umbra_matrix *there = read_matrix(&sent);
  umbra_inference_plan_digest(plan, wanted);
  assert_int_equal(umbra_matrix_plan(there, found), UMBRA_MATRIX_RECORDS);
  assert_memory_equal(found, wanted, sizeof wanted);
  assert_ok(umbra_inference_run(server.evaluator, &there, there, server.network));
  bytes back = matrix_bytes(there), again;
  umbra_matrix_destroy(there);
  there = read_matrix(&back);
  assert_int_equal(umbra_matrix_plan(there, NULL), UMBRA_MATRIX_RESULTS);
  again = matrix_bytes(there);
  assert_true(same_bytes(&back, &again));
  assert_ok(umbra_inference_decrypt(&labels, plan, there, server.secret, NULL));
  umbra_ndarray_clear(&labels);
  umbra_matrix_destroy(there);
  free(sent.data);
  free(back.data);
  free(again.data);
}

/* Changes a word of the section with that number, counted from the end, and mends checksums. */
static void change(bytes *b, int from_end, size_t offset, uint32_t word) {
  section sections[MAX_SECTIONS];
  const int count = find_sections(sections, b->data, b->size);
  memcpy(payload(b->data, &sections[count - from_end]) + offset, &word, sizeof word);
  fix_checksums(b->data, b->size);
}

static void other_marks(void **state) {
  (void)state;
  enum { ROLE = UMBRA_DIGEST_BYTES, RESERVED = ROLE + 4 };
  static const uint32_t changes[][2] = {{ROLE, UMBRA_MATRIX_OF_NO_PLAN}, {ROLE, UMBRA_MATRIX_LOSS + 1}, {RESERVED, 1}};
  umbra_matrix *there = NULL;
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    bytes b = matrix_bytes(batch);
    change(&b, 1, changes[i][0], changes[i][1]);
    assert_fails(umbra_matrix_read(&there, server.context, b.data, b.size, NULL), UMBRA_ERROR_FORMAT,
                 "of the plan of a matrix");
    free(b.data);
  }
  assert_null(there);
}

/* A client's part whose scale is another one is of another plan; a server's has to be what it says it is. */
static void changed_plans(void **state) {
  (void)state;
  enum { NEEDS_AND_DIGEST = 2, HALF_OF_A_DOUBLE = 4 };
  umbra_inference_plan *client = NULL, *read = NULL;
  assert_ok(umbra_inference_plan_client(plan, &client));
  bytes part = plan_bytes(client), whole = plan_bytes(plan);
  change(&part, NEEDS_AND_DIGEST + 2, HALF_OF_A_DOUBLE, 0x40200000); /* scales of elements */
  assert_ok(umbra_inference_plan_read(&read, part.data, part.size));
  assert_true(read->frame.scale[0] != plan->frame.scale[0]);
  assert_false(same_digest(read, plan));
  refused_by_owner(read, answer, "results of another plan");
  change(&whole, 2, HALF_OF_A_DOUBLE, 0x3fd00000); /* a weight: the last section has levels */
  assert_fails(umbra_inference_plan_read(&read, whole.data, whole.size), UMBRA_ERROR_FORMAT,
               "the steps have another digest");
  umbra_inference_plan_destroy(client);
  umbra_inference_plan_destroy(read);
  free(part.data);
  free(whole.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(digests),       cmocka_unit_test(other_plans),   cmocka_unit_test(other_roles),
      cmocka_unit_test(another_owner), cmocka_unit_test(files_keep_it), cmocka_unit_test(matrices_of_no_plan),
      cmocka_unit_test(other_marks),   cmocka_unit_test(changed_plans),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
