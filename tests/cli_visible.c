/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * What each command that encrypts tells others of values: with the same bounds or the same plan, files of two inputs of
 * which one has an outlier are alike but for residues, seeds, identifiers and checksums.
 */
#include <math.h>
#include <umbra/umbra.h>

#include "cli_process.h"
#include "folder.h"
#include "visible.h"

#define KEYS "--keys keys "
#define SECRET "--secret secret/key.umbra "

enum { ROWS = 200, COLUMNS = 3 };

/* Values within [-1, 1]; one of them is `outlier`. The last column is a label. */
static void write_table(const char *path, double outlier) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("a,b,c,label\n", file);
  for (int i = 0; i < ROWS; i++) {
    for (int c = 0; c < COLUMNS; c++) fprintf(file, "%.6f,", i == 77 && c == 1 ? outlier : sin(3.0 * i + c));
    fprintf(file, "%d\n", sin(3.0 * i) > 0);
  }
  assert_int_equal(fclose(file), 0);
}

static int make_files(void **state) {
  if (enter_scratch(state)) return 1;
  write_table("near.csv", 0.5);
  write_table("far.csv", 30);
  shell("mkdir secret");
  assert_succeeds("params --depth 3 --save params.umbra");
  assert_succeeds("keygen --params params.umbra --out keys " SECRET "--no-passphrase");
  return 0;
}

static int files_look_alike(const char *a, const char *b) { return look_alike(seen_in_file(a), seen_in_file(b)); }

static void records(void **state) {
  (void)state;
  static const char *const by[] = {KEYS, KEYS SECRET};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(shell("rm -f *.out"), 0);
    assert_succeeds("encrypt %s--records near.csv --bound 32 --out near.out", by[i]);
    assert_succeeds("encrypt %s--records far.csv --bound 32 --out far.out", by[i]);
    assert_true(files_look_alike("near.out", "far.out"));
    assert_succeeds("encrypt %s--records far.csv --out far.out", by[i]);
    assert_int_equal(shell("grep -q 'declares one' out"), 0);
    assert_succeeds("encrypt %s--records near.csv --out near.out", by[i]);
    assert_false(files_look_alike("near.out", "far.out"));
    assert_fails(1, "and the bound that was declared is 29", "encrypt %s--records far.csv --bound 29 --out x.out",
                 by[i]);
    assert_int_equal(access("x.out", F_OK), -1);
  }
  assert_fails(2, "--bound belongs to --records and --model", "encrypt near.csv --plan p " KEYS "--bound 3 --out x");
}

static void models(void **state) {
  (void)state;
  assert_int_equal(shell("rm -f *.out"), 0);
  static const char *const by[] = {KEYS, KEYS SECRET};
  write_text("near.model.csv", "0.5,-0.25,0.75,1\n");
  write_text("far.model.csv", "0.5,-25,0.75,1\n");
  for (int i = 0; i < 2; i++) {
    assert_succeeds("encrypt %s--model near.model.csv --range 4 --degree 1 --bound 32 --out near.out", by[i]);
    assert_succeeds("encrypt %s--model far.model.csv --range 4 --degree 1 --bound 32 --out far.out", by[i]);
    assert_true(files_look_alike("near.out", "far.out"));
    assert_fails(1, "declared is 24", "encrypt %s--model far.model.csv --range 4 --degree 1 --bound 24 --out x.out",
                 by[i]);
  }
}

/* The key alone: those of evaluation would take a minute. */
static void make_training_key(void) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT};
  umbra_context *context = NULL;
  umbra_secret_key *key = NULL;
  umbra_train_plan *plan = NULL;
  assert_int_equal(umbra_train_plan_load(&plan, "plan.umbra"), UMBRA_OK);
  desc.params = umbra_train_plan_params(plan);
  assert_int_equal(umbra_context_create(&context, &desc), UMBRA_OK);
  assert_int_equal(umbra_secret_key_generate(&key, context), UMBRA_OK);
  remove("secret/training.umbra");
  assert_int_equal(umbra_secret_key_save(key, "secret/training.umbra", NULL), UMBRA_OK);
  umbra_secret_key_destroy(key);
  umbra_context_destroy(context);
  umbra_train_plan_destroy(plan);
}

#define PLAN "plan near.csv --no-search --no-estimate --iterations 2 --batch 100 "

