/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The order of records in a training, where it is secret: plan and data set have nothing that it follows from, the owner's
 * scaling has its key, and with another one nothing is trained or encrypted.
 */
#include <math.h>
#include <unistd.h>

#include "host/io/format.h"
#include "host/train/scaling.h"
#include "host/train/source.h"
#include "tests/folder.h"
#include "tests/train.h"
#include "tests/visible.h"

enum { ROWS = 100, COLUMNS = 3 };

/* Somebody who has scaled records, and made a plan with them. */
typedef struct owner {
  umbra_scaling *scaling;
  umbra_records *scaled;
  umbra_train_plan *plan;
  size_t order[ROWS];
} owner;

static umbra_params *params;
static umbra_records *records; /* the same ones for all owners */
static owner alice, bob;
static char folder[64];

static const char *in_folder(const char *name) { return path_in(folder, name); }

static umbra_train_options options_of(umbra_shuffle shuffle, const umbra_scaling *scaling) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = ROWS, .columns = COLUMNS};
  options.iterations = 5;
  options.batch = 30;
  options.shuffle = shuffle;
  options.seed = 7;
  options.scaling = scaling;
  return options;
}

static umbra_train_plan *plan_of(umbra_train_options options) {
  umbra_train_plan *plan = NULL;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  return plan;
}

static void owner_open(owner *o) {
  assert_ok(umbra_scaling_fit(&o->scaling, records, UMBRA_SCALING_DEVIATION, 0, 2));
  assert_ok(umbra_scaling_apply(o->scaling, &o->scaled, records));
  o->plan = plan_of(options_of(UMBRA_SHUFFLE_SECRET, o->scaling));
  assert_ok(umbra_train_plan_order(o->plan, o->order, o->scaled));
}

static void owner_close(owner *o) {
  umbra_train_plan_destroy(o->plan);
  umbra_records_destroy(o->scaled);
  umbra_scaling_destroy(o->scaling);
}

static int is_order(const size_t *order) {
  char seen[ROWS] = {0};
  for (size_t k = 0; k < ROWS; k++)
    if (order[k] >= ROWS || seen[order[k]]++) return 0;
  return 1;
}

/* Two owners of the same records with the same settings: nobody tells their plans apart, but by ids that are random. */
static void plans_tell_no_order(void **state) {
  (void)state;
  uint8_t digest[2][UMBRA_DIGEST_BYTES];
  assert_true(is_order(alice.order) && is_order(bob.order));
  assert_memory_not_equal(alice.order, bob.order, sizeof alice.order);
  umbra_train_plan_digest(alice.plan, digest[0]);
  umbra_train_plan_digest(bob.plan, digest[1]);
  assert_memory_equal(digest[0], digest[1], UMBRA_DIGEST_BYTES);
  assert_ok(umbra_train_plan_save(alice.plan, in_folder("alice.umbra")));
  assert_ok(umbra_train_plan_save(bob.plan, in_folder("bob.umbra")));
  assert_true(look_alike(seen_in_file(in_folder("alice.umbra")), seen_in_file(in_folder("bob.umbra"))));
}

/* The same owner deals them as before, from files alone; another seed is another order. */
static void owners_keep_their_order(void **state) {
  (void)state;
  umbra_train_plan *plan = NULL;
  umbra_scaling *scaling = NULL;
  umbra_records *scaled = NULL;
  size_t order[ROWS];
  assert_ok(umbra_train_plan_save(alice.plan, in_folder("plan.umbra")));
  assert_ok(umbra_train_plan_save_scaling(alice.plan, alice.scaling, in_folder("scaling.csv")));
  assert_ok(umbra_train_plan_load(&plan, in_folder("plan.umbra")));
  assert_ok(umbra_scaling_load(&scaling, in_folder("scaling.csv")));
  assert_ok(umbra_scaling_apply(scaling, &scaled, records));
  umbra_scaling_destroy(scaling); /* records keep what they need of it */
  assert_ok(umbra_train_plan_order(plan, order, scaled));
  assert_memory_equal(order, alice.order, sizeof order);
  umbra_train_plan_destroy(plan);
  umbra_train_options options = options_of(UMBRA_SHUFFLE_SECRET, alice.scaling);
  options.seed++;
  plan = plan_of(options);
  assert_ok(umbra_train_plan_order(plan, order, scaled));
  assert_true(is_order(order));
  assert_memory_not_equal(order, alice.order, sizeof order);
  umbra_train_plan_destroy(plan);
  umbra_records_destroy(scaled);
}

