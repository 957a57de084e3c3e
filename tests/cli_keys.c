/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Keys that expire and are retired, from the command line: what is refused, and what goes on. */
#include "tests/cli_process.h"

#include <sys/stat.h>
#include <umbra/umbra.h>

#define assert_ok(call) assert_int_equal(call, UMBRA_OK)

/* The job of cli_process.h, with keys that have expired a day after they were made, years ago. */
static void expire(void) {
  const umbra_key_life life = {UMBRA_KEY_LIFE_INIT, .created = 1600000000, .expires = 1600000000 + 86400};
  umbra_params *params = NULL;
  umbra_context *context = NULL;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_params_load(&params, "keys/params.umbra"));
  assert_ok(umbra_context_create(&context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params}));
  assert_ok(umbra_secret_key_generate_for(&secret, context, &life));
  assert_ok(umbra_public_key_generate(&public, secret));
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_logistic_needs(needs, 2, UMBRA_TOP_LEVEL));
  assert_ok(umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL));
  assert_ok(umbra_eval_keys_generate(&keys, secret, needs, NULL));
  assert_int_equal(shell("mkdir old old/secret old/keys && cp keys/params.umbra old/keys"), 0);
  assert_ok(umbra_secret_key_save(secret, "old/secret/key.umbra", "correct horse"));
  assert_ok(umbra_public_key_save(public, "old/keys/public.umbra", NULL));
  assert_ok(umbra_eval_keys_save(keys, "old/keys/eval.umbra", NULL));
  /* What was encrypted while they served. */
  const double values[] = {0.5, -1, 1, 1};
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  const umbra_array records = {UMBRA_ARRAY_INIT, .data = values, .rows = 2, .columns = 2};
  umbra_matrix *matrix = NULL;
  assert_ok(umbra_matrix_encrypt_array(&matrix, public, &records, &layout, NULL));
  assert_ok(umbra_matrix_save(matrix, "old/records.umbra", NULL));
  umbra_matrix_destroy(matrix);
  umbra_eval_keys_destroy(keys);
  umbra_key_needs_destroy(needs);
  umbra_public_key_destroy(public);
  umbra_secret_key_destroy(secret);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

static int open_job(void **state) {
  if (make_job(state)) return 1;
  expire();
  return 0;
}

#define SECRET(folder) "--secret " folder "secret/key.umbra --passphrase-file secret/passphrase "
#define EXPIRED "has expired (2020-09-14 12:26:40 UTC) and is out of use"

static void expired_keys_do_not_encrypt_or_compute(void **state) {
  (void)state;
  assert_fails(1, "old/keys/public.umbra: the key " EXPIRED,
               "encrypt --keys old/keys --records records.csv --drop-last-column --out out.umbra");
  assert_fails(1, "old/secret/key.umbra: the key " EXPIRED,
               "encrypt --keys old/keys " SECRET("old/") "--records records.csv --drop-last-column --out out.umbra");
  assert_fails(1, "old/keys/public.umbra: the key " EXPIRED,
               "encrypt --keys old/keys --model model.csv --range 4 --degree 3 --out out.umbra");
  assert_fails(1, "new keys must take its place",
               "encrypt --json --keys old/keys --records records.csv --drop-last-column --out out.umbra");
  assert_non_null(strstr(contents("out"), "\"status\":\"key out of use\""));
  assert_fails(1, "eval.umbra: the key " EXPIRED,
               "score --keys old/keys --model old/model.umbra --records old/records.umbra --out out.umbra");
  assert_fails(1, EXPIRED, "keygen --params params.umbra --for-logistic 2 --out old/keys " SECRET("old/"));
  assert_int_not_equal(access("out.umbra", F_OK), 0);
}

/* A model for them, encrypted under them by the library alone. */
static void make_old_model(void) {
  umbra_params *params = NULL;
  umbra_context *context = NULL;
  umbra_public_key *public = NULL;
  umbra_logistic *model = NULL;
  const double weights[] = {1.5, -0.5};
  umbra_sigmoid_options sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT};
  sigmoid.range = 4;
  sigmoid.degree = 3;
  assert_ok(umbra_params_load(&params, "keys/params.umbra"));
  assert_ok(umbra_context_create(&context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params}));
  assert_ok(umbra_public_key_load(&public, context, "old/keys/public.umbra", NULL)); /* the library has no clock */
  assert_ok(umbra_logistic_encrypt(&model, public, weights, 2, 0.25, &sigmoid));
  assert_ok(umbra_logistic_save(model, "old/model.umbra", NULL));
  umbra_logistic_destroy(model);
  umbra_public_key_destroy(public);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

static void expired_keys_still_decrypt_and_say_so(void **state) {
  (void)state;
  assert_int_equal(umbra("decrypt --keys old/keys " SECRET("old/") "--in old/records.umbra --out old.csv --json"), 0);
  assert_non_null(strstr(contents("err"), "warning: old/secret/key.umbra expired on 2020-09-14 12:26:40 UTC"));
  assert_non_null(strstr(contents("out"), "it still decrypts, and encrypts no more"));
  double value = 0;
  assert_int_equal(sscanf(contents("old.csv"), "%lf", &value), 1);
  assert_true(value > 0.499 && value < 0.501);
}

