/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_rig.h"

static umbra_status run_decrypt_decode(bench_scheme *s) {
  return umbra_decrypt_decode(s->values, s->slots, s->a, s->secret);
}

static umbra_status encrypt_values(bench_scheme *s) {
  return umbra_encode_encrypt(&s->out[0], s->public_key, s->values, s->slots);
}

static umbra_status run_decrypt(bench_scheme *s) {
  umbra_plaintext_destroy(s->plain);
  s->plain = NULL;
  return umbra_decrypt(&s->plain, s->a, s->secret);
}

static umbra_status encrypt_plain(bench_scheme *s) { return umbra_encrypt(&s->out[0], s->public_key, s->plain); }

const bench_operation bench_decrypt[] = {
    {"decrypt_decode", BENCH_NO_KEYS, run_decrypt_decode, bench_expect_x, 1, encrypt_values},
    {"decrypt", BENCH_NO_KEYS, run_decrypt, bench_expect_x, 1, encrypt_plain},
    {0},
};
