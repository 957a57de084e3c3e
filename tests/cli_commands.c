/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* The umbra program from outside: usage, exit codes, a round trip, what it refuses, and tables that are not tables. */
#include <cjson/cJSON.h>
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <umbra/umbra.h>

#include "cli_process.h"

#define DECRYPT "decrypt --keys keys --secret secret/key.umbra --passphrase-file secret/passphrase "

static void usage_errors_exit_with_2(void **state) {
  (void)state;
  assert_fails(2, "a command is expected", "%s", "");
  assert_fails(2, "\"frobnicate\" is not a command", "frobnicate");
  assert_fails(2, "--colour", "params --colour");
  assert_fails(2, "--depth needs an argument", "params --depth");
  assert_fails(2, "\"-1\" is not a whole number", "params --depth -1");
  assert_fails(2, "\"99999999999\" is not a whole number", "params --depth 99999999999");
  assert_fails(2, "exactly one of --preset", "params");
  assert_fails(2, "exactly one of --preset", "params --list --depth 3");
  assert_fails(2, "\"extra\" is not expected", "params --list extra");
  assert_fails(2, "exactly one FILE is expected, not 0", "inspect");
  assert_fails(2, "--out DIR is missing", "keygen --params p --secret s");
  assert_fails(2, "exactly one of --params, --preset, --plan and --signing", "keygen --out o --secret s");
  assert_fails(2, "exclude each other", "keygen --params p --out o --secret s --passphrase-file f --no-passphrase");
  assert_fails(2, "a whole number is expected at \"x\"", "keygen --params p --out o --secret s --rotations 1,x");
  assert_fails(2, "exactly one of --records, --model, --weights and DATA", "encrypt --keys k --out o");
  assert_fails(2, "--for-logistic: 4294967295 is out of range", "params --for-logistic 4294967295");
  assert_fails(2, "--for-logistic: 0 is out of range", "params --for-logistic 0");
  assert_fails(2, "--for-logistic: 65536 is out of range", "keygen --params p --out o --secret s --for-logistic 65536");
  assert_fails(2, "--degree: 64 is out of range", "params --for-logistic 2 --degree 64");
  assert_fails(2, "--degree: 4294967295 is out of range", "encrypt --keys k --out o --model m --degree 4294967295");
  assert_fails(2, "--degree belongs to --for-logistic", "params --depth 2 --degree 3");
  assert_fails(2, "belong to a need", "params --list --scale 40");
  assert_fails(2, "belong to a need", "params --preset p --scale 40");
  assert_fails(2, "belong to --model", "encrypt --keys k --out o --records r.csv --range 4");
  assert_fails(2, "belong to --model", "encrypt --keys k --out o --records r.csv --degree 4");
  assert_fails(2, "--range: nan is out of range", "encrypt --keys k --out o --model m.csv --range nan");
  assert_fails(2, "--range: 1e300 is out of range", "encrypt --keys k --out o --model m.csv --range 1e300");
  assert_fails(2, "--range R above 0", "encrypt --keys k --out o --model m.csv");
  assert_fails(2, "\"wide\" is not a number", "encrypt --keys k --out o --model m.csv --range wide");
  assert_fails(2, "exclude each other", "encrypt --keys k --out o --records r.csv --columns 1 --drop-last-column");
  assert_fails(2, "exclude each other", "bench --machine h200 --calibrate");
  assert_fails(2, "exclude each other", "bench --preset p --params p.umbra");
  assert_fails(2, "is not ROWSxINNERxCOLUMNS", "bench --product 3x4");
  assert_fails(2, "is not ROWSxINNERxCOLUMNS", "bench --product 3x4x5x");
  assert_fails(2, "are for --product", "bench --plain");
  assert_fails(2, "goes with parameters", "bench --product 1x2x3 --json");
  assert_fails(2, "or --clear is expected", "infer m.onnx --in x.npy --out y.npy");
  assert_fails(2, "--demo is missing", "bootstrap");
  assert_fails(2, "exclude each other", "bootstrap --demo --preset p --params p.umbra");
  assert_fails(2, "\"sideways\" is not standard or stc-first", "bootstrap --demo --order sideways");
  assert_fails(2, "--rounds: 3 is out of range", "bootstrap --demo --rounds 3");
  assert_fails(2, "--bound: 0 is out of range", "bootstrap --demo --bound 0");
}