static void inspection_tells_lives(void **state) {
  (void)state;
  const char *const files[] = {"old/secret/key.umbra", "old/keys/public.umbra", "old/keys/eval.umbra"};
  for (int i = 0; i < 3; i++) {
    assert_succeeds("inspect %s", files[i]);
    assert_non_null(strstr(contents("out"), "created        2020-09-13 12:26:40 UTC\n"));
    assert_non_null(strstr(contents("out"), "expires        2020-09-14 12:26:40 UTC\n"));
    assert_null(strstr(contents("out"), "retired"));
  }
  assert_succeeds("inspect keys/public.umbra --json");
  assert_non_null(strstr(contents("out"), "\"expires\":\"never\""));
  assert_non_null(strstr(contents("out"), "\"created\":\"2"));
}

static void keygen_takes_dates_and_days(void **state) {
  (void)state;
#define KEYGEN "keygen --params params.umbra --no-passphrase --out new --secret secret/new.umbra "
  static const char *const wrong[] = {"0",           "365001", "yesterday", "2030-02-30", "2030-1-1",
                                      "2030-01-01x", "-1",     "1.5",       "99999-01-01"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_fails(2, "is neither a date", KEYGEN "--expires=%s", wrong[i]);
  assert_fails(2, "is past", KEYGEN "--expires 2020-01-01");
  assert_int_not_equal(access("new", F_OK), 0);
  assert_succeeds(KEYGEN "--expires 2130-01-31");
  assert_non_null(strstr(contents("out"), "2130-01-31 00:00:00 UTC"));
  assert_succeeds(KEYGEN "--expires 2130-01-31"); /* they are there */
  assert_fails(1, "expires on 2130-01-31 00:00:00 UTC, and will not be replaced", KEYGEN "--expires 2131-01-31");
  assert_fails(1, "expires on 2130-01-31", KEYGEN "--expires 30");
  assert_succeeds(KEYGEN); /* no other wish */
  assert_int_equal(shell("rm -r new secret/new.umbra"), 0);
  assert_succeeds(KEYGEN "--expires 30");
  assert_succeeds(KEYGEN "--expires 30"); /* counted from their making */
  assert_fails(1, "will not be replaced", KEYGEN "--expires 31");
  assert_int_equal(shell("rm -r new secret/new.umbra"), 0);
}

static void retired_keys_are_out_of_use(void **state) {
  (void)state;
  assert_int_equal(shell("cp -r keys copy"), 0);
  assert_fails(2, "what to retire", "retire");
  assert_fails(1, "is of another owner", "retire --secret secret/key.umbra --keys old/keys");
  assert_fails(1, "no folder with keys", "retire --secret secret/key.umbra --keys secret");
  assert_fails(1, "and no key", "retire --secret records.umbra");
  assert_int_not_equal(shell("ls secret/*.retired keys/*.retired old/keys/*.retired 2>/dev/null"), 0);
  assert_succeeds("retire --secret secret/key.umbra --keys keys");
  assert_int_equal(shell("test $(ls secret/*.retired keys/*.retired | wc -l) = 3"), 0);
  assert_succeeds("retire --secret secret/key.umbra --keys keys");
  assert_non_null(strstr(contents("out"), "was retired before"));
  assert_succeeds("inspect secret/key.umbra");
  assert_non_null(strstr(contents("out"), "retired        2"));
  assert_fails(1, "the key was retired",
               "encrypt --keys keys --records records.csv --drop-last-column --out out.umbra");
  assert_fails(1, "the key was retired",
               "encrypt --keys copy " SECRET("") "--records records.csv --drop-last-column "
                                                 "--out out.umbra");
  assert_fails(1, "the key was retired",
               "score --keys keys --model model.umbra --records records.umbra --out out.umbra");
  assert_succeeds("encrypt --keys copy --records records.csv --drop-last-column --out out.umbra"); /* knows nothing */
  assert_int_equal(umbra("decrypt --keys keys " SECRET("") "--in records.umbra --out retired.csv"), 0);
  assert_non_null(strstr(contents("err"), "warning: secret/key.umbra was retired on 2"));
  /* What cannot be read says nothing, so nothing is done. */
  assert_int_equal(shell("echo no >copy/public.umbra.retired; rm out.umbra"), 0);
  assert_fails(1, "not an Umbra file", "encrypt --keys copy --records records.csv --drop-last-column --out out.umbra");
}

static void models_of_expired_keys_are_not_scored(void **state) {
  (void)state;
  make_old_model();
  assert_fails(1, "old/keys/eval.umbra: the key " EXPIRED,
               "score --keys old/keys --model old/model.umbra --records old/records.umbra --out out.umbra");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(models_of_expired_keys_are_not_scored), cmocka_unit_test(expired_keys_do_not_encrypt_or_compute),
      cmocka_unit_test(expired_keys_still_decrypt_and_say_so), cmocka_unit_test(inspection_tells_lives),
      cmocka_unit_test(keygen_takes_dates_and_days),           cmocka_unit_test(retired_keys_are_out_of_use),
  };
  return cmocka_run_group_tests(tests, open_job, leave_scratch);
}
