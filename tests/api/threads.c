/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Threads with evaluators of their own share a context, keys and inputs: each gets the bits that one thread alone gets,
 * and error texts of its own. Handles may be destroyed while other threads use other handles of the same objects.
 */
#include <threads.h>

#include "../scheme.h"

enum { THREADS = 2, ROUNDS = 6, RESULTS = 5 };

typedef struct job {
  const scheme *s;
  const umbra_ciphertext *x, *y;
  bytes found[RESULTS]; /* of the last round */
  int failed;
} job;

static const int32_t steps[] = {1, 5};
static const double polynomial[] = {0, 0.5, 0, -0.25, 0, 0.125};

/* cmocka's assertions belong to the main thread, so this only counts what went wrong. */
static void one_round(job *j, umbra_evaluator *e) {
  umbra_ciphertext *r[RESULTS] = {0};
  j->failed += umbra_mul(e, &r[0], j->x, j->y) != UMBRA_OK;
  j->failed += umbra_rotate(e, &r[1], j->x, 5) != UMBRA_OK;
  j->failed += umbra_chebyshev_eval(e, &r[2], j->y, polynomial, 5) != UMBRA_OK;
  j->failed += umbra_level_drop(e, &r[3], j->x, 1) != UMBRA_OK;
  j->failed += umbra_mul_add(e, &r[4], r[1], j->y, r[3]) != UMBRA_OK;
  j->failed += umbra_rotate(e, &r[4], r[4], 77) != UMBRA_ERROR_MISSING_KEY;
  j->failed += strstr(umbra_last_error(), "rotation 77") == NULL;
  for (int i = 0; i < RESULTS; i++) {
    bytes *b = &j->found[i];
    free(b->data);
    *b = (bytes){0};
    if (r[i] && umbra_ciphertext_write(r[i], NULL, &b->size, NULL) == UMBRA_OK) b->data = malloc(b->size);
    j->failed += !b->data || umbra_ciphertext_write(r[i], b->data, &b->size, NULL) != UMBRA_OK;
    umbra_ciphertext_destroy(r[i]);
  }
}

static int work(void *user) {
  job *j = user;
  umbra_evaluator *e = NULL;
  j->failed += umbra_evaluator_create(&e, j->s->context, j->s->keys) != UMBRA_OK;
  for (int round = 0; e && round < ROUNDS; round++) {
    double value = 0;
    umbra_ciphertext *fresh = NULL;
    one_round(j, e);
    j->failed += umbra_encode_encrypt(&fresh, j->s->public, &(double){0.5}, 1) != UMBRA_OK;
    j->failed += umbra_decrypt_decode(&value, 1, fresh, j->s->secret) != UMBRA_OK || fabs(value - 0.5) > 1e-4;
    umbra_ciphertext_destroy(fresh);
  }
  umbra_evaluator_destroy(e);
  return 0;
}

static void share_a_context(void **state) {
  (void)state;
  scheme s;
  uint64_t random = 9;
  thrd_t thread[THREADS];
  job alone = {.s = &s}, together[THREADS];
  scheme_open(&s, test_params(11, 40, 5), NULL, steps, 2);
  vector v = vector_random(&random, 1024, 1);
  umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL), *y = encrypt_vector(&s, &v, 4);
  alone.x = x;
  alone.y = y;
  for (int i = 0; i < THREADS; i++) together[i] = alone;
  for (int i = 0; i < THREADS; i++) assert_int_equal(thrd_create(&thread[i], work, &together[i]), thrd_success);
  for (int i = 0; i < THREADS; i++) assert_int_equal(thrd_join(thread[i], NULL), thrd_success);
  work(&alone);
  assert_int_equal(alone.failed, 0);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(together[i].failed, 0);
    for (int k = 0; k < RESULTS; k++) {
      assert_true(same_bytes(&together[i].found[k], &alone.found[k]));
      free(together[i].found[k].data);
    }
  }
  for (int k = 0; k < RESULTS; k++) free(alone.found[k].data);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&v);
  scheme_close(&s);
}