/* Records in the order of training, as others would give them. */
static umbra_records *dealt(const umbra_records *from, const size_t *order) {
  double features[ROWS][COLUMNS], labels[ROWS];
  umbra_records *made = NULL;
  for (size_t k = 0; k < ROWS; k++) {
    memcpy(features[k], umbra_records_row(from, order[k]), sizeof features[k]);
    labels[k] = umbra_records_label(from, order[k]);
  }
  assert_ok(umbra_records_create(&made, features[0], labels, ROWS, COLUMNS));
  return made;
}

static void train(double weights[COLUMNS + 1], const umbra_train_plan *plan, const umbra_records *with) {
  assert_ok(umbra_train_twin(weights, NULL, 0, plan, with, NULL, NULL));
}

/* Twins and data sets: the bits are those of records that lie in this order. */
static void trainings_follow_it(void **state) {
  (void)state;
  double found[COLUMNS + 1], expected[COLUMNS + 1], as_given[COLUMNS + 1];
  umbra_train_plan *plain = plan_of(options_of(UMBRA_SHUFFLE_NONE, NULL));
  umbra_records *lying = dealt(alice.scaled, alice.order);
  umbra_train_source source;
  train(found, alice.plan, alice.scaled);
  train(expected, plain, lying);
  train(as_given, plain, alice.scaled);
  assert_memory_equal(found, expected, sizeof found);
  assert_memory_not_equal(found, as_given, sizeof found);
  assert_ok(umbra_train_source_open(&source, alice.plan, (umbra_encryptor){0}, alice.scaled, NULL));
  assert_memory_equal(source.order, alice.order, sizeof alice.order);
  umbra_train_source_close(&source);
  umbra_records_destroy(lying);
  umbra_train_plan_destroy(plain);
}

/* Whatever asks for the order of these records by Alice's plan. */
static void assert_unknown(const umbra_records *with, const char *words) {
  double weights[COLUMNS + 1] = {7}, error = 7;
  size_t order[ROWS] = {7};
  umbra_train_source source;
  const umbra_train_plan *plan = alice.plan;
  assert_fails(umbra_train_plan_order(plan, order, with), UMBRA_ERROR_MISMATCH, words);
  assert_int_equal(order[0], 7);
  if (!with) return;
  assert_fails(umbra_train_twin(weights, NULL, 0, plan, with, NULL, NULL), UMBRA_ERROR_MISMATCH, words);
  assert_fails(umbra_train_expected_error(&error, plan, with, NULL, NULL), UMBRA_ERROR_MISMATCH, words);
  assert_true(weights[0] == 7 && error == 7);
  assert_fails(umbra_train_source_open(&source, plan, (umbra_encryptor){0}, with, NULL), UMBRA_ERROR_MISMATCH, words);
}

static void others_do_not_know_it(void **state) {
  (void)state;
  umbra_scaling *unknown = NULL;
  umbra_records *scaled = NULL;
  umbra_train_plan *plan = NULL;
  assert_unknown(NULL, "no scaling made these");
  assert_unknown(records, "no scaling made these");
  assert_unknown(bob.scaled, "another scaling");
  FILE *numbers = fopen(in_folder("numbers.csv"), "w");
  assert_true(numbers && fputs("0,1,0\n0,1,0\n0,1,0\n", numbers) > 0); /* as earlier versions wrote them */
  assert_int_equal(fclose(numbers), 0);
  assert_ok(umbra_scaling_load(&unknown, in_folder("numbers.csv")));
  assert_ok(umbra_scaling_apply(unknown, &scaled, records));
  assert_unknown(scaled, "of an earlier version");
  umbra_train_options options = options_of(UMBRA_SHUFFLE_SECRET, unknown);
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "shuffle is 2");
  options.scaling = NULL;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "shuffle is 2");
  umbra_records_destroy(scaled);
  umbra_scaling_destroy(unknown);
}

