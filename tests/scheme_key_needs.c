/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Key needs: how they add up, what keys made of them serve, what is missing, and one evaluator with the keys of two. */
#include "container_bytes.h"
#include "train.h"

#include "host/base/memory.h"
#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/keys_internal.h"

enum { LOG_N = 11, HALF = 1 << (LOG_N - 1), PLANS = 7, MOST_ALLOCATIONS = 1000 };

static const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
static umbra_params *params, *other; /* the latter do not refresh */
static umbra_context *context;
static umbra_key_needs *part[PLANS + 2], *together; /* of the plans, of scoring, and by hand; all of them */
static umbra_bootstrap_plan *refreshing;

/* ---- what needs are ---- */

static umbra_key_needs *new_needs(const umbra_params *of) {
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, of));
  return needs;
}

static umbra_key_needs *copy_of(const umbra_key_needs *needs) {
  umbra_key_needs *copy = new_needs(params);
  assert_ok(umbra_key_needs_add(copy, needs));
  return copy;
}

static umbra_key_need need_at(const umbra_key_needs *needs, size_t i) {
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  assert_ok(umbra_key_needs_get(needs, &need, i));
  return need;
}

static void assert_equal_needs(const umbra_key_needs *a, const umbra_key_needs *b) {
  assert_int_equal(umbra_key_needs_count(a), umbra_key_needs_count(b));
  for (size_t i = 0; i < umbra_key_needs_count(a); i++) {
    umbra_key_need x = need_at(a, i), y = need_at(b, i);
    assert_true(x.kind == y.kind && x.steps == y.steps && x.level == y.level);
  }
  assert_int_equal(umbra_key_needs_bytes(a), umbra_key_needs_bytes(b));
}

static umbra_key_need random_need(uint64_t *random) {
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  need.kind = (umbra_key_kind)below(random, 5);
  if (need.kind == UMBRA_KEY_ROTATE) need.steps = (int32_t)below(random, 9) - 4;
  if (need.kind < UMBRA_KEY_TO_SPARSE) need.level = below(random, umbra_params_depth(params) + 1);
  return need;
}

/* The same needs in another order, and as the union of two parts, are the same; the highest level of each stays. */
static void in_any_order(void **state) {
  (void)state;
  enum { COUNT = 60 };
  uint64_t random = 5;
  umbra_key_need need[COUNT];
  umbra_key_needs *forth = new_needs(params), *back = new_needs(params),
                  *half[2] = {new_needs(params), new_needs(params)};
  for (int i = 0; i < COUNT; i++) need[i] = random_need(&random);
  for (int i = 0; i < COUNT; i++) {
    assert_ok(umbra_key_needs_put(forth, &need[i]));
    assert_ok(umbra_key_needs_put(back, &need[COUNT - 1 - i]));
    assert_ok(umbra_key_needs_put(half[i % 2], &need[i]));
  }
  assert_equal_needs(forth, back);
  assert_ok(umbra_key_needs_add(half[0], half[1]));
  assert_equal_needs(forth, half[0]);
  assert_ok(umbra_key_needs_add(half[1], forth));
  assert_ok(umbra_key_needs_add(half[1], half[1]));
  assert_equal_needs(forth, half[1]);
  for (size_t k = 0; k < umbra_key_needs_count(forth); k++) {
    umbra_key_need found = need_at(forth, k);
    uint32_t highest = 0;
    for (int i = 0; i < COUNT; i++)
      if (need[i].kind == found.kind && (uint32_t)(need[i].steps + HALF) % HALF == (uint32_t)found.steps)
        highest = need[i].level > highest ? need[i].level : highest;
    if (found.kind < UMBRA_KEY_TO_SPARSE) assert_int_equal(found.level, highest);
  }
  umbra_key_needs_destroy(forth);
  umbra_key_needs_destroy(back);
  for (int i = 0; i < 2; i++) umbra_key_needs_destroy(half[i]);
}

