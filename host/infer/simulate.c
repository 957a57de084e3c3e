/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"
#include "plan.h"
#include "records.h"

typedef struct simulation {
  umbra_context *context;
  umbra_evaluator *evaluator;
  umbra_inference *network;
  umbra_matrix *values;
} simulation;

static umbra_status simulate(simulation *s, const umbra_way *way, const umbra_program *program,
                             const umbra_frame *frame, const umbra_ndarray *records, const umbra_sim_options *sim,
                             const umbra_progress *progress) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = way->params, .device = "sim", .sim = sim};
  size_t clipped;
  umbra_way at_use = *way; /* what real runs encode ahead of use would be used once, and take memory */
  at_use.ahead = 0;
  UMBRA_TRY(umbra_context_create(&s->context, &desc));
  UMBRA_TRY(umbra_evaluator_create(&s->evaluator, s->context, NULL));
  UMBRA_TRY(umbra_network_make(&s->network, s->context, program, &at_use, NULL));
  const umbra_encryptor by = {.context = s->context};
  UMBRA_TRY(umbra_records_encrypt(&s->values, &clipped, frame, way, by, records, NULL));
  umbra_evaluator_watch(s->evaluator, progress);
  return umbra_inference_run(s->evaluator, &s->values, s->values, s->network);
}

umbra_status umbra_way_simulate(double *values, const umbra_way *way, const umbra_program *program,
                                const umbra_frame *frame, const umbra_ndarray *records, const umbra_sim_options *sim,
                                const umbra_progress *progress) {
  simulation s = {0};
  umbra_status status = simulate(&s, way, program, frame, records, sim, progress);
  if (status == UMBRA_OK) status = umbra_sim_matrix_decode(values, s.values);
  if (status == UMBRA_OK) umbra_results_restore(values, records->shape[0] * frame->result_count, frame);
  umbra_matrix_destroy(s.values);
  umbra_inference_destroy(s.network);
  umbra_evaluator_destroy(s.evaluator);
  umbra_context_destroy(s.context);
  return status;
}

umbra_status umbra_inference_simulate(umbra_ndarray *values, const umbra_inference_plan *plan,
                                      const umbra_ndarray *records, const umbra_sim_options *sim,
                                      const umbra_progress *progress) {
  if (!values || !plan || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inference_simulate needs an output, a plan and records");
  UMBRA_TRY(umbra_inference_plan_check_weights(plan));
  UMBRA_TRY(umbra_records_check(&plan->frame, records));
  umbra_ndarray made = {.rank = 2, .shape = {records->shape[0], plan->frame.result_count}};
  UMBRA_TRY(umbra_alloc(&made.values, umbra_ndarray_count(&made), sizeof *made.values, "results"));
  const umbra_status status =
      umbra_way_simulate(made.values, plan->ways, plan->program, &plan->frame, records, sim, progress);
  if (status != UMBRA_OK) {
    umbra_ndarray_clear(&made);
    return status;
  }
  umbra_ndarray_clear(values);
  *values = made;
  return UMBRA_OK;
}
