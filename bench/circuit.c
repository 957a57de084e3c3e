/* SPDX-License-Identifier: Apache-2.0 */
/* The same operations recorded once and replayed: inputs copied in, outputs copied out, everything else one graph. */
#include "scheme_rig.h"

umbra_status bench_replay(bench_scheme *s, const umbra_circuit_desc *desc) {
  const umbra_status status = s->circuit ? UMBRA_OK : umbra_circuit_create(&s->circuit, s->evaluator, desc);
  return status == UMBRA_OK ? umbra_circuit_run(s->circuit, s->out, desc->examples) : status;
}

/* Runs a circuit of a and b. */
static umbra_status replay(bench_scheme *s, umbra_circuit_body body, size_t ins, size_t outs) {
  const umbra_ciphertext *const in[] = {s->a, s->b};
  const umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .ins = ins, .outs = outs, .examples = in};
  return bench_replay(s, &desc);
}

static umbra_status mul(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  return umbra_mul(e, &outs[0], ins[0], ins[1]);
}

static umbra_status rotate(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                           void *user) {
  (void)user;
  return umbra_rotate(e, &outs[0], ins[0], bench_steps(0));
}

static umbra_status rotate_many(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                                void *user) {
  (void)user;
  int32_t steps[BENCH_MANY];
  for (size_t i = 0; i < BENCH_MANY; i++) steps[i] = bench_steps(i);
  return umbra_rotate_many(e, outs, ins[0], steps, BENCH_MANY);
}

static umbra_status run_mul(bench_scheme *s) { return replay(s, mul, 2, 1); }
static umbra_status run_rotate(bench_scheme *s) { return replay(s, rotate, 1, 1); }
static umbra_status run_rotate_hoisted(bench_scheme *s) { return replay(s, rotate_many, 1, BENCH_MANY); }

const bench_operation bench_circuits[] = {
    {"mul_relin_rescale_graph", BENCH_RELINEARIZE, run_mul, bench_expect_product, 1, NULL, BENCH_RECORDED},
    {"rotate_graph", BENCH_ROTATE, run_rotate, bench_expect_rotated, 1, NULL, BENCH_RECORDED},
    {"rotate_hoisted_8_graph", BENCH_ROTATE, run_rotate_hoisted, bench_expect_rotated, BENCH_MANY, NULL,
     BENCH_RECORDED},
    {0},
};