/* Relinearisation, conjugation, the ephemeral two, then rotations by their steps. */
static void listed_in_order(void **state) {
  (void)state;
  umbra_key_needs *needs = new_needs(params);
  const uint32_t top = umbra_params_depth(params);
  const umbra_key_need expected[] = {
      {0, UMBRA_KEY_RELINEARIZE, 0, top}, {0, UMBRA_KEY_CONJUGATE, 0, 2},
      {0, UMBRA_KEY_TO_SPARSE, 0, 0},     {0, UMBRA_KEY_TO_DENSE, 0, umbra_context_chain(context)->total_levels - 1},
      {0, UMBRA_KEY_ROTATE, 3, 1},        {0, UMBRA_KEY_ROTATE, HALF - 2, top}};
  assert_ok(umbra_key_needs_rotation(needs, -2, UMBRA_TOP_LEVEL));
  assert_ok(umbra_key_needs_rotation(needs, INT32_MIN, 0)); /* a multiple of n/2 */
  assert_ok(umbra_key_needs_rotation(needs, 3 + 5 * HALF, 1));
  assert_ok(
      umbra_key_needs_put(needs, &(umbra_key_need){.struct_size = sizeof(umbra_key_need), .kind = UMBRA_KEY_TO_DENSE}));
  assert_ok(umbra_key_needs_conjugation(needs, 2));
  assert_ok(umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL));
  assert_int_equal(umbra_key_needs_count(needs), 6);
  for (size_t i = 0; i < 6; i++) {
    umbra_key_need need = need_at(needs, i);
    assert_true(need.kind == expected[i].kind && need.steps == expected[i].steps && need.level == expected[i].level);
  }
  umbra_key_needs *rotation = new_needs(params);
  assert_ok(umbra_key_needs_rotation(rotation, 3, 1));
  assert_int_equal(umbra_key_needs_bytes(rotation), umbra_params_key_bytes(params, 1));
  umbra_key_needs_destroy(rotation);
  umbra_key_needs_destroy(needs);
}

static void refused(void **state) {
  (void)state;
  umbra_key_needs *needs = new_needs(params), *foreign = new_needs(other);
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  const uint32_t total = umbra_context_chain(context)->total_levels;
  assert_ok(umbra_key_needs_relinearization(needs, total - 1));
  assert_fails(umbra_key_needs_relinearization(needs, total), bad, "does not exist");
  assert_fails(umbra_key_needs_conjugation(needs, UMBRA_TOP_LEVEL - 1), bad, "does not exist");
  assert_fails(umbra_key_needs_rotation(needs, 1, total), bad, "does not exist");
  assert_fails(umbra_key_needs_rotation(needs, 0, total), bad, "does not exist");
  assert_fails(umbra_key_needs_ephemeral(foreign), bad, "do not refresh");
  need.steps = 1;
  assert_fails(umbra_key_needs_put(needs, &need), bad, "no rotation");
  need.steps = 0;
  for (int kind = -1; kind <= 1 << 20; kind = kind < 0 ? 5 : 1 << 21) {
    need.kind = (umbra_key_kind)kind;
    assert_fails(umbra_key_needs_put(needs, &need), bad, "no kind of key");
  }
  assert_fails(umbra_key_needs_get(needs, &need, 1), bad, "below their count");
  assert_fails(umbra_key_needs_get(needs, &need, SIZE_MAX), bad, "below their count");
  assert_fails(umbra_key_needs_create(&needs, NULL), bad, "parameters");
  assert_fails(umbra_key_needs_relinearization(NULL, 0), bad, "NULL");
  assert_fails(umbra_key_needs_rotation(NULL, 1, 0), bad, "NULL");
  assert_fails(umbra_key_needs_ephemeral(NULL), bad, "NULL");
  assert_fails(umbra_key_needs_add(needs, NULL), bad, "NULL");
  assert_fails(umbra_key_needs_cover(NULL, needs), bad, "NULL");
  assert_fails(umbra_bootstrap_plan_needs(NULL, needs), bad, "plan");
  assert_fails(umbra_bootstrap_plan_needs(refreshing, NULL), bad, "NULL");
  assert_int_equal(umbra_key_needs_count(needs), 1);
  umbra_key_needs_destroy(needs);
  umbra_key_needs_destroy(foreign);
}

