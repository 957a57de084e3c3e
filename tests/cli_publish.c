/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* umbra decrypt --publish: what is written, and what the journal counts, refuses and survives. */
#include <fcntl.h>
#include <math.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <umbra/umbra.h>

#include "cli_process.h"

#define DECRYPT "decrypt --keys keys --secret secret/key.umbra "
#define PUBLISH DECRYPT "--in records.umbra --out shown.csv --publish "
#define JOURNAL "secret/key.umbra.releases"

enum { ROWS = 3, COLUMNS = 2 };

static const double records[ROWS * COLUMNS] = {0.5, -1, 1, 1, -2, 0.25};

static int make_owner(void **state) {
  if (enter_scratch(state)) return 1;
  umask(022);
  shell("mkdir secret");
  write_text("records.csv", "a,b\n0.5,-1\n1,1\n-2,0.25\n");
  write_text("model.csv", "1.5\n-0.5\n0.25\n");
  assert_succeeds("params --depth 3 --scale 50 --save params.umbra");
  assert_succeeds("keygen --params params.umbra --out keys --secret secret/key.umbra --no-passphrase");
  assert_succeeds("keygen --params params.umbra --out theirs --secret secret/theirs.umbra --no-passphrase");
  assert_succeeds("encrypt --keys keys --records records.csv --out records.umbra");
  assert_succeeds("encrypt --keys keys --records records.csv --out again.umbra");
  assert_succeeds("encrypt --keys keys --model model.csv --range 4 --degree 1 --out model.umbra");
  return 0;
}

static int without_journal(void **state) {
  (void)state;
  return shell("rm -rf " JOURNAL " shown.csv");
}

static int mode_of(const char *path) {
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  return (int)(about.st_mode & 0777);
}

static void expect_lines(int lines) { assert_int_equal(shell("test $(wc -l <" JOURNAL ") -eq %d", lines), 0); }

static void values_are_near_and_coarse(void **state) {
  (void)state;
  umbra_table shown = {0};
  assert_succeeds(PUBLISH "--releases 1 --new-journal");
  assert_int_equal(umbra_table_read(&shown, "shown.csv"), UMBRA_OK);
  assert_true(shown.rows == ROWS && shown.columns == COLUMNS);
  int exact = 0;
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    assert_true(fabs(shown.values[i] - records[i]) < 0.05);
    assert_true(shown.values[i] * 0x1p20 == nearbyint(shown.values[i] * 0x1p20)); /* few bits are left */
    exact += shown.values[i] == records[i];
  }
  assert_true(exact < ROWS * COLUMNS);
  umbra_table_clear(&shown);
  assert_int_equal(mode_of("shown.csv"), 0644); /* it is for others, and the journal is not */
  assert_int_equal(mode_of(JOURNAL), 0600);
  assert_int_equal(shell("grep -q 'hidden_error_is *proved' out && grep -q '^bits  *[0-9]' out"), 0);
}

static void the_same_release_counts_once(void **state) {
  (void)state;
  assert_succeeds(PUBLISH "--releases 1 --new-journal");
  assert_int_equal(shell("mv shown.csv first.csv"), 0);
  assert_succeeds(PUBLISH "--releases 1");
  assert_int_equal(shell("cmp shown.csv first.csv && grep -q shown_again out"), 0);
  expect_lines(2);
}

/* All that was planned for is spent: by one of one, by others of four. */
static void what_is_spent_is_refused(void **state) {
  (void)state;
  assert_succeeds(PUBLISH "--releases 1 --new-journal");
  assert_fails(1, "a new key", DECRYPT "--in again.umbra --out other.csv --publish --releases 1");
  assert_fails(1, "above 1", PUBLISH "--releases 1000 --least-bits 2"); /* the same ciphertext, other noise */
  assert_int_equal(access("other.csv", F_OK), -1);
  expect_lines(2);
  without_journal(state);
  assert_succeeds(PUBLISH "--releases 2 --new-journal");
  assert_succeeds(DECRYPT "--in again.umbra --out other.csv --publish --releases 2");
  assert_succeeds(PUBLISH "--releases 2");
  assert_fails(1, "2 ciphertexts have been shown", PUBLISH "--releases 4 --least-bits 2");
  assert_succeeds(PUBLISH "--releases 4 --least-bits 2 --statistical 28"); /* which promises less */
  expect_lines(4);
}

