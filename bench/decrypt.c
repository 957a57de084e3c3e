/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_rig.h"

static umbra_status run_decrypt_decode(bench_scheme *s) {
  return umbra_decrypt_decode(s->values, s->slots, s->a, s->secret);
}

static umbra_status run_decrypt(bench_scheme *s) {
  umbra_plaintext_destroy(s->plain);
  s->plain = NULL;
  return umbra_decrypt(&s->plain, s->a, s->secret);
}

const bench_operation bench_decrypt[] = {
    {"decrypt_decode", BENCH_NO_KEYS, run_decrypt_decode, bench_expect_x, 1, bench_encrypt_values, 0},
    {"decrypt", BENCH_NO_KEYS, run_decrypt, bench_expect_x, 1, bench_encrypt_plain, 0},
    {0},
};