static void of_other_parameters(void **state) {
  (void)state;
  const umbra_status mismatch = UMBRA_ERROR_MISMATCH;
  umbra_key_needs *needs = needs_of(other, NULL, 0), *here = needs_of(params, NULL, 0);
  umbra_secret_key *secret = NULL;
  umbra_eval_keys *keys = NULL;
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_fails(umbra_key_needs_add(needs, here), mismatch, "other parameters");
  assert_fails(umbra_key_needs_remove(needs, here), mismatch, "other parameters");
  assert_fails(umbra_key_needs_cover(needs, here), mismatch, "other parameters");
  assert_fails(umbra_bootstrap_plan_needs(refreshing, needs), mismatch, "other parameters");
  assert_fails(umbra_eval_keys_generate(&keys, secret, needs, NULL), mismatch, "other parameters");
  assert_null(keys);
  keys = keys_for(secret, here);
  assert_fails(umbra_eval_keys_cover(keys, needs), mismatch, "other parameters");
  assert_fails(umbra_eval_keys_needs(keys, needs), mismatch, "other parameters");
  assert_int_equal(umbra_key_needs_count(needs), 1);
  umbra_key_needs_destroy(needs);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
}

/* All rotations that there are, named more than once; what is missing is told in a text of its usual length. */
static void as_many_as_there_can_be(void **state) {
  (void)state;
  umbra_key_needs *needs = new_needs(params), *none = new_needs(params);
  for (int32_t steps = 2 * HALF; steps > -2 * HALF; steps--)
    assert_ok(umbra_key_needs_rotation(needs, steps, (uint32_t)(steps + 2 * HALF) % 3));
  assert_int_equal(umbra_key_needs_count(needs), HALF - 1);
  for (int32_t i = 0; i < HALF - 1; i++) assert_true(need_at(needs, (size_t)i).steps == i + 1);
  assert_fails(umbra_key_needs_cover(none, needs), UMBRA_ERROR_MISSING_KEY, "1023 of the 1023 evaluation keys needed");
  assert_non_null(strstr(umbra_last_error(), "missing: rotation by 1 to level 2, rotation by 2 to level "));
  unsigned listed = 0, more = 0;
  for (const char *at = umbra_last_error(); (at = strstr(at, "rotation by ")); at++) listed++;
  assert_int_equal(sscanf(strstr(umbra_last_error(), " and "), " and %u more", &more), 1);
  assert_int_equal(listed + more, HALF - 1);
  assert_ok(umbra_key_needs_cover(needs, none));
  assert_ok(umbra_key_needs_remove(none, needs));
  assert_ok(umbra_key_needs_remove(needs, needs));
  assert_int_equal(umbra_key_needs_count(needs), 0);
  umbra_key_needs_destroy(needs);
  umbra_key_needs_destroy(none);
}

/* ---- needs of plans of all kinds ---- */

static umbra_key_needs *needs_of_refresh(uint32_t slots, umbra_bootstrap_order order, int min_key) {
  umbra_bootstrap_options options = {
      .struct_size = sizeof options, .slots = slots, .bound = 1, .order = order, .min_key = min_key, .rounds = 1};
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrap_report report = {UMBRA_BOOTSTRAP_REPORT_INIT};
  assert_ok(umbra_bootstrap_plan_create(&plan, params, &options));
  assert_ok(umbra_bootstrap_plan_report(plan, &report));
  umbra_key_needs *needs = refresh_needs(plan, params);
  assert_int_equal(report.keys, umbra_key_needs_count(needs));
  assert_int_equal(report.key_bytes, umbra_key_needs_bytes(needs));
  umbra_bootstrap_plan_destroy(plan);
  return needs;
}

static umbra_key_needs *needs_of_training(uint64_t rows, uint32_t columns, uint32_t iterations) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_plan *plan = NULL;
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  options.rows = rows;
  options.columns = columns;
  options.iterations = iterations;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_ok(umbra_train_plan_report(plan, &report));
  umbra_key_needs *needs = training_needs(plan);
  assert_int_equal(report.keys, umbra_key_needs_count(needs));
  assert_int_equal(report.key_bytes, umbra_key_needs_bytes(needs));
  umbra_train_plan_destroy(plan);
  return needs;
}

