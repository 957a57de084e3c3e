/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A circuit keeps private inputs and outputs, on which its recording works. The memory that the body uses on the way
 * stays in the recording's arena, so nobody else can be given it.
 */
#include <umbra/circuit.h>

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../device/record.h"
#include "../ring/ops.h"
#include "calls.h"
#include "noise.h"
#include "trace.h"

struct umbra_circuit {
  umbra_evaluator *evaluator; /* a share */
  umbra_eval_keys *keys;      /* a share of those that the evaluator had when it was made, or NULL */
  void *refresher;            /* a share of what the evaluator refreshed with when it was recorded, or NULL */
  umbra_circuit_body body;
  void *user;
  int strict; /* as the evaluator was when it was made: a recording checks no ranges */
  size_t ins, outs;
  umbra_ciphertext **in, **out; /* private; out: only if recorded */
  umbra_arena *arena;
  umbra_graph *graph; /* NULL: a run calls the body */
};

static umbra_session *session_of(const umbra_circuit *circuit) {
  return umbra_ring_session(circuit->evaluator->context->ring);
}

/* Each once, should a body have given one for several outputs. */
static void destroy_all(umbra_ciphertext **ciphertext, size_t count) {
  for (size_t i = 0; ciphertext && i < count; i++) {
    umbra_ciphertext *one = ciphertext[i];
    for (size_t k = i; k < count; k++)
      if (ciphertext[k] == one) ciphertext[k] = NULL;
    umbra_ciphertext_destroy(one);
  }
}

/* ---- making ---- */

static umbra_status check_made(umbra_ciphertext *const *outs, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!outs[i]) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the circuit's function made no output %zu", i);
  return umbra_check_outputs(outs, count);
}

/* Calls the body and checks that it made its outputs, all different; makes none if it fails. */
static umbra_status call_body(const umbra_circuit *circuit, umbra_ciphertext **outs,
                              const umbra_ciphertext *const *ins) {
  memset(outs, 0, circuit->outs * sizeof *outs);
  umbra_status status = circuit->body(circuit->evaluator, outs, ins, circuit->user);
  if (status == UMBRA_OK && circuit->evaluator->keys != circuit->keys)
    status = umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the circuit's function exchanged the evaluator's keys");
  if (status == UMBRA_OK) status = check_made(outs, circuit->outs);
  if (status != UMBRA_OK) destroy_all(outs, circuit->outs);
  return status;
}

/* Records the body. The call before makes plans, memory and the body's errors come when nothing is recorded yet. */
static umbra_status record_body(umbra_circuit *circuit) {
  umbra_session *session = session_of(circuit);
  umbra_stream *stream = circuit->evaluator->stream;
  const umbra_ciphertext *const *ins = (const umbra_ciphertext *const *)circuit->in;
  UMBRA_TRY(call_body(circuit, circuit->out, ins));
  destroy_all(circuit->out, circuit->outs);
  UMBRA_TRY(umbra_record_begin(session, stream));
  umbra_status status = call_body(circuit, circuit->out, ins);
  status = umbra_check_whole(circuit->evaluator, status);
  if (status == UMBRA_OK) return umbra_record_end(session, stream, &circuit->graph);
  umbra_record_drop(session, stream);
  return status;
}

static umbra_status make_recording(umbra_circuit *circuit) {
  UMBRA_TRY(umbra_arena_begin(&circuit->arena, session_of(circuit)));
  umbra_status status = record_body(circuit);
  umbra_arena_end(session_of(circuit));
  return status;
}

static umbra_status fill_circuit(umbra_circuit *circuit, const umbra_circuit_desc *desc) {
  UMBRA_TRY(umbra_alloc(&circuit->in, circuit->ins, sizeof *circuit->in, "a circuit"));
  UMBRA_TRY(umbra_alloc(&circuit->out, circuit->outs, sizeof *circuit->out, "a circuit"));
  for (size_t i = 0; i < circuit->ins; i++) {
    UMBRA_TRY(umbra_ciphertext_copy(&circuit->in[i], desc->examples[i]));
    circuit->in[i]->declared = (umbra_declared){0}; /* that was of the example's own values */
  }
  return umbra_session_can_record(session_of(circuit)) ? make_recording(circuit) : UMBRA_OK;
}