static void help_and_version_exit_with_0(void **state) {
  (void)state;
  const char *const commands[] = {"params",    "plan",    "keygen",   "encrypt", "train",
                                  "score",     "decrypt", "evaluate", "infer",   "inspect",
                                  "bootstrap", "bench",   "devices",  "serve",   "doctor"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    assert_succeeds("%s --help", commands[i]);
    assert_non_null(strstr(contents("out"), "Example"));
    assert_non_null(strstr(contents("out"), "Exit codes"));
    assert_int_equal(shell("awk 'length($0) > 118 {exit 1}' out"), 0);
  }
  assert_succeeds("score -h");
  assert_non_null(strstr(contents("out"), "Usage: umbra score"));
  assert_succeeds("help keygen");
  assert_non_null(strstr(contents("out"), "Usage: umbra keygen"));
  assert_succeeds("help");
  assert_succeeds("--help");
  assert_succeeds("--version");
  assert_string_equal(contents("out"), "umbra " UMBRA_VERSION_STRING "\n");
}

static void failures_exit_with_1(void **state) {
  (void)state;
  assert_fails(1, "missing.umbra", "inspect missing.umbra");
  assert_fails(1, "records.csv", "inspect records.csv");
  assert_fails(1, "--preset", "params --preset no-such-preset");
  assert_fails(1, "nowhere/params.umbra", "encrypt --keys nowhere --records records.csv --out x.umbra");
  assert_fails(1, "--records", "encrypt --keys keys --records nowhere.csv --out x.umbra");
  assert_fails(1, "--model", "score --keys keys --model records.umbra --records records.umbra --out x.umbra");
  assert_fails(1, "--out", "encrypt --keys keys --records records.csv --out nowhere/x.umbra");
  assert_fails(1, "--device", "encrypt --keys keys --records records.csv --out x.umbra --device abacus");
  assert_int_not_equal(access("x.umbra", F_OK), 0);
  if (access("/dev/full", W_OK) == 0) assert_int_equal(shell("%s params --list >/dev/full 2>err", UMBRA_PROGRAM), 1);
}

static void insecure_parameters_are_refused(void **state) {
  (void)state;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 2, .log_n = 11, .flags = UMBRA_INSECURE_FOR_TESTS};
  umbra_params *params = NULL;
  assert_int_equal(umbra_params_from_need(&params, &need), UMBRA_OK);
  assert_int_equal(umbra_params_save(params, "insecure.umbra"), UMBRA_OK);
  umbra_params_destroy(params);
  assert_fails(1, "insecure", "params --params insecure.umbra");
  assert_fails(1, "insecure", "bootstrap --demo --plan-only --params insecure.umbra");
  assert_fails(1, "insecure", "keygen --params insecure.umbra --out weak --secret secret/weak.umbra --no-passphrase");
  assert_int_not_equal(access("secret/weak.umbra", F_OK), 0);
}

static void secret_keys_are_kept_apart(void **state) {
  (void)state;
  struct stat file;
  assert_int_equal(stat("secret/key.umbra", &file), 0);
  assert_int_equal(file.st_mode & 0777, 0600);
  assert_int_equal(shell("cp secret/key.umbra before && mkdir -p fresh/sub"), 0);
#define KEYGEN "keygen --params params.umbra --no-passphrase "
  assert_fails(1, "will not be replaced", KEYGEN "--out other --secret secret/key.umbra");
  assert_fails(1, "folder of public things", KEYGEN "--out fresh --secret fresh/key.umbra");
  assert_fails(1, "folder of public things", KEYGEN "--out fresh --secret fresh/sub/key.umbra");
  assert_fails(1, "folder of public things", KEYGEN "--out fresh --secret secret/../fresh/sub/key.umbra");
  assert_fails(1, "will not be replaced", KEYGEN "--out keys --secret secret/second.umbra");
  assert_fails(1, "(secret key) will not be replaced",
               "encrypt --keys keys --records records.csv --out secret/key.umbra");
  assert_fails(1, "(secret key) will not be replaced", "params --params params.umbra --save secret/key.umbra");
#undef KEYGEN
  assert_int_equal(shell("cmp -s before secret/key.umbra"), 0);
  assert_int_not_equal(access("secret/second.umbra", F_OK), 0);
}

static void outputs_destroy_nothing(void **state) {
  (void)state;
  assert_int_equal(shell("mkdir -p replaced && cp records.umbra model.umbra keys/eval.umbra records.csv replaced && "
                         "ln replaced/records.umbra replaced/linked.umbra && mkfifo replaced/pipe.csv && "
                         "head -c 200 secret/key.umbra >replaced/damaged.umbra && cp -r replaced before.replaced"),
                   0);
#define SCORE "score --keys keys --model replaced/model.umbra --records replaced/records.umbra --out "
  assert_fails(1, "is an input of this command", SCORE "replaced/records.umbra");
  assert_fails(1, "is an input of this command", SCORE "replaced/linked.umbra");
  assert_fails(1, "is an input of this command", SCORE "replaced/../replaced/model.umbra");
  assert_fails(1, "(evaluation keys) will not be replaced", SCORE "replaced/eval.umbra");
  assert_fails(1, "(secret key) will not be replaced", SCORE "replaced/damaged.umbra");
  assert_fails(1, "/dev/null is not a regular file", SCORE "/dev/null");
#undef SCORE
  assert_fails(1, "is an input of this command",
               "encrypt --keys keys --records replaced/records.csv --out replaced/records.csv");
  assert_fails(1, "(encrypted logistic model)", "encrypt --keys keys --records records.csv --out replaced/model.umbra");
  assert_fails(1, "is an input of this command", "params --params params.umbra --save params.umbra");
  assert_int_equal(shell("cp records.umbra replaced/matrix.csv"), 0);
  assert_fails(1, "(encrypted matrix)", DECRYPT "--in records.umbra --out replaced/matrix.csv");
  assert_fails(1, "not a regular file", DECRYPT "--in records.umbra --out replaced/pipe.csv");
  assert_fails(1, "end in .csv or .npy", DECRYPT "--in nowhere --out x.txt");
  assert_fails(1, "folder nowhere", DECRYPT "--in records.umbra --out nowhere/x.csv");
  assert_int_equal(shell("rm replaced/pipe.csv replaced/matrix.csv before.replaced/pipe.csv && "
                         "diff -r replaced before.replaced"),
                   0);
}