static void make_parts(void) {
  part[0] = needs_of_refresh(0, UMBRA_BOOTSTRAP_STANDARD, 0);
  part[1] = needs_of_refresh(16, UMBRA_BOOTSTRAP_STANDARD, 0);
  part[2] = needs_of_refresh(0, UMBRA_BOOTSTRAP_STC_FIRST, 0);
  part[3] = needs_of_refresh(HALF / 2, UMBRA_BOOTSTRAP_STANDARD, 1);
  part[4] = needs_of_training(40, 3, 1); /* without a refresh */
  part[5] = needs_of_training(40, 5, 6);
  part[6] = needs_of_training(5000, 10, 2);
  part[PLANS] = new_needs(params);
  assert_ok(umbra_logistic_needs(part[PLANS], 30, UMBRA_TOP_LEVEL));
  part[PLANS + 1] = needs_of(params, (const int32_t[]){5, -7, 333}, 3);
  assert_ok(umbra_key_needs_conjugation(part[PLANS + 1], 1));
}

enum { PARTS = PLANS + 2 };

static const char *name_of(const umbra_key_need *need) {
  static const char *const name[] = {"relinearisation", "rotation by", "conjugation", "the ephemeral secret",
                                     "the way back from the ephemeral secret"};
  return name[need->kind];
}

/* "missing: rotation by 5 to level 7". */
static void expect_named(const umbra_eval_keys *keys, const umbra_key_need *need) {
  char words[128];
  int bytes = snprintf(words, sizeof words, "1 of the %zu evaluation keys needed are missing: %s",
                       umbra_key_needs_count(together), name_of(need));
  if (need->kind == UMBRA_KEY_ROTATE)
    bytes += snprintf(words + bytes, sizeof words - (size_t)bytes, " %d", need->steps);
  snprintf(words + bytes, sizeof words - (size_t)bytes, " to level %u", need->level);
  assert_fails(umbra_eval_keys_cover(keys, together), UMBRA_ERROR_MISSING_KEY, words);
}

static void expect_missing(const umbra_eval_keys *keys, const umbra_key_need *need) {
  umbra_key_needs *missing = copy_of(together), *served = new_needs(params);
  assert_ok(umbra_eval_keys_needs(keys, served));
  assert_ok(umbra_key_needs_remove(missing, served));
  assert_int_equal(umbra_key_needs_count(missing), 1);
  umbra_key_need found = need_at(missing, 0);
  assert_true(found.kind == need->kind && found.steps == need->steps && found.level == need->level);
  umbra_key_needs_destroy(missing);
  umbra_key_needs_destroy(served);
}

/* Each key is hidden in turn, and then made for one level less. */
static void check_each(umbra_eval_keys *keys) {
  for (size_t i = 0; i < umbra_key_needs_count(together); i++) {
    const umbra_key_need need = need_at(together, i);
    umbra_eval_key *key = (umbra_eval_key *)umbra_eval_keys_find(keys, need.kind, (uint32_t)need.steps);
    umbra_eval_key *last = &keys->key[keys->count - 1], hidden = *key;
    *key = *last;
    keys->count--;
    expect_named(keys, &need);
    expect_missing(keys, &need);
    keys->count++;
    *key = hidden;
    assert_ok(umbra_eval_keys_cover(keys, together));
    if (!need.level) continue;
    key->level--;
    expect_named(keys, &need);
    assert_non_null(strstr(umbra_last_error(), " (there: to "));
    key->level++;
  }
}

static void keys_of_a_union(void **state) {
  (void)state;
  umbra_secret_key *secret = NULL;
  umbra_key_needs *served = new_needs(params);
  assert_ok(umbra_secret_key_generate(&secret, context));
  umbra_eval_keys *keys = keys_for(secret, copy_of(together));
  assert_ok(umbra_eval_keys_cover(keys, together));
  for (int i = 0; i < PARTS; i++) assert_ok(umbra_eval_keys_cover(keys, part[i]));
  assert_ok(umbra_eval_keys_needs(keys, served));
  assert_equal_needs(served, together);
  assert_int_equal(umbra_eval_keys_count(keys), umbra_key_needs_count(together));
  assert_int_equal(umbra_eval_keys_bytes(keys), umbra_key_needs_bytes(together));
  check_each(keys);
  assert_fails(umbra_eval_keys_cover(NULL, part[PLANS]), UMBRA_ERROR_MISSING_KEY, "6 of the 6 evaluation keys");
  umbra_key_needs_destroy(served);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
}