static umbra_status check_desc(const umbra_evaluator *evaluator, const umbra_circuit_desc *desc) {
  if (!desc->body || !desc->ins || !desc->outs || !desc->examples)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a circuit needs a function, at least one input with its example, and at least one output");
  umbra_ciphertext *none = NULL;
  for (size_t i = 0; i < desc->ins; i++)
    UMBRA_TRY(umbra_check_operands(evaluator, &none, desc->examples[0], desc->examples[i]));
  return UMBRA_OK;
}

umbra_status umbra_circuit_create(umbra_circuit **out, umbra_evaluator *evaluator, const umbra_circuit_desc *desc) {
  UMBRA_TRACE_IF(evaluator && evaluator->context->trace, evaluator->context, evaluator, "circuit_create", 0);
  if (!out || !evaluator || !desc)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_circuit_create needs an output, an evaluator and a description");
  umbra_circuit_desc wanted = {UMBRA_CIRCUIT_DESC_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_circuit_desc, &wanted, desc));
  UMBRA_TRY(check_desc(evaluator, &wanted));
  umbra_circuit *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a circuit"));
  *made = (umbra_circuit){.evaluator = umbra_share(evaluator),
                          .keys = umbra_eval_keys_share(evaluator->keys),
                          .refresher = umbra_share(evaluator->refresher.with),
                          .body = wanted.body,
                          .user = wanted.user,
                          .strict = evaluator->strict,
                          .ins = wanted.ins,
                          .outs = wanted.outs};
  umbra_status status = fill_circuit(made, &wanted);
  if (status == UMBRA_OK) UMBRA_PUT(circuit, out, made);
  else umbra_circuit_destroy(made);
  return status;
}

void umbra_circuit_destroy(umbra_circuit *circuit) {
  if (!circuit) return;
  umbra_session *session = session_of(circuit);
  umbra_graph_destroy(session, circuit->graph);
  destroy_all(circuit->in, circuit->ins);
  destroy_all(circuit->out, circuit->outs);
  umbra_arena_destroy(circuit->arena, session);
  umbra_free(circuit->in);
  umbra_free(circuit->out);
  umbra_release(circuit->refresher);
  umbra_eval_keys_destroy(circuit->keys);
  umbra_evaluator_destroy(circuit->evaluator);
  umbra_free(circuit);
}

int umbra_circuit_is_recorded(const umbra_circuit *circuit) { return circuit->graph != NULL; }

/* ---- running ---- */

static umbra_status check_input(const umbra_circuit *circuit, const umbra_ciphertext *in, size_t i) {
  const umbra_ciphertext *example = circuit->in[i];
  umbra_ciphertext *none = NULL;
  if (!in) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "input %zu of the circuit is NULL", i);
  UMBRA_TRY(umbra_check_operands(circuit->evaluator, &none, in, example));
  if (in->level != example->level || in->slots != example->slots)
    return umbra_fail(UMBRA_ERROR_MISMATCH,
                      "input %zu is at level %u with %u slots; the circuit was made for level %u and %u slots", i,
                      in->level, in->slots, example->level, example->slots);
  const umbra_bound *given = &in->estimate.bound, *most = &example->estimate.bound;
  if (given->magnitude > most->magnitude || given->error > most->error)
    return umbra_fail(UMBRA_ERROR_MISMATCH,
                      "input %zu may hold larger values or errors (%g, %g) than its example (%g, %g): make the circuit "
                      "with the largest",
                      i, given->magnitude, given->error, most->magnitude, most->error);
  return UMBRA_OK;
}