static void journals_are_begun_once(void **state) {
  (void)state;
  assert_fails(1, "--new-journal", PUBLISH "--releases 1");
  assert_int_equal(access("shown.csv", F_OK), -1);
  assert_succeeds(PUBLISH "--releases 1 --new-journal");
  assert_fails(1, "there is a journal", PUBLISH "--releases 1 --new-journal");
}

/* A key that is reached through a link has the journal of its file. */
static void links_to_keys_have_no_journal_of_their_own(void **state) {
  (void)state;
  assert_succeeds(PUBLISH "--releases 1 --new-journal");
  assert_int_equal(shell("ln -s secret/key.umbra link.umbra"), 0);
  assert_fails(1, "above 1",
               "decrypt --keys keys --secret link.umbra --in again.umbra --out other.csv --publish "
               "--releases 1");
  assert_int_equal(access("link.umbra.releases", F_OK), -1);
  assert_int_equal(shell("rm link.umbra"), 0);
}

static void journals_belong_to_a_key(void **state) {
  (void)state;
  assert_succeeds("encrypt --keys theirs --records records.csv --out theirs.umbra");
  assert_succeeds("decrypt --keys theirs --secret secret/theirs.umbra --in theirs.umbra --out x.csv --publish "
                  "--releases 1 --new-journal");
  assert_int_equal(shell("mv secret/theirs.umbra.releases " JOURNAL), 0);
  assert_fails(1, "of another key", PUBLISH "--releases 1");
}

/* ---- what may have become of the file ---- */

static void broken_journals_are_refused(void **state) {
  (void)state;
  const char *const damages[] = {
      "printf 'x\\n' >>" JOURNAL,   "sed -i '2s/ 1 1$/ 0 1/' " JOURNAL, "sed -i 1d " JOURNAL,
      "sed -i '2s/^./g/' " JOURNAL, "sed -i '2s/ 30 / 030 /' " JOURNAL, "printf '\\0\\n' >>" JOURNAL,
  };
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    without_journal(state);
    assert_succeeds(PUBLISH "--releases 1 --new-journal");
    assert_int_equal(shell("%s", damages[i]), 0);
    assert_fails(1, "none that this program writes", PUBLISH "--releases 1");
  }
}

/* A line that was not finished belongs to values that were never written. */
static void unfinished_lines_are_taken_away(void **state) {
  (void)state;
  assert_succeeds(PUBLISH "--releases 2 --new-journal");
  assert_int_equal(shell("printf '0123 30 1' >>" JOURNAL), 0);
  assert_succeeds(DECRYPT "--in again.umbra --out other.csv --publish --releases 2");
  expect_lines(3);
  assert_int_equal(shell("grep -q '^0123 ' " JOURNAL), 1);
}

/* As an editor may leave it: the line is whole, and counts. */
static void lines_without_an_end_count(void **state) {
  (void)state;
  assert_succeeds(PUBLISH "--releases 1 --new-journal");
  assert_int_equal(shell("truncate -s -1 " JOURNAL), 0);
  assert_fails(1, "a new key", DECRYPT "--in again.umbra --out other.csv --publish --releases 1");
  assert_succeeds(PUBLISH "--releases 1");
  expect_lines(2);
}

/* A line that broke off within its last number is not that of the release which it was for. */
static void releases_are_known_by_all_of_their_line(void **state) {
  (void)state;
  assert_succeeds(PUBLISH "--releases 100 --least-bits 2 --new-journal");
  assert_int_equal(shell("sed -i '2s/ 1$/ 12/' " JOURNAL), 0);
  assert_succeeds(PUBLISH "--releases 100 --least-bits 2");
  expect_lines(3);
  assert_int_equal(shell("grep -q 'shown_again' out"), 1);
}

/* The process was killed before the first line was whole: nothing is counted, and the owner says so. */
static void journals_that_were_begun_begin_again(void **state) {
  (void)state;
  static const char *const left[] = {": >" JOURNAL, "printf 'umbra rel' >" JOURNAL,
                                     "head -n 1 first | tr -d '\\n' >" JOURNAL};
  assert_succeeds(PUBLISH "--releases 1 --new-journal");
  assert_int_equal(shell("mv " JOURNAL " first"), 0);
  for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
    assert_int_equal(shell("%s", left[i]), 0);
    assert_fails(1, "with --new-journal it begins again", PUBLISH "--releases 1");
    assert_succeeds(PUBLISH "--releases 1 --new-journal");
    assert_int_equal(shell("cmp " JOURNAL " first && rm " JOURNAL), 0);
  }
}