/* A part's own keys do not serve another's needs, and the text says how many are missing. */
static void keys_of_a_part(void **state) {
  (void)state;
  umbra_secret_key *secret = NULL;
  char words[64];
  assert_ok(umbra_secret_key_generate(&secret, context));
  umbra_eval_keys *keys = keys_for(secret, copy_of(part[PLANS]));
  umbra_key_needs *missing = copy_of(part[0]);
  assert_ok(umbra_key_needs_remove(missing, part[PLANS]));
  assert_true(umbra_key_needs_count(missing) > 4);
  snprintf(words, sizeof words, "%zu of the %zu evaluation keys", umbra_key_needs_count(missing),
           umbra_key_needs_count(part[0]));
  assert_fails(umbra_eval_keys_cover(keys, part[0]), UMBRA_ERROR_MISSING_KEY, words);
  umbra_eval_keys *rest = keys_for(secret, missing);
  assert_ok(umbra_eval_keys_add(keys, &rest));
  assert_ok(umbra_eval_keys_cover(keys, part[0]));
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
}

/* ---- from files ---- */

static void from_a_file(void **state) {
  (void)state;
  char folder[] = "/tmp/umbra-needs-XXXXXX", path[64];
  umbra_secret_key *secret = NULL;
  umbra_key_needs *found = new_needs(params), *foreign = new_needs(other);
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/eval.umbra", folder);
  assert_ok(umbra_secret_key_generate(&secret, context));
  umbra_eval_keys *keys = keys_for(secret, copy_of(part[3]));
  assert_fails(umbra_key_needs_of_file(found, path), UMBRA_ERROR_IO, path);
  assert_ok(umbra_eval_keys_save(keys, path, NULL));
  assert_ok(umbra_key_needs_rotation(found, 999, 2));
  assert_ok(umbra_key_needs_of_file(found, path));
  assert_int_equal(umbra_key_needs_count(found), umbra_key_needs_count(part[3]) + 1);
  assert_ok(umbra_key_needs_cover(found, part[3]));
  assert_fails(umbra_key_needs_of_file(foreign, path), UMBRA_ERROR_MISMATCH, "other parameters");
  assert_fails(umbra_key_needs_of_file(NULL, path), bad, "needs to add to");
  assert_fails(umbra_key_needs_of_buffer(found, NULL, 9), bad, "buffer");
  umbra_key_needs *before = copy_of(found);
  FILE *file = fopen(path, "r+");
  assert_non_null(file);
  assert_int_equal(fseek(file, -5000, SEEK_END), 0); /* within the residues of the last key */
  fputs("damage", file);
  fclose(file);
  assert_ok(umbra_key_needs_of_file(found, path));
  umbra_eval_keys *loaded = NULL;
  assert_fails(umbra_eval_keys_load(&loaded, context, path, NULL), UMBRA_ERROR_FORMAT, path);
  assert_ok(umbra_params_save(params, path));
  assert_fails(umbra_key_needs_of_file(found, path), UMBRA_ERROR_FORMAT, "parameters");
  assert_equal_needs(found, before);
  remove_folder(folder);
  umbra_key_needs_destroy(before);
  umbra_key_needs_destroy(found);
  umbra_key_needs_destroy(foreign);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
}

