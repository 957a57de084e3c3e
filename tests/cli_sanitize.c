/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Networks whose answers are sanitised, or published, from the command line: planned for it, or refused beforehand. */
#include <math.h>
#include <umbra/umbra.h>

#include "cli_process.h"

#define PLAN "plan model.onnx --samples x.csv --no-estimate --records 4 "
#define INFER "infer --plan server.umbra --keys keys --in batch.umbra --out answer.umbra "
#define DECRYPT "decrypt --plan client.umbra --secret secret/key.umbra --in answer.umbra --out y.csv "

enum { ROWS = 4, COLUMNS = 3 };

/* Two units, squared, and added. */
static void write_model(void) {
  const size_t inputs = COLUMNS;
  const double first[] = {0.5, -0.25, 1, 0.75, 0.5, -1}, square[] = {0, 0, 1}, last[] = {1, -0.5};
  umbra_model *model = NULL;
  uint32_t node = 0;
  assert_int_equal(umbra_model_create(&model, &inputs, 1), UMBRA_OK);
  assert_int_equal(umbra_model_dense(model, &node, 0, 2, first, NULL), UMBRA_OK);
  assert_int_equal(umbra_model_polynomial(model, &node, node, square, 3), UMBRA_OK);
  assert_int_equal(umbra_model_dense(model, &node, node, 1, last, NULL), UMBRA_OK);
  assert_int_equal(umbra_model_output(model, "y", node, NULL, 0, NULL), UMBRA_OK);
  assert_int_equal(umbra_model_export(model, "model.onnx", NULL), UMBRA_OK);
  umbra_model_destroy(model);
}

static int make_files(void **state) {
  if (enter_scratch(state)) return 1;
  shell("mkdir secret");
  write_model();
  write_text("x.csv", "0.5,-1,0.25\n1,1,0.5\n-1,0.25,0.75\n0.125,-0.5,1\n");
  assert_succeeds(PLAN "--publish 8 --server server.umbra --client client.umbra --json");
  assert_succeeds("keygen --plan client.umbra --out keys --secret secret/key.umbra --no-passphrase");
  assert_succeeds("encrypt x.csv --plan client.umbra --keys keys --out batch.umbra");
  return 0;
}

static double largest_distance(const char *a, const char *b) {
  umbra_table x = {0}, y = {0};
  double largest = 0;
  assert_int_equal(umbra_table_read(&x, a), UMBRA_OK);
  assert_int_equal(umbra_table_read(&y, b), UMBRA_OK);
  assert_true(x.rows == ROWS && y.rows == ROWS && x.columns == 1 && y.columns == 1);
  for (int i = 0; i < ROWS; i++) largest = fmax(largest, fabs(x.values[i] - y.values[i]));
  umbra_table_clear(&x);
  umbra_table_clear(&y);
  return largest;
}

/* The plan's promise is what umbra infer and umbra decrypt then leave. */
static void what_is_planned_is_left(void **state) {
  (void)state;
  assert_succeeds(PLAN "--publish 8 --json");
  const double planned = number_out("bits");
  assert_true(planned >= 8 && number_out("releases") == 8);
  assert_succeeds("infer --clear model.onnx --in x.csv --out exact.csv");
  assert_succeeds(INFER);
  assert_succeeds(DECRYPT);
  assert_true(largest_distance("y.csv", "exact.csv") < 1e-4);
  assert_succeeds(INFER "--sanitize 30 --results 8 --json");
  print_message("%.1f bits planned, %.1f left\n", planned, number_out("bits"));
  assert_true(number_out("bits") < planned &&
              number_out("bits") > planned - 3); /* an encryption's error more, as powers of two */
  const double noise = number_out("noise");
  assert_succeeds(DECRYPT);
  assert_true(largest_distance("y.csv", "exact.csv") < 8 * noise + 1e-4);
  assert_true(largest_distance("y.csv", "exact.csv") > noise / 100);
  assert_succeeds(INFER);
  assert_succeeds("decrypt --plan client.umbra --secret secret/key.umbra --in answer.umbra --out shown.csv --publish "
                  "--releases 8 --new-journal --json");
  assert_true(fabs(number_out("bits") - planned) < 1e-6);
}

static void what_would_drown_is_refused(void **state) {
  (void)state;
  assert_fails(1, "What would do", INFER "--sanitize 30 --results 1000000000");
  assert_fails(1, "What would do", INFER "--sanitize 120 --results 8");
  assert_fails(1, "leaves results that others may see", PLAN "--publish 8 --scale-bits 35");
  assert_fails(1, "and least_bits is 60", PLAN "--publish 8 --least-bits 60");
}

static void public_keys_are_needed(void **state) {
  (void)state;
  assert_int_equal(shell("mkdir bare && cp keys/params.umbra keys/eval.umbra bare"), 0);
  assert_fails(1, "public.umbra",
               "infer --plan server.umbra --keys bare --in batch.umbra --out other.umbra --sanitize 30 --results 8");
  assert_int_equal(access("other.umbra", F_OK), -1);
}

static void options_belong_together(void **state) {
  (void)state;
  assert_fails(2, "belong together", INFER "--sanitize 30");
  assert_fails(2, "belong together", INFER "--results 3");
  assert_fails(2, "--least-bits belongs to --sanitize", INFER "--least-bits 3");
  assert_fails(2, "do not go with --clear", "infer --clear model.onnx --in x.csv --out y.csv --sanitize 3 --results 2");
  assert_fails(2, "belong to --publish", PLAN "--statistical 20");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_planned_is_left),
      cmocka_unit_test(what_would_drown_is_refused),
      cmocka_unit_test(public_keys_are_needed),
      cmocka_unit_test(options_belong_together),
  };
  return cmocka_run_group_tests(tests, make_files, leave_scratch);
}