static void data_for_trainings(void **state) {
  (void)state;
  assert_succeeds(PLAN "--scale none --record-bound 32 --out plan.umbra");
  make_training_key();
  assert_int_equal(umbra("encrypt near.csv --plan plan.umbra --secret secret/training.umbra --out near"), 0);
  assert_int_equal(umbra("encrypt far.csv --plan plan.umbra --secret secret/training.umbra --out far"), 0);
  assert_true(folders_are_alike("near", "far", 3, files_look_alike)); /* plan, index and blocks */
  assert_succeeds(PLAN "--scale none --out plan.umbra");              /* whose bound is that of near.csv */
  assert_fails(1, "row 78, column 2: the feature 30 is too large to be encrypted: by the plan, at most 1",
               "encrypt far.csv --plan plan.umbra --secret secret/training.umbra --out none");
  assert_fails(1, "--record-bound: scaled features, labels or weights need 32, and 16 is given",
               "plan far.csv --no-search --no-estimate --scale none --iterations 2 --record-bound 16");
}

static void plans_explain_what_is_visible(void **state) {
  (void)state;
  assert_succeeds("plan far.csv --no-search --no-estimate --scale none --iterations 2 --rate 0.001 --json");
  assert_true(number_out("record_bound") == 32);
  const double bound = number_out("bound");
  assert_succeeds("plan far.csv --no-search --no-estimate --scale none --iterations 2 --rate 0.001 --coarse --json");
  assert_true(number_out("record_bound") == 256);
  const double exponent = log2(number_out("bound"));
  assert_true(exponent >= log2(bound) && exponent < log2(bound) + 4 && fmod(exponent, 4) == 0);
  assert_succeeds("plan near.csv --no-estimate --coarse --explain-visible"); /* whose rate is searched */
  assert_int_equal(shell("grep -q '^  rate .*: the power of two below' out"), 0);
  assert_succeeds("plan near.csv --no-estimate --coarse --json");
  assert_true(frexp(number_out("rate"), &(int){0}) == 0.5);
  assert_succeeds(PLAN "--scale none --bound 4 --explain-visible");
  assert_int_equal(shell("grep -q '^  record_bound  *1: the power of two' out && "
                         "grep -q '^  bound  *4: given, or a default' out && grep -q '^  rows  *200: records' out"),
                   0);
  assert_succeeds(PLAN "--scale none --shuffle 3 --explain-visible");
  assert_int_equal(shell("grep -q '^  seed ' out || grep -q '^  hidden_range ' out"), 1);
  assert_succeeds(PLAN "--scale none --shuffle 3 --json"); /* described as it would be written, with its scaling */
  assert_int_equal(shell("grep -q '\"secret_order\": *true' out"), 0);
}

/* Of trained networks, by the same options. */
static void plans_of_trained_networks(void **state) {
  (void)state;
  static const char far[] = "plan far.csv --no-estimate --loss one-vs-rest --scale none --iterations 2 --rate 0.001";
  assert_succeeds("%s --explain-visible", far);
  assert_int_equal(
      shell("grep -q '^  record_bound  *32: the power of two' out && grep -q '^  rate  *0.001: given' out && "
            "grep -q '^  outputs  *1: classes' out && grep -q '^  rows  *200: records' out"),
      0);
  assert_succeeds("%s --coarse --json", far);
  assert_true(number_out("record_bound") == 256 && fmod(log2(number_out("bound")), 4) == 0);
  assert_succeeds("plan near.csv --no-estimate --hidden 2 --hidden-range 20 --scale none --iterations 2 --coarse "
                  "--explain-visible");
  assert_int_equal(shell("grep -q '^  rate .*: the best of' out && grep -q '^  bound .*: the power of 16' out && "
                         "grep -q '^  hidden_range  *20: given' out && grep -q '^  start .*: the best of' out"),
                   0);
  assert_succeeds("plan far.csv --no-estimate --labels values --label b --explain-visible"); /* which are up to 30 */
  assert_int_equal(shell("grep -q '^  range  *64: the power of two, from 8 on, .* twice the largest label' out && "
                         "grep -q '^  start  *1: given' out"),
                   0);
}

/* Plans and data of two owners who shuffle the same table are alike, and dealt otherwise; nobody mixes them up. */
static void orders_are_secret(void **state) {
  (void)state;
  static const char *const owners[] = {"alice", "bob"};
  double loss[2];
  assert_fails(2, "--shuffle belongs to DATA", "plan --shape 200x3 --shuffle 3");
  assert_fails(2, "--scaling FILE is missing: it has the key of the order", PLAN "--scale none --shuffle 3 --out x");
  for (int i = 0; i < 2; i++) {
    assert_succeeds(PLAN "--scale none --bound 8 --shuffle 3 --scaling %s.csv --out %s.umbra --json", owners[i],
                    owners[i]);
    loss[i] = number_out("loss_twin");
  }
  assert_true(loss[0] != loss[1]);
  assert_true(files_look_alike("alice.umbra", "bob.umbra"));
  assert_int_equal(shell("cp alice.umbra plan.umbra && grep -q 'umbra salt' alice.csv"), 0);
  make_training_key();
  for (int i = 0; i < 2; i++)
    assert_succeeds("encrypt near.csv --plan %s.umbra --scaling %s.csv --secret secret/training.umbra --out %s",
                    owners[i], owners[i], owners[i]);
  assert_true(folders_are_alike("alice", "bob", 3, files_look_alike));
  assert_fails(1, "not the one that was written with this plan",
               "encrypt near.csv --plan alice.umbra --scaling bob.csv --secret secret/training.umbra --out x");
  assert_fails(1, "--scaling FILE is missing",
               "encrypt near.csv --plan alice.umbra --secret secret/training.umbra --out x");
  assert_int_equal(access("x", F_OK), -1);
  assert_succeeds("inspect alice.umbra --json");
  assert_non_null(strstr(contents("out"), "\"secret_order\":true"));
}