/* A key whose residues are not those of the level that it claims serves no need, as it cannot be loaded either. */
static void from_a_file_that_claims_less(void **state) {
  (void)state;
  umbra_secret_key *secret = NULL;
  umbra_eval_keys *loaded = NULL;
  umbra_key_needs *found = new_needs(params), *one = new_needs(params);
  size_t size = 0;
  section s[MAX_SECTIONS];
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_ok(umbra_key_needs_rotation(one, 1, UMBRA_TOP_LEVEL));
  umbra_eval_keys *keys = keys_for(secret, one);
  assert_ok(umbra_eval_keys_write(keys, NULL, &size, NULL));
  uint8_t *bytes = malloc(size);
  assert_non_null(bytes);
  assert_ok(umbra_eval_keys_write(keys, bytes, &size, NULL));
  assert_int_equal(find_sections(s, bytes, size), 2);
  memset(payload(bytes, &s[0]) + 8, 0, 8); /* level 0, all auxiliary primes */
  fix_checksums(bytes, size);
  assert_fails(umbra_eval_keys_read(&loaded, context, bytes, size, NULL), UMBRA_ERROR_FORMAT, "it must have");
  assert_fails(umbra_key_needs_of_buffer(found, bytes, size), UMBRA_ERROR_FORMAT, "it must have");
  assert_int_equal(umbra_key_needs_count(found), 0);
  free(bytes);
  umbra_key_needs_destroy(found);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
}

/* The head and record of a key, or the head of its residues, of section `index`; sums of residues are nobody's here. */
static void renumber(uint8_t *bytes, size_t at, uint32_t index, const umbra_header *header) {
  umbra_section_head head;
  umbra_sum sum;
  memcpy(bytes + at + offsetof(umbra_section_head, index), &index, sizeof index);
  memcpy(&head, bytes + at, sizeof head);
  if (head.type != UMBRA_SECTION_KEY) return;
  umbra_sum_begin(&sum, header, &head);
  umbra_sum_add(&sum, bytes + at + sizeof head, head.length);
  umbra_sum_end(&sum, bytes + at + sizeof head + head.length);
}

/* Of a file with one key for a rotation: one with such keys for all those, without residues, which are passed over. */
static bytes file_of_rotations(const bytes *one, const uint32_t *rotation, uint32_t count) {
  section s[MAX_SECTIONS];
  umbra_header header;
  assert_int_equal(find_sections(s, one->data, one->size), 2);
  const size_t record = section_size(&s[0]), key = record + section_size(&s[1]);
  const bytes all = {calloc(1, sizeof header + count * key), sizeof header + count * key};
  assert_non_null(all.data);
  memcpy(&header, one->data, sizeof header);
  header.sections = 2 * count;
  header.bytes = all.size;
  umbra_header_checksum(header.checksum, &header);
  memcpy(all.data, &header, sizeof header);
  for (uint32_t i = 0; i < count; i++) {
    const size_t at = sizeof header + i * key;
    memcpy(all.data + at, one->data + s[0].at, record + sizeof(umbra_section_head));
    memcpy(all.data + at + sizeof(umbra_section_head) + 4, &rotation[i], sizeof rotation[i]);
    renumber(all.data, at, 2 * i, &header);
    renumber(all.data, at + record, 2 * i + 1, &header);
  }
  return all;
}

/* As many keys as there can be rotations, the largest first; and one of them twice. */
static void from_a_file_with_all_rotations(void **state) {
  (void)state;
  umbra_secret_key *secret = NULL;
  umbra_key_needs *found = new_needs(params), *expected = new_needs(params);
  uint32_t rotation[HALF - 1];
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_ok(umbra_key_needs_rotation(expected, 1, 0));
  umbra_eval_keys *keys = keys_for(secret, copy_of(expected));
  bytes one = keys_bytes(keys);
  for (uint32_t i = 0; i < HALF - 1; i++) {
    rotation[i] = HALF - 1 - i;
    assert_ok(umbra_key_needs_rotation(expected, (int32_t)rotation[i], 0));
  }
  bytes all = file_of_rotations(&one, rotation, HALF - 1);
  assert_ok(umbra_key_needs_of_buffer(found, all.data, all.size));
  assert_equal_needs(found, expected);
  free(all.data);
  rotation[HALF - 2] = HALF - 1;
  all = file_of_rotations(&one, rotation, HALF - 1);
  assert_fails(umbra_key_needs_of_buffer(found, all.data, all.size), UMBRA_ERROR_FORMAT,
               "two evaluation keys for the same rotation by 1023");
  free(all.data);
  free(one.data);
  umbra_key_needs_destroy(expected);
  umbra_key_needs_destroy(found);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
}

