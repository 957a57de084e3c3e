/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_rig.h"

static umbra_status run_encrypt(bench_scheme *s) { return umbra_encrypt(&s->out[0], s->public_key, s->plain_y); }

static umbra_status run_encrypt_symmetric(bench_scheme *s) {
  return umbra_encrypt_symmetric(&s->out[0], s->secret, s->plain_y);
}

static umbra_status run_encode_encrypt(bench_scheme *s) {
  return umbra_encode_encrypt(&s->out[0], s->public_key, s->y, s->slots);
}

const bench_operation bench_encrypt[] = {
    {"encrypt", BENCH_NO_KEYS, run_encrypt, bench_expect_y, 1, NULL, 0},
    {"encrypt_symmetric", BENCH_NO_KEYS, run_encrypt_symmetric, bench_expect_y, 1, NULL, 0},
    {"encode_encrypt", BENCH_NO_KEYS, run_encode_encrypt, bench_expect_y, 1, NULL, 0},
    {0},
};