/* Two inputs, squared, and added with weights. */
static void write_model(const char *path) {
  const size_t inputs = COLUMNS;
  const double first[] = {0.5, -0.25, 1, 0.75, 0.5, -1}, square[] = {0, 0, 1}, last[] = {1, -0.5};
  umbra_model *model = NULL;
  uint32_t node = 0;
  assert_int_equal(umbra_model_create(&model, &inputs, 1), UMBRA_OK);
  assert_int_equal(umbra_model_dense(model, &node, 0, 2, first, NULL), UMBRA_OK);
  assert_int_equal(umbra_model_polynomial(model, &node, node, square, 3), UMBRA_OK);
  assert_int_equal(umbra_model_dense(model, &node, node, 1, last, NULL), UMBRA_OK);
  assert_int_equal(umbra_model_output(model, "y", node, NULL, 0, NULL), UMBRA_OK);
  assert_int_equal(umbra_model_export(model, path, NULL), UMBRA_OK);
  umbra_model_destroy(model);
}

/* What samples of a model show, and what of it is left when they are coarse. */
static void plans_of_networks(void **state) {
  (void)state;
  write_model("model.onnx");
  assert_int_equal(shell("cut -d, -f1-3 near.csv | tail -n +2 >one.csv && awk -F, '{printf \"%%s,%%s,%%s\\n\", "
                         "$1 * .97, $2 * .97, $3 * .97}' one.csv >two.csv"),
                   0);
#define BUNDLES "--no-estimate --server %s.server --client %s.client --explain-visible"
  for (int coarse = 0; coarse < 2; coarse++) {
    static const char *const samples[] = {"one", "two"};
    for (int i = 0; i < 2; i++)
      assert_succeeds("plan model.onnx --samples %s.csv %s" BUNDLES, samples[i], coarse ? "--coarse " : "", samples[i],
                      samples[i]);
    assert_int_equal(files_look_alike("one.client", "two.client"), coarse);
    assert_int_equal(files_look_alike("one.server", "two.server"), coarse);
  }
  assert_int_equal(shell("grep -q '^  highest  *1.6: the power of two that the samples are within' out && "
                         "grep -q '^  samples  *200: how many there were' out && grep -q '^  layers  *3: ' out && "
                         "grep -q '^  error .*: a figure of the samples, as the next power of 16' out"),
                   0);
}

static void records_of_networks(void **state) {
  (void)state;
  static const char *const by[] = {"--keys network ", "--secret secret/network.umbra "};
  write_model("model.onnx");
  assert_int_equal(shell("rm -f *.out"), 0);
  assert_int_equal(shell("for t in near far; do cut -d, -f1-3 $t.csv | tail -n +2 >$t.x.csv; done"), 0);
  assert_succeeds("plan model.onnx --samples far.x.csv --no-estimate --server server.umbra --client client.umbra");
  assert_succeeds("keygen --plan client.umbra --out network --secret secret/network.umbra --no-passphrase");
  for (int i = 0; i < 2; i++) {
    assert_succeeds("encrypt near.x.csv --plan client.umbra %s--out near.out", by[i]);
    assert_succeeds("encrypt far.x.csv --plan client.umbra %s--out far.out", by[i]);
    assert_true(files_look_alike("near.out", "far.out"));
  }
  assert_succeeds(
      "plan model.onnx --samples far.x.csv --no-estimate --encrypted-weights --server with.umbra --client c.umbra");
  assert_succeeds("keygen --plan c.umbra --out weights --secret secret/weights.umbra --no-passphrase");
  assert_succeeds("encrypt --weights --plan with.umbra --keys weights --out one.out");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records),
      cmocka_unit_test(models),
      cmocka_unit_test(data_for_trainings),
      cmocka_unit_test(plans_explain_what_is_visible),
      cmocka_unit_test(orders_are_secret),
      cmocka_unit_test(plans_of_trained_networks),
      cmocka_unit_test(plans_of_networks),
      cmocka_unit_test(records_of_networks),
  };
  return cmocka_run_group_tests(tests, make_files, leave_scratch);
}