/* One byte at a time: refused, or what it says is what a key set can have. The layout is that of docs/file-format.md. */
static void from_a_damaged_file(void **state) {
  (void)state;
  char folder[] = "/tmp/umbra-needs-XXXXXX", path[64];
  umbra_secret_key *secret = NULL;
  size_t size = 0;
  uint64_t random = 9;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/eval.umbra", folder);
  assert_ok(umbra_secret_key_generate(&secret, context));
  umbra_eval_keys *keys = keys_for(secret, copy_of(part[PLANS]));
  assert_ok(umbra_eval_keys_write(keys, NULL, &size, NULL));
  uint8_t *bytes = malloc(size);
  assert_non_null(bytes);
  assert_ok(umbra_eval_keys_write(keys, bytes, &size, NULL));
  for (int i = 0; i < 300; i++) {
    size_t at = below(&random, i % 2 ? 400 : (uint32_t)size), length = i % 3 ? size : below(&random, (uint32_t)size);
    umbra_key_needs *found = new_needs(params), *in_memory = new_needs(params);
    FILE *file = fopen(path, "w");
    bytes[at] ^= 0x55;
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
    umbra_status status = umbra_key_needs_of_file(found, path);
    assert_int_equal(umbra_key_needs_of_buffer(in_memory, bytes, length), status);
    assert_equal_needs(in_memory, found);
    bytes[at] ^= 0x55;
    if (status != UMBRA_OK) assert_int_equal(umbra_key_needs_count(found), 0);
    else assert_equal_needs(found, part[PLANS]);
    if (length < size) assert_int_equal(status, UMBRA_ERROR_FORMAT);
    umbra_key_needs_destroy(in_memory);
    umbra_key_needs_destroy(found);
  }
  free(bytes);
  remove_folder(folder);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
}

/* ---- allocations that fail ---- */

static umbra_status put_one(umbra_key_needs *needs) { return umbra_key_needs_rotation(needs, 77, 1); }
static umbra_status put_two(umbra_key_needs *needs) { return umbra_key_needs_ephemeral(needs); }
static umbra_status put_all(umbra_key_needs *needs) { return umbra_key_needs_add(needs, together); }
static umbra_status put_plan(umbra_key_needs *needs) { return umbra_bootstrap_plan_needs(refreshing, needs); }
static umbra_status put_scoring(umbra_key_needs *needs) { return umbra_logistic_needs(needs, 100, 5); }

static void without_memory(void **state) {
  (void)state;
  umbra_status (*const call[])(umbra_key_needs *) = {put_one, put_two, put_all, put_plan, put_scoring};
  for (size_t c = 0; c < sizeof call / sizeof *call; c++) {
    umbra_key_needs *needs = needs_of(params, NULL, 0), *before = needs_of(params, NULL, 0);
    umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
    long failures = 0;
    for (; status != UMBRA_OK && failures < MOST_ALLOCATIONS; failures++) {
      umbra_alloc_fail_after(failures);
      status = call[c](needs);
      umbra_alloc_fail_after(-1);
      if (status == UMBRA_OK) break;
      assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
      assert_equal_needs(needs, before);
    }
    assert_int_equal(status, UMBRA_OK);
    assert_true(failures > 0 && umbra_key_needs_count(needs) > 1);
    umbra_key_needs_destroy(needs);
    umbra_key_needs_destroy(before);
  }
}

/* ---- one evaluator, two clients ---- */

typedef struct client {
  umbra_secret_key *secret;
  umbra_eval_keys *keys;
  umbra_ciphertext *x;
  double value;
} client;

static void client_make(client *c, double value) {
  umbra_public_key *public = NULL;
  *c = (client){.value = value};
  assert_ok(umbra_secret_key_generate(&c->secret, context));
  assert_ok(umbra_public_key_generate(&public, c->secret));
  assert_ok(umbra_encode_encrypt(&c->x, public, &value, 1));
  c->keys = keys_for(c->secret, copy_of(part[0]));
  umbra_public_key_destroy(public);
}

static void client_clear(client *c) {
  umbra_ciphertext_destroy(c->x);
  umbra_eval_keys_destroy(c->keys);
  umbra_secret_key_destroy(c->secret);
}

