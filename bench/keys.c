/* SPDX-License-Identifier: Apache-2.0 */
/* Making and loading keys. A new key is checked by using it. */
#include <sodium.h>
#include <stdlib.h>

#include "../host/base/error.h"
#include "scheme_rig.h"

/* ---- secret and public ---- */

static umbra_status run_secret(bench_scheme *s) {
  umbra_secret_key_destroy(s->new_secret);
  s->new_secret = NULL;
  return umbra_secret_key_generate(&s->new_secret, s->context);
}

/* x under the new key, and back. */
static umbra_status use_secret(bench_scheme *s) {
  umbra_status status = umbra_encode(&s->plain, s->context, s->x, s->slots, NULL);
  if (status == UMBRA_OK) status = umbra_encrypt_symmetric(&s->out[1], s->new_secret, s->plain);
  if (status == UMBRA_OK) status = umbra_decrypt_decode(s->values, s->slots, s->out[1], s->new_secret);
  return status == UMBRA_OK ? bench_encrypt_values(s) : status;
}

static umbra_status run_public(bench_scheme *s) {
  umbra_public_key_destroy(s->new_public_key);
  s->new_public_key = NULL;
  return umbra_public_key_generate(&s->new_public_key, s->secret);
}

static umbra_status use_public(bench_scheme *s) {
  return umbra_encode_encrypt(&s->out[0], s->new_public_key, s->x, s->slots);
}

/* ---- evaluation keys, one of each kind ---- */

/* steps: 0 for relinearisation. */
static umbra_status make(bench_scheme *s, int32_t steps) {
  umbra_key_needs *needs = NULL;
  umbra_status status = umbra_key_needs_create(&needs, s->params);
  if (status == UMBRA_OK)
    status = steps ? umbra_key_needs_rotation(needs, steps, UMBRA_TOP_LEVEL)
                   : umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&s->new_keys, s->secret, needs, NULL);
  umbra_key_needs_destroy(needs);
  return status;
}

static umbra_status run_relin(bench_scheme *s) { return make(s, 0); }
static umbra_status run_rotation(bench_scheme *s) { return make(s, bench_steps(0)); }

static umbra_status use_relin(bench_scheme *s) {
  umbra_evaluator *evaluator = NULL;
  umbra_status status = umbra_evaluator_create(&evaluator, s->context, s->new_keys);
  if (status == UMBRA_OK) status = umbra_mul(evaluator, &s->out[0], s->a, s->b);
  umbra_evaluator_destroy(evaluator);
  return status;
}

static umbra_status use_rotation(bench_scheme *s) {
  umbra_evaluator *evaluator = NULL;
  umbra_status status = umbra_evaluator_create(&evaluator, s->context, s->new_keys);
  if (status == UMBRA_OK) status = umbra_rotate(evaluator, &s->out[0], s->a, bench_steps(0));
  umbra_evaluator_destroy(evaluator);
  return status;
}

/* ---- a file of them, in memory ---- */

static umbra_status write_file(bench_scheme *s) {
  if (s->file) return UMBRA_OK;
  UMBRA_TRY(umbra_eval_keys_write(s->keys[BENCH_ROTATE], NULL, &s->file_bytes, NULL));
  s->file = malloc(s->file_bytes);
  return s->file ? umbra_eval_keys_write(s->keys[BENCH_ROTATE], s->file, &s->file_bytes, NULL) : bench_no_memory();
}

static umbra_status run_load(bench_scheme *s) {
  UMBRA_TRY(write_file(s));
  umbra_eval_keys_destroy(s->new_keys);
  s->new_keys = NULL;
  return umbra_eval_keys_read(&s->new_keys, s->context, s->file, s->file_bytes, NULL);
}

/* What its bytes take at the rate of their sums on one thread: what loading is compared with. */
static umbra_status run_sum(bench_scheme *s) {
  uint8_t sum[32];
  UMBRA_TRY(write_file(s));
  crypto_generichash(sum, sizeof sum, s->file, s->file_bytes, NULL, 0);
  return UMBRA_OK;
}

const bench_operation bench_keys_made[] = {
    {"keygen_secret", BENCH_NO_KEYS, run_secret, bench_expect_x, 1, use_secret, 0},
    {"keygen_public", BENCH_NO_KEYS, run_public, bench_expect_x, 1, use_public, 0},
    {"keygen_relin", BENCH_NO_KEYS, run_relin, bench_expect_product, 1, use_relin, 0},
    {"keygen_rotation", BENCH_NO_KEYS, run_rotation, bench_expect_rotated, 1, use_rotation, 0},
    {"keys_load", BENCH_ROTATE, run_load, bench_expect_rotated, 1, use_rotation, 0},
    {"keys_sum", BENCH_ROTATE, run_sum, NULL, 0, NULL, 0},
    {0},
};