static void journals_are_regular_files(void **state) {
  (void)state;
  assert_int_equal(shell("mkdir " JOURNAL), 0);
  assert_fails(1, "journal", PUBLISH "--releases 1");
  assert_int_equal(shell("rmdir " JOURNAL " && mkfifo " JOURNAL), 0);
  assert_fails(1, "no regular file", PUBLISH "--releases 1");
  assert_int_equal(shell("rm " JOURNAL " && ln -s elsewhere " JOURNAL), 0);
  assert_fails(1, "journal", PUBLISH "--releases 1");
  assert_fails(1, "journal", PUBLISH "--releases 1 --new-journal");
  assert_int_equal(access("elsewhere", F_OK), -1);
}

static void two_at_once_are_refused(void **state) {
  (void)state;
  assert_succeeds(PUBLISH "--releases 1 --new-journal");
  const int file = open(JOURNAL, O_RDONLY | O_CLOEXEC);
  assert_int_equal(flock(file, LOCK_EX), 0);
  assert_fails(1, "in use", PUBLISH "--releases 1");
  close(file);
  assert_succeeds(PUBLISH "--releases 1");
}

/* ---- what is refused before anything is counted ---- */

static void too_few_bits_count_nothing(void **state) {
  (void)state;
  assert_fails(1, "What would do", PUBLISH "--releases 1 --new-journal --least-bits 30");
  assert_fails(1, "(declared, times 8)", PUBLISH "--releases 1 --error 1e-3");
  assert_fails(1, "declared up to 1e-20", PUBLISH "--releases 1 --error 1e-20"); /* there are more */
  assert_int_equal(access("shown.csv", F_OK), -1);
  expect_lines(1);
}

static void options_belong_together(void **state) {
  (void)state;
  assert_fails(2, "--releases N", PUBLISH);
  assert_fails(2, "belong to --publish", DECRYPT "--in records.umbra --out x.csv --releases 3");
  assert_fails(2, "belong to --publish", DECRYPT "--in records.umbra --out x.csv --new-journal");
  assert_fails(2, "--statistical: 0.5 is out of range", PUBLISH "--releases 1 --statistical 0.5");
  assert_fails(2, "--doubtful is for the owner",
               "decrypt --plan p --secret s --in i --out o.csv --doubtful --publish "
               "--releases 1");
  assert_fails(2, "--releases: 0 is out of range; 1 to 2^40", PUBLISH "--new-journal --releases 0");
  assert_fails(2, "--releases: 1099511627777 is out of range", PUBLISH "--new-journal --releases 1099511627777");
  assert_fails(2, "--publish: 0 is out of range", "plan --shape 60x5 --iterations 2 --publish 0");
}

static void models_are_published(void **state) {
  (void)state;
  const double weights[] = {1.5, -0.5, 0.25};
  umbra_table shown = {0};
  assert_succeeds(DECRYPT "--weights --in model.umbra --out weights.csv --publish --releases 1 --new-journal --json");
  assert_int_equal(umbra_table_read(&shown, "weights.csv"), UMBRA_OK);
  assert_true(shown.rows == 1 && shown.columns == 3);
  for (int i = 0; i < 3; i++) assert_true(fabs(shown.values[i] - weights[i]) < 0.01);
  umbra_table_clear(&shown);
}

/* What is not published is kept as keys are. */
static void values_of_the_owner_are_kept_apart(void **state) {
  (void)state;
  assert_int_equal(shell("echo 1 >owned.csv && chmod 644 owned.csv"), 0);
  assert_succeeds(DECRYPT "--in records.umbra --out owned.csv");
  assert_int_equal(mode_of("owned.csv"), 0600);
  assert_fails(1, "need separate folders", DECRYPT "--in records.umbra --out keys/owned.csv");
  assert_int_equal(access("keys/owned.csv", F_OK), -1);
}