static void tables_are_private(void **state) {
  (void)state;
  struct stat file;
  assert_succeeds(DECRYPT "--in records.umbra --out private.csv");
  assert_int_equal(stat("private.csv", &file), 0);
  assert_int_equal(file.st_mode & 0777, 0600);
  assert_int_equal(chmod("private.csv", 0644), 0);
  assert_succeeds(DECRYPT "--in records.umbra --out private.csv");
  assert_int_equal(stat("private.csv", &file), 0);
  assert_int_equal(file.st_mode & 0777, 0600); /* whatever was there before */
}

/* Those of an earlier plan, for one: nothing is made, loaded or asked for, and what is missing is named. */
static void keys_that_are_enough_are_kept(void **state) {
  (void)state;
#define KEYGEN "keygen --params params.umbra --secret secret/key.umbra --out keys "
  assert_int_equal(shell("cp -r keys before.keys && cp secret/key.umbra before"), 0);
  const char *const needs[] = {"", "--for-logistic 2", "--for-logistic 1 --json", "--no-passphrase"};
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
    assert_succeeds(KEYGEN "%s", needs[i]);
    assert_non_null(strstr(contents("out"), "the keys that are there are enough"));
  }
  assert_fails(1, "are missing: conjugation", KEYGEN "--conjugate");
  assert_non_null(strstr(contents("err"), "new keys need another folder"));
  assert_fails(1, "are missing: rotation by 5", KEYGEN "--rotations 5");
  assert_fails(1, "other parameters", "keygen --preset n13-d2-s40 --secret secret/key.umbra --out keys");
  assert_succeeds("keygen --params params.umbra --secret secret/other.umbra --out others --no-passphrase");
  assert_fails(1, "secret/other.umbra is of another owner than keys/eval.umbra",
               "keygen --params params.umbra --secret secret/other.umbra --out keys");
  assert_int_equal(shell("truncate -s -100 others/eval.umbra"), 0);
  assert_fails(1, "--out: ", "keygen --params params.umbra --secret secret/other.umbra --out others");
  assert_int_equal(shell("diff -r keys before.keys && cmp secret/key.umbra before"), 0);
#undef KEYGEN
}

/* Whatever stops keygen: nothing of it is left. */
static void keygen_leaves_all_or_nothing(void **state) {
  (void)state;
#define TO(out) "--no-passphrase --secret secret/new.umbra --out " out
  write_text("file", "text\n");
  assert_fails(1, "is not a folder", "keygen --params params.umbra " TO("file"));
  assert_fails(1, "holds a secret key", "keygen --params params.umbra --no-passphrase --secret new --out secret");
  assert_fails(1, "--for-logistic: 60000 features", "keygen --params params.umbra --for-logistic 60000 " TO("new"));
  assert_fails(1, "--device", "keygen --params params.umbra --device abacus " TO("new"));
  assert_succeeds("params --depth 2 --scale 30 --save other.umbra");
  assert_int_equal(shell("mkdir agreed && cp params.umbra agreed"), 0);
  assert_fails(1, "other parameters", "keygen --params other.umbra " TO("agreed"));
  assert_int_equal(shell("cmp -s params.umbra agreed/params.umbra"), 0);
  assert_int_equal(umbra_terminated("keygen --params params.umbra " TO("new")), 128 + SIGTERM);
  assert_non_null(strstr(contents("err"), "interrupted"));
  assert_int_not_equal(
      shell("ulimit -f 16; trap '' XFSZ; %s keygen --params params.umbra " TO("new") " 2>err", UMBRA_PROGRAM), 0);
  assert_non_null(strstr(contents("err"), "cannot write"));
  assert_int_not_equal(access("new", F_OK), 0);
  assert_int_not_equal(access("secret/new.umbra", F_OK), 0);
  assert_succeeds("keygen --params params.umbra " TO("agreed"));
  assert_int_equal(shell("test \"$(ls agreed | tr '\\n' ' ')\" = 'eval.umbra params.umbra public.umbra '"), 0);
  assert_int_equal(shell("test \"$(ls secret | grep -c new)\" = 1"), 0);
#undef TO
}

