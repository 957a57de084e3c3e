/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/* A private training by the program, at full security: from a table to a model that others may see. */
#include <cjson/cJSON.h>
#include <math.h>
#include <umbra/umbra.h>

#include "cli_process.h"

enum { ROWS = 240, COLUMNS = 2 };

#define OPEN "decrypt --keys keys --secret secret/key.umbra --weights --in run/model.umbra "

static int make_training(void **state) {
  if (enter_scratch(state)) return 1;
  FILE *file = fopen("train.csv", "w");
  assert_non_null(file);
  fprintf(file, "a,b,label\n");
  for (int r = 0; r < ROWS; r++) {
    const double a = 50 * sin(3.0 * r + 1), b = 50 * sin(5.0 * r + 2);
    fprintf(file, "%g,%g,%d\n", a, b, a + b / 2 > 0);
  }
  fclose(file);
  write_text("limits.csv", "-50,-50\n50,50\n");
  shell("mkdir secret");
  assert_int_equal(umbra("plan train.csv --private 2,1e-4 --iterations 3 --limits limits.csv --scaling scaling.csv "
                         "--no-estimate --out plan.umbra"),
                   0); /* it warns: so few iterations are not enough */
  assert_succeeds("keygen --plan plan.umbra --out keys --secret secret/key.umbra --no-passphrase");
  assert_succeeds("encrypt train.csv --plan plan.umbra --scaling scaling.csv --secret secret/key.umbra --out data");
  assert_succeeds("train --keys keys --data data --out run");
  return 0;
}

/* Without noise what the plan makes of records that are shortened alike; with it as far off as is told. */
static void models_are_trained_and_shown(void **state) {
  (void)state;
  umbra_table raw = {0}, shown = {0};
  assert_succeeds(OPEN "--out raw.csv");
  assert_succeeds(
      "evaluate --weights raw.csv --data train.csv --scaling scaling.csv --plan plan.umbra --train train.csv "
      "--json");
  cJSON *json = cJSON_Parse(contents("out"));
  assert_true(number(json, "max_weight_difference") < 1e-6);
  cJSON_Delete(json);
  assert_succeeds(OPEN "--private plan.umbra --scaling scaling.csv --out shown.csv --new-journal --json");
  json = cJSON_Parse(contents("out"));
  const double noise = number(json, "noise");
  assert_true(number(json, "epsilon_of_all") == 2);
  cJSON_Delete(json);
  assert_int_equal(umbra_table_read(&raw, "raw.csv"), UMBRA_OK);
  assert_int_equal(umbra_table_read(&shown, "shown.csv"), UMBRA_OK);
  double largest = 0;
  for (int c = 0; c <= COLUMNS; c++) largest = fmax(largest, fabs(shown.values[c] - raw.values[c]));
  assert_true(largest < 7 * noise && largest > noise / 50);
  umbra_table_clear(&shown);
  umbra_table_clear(&raw);
  assert_succeeds(
      "evaluate --weights shown.csv --data train.csv --scaling scaling.csv --plan plan.umbra --train train.csv "
      "--json"); /* the noise is part of what the plan promises */
}

/* One iteration by another plan: the server's model has noise already, its file is another one each time. */
static void servers_add_their_share(void **state) {
  (void)state;
  assert_int_equal(umbra("plan train.csv --private 2,1e-4 --iterations 1 --limits limits.csv --noise-by both --scaling "
                         "shared.csv --no-estimate --out shared.umbra"),
                   0);
  assert_succeeds("keygen --plan shared.umbra --out theirs --secret secret/theirs.umbra --no-passphrase");
  assert_succeeds(
      "encrypt train.csv --plan shared.umbra --scaling shared.csv --secret secret/theirs.umbra --out shared");
  assert_succeeds("train --keys theirs --data shared --out once --json");
  cJSON *json = cJSON_Parse(contents("out"));
  const double noise = number(json, "noise");
  cJSON_Delete(json);
  assert_succeeds("train --keys theirs --data shared --out twice");
  assert_int_equal(shell("cmp -s once/model.umbra twice/model.umbra"), 1);
  assert_succeeds("decrypt --keys theirs --secret secret/theirs.umbra --weights --in once/model.umbra --out seen.csv");
  assert_succeeds("evaluate --weights seen.csv --data train.csv --scaling shared.csv --plan shared.umbra --train "
                  "train.csv --json");
  json = cJSON_Parse(contents("out"));
  const double difference = number(json, "max_weight_difference");
  assert_true(difference < 7 * noise && difference > noise / 50);
  cJSON_Delete(json);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(models_are_trained_and_shown),
                                     cmocka_unit_test(servers_add_their_share)};
  return cmocka_run_group_tests(tests, make_training, leave_scratch);
}
