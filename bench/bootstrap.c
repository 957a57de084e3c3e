/* SPDX-License-Identifier: Apache-2.0 */
/* Whole refreshes, from the lowest level that they take, in every variant. */
#include "boot_rig.h"

static const umbra_bootstrap_options stc_first = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = UMBRA_BOOTSTRAP_STC_FIRST};
static const umbra_bootstrap_options min_key = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .min_key = 1};
static const umbra_bootstrap_options even_steps = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .baby_steps = 8};

static umbra_status run_with(bench_scheme *s, const umbra_bootstrap_options *options) {
  const umbra_status status = bench_boot_open(s, options);
  return status == UMBRA_OK ? umbra_bootstrap(s->evaluator, &s->out[0], s->boot->low, s->boot->bootstrapper) : status;
}

static umbra_status run_bootstrap(bench_scheme *s) { return run_with(s, &bench_boot_options); }
static umbra_status run_min_key(bench_scheme *s) { return run_with(s, &min_key); }
static umbra_status run_even_steps(bench_scheme *s) { return run_with(s, &even_steps); }

static umbra_status run_stc_first(bench_scheme *s) {
  const umbra_status status = bench_boot_open(s, &stc_first);
  return status == UMBRA_OK ? umbra_bootstrap(s->evaluator, &s->out[0], s->boot->low_x, s->boot->bootstrapper) : status;
}

static umbra_status run_pair(bench_scheme *s) {
  const umbra_status status = bench_boot_open(s, &bench_boot_options);
  if (status != UMBRA_OK) return status;
  return umbra_bootstrap_pair(s->evaluator, &s->out[0], &s->out[1], s->boot->low_x, s->boot->low_y,
                              s->boot->bootstrapper);
}

static bench_slot expect_pair(const bench_scheme *s, size_t i, size_t j) {
  return i ? bench_expect_y(s, i, j) : bench_expect_x(s, i, j);
}

static umbra_status body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  return umbra_bootstrap(e, &outs[0], ins[0], user);
}

static umbra_status run_graph(bench_scheme *s) {
  const umbra_status status = bench_boot_open(s, &bench_boot_options);
  if (status != UMBRA_OK) return status;
  const umbra_ciphertext *const in[] = {s->boot->low};
  const umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT,      .body = body, .ins = 1, .outs = 1, .examples = in,
                                   .user = s->boot->bootstrapper};
  return bench_replay(s, &desc);
}

const bench_operation bench_bootstrap[] = {
    {"bootstrap", BENCH_NO_KEYS, run_bootstrap, bench_expect_complex, 1, NULL, BENCH_REFRESHES},
    {"bootstrap_graph", BENCH_NO_KEYS, run_graph, bench_expect_complex, 1, NULL, BENCH_REFRESHES | BENCH_RECORDED},
    {"bootstrap_even_steps", BENCH_NO_KEYS, run_even_steps, bench_expect_complex, 1, NULL,
     BENCH_REFRESHES | BENCH_RECORDED},
    {"bootstrap_pair", BENCH_NO_KEYS, run_pair, expect_pair, 2, NULL, BENCH_REFRESHES},
    {"bootstrap_stc_first", BENCH_NO_KEYS, run_stc_first, bench_expect_x, 1, NULL, BENCH_REFRESHES},
    {"bootstrap_min_key", BENCH_NO_KEYS, run_min_key, bench_expect_complex, 1, NULL, BENCH_REFRESHES},
    {0},
};