/* The commands that show progress, each with a file that it would make. */
static const struct {
  const char *command, *out;
} stoppable[] = {
    {"encrypt --keys keys --records records.csv", "halted.umbra"},
    {"score --keys keys --model model.umbra --records records.umbra", "halted.umbra"},
    {DECRYPT "--in records.umbra", "halted.csv"},
};
enum { STOPPABLE = sizeof stoppable / sizeof *stoppable };

static void a_signal_stops_a_command(void **state) {
  (void)state;
  for (int i = 0; i < STOPPABLE; i++) {
    assert_int_equal(umbra_terminated("%s --out %s", stoppable[i].command, stoppable[i].out), 128 + SIGTERM);
    assert_non_null(strstr(contents("err"), "interrupted"));
    assert_string_equal(contents("out"), "");
    assert_int_equal(shell("ls | grep halted"), 1);
  }
}

/* In a shell command: waits until the process $! catches SIGTERM. */
#define WAIT_UNTIL_CAUGHT WAIT_WHILE("! grep -q '^SigCgt:.*[4-7c-f]...$' /proc/$!/status")

/* Whether it comes too late or not: the file is whole or absent. */
static void a_signal_leaves_all_or_nothing(void **state) {
  (void)state;
  for (int i = 0; i < STOPPABLE; i++) {
    const char *out = stoppable[i].out;
    int code = shell("%s %s --out %s >out 2>err & " WAIT_UNTIL_CAUGHT "kill -TERM $! 2>/dev/null; wait $!",
                     UMBRA_PROGRAM, stoppable[i].command, out);
    assert_true(code == 0 || code == 128 + SIGTERM);
    assert_int_equal(shell("ls | grep 'halted.*tmp'"), 1);
    if (access(out, F_OK) == 0)
      assert_int_equal(i == 2 ? shell("test $(wc -l <%s) = 3", out) : umbra("inspect %s", out), 0);
    else assert_int_equal(code, 128 + SIGTERM);
    remove(out);
  }
}

static void two_keygens_do_not_mix(void **state) {
  (void)state;
#define KEYGEN "%s keygen --params params.umbra --no-passphrase --out race --secret secret/race"
  assert_int_equal(shell(KEYGEN "1 >/dev/null 2>&1 & first=$!; " KEYGEN "2 >/dev/null 2>&1; second=$?; wait $first; "
                                "test $((($? == 0) + (second == 0))) = 1",
                         UMBRA_PROGRAM, UMBRA_PROGRAM),
                   0);
  assert_int_equal(shell("test $(ls secret | grep -c race) = 1 && test $(ls race | wc -l) = 3"), 0);
#undef KEYGEN
}

static void models_fit_their_parameters(void **state) {
  (void)state;
  assert_fails(1, "the highest degree that fits is 3", "encrypt --keys keys --model model.csv --range 4 --out x.umbra");
  assert_succeeds("keygen --params params.umbra --no-passphrase --out bare --secret secret/bare.umbra");
  assert_succeeds("encrypt --keys bare --model model.csv --range 4 --degree 3 --out bare.model");
  assert_succeeds("encrypt --keys bare --records records.csv --drop-last-column --out bare.records");
  assert_fails(1, "umbra keygen --for-logistic 2",
               "score --keys bare --model bare.model --records bare.records "
               "--out x.umbra");
  assert_int_not_equal(access("x.umbra", F_OK), 0);
}

/* The last key of the file is for one rotation backwards, which scoring has not. */
static void keys_that_are_not_needed_are_not_read(void **state) {
  (void)state;
  assert_succeeds("keygen --params params.umbra --no-passphrase --for-logistic 2 --rotations -1 --out more "
                  "--secret secret/more.umbra");
  assert_succeeds("encrypt --keys more --model model.csv --range 4 --degree 3 --out more.model");
  assert_succeeds("encrypt --keys more --records records.csv --drop-last-column --out more.records");
  assert_int_equal(shell("printf damage | dd of=more/eval.umbra bs=1 conv=notrunc status=none "
                         "seek=$(($(wc -c <more/eval.umbra) - 5000))"),
                   0);
  assert_fails(1, "checksum is wrong", "inspect more/eval.umbra");
  assert_succeeds("score --keys more --model more.model --records more.records --out more.scores");
}

static void records_out_of_range_are_noticed(void **state) {
  (void)state;
  write_text("wild.csv", "30,-30\n0,0\n");
  assert_succeeds("encrypt --keys keys --records wild.csv --out wild.umbra");
  assert_succeeds("score --keys keys --model model.umbra --records wild.umbra --out wild.scores");
  assert_fails(1, "the computation promised at most", DECRYPT "--in wild.scores --out wild.csv");
  assert_succeeds(DECRYPT "--in wild.umbra --out wild.csv");
}