/* Nor are keys and data put where such values lie. */
static void what_is_given_away_is_kept_apart(void **state) {
  (void)state;
  static const char *const names[] = {"x.csv", "x.npy", "x.json", "x.onnx", "x.html"};
  write_text("train.csv", "a,b,y\n1,2,0\n2,3,1\n3,1,0\n4,4,1\n");
  assert_succeeds("plan --shape 4x2 --iterations 1 --no-estimate --out plan.umbra");
  assert_succeeds("keygen --plan plan.umbra --out plan-keys --secret secret/plan.umbra --no-passphrase");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(shell("rm -rf mixed && mkdir mixed && echo 1 >mixed/%s && chmod 600 mixed/%s", names[i], names[i]),
                     0);
    assert_fails(1, "need separate folders",
                 "keygen --params params.umbra --out mixed --secret secret/mixed.umbra --no-passphrase");
    assert_fails(1, "need separate folders", "encrypt train.csv --plan plan.umbra --keys plan-keys --out mixed");
    assert_fails(1, "need separate folders", "train --keys plan-keys --data nowhere --out mixed");
    assert_int_equal(shell("test \"$(ls mixed)\" = %s", names[i]), 0);
  }
  assert_int_equal(shell("chmod 644 mixed/x.html"), 0);
  assert_succeeds("keygen --params params.umbra --out mixed --secret secret/mixed.umbra --no-passphrase");
  assert_fails(1, "need separate folders", "plan train.csv --no-estimate --scaling mixed/scaling.csv");
}

/* ---- plans ---- */

static void plans_say_what_is_left(void **state) {
  (void)state;
  double bits = 0;
  assert_succeeds(
      "plan --shape 60x5 --iterations 2 --publish 1 --statistical 4 --least-bits 2 --out plan.umbra --json");
  const char *found = strstr(contents("out"), "\"bits\":");
  assert_non_null(found);
  assert_int_equal(sscanf(found, "\"bits\":%lf", &bits), 1);
  assert_true(bits >= 2 && bits < 40);
  assert_int_equal(shell("grep -q '\"rounds\":2' out"), 0);
  assert_succeeds("inspect plan.umbra");
  assert_int_equal(shell("grep -q 'refreshes .*, in two rounds' out"), 0);
}

/* The presets that there are leave too little of a training with many refreshes; the text says what would do. */
static void plans_that_leave_nothing_are_refused(void **state) {
  (void)state;
  assert_fails(1, "--publish: a release would leave",
               "plan --shape 455x30 --iterations 30 --publish 1 --out none.umbra");
  assert_int_equal(shell("grep -q 'What would do: an error up to' err && ! test -e none.umbra"), 0);
  assert_int_equal(shell("grep -q 'more bits: fewer iterations, --optimizer plain, smaller batches$' err"), 0);
  assert_fails(
      1, "more bits: smaller batches, --bound 0.",
      "plan train.csv --scale none --iterations 1 --rate 0.001 --degree 3 --optimizer plain --bound 8 --publish 1 "
      "--least-bits 50 --no-estimate --scaling none.csv");
  assert_fails(2, "belong to --publish", "plan --shape 455x30 --least-bits 3");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(values_are_near_and_coarse, without_journal),
      cmocka_unit_test_setup(the_same_release_counts_once, without_journal),
      cmocka_unit_test_setup(what_is_spent_is_refused, without_journal),
      cmocka_unit_test_setup(journals_are_begun_once, without_journal),
      cmocka_unit_test_setup(links_to_keys_have_no_journal_of_their_own, without_journal),
      cmocka_unit_test_setup(journals_belong_to_a_key, without_journal),
      cmocka_unit_test_setup(broken_journals_are_refused, without_journal),
      cmocka_unit_test_setup(unfinished_lines_are_taken_away, without_journal),
      cmocka_unit_test_setup(lines_without_an_end_count, without_journal),
      cmocka_unit_test_setup(releases_are_known_by_all_of_their_line, without_journal),
      cmocka_unit_test_setup(journals_that_were_begun_begin_again, without_journal),
      cmocka_unit_test_setup(journals_are_regular_files, without_journal),
      cmocka_unit_test_setup(two_at_once_are_refused, without_journal),
      cmocka_unit_test_setup(too_few_bits_count_nothing, without_journal),
      cmocka_unit_test_setup(options_belong_together, without_journal),
      cmocka_unit_test_setup(models_are_published, without_journal),
      cmocka_unit_test(values_of_the_owner_are_kept_apart),
      cmocka_unit_test(what_is_given_away_is_kept_apart),
      cmocka_unit_test(plans_say_what_is_left),
      cmocka_unit_test(plans_that_leave_nothing_are_refused),
  };
  return cmocka_run_group_tests(tests, make_owner, leave_scratch);
}
