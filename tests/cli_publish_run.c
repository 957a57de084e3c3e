/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/*
 * The records of the main job at full security, for others to see: a plan of as few iterations as --publish lets pass, the
 * training, and weights that are as far from those of the same training in the clear as the plan has told. Half a minute
 * of one core.
 */
#include <math.h>
#include <umbra/umbra.h>

#include "cli_process.h"

#define OPEN "decrypt --keys keys --secret secret/key.umbra --weights --in run/model.umbra "

enum { WEIGHTS = 31 };

static double planned_noise, planned_error;

static int make_training(void **state) {
  if (enter_scratch(state)) return 1;
  shell("%s/scripts/main_job_data.py split %s/data/wdbc/breast_cancer.csv . && mkdir secret", UMBRA_SOURCE_DIR,
        UMBRA_TESTS_DIR);
  assert_int_equal(umbra("plan train.csv --scale deviation --clip 3 --optimizer plain --iterations 4 --rate 1 --batch "
                         "114 --degree 7 --range 24 --bound 1 --publish 1 --least-bits 2 --no-estimate --scaling "
                         "scaling.csv --out plan.umbra --json"),
                   0);
  planned_noise = number_out("noise");
  planned_error = number_out("error");
  assert_succeeds("keygen --plan plan.umbra --out keys --secret secret/key.umbra --no-passphrase");
  assert_succeeds("encrypt train.csv --plan plan.umbra --scaling scaling.csv --secret secret/key.umbra --out data");
  assert_succeeds("train --keys keys --data data --out run");
  return 0;
}

/* Without noise they are what the plan makes of the records. */
static void errors_are_within_the_bound(void **state) {
  (void)state;
  assert_succeeds(OPEN "--out raw.csv");
  /* which warns of records that are held back: some are beyond those of the training */
  assert_int_equal(umbra("evaluate --weights raw.csv --data held.csv --scaling scaling.csv --plan plan.umbra --train "
                         "train.csv --json"),
                   0);
  const double difference = number_out("max_weight_difference");
  print_message("largest difference 2^%.1f, of a bound of 2^%.1f\n", log2(difference), log2(planned_error));
  assert_true(difference < planned_error);
}

static void shown_weights_have_the_noise_that_was_told(void **state) {
  (void)state;
  umbra_table raw = {0}, shown = {0};
  assert_succeeds(OPEN "--out shown.csv --publish --releases 1 --least-bits 2 --error %.17g --new-journal --json",
                  planned_error);
  assert_true(fabs(number_out("noise") / planned_noise - 1) < 1e-6);
  assert_int_equal(umbra_table_read(&raw, "raw.csv") | umbra_table_read(&shown, "shown.csv"), UMBRA_OK);
  assert_true(raw.columns == WEIGHTS && shown.columns == WEIGHTS);
  double square = 0, largest = 0;
  for (int c = 0; c < WEIGHTS; c++) {
    const double off = fabs(shown.values[c] - raw.values[c]);
    square += off * off / WEIGHTS;
    largest = fmax(largest, off);
  }
  print_message("noise of deviation %.3g, of %.3g; at most %.3g\n", sqrt(square), planned_noise, largest);
  assert_true(largest < 7 * planned_noise);
  assert_true(sqrt(square) > 0.5 * planned_noise && sqrt(square) < 1.7 * planned_noise);
  umbra_table_clear(&shown);
  umbra_table_clear(&raw);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(errors_are_within_the_bound),
                                     cmocka_unit_test(shown_weights_have_the_noise_that_was_told)};
  return cmocka_run_group_tests(tests, make_training, leave_scratch);
}