static void passphrase_files_may_end_their_line_with_cr_lf(void **state) {
  (void)state;
  write_text("crlf", "correct horse\r\n");
  assert_succeeds("decrypt --keys keys --secret secret/key.umbra --passphrase-file crlf --in records.umbra "
                  "--out crlf.csv");
}

static void passphrases_are_asked_for(void **state) {
  (void)state;
  write_text("wrong", "wrong horse\n");
  write_text("empty", "\n");
#define DECRYPT_TO "decrypt --keys keys --secret secret/key.umbra --in records.umbra --out x.csv "
  assert_fails(1, "--passphrase-file", DECRYPT_TO "--passphrase-file wrong");
  assert_fails(1, "--passphrase-file: empty: the passphrase is empty", DECRYPT_TO "--passphrase-file empty");
  assert_fails(1, "--passphrase-file", DECRYPT_TO "--passphrase-file nowhere");
  if (shell("command -v setsid >/dev/null") == 0) {
    assert_int_equal(shell("setsid -w %s " DECRYPT_TO "2>err </dev/null", UMBRA_PROGRAM), 1);
    assert_non_null(strstr(contents("err"), "give --passphrase-file FILE"));
  }
#undef DECRYPT_TO
  assert_int_not_equal(access("x.csv", F_OK), 0);
}

static void assert_table(const char *path, size_t rows, size_t columns, const double *expected) {
  umbra_table table = {0};
  assert_int_equal(umbra_table_read(&table, path), UMBRA_OK);
  assert_int_equal(table.rows, rows);
  assert_int_equal(table.columns, columns);
  for (size_t i = 0; i < rows * columns; i++) assert_true(fabs(table.values[i] - expected[i]) < 1e-3);
  umbra_table_clear(&table);
}

static void scores_make_the_round_trip(void **state) {
  (void)state;
  const double logits[] = {1.5 * 0.5 + 0.5 + 0.25, 1.5 - 0.5 + 0.25, -3 - 0.125 + 0.25};
  const umbra_sigmoid_options polynomial = {
      .struct_size = sizeof polynomial, .degree = 3, .fit = UMBRA_FIT_CHEBYSHEV, .range = 4};
  double scores[3];
  for (int i = 0; i < 3; i++) scores[i] = umbra_sigmoid_value(logits[i], &polynomial);
  assert_succeeds("score --keys keys --model model.umbra --records records.umbra --out scores.umbra --json");
  cJSON *report = cJSON_Parse(contents("out"));
  assert_non_null(report);
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(report, "command")), "score");
  assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(report, "seconds")) > 0);
  assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(report, "steps")) >= 5);
  cJSON_Delete(report);
  assert_succeeds(DECRYPT "--in scores.umbra --out scores.csv");
  assert_table("scores.csv", 3, 1, scores);
}

static void costs_are_stated(void **state) {
  (void)state;
  assert_succeeds("bench --preset n13-d4-s30 --threads 3");
  assert_non_null(strstr(contents("out"), ", 3 threads, as "));
  assert_succeeds("bench --preset n13-d4-s30 --machine h200 --json");
  cJSON *report = cJSON_Parse(contents("out"));
  const cJSON *list = cJSON_GetObjectItem(report, "operations"), *operation;
  assert_non_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(report, "machine")), "H200"));
  assert_true(cJSON_IsFalse(cJSON_GetObjectItem(report, "measured")) && cJSON_GetArraySize(list) > 3);
  cJSON_ArrayForEach(operation, list) {
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(operation, "seconds")) > 0);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(operation, "launches")) >= 1);
  }
  cJSON_Delete(report);
  assert_succeeds("bench --preset n12-d1-s25 --machine h200");
  assert_non_null(strstr(contents("out"), "a product, relinearised"));
  assert_null(strstr(contents("out"), "a polynomial")); /* which takes four levels */
  assert_fails(1, "abacus", "bench --machine abacus");
  assert_succeeds("bench --product 100x20x10 --plain --preset n13-d4-s30 --level 1 --target gpu");
  assert_non_null(strstr(contents("out"), "100 x 20 by plain 20 x 10, for target gpu"));
  assert_succeeds("bench --product 16x16x16 --preset n13-d4-s30");
  assert_non_null(strstr(contents("out"), "by diagonals"));
  assert_fails(1, "sizes must be above 0", "bench --product 0x1x1 --preset n13-d4-s30");
  assert_fails(1, "target", "bench --product 1x1x1 --target abacus --preset n13-d4-s30");
}