/* A plan with a secret order that commits to no key, and one whose shuffle there is not. */
static void plans_without_a_key_are_malformed(void **state) {
  (void)state;
  section found[MAX_SECTIONS];
  umbra_train_plan *plan = NULL;
  size_t size = 0;
  assert_ok(umbra_train_plan_write(alice.plan, NULL, &size));
  uint8_t *bytes = malloc(size);
  assert_non_null(bytes);
  assert_ok(umbra_train_plan_write(alice.plan, bytes, &size));
  umbra_header *header = (umbra_header *)bytes;
  const int sections = find_sections(found, bytes, size);
  header->sections--;
  header->bytes = found[sections - 1].at;
  fix_checksums(bytes, header->bytes);
  assert_fails(umbra_train_plan_read(&plan, bytes, header->bytes), UMBRA_ERROR_FORMAT, "shuffle is 2, a secret order");
  for (int i = 0; i < sections; i++) {
    enum { SHUFFLE = 36 }; /* where it lies in TRAINING */
    umbra_section_head head;
    memcpy(&head, bytes + found[i].at, sizeof head);
    if (head.type == UMBRA_SECTION_TRAINING) payload(bytes, &found[i])[SHUFFLE]++;
  }
  fix_checksums(bytes, header->bytes);
  assert_fails(umbra_train_plan_read(&plan, bytes, header->bytes), UMBRA_ERROR_FORMAT, "or a shuffle 2");
  free(bytes);
}

/* All places equally often, with keys as they come. */
static void orders_are_fair(void **state) {
  (void)state;
  enum { FEW = 5, TIMES = 20000 };
  static int seen[FEW][FEW];
  umbra_records few = *alice.scaled;
  umbra_train_plan plan = *alice.plan;
  few.rows = plan.options.rows = FEW;
  for (plan.options.seed = 0; plan.options.seed < TIMES; plan.options.seed++) {
    size_t order[FEW];
    assert_ok(umbra_train_plan_order(&plan, order, &few));
    for (int k = 0; k < FEW; k++) seen[k][order[k]]++;
  }
  for (int k = 0; k < FEW; k++)
    for (int row = 0; row < FEW; row++) /* standard deviation: 57 */
      assert_true(abs(seen[k][row] - TIMES / FEW) < 300);
}

/* Plans of old say that everybody can tell, and do as they did. */
static void public_orders_stay(void **state) {
  (void)state;
  umbra_train_plan *plan = plan_of(options_of(UMBRA_SHUFFLE_PUBLIC, alice.scaling));
  size_t order[ROWS], expected[ROWS];
  assert_ok(umbra_train_plan_order(plan, order, NULL));
  umbra_train_shuffle(expected, ROWS, 7);
  assert_memory_equal(order, expected, sizeof order);
  umbra_train_plan_destroy(plan);
}

static int setup(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-order-XXXXXX");
  if (!mkdtemp(folder)) return 1;
  params = training_params();
  records = random_records(ROWS, COLUMNS, 5);
  owner_open(&alice);
  owner_open(&bob);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  owner_close(&alice);
  owner_close(&bob);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
  remove_folder(folder);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_tell_no_order),
      cmocka_unit_test(owners_keep_their_order),
      cmocka_unit_test(trainings_follow_it),
      cmocka_unit_test(others_do_not_know_it),
      cmocka_unit_test(plans_without_a_key_are_malformed),
      cmocka_unit_test(orders_are_fair),
      cmocka_unit_test(public_orders_stay),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