static umbra_status check_run(const umbra_circuit *circuit, umbra_ciphertext *const *outs,
                              const umbra_ciphertext *const *ins) {
  if (!circuit || !ins) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the circuit and its inputs may not be NULL");
  if (circuit->evaluator->keys != circuit->keys)
    return umbra_fail(UMBRA_ERROR_MISMATCH,
                      "the circuit belongs to the keys with which it was made, and its evaluator has others now: give "
                      "those back with umbra_evaluator_use_keys, or make a circuit for these");
  if (circuit->evaluator->strict && !circuit->strict)
    return umbra_fail(UMBRA_ERROR_MISMATCH,
                      "the circuit was made before its evaluator was strict, so nothing looked at the ranges inside: "
                      "make it again");
  for (size_t i = 0; i < circuit->ins; i++) UMBRA_TRY(check_input(circuit, ins[i], i));
  return umbra_check_outputs(outs, circuit->outs);
}

/* to's words become from's; both have the same level. */
static void copy_words(const umbra_circuit *circuit, const umbra_ciphertext *to, const umbra_ciphertext *from) {
  umbra_ring *ring = circuit->evaluator->context->ring;
  umbra_view dst = umbra_poly_view(&to->poly, ring), src = umbra_poly_view(&from->poly, ring);
  umbra_ring_copy(ring, circuit->evaluator->stream, &dst, &src);
}

/* Whether input i is worse, in the worst case, than its example, for which the outputs' worst case is. */
static int is_worse(const umbra_ciphertext *in, const umbra_ciphertext *example) {
  const umbra_bound *given = &in->estimate.worst, *most = &example->estimate.worst;
  return given->magnitude > most->magnitude || given->error > most->error;
}

/* What is known of every output beside what is known of those of the examples: doubts, and a worst case that is unknown. */
static umbra_estimate known_of(const umbra_circuit *circuit, const umbra_ciphertext *const *ins) {
  umbra_estimate more = {0};
  for (size_t i = 0; i < circuit->ins; i++) {
    more.doubts |= ins[i]->estimate.doubts;
    if (is_worse(ins[i], circuit->in[i])) more.worst = umbra_bound_unknown;
  }
  return more;
}

/* New ciphertexts like the private outputs. */
static umbra_status make_outputs(const umbra_circuit *circuit, umbra_ciphertext **made,
                                 const umbra_ciphertext *const *ins) {
  const umbra_estimate more = known_of(circuit, ins);
  for (size_t i = 0; i < circuit->outs; i++) {
    const umbra_ciphertext *like = circuit->out[i];
    UMBRA_TRY(umbra_result_make(&made[i], circuit->evaluator, like, like->level, like->slots));
    made[i]->estimate = umbra_noise_add(like->estimate, more);
    made[i]->declared = like->declared;
  }
  return UMBRA_OK;
}

static umbra_status replay(const umbra_circuit *circuit, umbra_ciphertext **made, const umbra_ciphertext *const *ins) {
  UMBRA_TRY(make_outputs(circuit, made, ins));
  for (size_t i = 0; i < circuit->ins; i++) copy_words(circuit, circuit->in[i], ins[i]);
  umbra_graph_replay(session_of(circuit), circuit->evaluator->stream, circuit->graph);
  for (size_t i = 0; i < circuit->outs; i++) copy_words(circuit, made[i], circuit->out[i]);
  return UMBRA_OK;
}

umbra_status umbra_circuit_run(umbra_circuit *circuit, umbra_ciphertext **outs, const umbra_ciphertext *const *ins) {
  UMBRA_TRACE(circuit ? circuit->evaluator : NULL, "circuit", ins ? ins[0] : NULL);
  UMBRA_TRY(check_run(circuit, outs, ins));
  umbra_ciphertext **made;
  UMBRA_TRY(umbra_alloc(&made, circuit->outs, sizeof *made, "a circuit's outputs"));
  umbra_watch *watch = &circuit->evaluator->watch;
  const umbra_watch_part part = umbra_watch_enter(watch, 0, UINT64_MAX); /* how far the function is, nobody knows */
  umbra_status status = (circuit->graph ? replay : call_body)(circuit, made, ins);
  umbra_watch_leave(watch, part);
  return umbra_results_finish(circuit->evaluator, outs, made, circuit->outs, status);
}