static void devices_are_listed(void **state) {
  (void)state;
  assert_succeeds("devices");
  assert_non_null(strstr(contents("out"), "ref        usable"));
  assert_succeeds("devices --json");
  cJSON *report = cJSON_Parse(contents("out"));
  const cJSON *devices = cJSON_GetObjectItem(report, "devices"), *device;
  int reference = 0;
  assert_int_equal(cJSON_GetArraySize(devices), umbra_device_count());
  cJSON_ArrayForEach(device, devices) {
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(device, "name"));
    const int usable = cJSON_IsTrue(cJSON_GetObjectItem(device, "usable"));
    assert_true(usable != cJSON_HasObjectItem(device, "why_not"));
    reference += strcmp(name, "ref") == 0 && usable;
  }
  assert_int_equal(reference, 1);
  cJSON_Delete(report);
}

/* ---- traces ---- */

/* How many events of that name a whole trace has. */
static int events_in_trace(const char *path, const char *name) {
  cJSON *events = cJSON_Parse(contents(path));
  const cJSON *event;
  int found = 0;
  assert_true(cJSON_IsArray(events) && cJSON_GetArraySize(events) > 0);
  cJSON_ArrayForEach(event, events) {
    if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(event, "name")), name) != 0) continue;
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(event, "ph")), "X");
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(event, "ts")) > 0);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(event, "dur")) > 0);
    assert_true(cJSON_HasObjectItem(cJSON_GetObjectItem(event, "args"), "level"));
    found++;
  }
  cJSON_Delete(events);
  return found;
}

#define SCORE "score --keys keys --model model.umbra --records records.umbra --out traced.umbra "

static void traces_are_written(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) { /* the second replaces the first */
    assert_succeeds(SCORE "--trace trace.json");
    assert_int_equal(events_in_trace("trace.json", "logistic_score"), 1);
    assert_int_equal(events_in_trace("trace.json", "mul"), 1);
  }
  assert_fails(1, "is no trace, and will not be replaced", SCORE "--trace records.csv");
  assert_fails(1, "will not be replaced by a file of another kind", SCORE "--trace model.umbra");
  assert_fails(1, "folder", SCORE "--trace nowhere/trace.json");
  assert_succeeds("inspect model.umbra");
}

/* By a signal that the program handles, and by one that nobody can, whenever it comes. */
static void traces_are_whole_when_stopped(void **state) {
  (void)state;
  assert_int_equal(umbra_terminated(SCORE "--trace stopped.json"), 128 + SIGTERM);
  assert_int_equal(events_in_trace("stopped.json", "logistic_score"), 0);
  assert_int_equal(remove("stopped.json"), 0);
  int code = shell("%s " SCORE "--trace stopped.json >/dev/null 2>&1 & " WAIT_WHILE(
                       "! test -s stopped.json") "kill -KILL $! 2>/dev/null; wait $!",
                   UMBRA_PROGRAM);
  assert_true(code == 0 || code == 128 + SIGKILL);
  const int found = events_in_trace("stopped.json", "logistic_score");
  if (code == 0) assert_int_equal(found, 1);
}

static void columns_are_chosen(void **state) {
  (void)state;
  const double records[] = {0.5, -1, 1, 1, -2, 0.25}, swapped[] = {0, 0.5, 1, 1, 0, -2};
  assert_succeeds(DECRYPT "--in records.umbra --out records.npy");
  assert_table("records.npy", 3, 2, records);
  assert_succeeds("encrypt --keys keys --records records.csv --columns 3,1 --out swapped.umbra");
  assert_succeeds(DECRYPT "--in swapped.umbra --out swapped.csv");
  assert_table("swapped.csv", 3, 2, swapped);
  assert_succeeds("encrypt --keys keys --records records.npy --columns 1-2 --out npy.umbra");
  assert_fails(1, "there is no column '4'", "encrypt --keys keys --records records.csv --columns 4 --out x.umbra");
  assert_fails(1, "there is no column '0'", "encrypt --keys keys --records records.csv --columns 0 --out x.umbra");
}

static void other_owners_are_noticed(void **state) {
  (void)state;
  assert_succeeds("keygen --params params.umbra --out theirs --secret secret/theirs.umbra --no-passphrase");
  assert_fails(1, "--in", "decrypt --keys theirs --secret secret/theirs.umbra --in records.umbra --out x.csv");
  assert_fails(1, "score", "score --keys theirs --model model.umbra --records records.umbra --out x.umbra");
}

static double file_bytes(const char *path) {
  struct stat file;
  assert_int_equal(stat(path, &file), 0);
  return (double)file.st_size;
}

#define SECRET "--keys keys --secret secret/key.umbra --passphrase-file secret/passphrase "