static void expect_refreshed(umbra_evaluator *e, const client *c, const umbra_bootstrapper *bootstrapper) {
  umbra_ciphertext *fresh = NULL;
  double found = 0;
  assert_ok(umbra_bootstrap(e, &fresh, c->x, bootstrapper));
  assert_ok(umbra_decrypt_decode(&found, 1, fresh, c->secret));
  assert_true(fabs(found - c->value) < 1e-3);
  umbra_ciphertext_destroy(fresh);
}

static void keys_of_two_clients(void **state) {
  (void)state;
  client one, two;
  umbra_bootstrapper *bootstrapper = NULL;
  umbra_evaluator *e = NULL;
  umbra_ciphertext *out = NULL;
  client_make(&one, 0.5);
  client_make(&two, -0.25);
  assert_ok(umbra_bootstrapper_create(&bootstrapper, context, refreshing, NULL));
  assert_ok(umbra_evaluator_create(&e, context, NULL));
  assert_fails(umbra_bootstrap(e, &out, one.x, bootstrapper), UMBRA_ERROR_MISSING_KEY, "relinearisation to level");
  for (int i = 0; i < 2; i++) {
    assert_ok(umbra_evaluator_use_keys(e, one.keys));
    expect_refreshed(e, &one, bootstrapper);
    assert_fails(umbra_bootstrap(e, &out, two.x, bootstrapper), UMBRA_ERROR_MISMATCH, "another owner");
    assert_ok(umbra_evaluator_use_keys(e, two.keys));
    expect_refreshed(e, &two, bootstrapper);
    assert_fails(umbra_bootstrap(e, &out, one.x, bootstrapper), UMBRA_ERROR_MISMATCH, "another owner");
  }
  umbra_eval_keys_destroy(two.keys); /* the evaluator has them still */
  two.keys = NULL;
  expect_refreshed(e, &two, bootstrapper);
  assert_ok(umbra_evaluator_use_keys(e, NULL));
  assert_fails(umbra_square(e, &out, two.x), UMBRA_ERROR_MISSING_KEY, "relinearisation");
  assert_null(out);
  umbra_evaluator_destroy(e);
  umbra_bootstrapper_destroy(bootstrapper);
  client_clear(&one);
  client_clear(&two);
}

static void keys_of_other_parameters(void **state) {
  (void)state;
  scheme s;
  umbra_evaluator *e = NULL;
  scheme_open(&s, test_params(11, 40, 2), NULL, NULL, 0);
  assert_ok(umbra_evaluator_create(&e, context, NULL));
  assert_fails(umbra_evaluator_use_keys(e, s.keys), UMBRA_ERROR_MISMATCH, "another parameter set");
  umbra_evaluator_destroy(e);
  scheme_close(&s);
}

static int open_all(void **state) {
  (void)state;
  params = training_params();
  other = test_params(11, 40, 3);
  assert_ok(umbra_context_create(&context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params}));
  assert_ok(umbra_bootstrap_plan_create(&refreshing, params, NULL));
  make_parts();
  together = new_needs(params);
  for (int i = 0; i < PARTS; i++) assert_ok(umbra_key_needs_add(together, part[i]));
  return 0;
}

static int close_all(void **state) {
  (void)state;
  for (int i = 0; i < PARTS; i++) umbra_key_needs_destroy(part[i]);
  umbra_key_needs_destroy(together);
  umbra_bootstrap_plan_destroy(refreshing);
  assert_int_equal(umbra_context_memory(context), 0);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
  umbra_params_destroy(other);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(in_any_order),
      cmocka_unit_test(listed_in_order),
      cmocka_unit_test(refused),
      cmocka_unit_test(of_other_parameters),
      cmocka_unit_test(as_many_as_there_can_be),
      cmocka_unit_test(keys_of_a_union),
      cmocka_unit_test(keys_of_a_part),
      cmocka_unit_test(from_a_file),
      cmocka_unit_test(from_a_file_that_claims_less),
      cmocka_unit_test(from_a_file_with_all_rotations),
      cmocka_unit_test(from_a_damaged_file),
      cmocka_unit_test(without_memory),
      cmocka_unit_test(keys_of_two_clients),
      cmocka_unit_test(keys_of_other_parameters),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
