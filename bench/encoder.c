/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_rig.h"

static umbra_status run_encode(bench_scheme *s) {
  umbra_plaintext_destroy(s->plain);
  s->plain = NULL;
  return umbra_encode(&s->plain, s->context, s->x, s->slots, NULL);
}

static umbra_status run_decode(bench_scheme *s) { return umbra_decode(s->values, s->slots, s->plain_y); }

const bench_operation bench_encoder[] = {
    {"encode", BENCH_NO_KEYS, run_encode, bench_expect_x, 1, bench_encrypt_plain, 0},
    {"decode", BENCH_NO_KEYS, run_decode, bench_expect_y, 1, bench_encrypt_values, 0},
    {0},
};