/* The same scores as of what the public key encrypts, from files of half the bytes. */
static void secret_keys_halve_files(void **state) {
  (void)state;
  assert_succeeds("encrypt " SECRET "--records records.csv --drop-last-column --out half.records");
  assert_succeeds("encrypt " SECRET "--model model.csv --range 4 --degree 3 --out half.model");
  assert_true(file_bytes("half.records") < 0.51 * file_bytes("records.umbra"));
  assert_true(file_bytes("half.model") < 0.51 * file_bytes("model.umbra"));
  const double records[] = {0.5, -1, 1, 1, -2, 0.25};
  assert_succeeds(DECRYPT "--in half.records --out half.csv");
  assert_table("half.csv", 3, 2, records);
  assert_succeeds("score --keys keys --model half.model --records half.records --out half.scores");
  assert_succeeds(DECRYPT "--in half.scores --out half.csv");
  umbra_table scores = {0};
  assert_int_equal(umbra_table_read(&scores, "scores.csv"), UMBRA_OK);
  assert_table("half.csv", scores.rows, scores.columns, scores.values);
  umbra_table_clear(&scores);
}

static void secret_keys_of_others_are_refused(void **state) {
  (void)state;
  assert_fails(1, "another owner than keys/public.umbra",
               "encrypt --keys keys --secret secret/theirs.umbra --records records.csv --out x.umbra");
  assert_fails(1, "another owner than keys/public.umbra",
               "encrypt --keys keys --secret secret/theirs.umbra --model model.csv --range 4 --degree 3 --out x.umbra");
  assert_fails(1, "--secret: ", "encrypt --keys keys --secret keys/public.umbra --records records.csv --out x.umbra");
  assert_fails(1, "is an input of this command", "encrypt " SECRET "--records records.csv --out secret/passphrase");
  assert_fails(2, "--keys DIR is missing", "encrypt --secret secret/key.umbra --records records.csv --out x.umbra");
  assert_fails(2, "--passphrase-file and --store go with --secret",
               "encrypt --keys keys --passphrase-file secret/passphrase --records records.csv --out x.umbra");
  assert_int_not_equal(access("x.umbra", F_OK), 0);
}

static void hostile_tables_are_refused(void **state) {
  (void)state;
  write_text("hostile.csv", "1,2\n3;4,5\n");
  assert_fails(1, "line 2, column 1: '3;4' is not a number", "encrypt --keys keys --records hostile.csv --out x.umbra");
  const char *const texts[] = {"",          "\n\n",       "1,2\n3\n", "1,2\n3,x\n", "1,,2\n", "1,2\n1,\n",
                               "nan,1\n",   "1,inf\n",    "1e999\n",  "0x10;3\n",   "1 b\n",  "\"1\n",
                               "1e300,1\n", "a,b\nc,d\n", "\xff\xfe", "1,2\n\x01\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    write_text("hostile.csv", texts[i]);
    assert_fails(1, "--records", "encrypt --keys keys --records hostile.csv --out x.umbra");
  }
  write_text("hostile.npy", "\x93NUMPY\x01");
  assert_fails(1, "--records", "encrypt --keys keys --records hostile.npy --out x.umbra");
  assert_fails(1, "--records", "encrypt --keys keys --records secret/key.umbra --out x.umbra");
  assert_fails(1, "--model", "encrypt --keys keys --model records.csv --range 1 --out x.umbra");
  assert_int_not_equal(access("x.umbra", F_OK), 0);
}

/* features.umbra, of the keys' parameters. */
static void save_feature_map(void) {
  umbra_params *params = NULL;
  umbra_context *context = NULL;
  umbra_public_key *key = NULL;
  umbra_feature_map *map = NULL;
  const umbra_feature_layout layout = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 2, .height = 3, .width = 1};
  assert_int_equal(umbra_params_load(&params, "keys/params.umbra"), UMBRA_OK);
  assert_int_equal(umbra_context_create(&context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params}),
                   UMBRA_OK);
  assert_int_equal(umbra_public_key_load(&key, context, "keys/public.umbra", NULL), UMBRA_OK);
  assert_int_equal(umbra_feature_map_encrypt(&map, key, (const double[6]){1}, &layout, NULL), UMBRA_OK);
  assert_int_equal(umbra_feature_map_save(map, "features.umbra", NULL), UMBRA_OK);
  umbra_feature_map_destroy(map);
  umbra_public_key_destroy(key);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