/* ---- handles that threads share ---- */

/* What a thread is given: handles of its own, which it destroys. */
typedef struct shares {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_eval_keys *keys;
  umbra_ciphertext *x;
  int failed;
} shares;

static int use_and_destroy(void *user) {
  shares *own = user;
  umbra_evaluator *e = NULL;
  double value = 0;
  own->failed += umbra_evaluator_create(&e, own->context, own->keys) != UMBRA_OK;
  for (int round = 0; round < ROUNDS; round++) { /* counts go up and down beside those of the other threads */
    umbra_context_destroy(umbra_context_share(own->context));
    umbra_eval_keys_destroy(umbra_eval_keys_share(own->keys));
    own->failed += umbra_mul(e, &own->x, own->x, own->x) != UMBRA_OK;
    own->failed += umbra_encode_encrypt(&own->x, own->public, &(double){0.5}, 1) != UMBRA_OK;
  }
  umbra_context_destroy(own->context);
  umbra_eval_keys_destroy(own->keys);
  umbra_public_key_destroy(own->public);
  own->failed += umbra_square(e, &own->x, own->x) != UMBRA_OK;
  umbra_evaluator_destroy(e);
  own->failed += umbra_decrypt_decode(&value, 1, own->x, own->secret) != UMBRA_OK || fabs(value - 0.25) > 1e-4;
  umbra_secret_key_destroy(own->secret);
  umbra_ciphertext_destroy(own->x);
  return 0;
}

/* The last thread that needs an object frees it, whichever that is; the handles of this one go first. */
static void share_handles(void **state) {
  (void)state;
  enum { MANY = 4 };
  scheme s;
  thrd_t thread[MANY];
  shares own[MANY];
  scheme_open(&s, test_params(11, 40, 5), NULL, steps, 2);
  umbra_context *watched = umbra_context_share(s.context);
  for (int i = 0; i < MANY; i++) {
    own[i] = (shares){umbra_context_share(s.context),
                      umbra_secret_key_share(s.secret),
                      umbra_public_key_share(s.public),
                      umbra_eval_keys_share(s.keys),
                      NULL,
                      0};
    assert_ok(umbra_encode_encrypt(&own[i].x, s.public, &(double){0.5}, 1));
    assert_int_equal(thrd_create(&thread[i], use_and_destroy, &own[i]), thrd_success);
  }
  umbra_evaluator_destroy(s.evaluator);
  umbra_context_destroy(s.context);
  umbra_eval_keys_destroy(s.keys);
  umbra_public_key_destroy(s.public);
  umbra_secret_key_destroy(s.secret);
  umbra_params_destroy(s.params);
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(thrd_join(thread[i], NULL), thrd_success);
    assert_int_equal(own[i].failed, 0);
  }
  assert_int_equal(umbra_context_memory(watched), 0);
  umbra_context_destroy(watched);
}

static int fail_here(void *user) {
  (void)user;
  umbra_plaintext_destroy(NULL);
  int empty = umbra_last_error()[0] == '\0';
  return empty && umbra_decode(NULL, 0, NULL) == UMBRA_ERROR_INVALID_ARGUMENT && umbra_last_error()[0] != '\0';
}

/* A thread starts without a text, and its failures leave other threads' texts alone. */
static void error_texts_are_of_one_thread(void **state) {
  (void)state;
  thrd_t thread;
  int result = 0;
  umbra_params *params = NULL;
  assert_int_equal(umbra_params_from_preset(&params, "no such set"), UMBRA_ERROR_INVALID_ARGUMENT);
  char text[64];
  snprintf(text, sizeof text, "%.60s", umbra_last_error());
  assert_int_equal(thrd_create(&thread, fail_here, NULL), thrd_success);
  assert_int_equal(thrd_join(thread, &result), thrd_success);
  assert_int_equal(result, 1);
  assert_int_equal(strncmp(text, umbra_last_error(), strlen(text)), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(share_a_context), cmocka_unit_test(share_handles),
                                     cmocka_unit_test(error_texts_are_of_one_thread)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