static void files_are_described(void **state) {
  (void)state;
  const char *const files[] = {"params.umbra",  "keys/public.umbra", "keys/eval.umbra",
                               "records.umbra", "model.umbra",       "secret/key.umbra"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    assert_succeeds("inspect %s --json", files[i]);
    cJSON *info = cJSON_Parse(contents("out"));
    assert_true(cJSON_IsString(cJSON_GetObjectItem(info, "kind")));
    cJSON_Delete(info);
  }
  assert_succeeds("inspect params.umbra");
  assert_succeeds("inspect secret/key.umbra");
  assert_non_null(strstr(contents("out"), "sealed         true"));
  assert_succeeds("inspect records.umbra --keys keys --json");
  assert_non_null(strstr(contents("out"), "\"rows\":3,\"columns\":2"));
  assert_succeeds("inspect model.umbra --keys keys --json");
  assert_non_null(strstr(contents("out"), "\"features\":2"));
  save_feature_map();
  assert_succeeds("inspect features.umbra --keys keys --json");
  assert_non_null(strstr(contents("out"), "\"kind\":\"encrypted feature map\""));
  assert_non_null(strstr(contents("out"), "\"channels\":2,\"height\":3,\"width\":1,\"level\":"));
  assert_succeeds("inspect keys/eval.umbra --keys keys --json");
  assert_non_null(strstr(contents("out"), "\"kind\":\"relinearization\",\"level\":"));
  assert_non_null(strstr(contents("out"), "\"kind\":\"rotation\",\"steps\":2,\"level\":"));
  assert_succeeds("inspect keys/eval.umbra --keys keys");
  assert_non_null(strstr(contents("out"), "rotations      to level "));
  assert_non_null(strstr(contents("out"), ": 1, 2\n"));
  assert_fails(1, "nowhere/params.umbra", "inspect records.umbra --keys nowhere");
  assert_int_equal(shell("head -c 1000 records.umbra >short.umbra"), 0);
  assert_fails(1, "short.umbra", "inspect short.umbra");
  assert_succeeds("params --list --json");
  assert_succeeds("params --params params.umbra --json");
}

/* The plan of a refresh with these options; to be deleted, with the report around it. */
static cJSON *plan_of(const char *options) {
  assert_succeeds("bootstrap --demo --plan-only --preset boot-32k --slots 64 --json %s", options);
  cJSON *report = cJSON_Parse(contents("out"));
  assert_non_null(report);
  return report;
}

static void refreshes_are_planned(void **state) {
  (void)state;
  cJSON *report = plan_of(""), *small = plan_of("--min-key");
  const cJSON *plan = cJSON_GetObjectItem(report, "plan"), *small_plan = cJSON_GetObjectItem(small, "plan");
  assert_true(number(plan, "slots") == 64);
  assert_true(number(plan, "output_level") > number(plan, "input_level"));
  assert_true(number(plan, "memory_bytes") >
              number(plan, "key_bytes") + number(plan, "plain_bytes") + number(plan, "workspace_bytes"));
  assert_true(number(plan, "error") < number(plan, "worst_error"));
  assert_true(number(plan, "log2_range_failure") < -128);
  assert_true(number(small_plan, "keys") < number(plan, "keys"));
  assert_true(number(small_plan, "memory_bytes") < number(plan, "memory_bytes"));
  cJSON_Delete(report);
  cJSON_Delete(small);
  assert_succeeds("bootstrap --demo --plan-only --preset boot-32k --slots 64 --order stc-first --bound 0.25");
  assert_non_null(strstr(contents("out"), "memory in all"));
  assert_fails(1, "do not refresh", "bootstrap --demo --plan-only --params params.umbra");
  assert_fails(1, "slots is 3", "bootstrap --demo --plan-only --slots 3");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(usage_errors_exit_with_2),
      cmocka_unit_test(help_and_version_exit_with_0),
      cmocka_unit_test(failures_exit_with_1),
      cmocka_unit_test(insecure_parameters_are_refused),
      cmocka_unit_test(secret_keys_are_kept_apart),
      cmocka_unit_test(passphrases_are_asked_for),
      cmocka_unit_test(scores_make_the_round_trip),
      cmocka_unit_test(costs_are_stated),
      cmocka_unit_test(devices_are_listed),
      cmocka_unit_test(traces_are_written),
      cmocka_unit_test(traces_are_whole_when_stopped),
      cmocka_unit_test(columns_are_chosen),
      cmocka_unit_test(other_owners_are_noticed),
      cmocka_unit_test(secret_keys_halve_files),
      cmocka_unit_test(secret_keys_of_others_are_refused),
      cmocka_unit_test(hostile_tables_are_refused),
      cmocka_unit_test(files_are_described),
      cmocka_unit_test(outputs_destroy_nothing),
      cmocka_unit_test(tables_are_private),
      cmocka_unit_test(keys_that_are_enough_are_kept),
      cmocka_unit_test(keygen_leaves_all_or_nothing),
      cmocka_unit_test(a_signal_stops_a_command),
      cmocka_unit_test(a_signal_leaves_all_or_nothing),
      cmocka_unit_test(two_keygens_do_not_mix),
      cmocka_unit_test(models_fit_their_parameters),
      cmocka_unit_test(refreshes_are_planned),
      cmocka_unit_test(keys_that_are_not_needed_are_not_read),
      cmocka_unit_test(records_out_of_range_are_noticed),
      cmocka_unit_test(passphrase_files_may_end_their_line_with_cr_lf),
  };
  return cmocka_run_group_tests(tests, make_job, leave_scratch);
}
