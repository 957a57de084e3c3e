/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <math.h>
#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/checks.h"
#include "../ckks/context_internal.h"
#include "../ckks/disclosure.h"
#include "../linalg/matrix.h"
#include "../params/params.h"
#include "encrypted.h"
#include "network.h"

/* ---- life ---- */

static void destroy(void *object) {
  umbra_inference_plan *plan = object;
  for (size_t i = 0; i < plan->way_count; i++) umbra_way_clear(&plan->ways[i]);
  umbra_free(plan->ways);
  umbra_program_destroy(plan->program);
  umbra_frame_clear(&plan->frame);
  umbra_free(plan);
}

umbra_status umbra_inference_plan_make(umbra_inference_plan **plan) {
  UMBRA_TRY(umbra_alloc(plan, 1, sizeof **plan, "a plan of a network"));
  (*plan)->counted = UMBRA_COUNTED(destroy);
  return UMBRA_OK;
}

umbra_inference_plan *umbra_inference_plan_share(const umbra_inference_plan *plan) { return umbra_share(plan); }
void umbra_inference_plan_destroy(umbra_inference_plan *plan) { umbra_release(plan); }

/* ---- what it is ---- */

umbra_status umbra_inference_plan_check(const umbra_inference_plan *plan, const umbra_context *context,
                                        const char *what) {
  if (memcmp(umbra_context_params(context)->digest, plan->ways->params->digest, UMBRA_DIGEST_BYTES) == 0)
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "the plan was made for other parameters than those of %s", what);
}

umbra_status umbra_inference_plan_check_layers(const umbra_inference_plan *plan) {
  if (plan->program) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "this plan is a client's, which has no weights");
}

umbra_status umbra_inference_plan_check_weights(const umbra_inference_plan *plan) {
  UMBRA_TRY(umbra_inference_plan_check_layers(plan));
  if (!plan->program->bare) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "this plan has no weights: they are encrypted, and not in it");
}

umbra_status umbra_inference_plan_check_stamp(const uint8_t digest[UMBRA_DIGEST_BYTES], const umbra_matrix *matrix,
                                              umbra_matrix_role role) {
  static const char *const words[] = {[UMBRA_MATRIX_OF_NO_PLAN] = "no records or results of any plan",
                                      [UMBRA_MATRIX_RECORDS] = "records",
                                      [UMBRA_MATRIX_RESULTS] = "results",
                                      [UMBRA_MATRIX_SCALED] = "records scaled for a training",
                                      [UMBRA_MATRIX_SCORES] = "scores of a trained model",
                                      [UMBRA_MATRIX_LAYER] = "a layer that was trained",
                                      [UMBRA_MATRIX_LOSS] = "losses of a training"};
  const umbra_matrix_stamp *stamp = &matrix->stamp;
  if (stamp->role != (uint32_t)role)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the matrix has %s, where %s of a plan are wanted: %s", words[stamp->role],
                      words[role],
                      role == UMBRA_MATRIX_RECORDS ? "encrypt records by the network's plan"
                                                   : "decrypt what the network made of records");
  if (memcmp(stamp->plan, digest, UMBRA_DIGEST_BYTES) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "the matrix has %s of another plan: encryption, network and decryption need one plan, of which the "
                    "server has the whole and the client its part",
                    words[role]);
}

void umbra_inference_plan_digest(const umbra_inference_plan *plan, uint8_t digest[UMBRA_DIGEST_BYTES]) {
  memcpy(digest, plan->digest, UMBRA_DIGEST_BYTES);
}

const umbra_params *umbra_inference_plan_params(const umbra_inference_plan *plan) { return plan->ways->params; }

umbra_status umbra_inference_plan_add_needs(const umbra_inference_plan *plan, umbra_key_needs *needs) {
  if (!plan || !needs) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "needs of a plan need a plan and an output");
  return umbra_key_needs_add(needs, plan->ways->needs);
}

umbra_status umbra_inference_plan_report(const umbra_inference_plan *plan, umbra_inference_report *report) {
  if (!plan || !report) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a report needs a plan and an output");
  return UMBRA_GIVE(umbra_inference_report, report, &plan->ways->report);
}

umbra_status umbra_inference_plan_record_range(const umbra_inference_plan *plan, double interval[2], size_t element) {
  if (!plan || !interval || element >= plan->frame.count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a range needs a plan, room for two numbers and an element of its");
  interval[0] = plan->frame.range[element].lowest;
  interval[1] = plan->frame.range[element].highest;
  return UMBRA_OK;
}

umbra_status umbra_inference_plan_result_range(const umbra_inference_plan *plan, double interval[2]) {
  if (!plan || !interval)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a range needs a plan and room for two numbers");
  const double half = fabs(plan->frame.result_scale);
  interval[0] = plan->frame.result_shift - half;
  interval[1] = plan->frame.result_shift + half;
  return UMBRA_OK;
}

/* Without what a dry run finds, and without levels, which are of the program. */
static umbra_way outline_of(const umbra_way *way) {
  return (umbra_way){.params = umbra_params_share(way->params),
                     .layout = way->layout,
                     .image = way->image,
                     .encode = way->encode,
                     .ahead = way->ahead,
                     .refresh = way->refresh,
                     .target = way->target,
                     .weights = way->weights,
                     .weight_bound = way->weight_bound};
}

/* *way: cleared by the caller, also if it fails. */
static umbra_status measure(umbra_way *way, const umbra_inference_plan *plan, umbra_cost *cost,
                            umbra_inference_layer *layers, const char *machine) {
  const umbra_way *from = plan->ways;
  *way = outline_of(from);
  way->report.records = from->report.records;
  UMBRA_TRY(umbra_copy_bytes(&way->levels, from->levels, plan->program->step_count, sizeof *way->levels));
  return umbra_way_measure(way, cost, layers, plan->program, machine);
}

umbra_status umbra_plan_measure(const umbra_inference_plan *plan, umbra_cost *cost, umbra_inference_layer *layers,
                                const char *machine) {
  umbra_way way;
  const umbra_status status = measure(&way, plan, cost, layers, machine);
  umbra_way_clear(&way);
  return status;
}

umbra_status umbra_inference_plan_disclosure(const umbra_inference_plan *plan, umbra_disclosure *disclosure,
                                             const umbra_disclosure_options *options) {
  umbra_disclosure_options o;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_cost cost;
  umbra_way way;
  if (!plan || !disclosure)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inference_plan_disclosure needs a plan and a disclosure");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  UMBRA_TRY(umbra_inference_plan_check_layers(plan));
  umbra_status status = measure(&way, plan, &cost, NULL, NULL);
  way.report.error = plan->ways->report.error;
  if (status == UMBRA_OK) status = umbra_way_disclosure(&way, &told, fabs(plan->frame.result_scale), &o);
  umbra_way_clear(&way);
  return status == UMBRA_OK ? UMBRA_GIVE(umbra_disclosure, disclosure, &told) : status;
}

umbra_status umbra_inference_plan_cost(const umbra_inference_plan *plan, umbra_cost *cost, const char *machine) {
  umbra_cost found;
  if (!plan || !cost) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a cost needs a plan and an output");
  UMBRA_TRY(umbra_inference_plan_check_layers(plan));
  UMBRA_TRY(umbra_plan_measure(plan, &found, NULL, machine));
  return UMBRA_GIVE(umbra_cost, cost, &found);
}

/* Without levels. */
static umbra_status copy_way(umbra_way *copy, const umbra_way *way) {
  *copy = outline_of(way);
  copy->report = way->report;
  UMBRA_TRY(umbra_key_needs_create(&copy->needs, way->params));
  return umbra_key_needs_add(copy->needs, way->needs);
}

/* What a server needs that has encrypted weights. */
static umbra_status copy_layers(umbra_inference_plan *copy, const umbra_inference_plan *plan) {
  if (plan->ways->weights != UMBRA_WEIGHTS_ENCRYPTED) return UMBRA_OK;
  UMBRA_TRY(umbra_program_strip(&copy->program, plan->program));
  return umbra_copy_bytes(&copy->ways->levels, plan->ways->levels, plan->program->step_count,
                          sizeof *copy->ways->levels);
}

static umbra_status fill_client(umbra_inference_plan *client, const umbra_inference_plan *plan) {
  UMBRA_TRY(umbra_alloc(&client->ways, 1, sizeof *client->ways, "a plan of a network"));
  client->way_count = 1;
  memcpy(client->steps_digest, plan->steps_digest, sizeof client->steps_digest);
  memcpy(client->digest, plan->digest, sizeof client->digest);
  UMBRA_TRY(copy_way(client->ways, plan->ways));
  UMBRA_TRY(copy_layers(client, plan));
  return umbra_frame_copy(&client->frame, &plan->frame);
}

umbra_status umbra_inference_plan_client(const umbra_inference_plan *plan, umbra_inference_plan **client) {
  umbra_inference_plan *made = NULL;
  if (!plan || !client) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a client's plan needs a plan and an output");
  UMBRA_TRY(umbra_inference_plan_make(&made));
  const umbra_status status = fill_client(made, plan);
  if (status == UMBRA_OK) UMBRA_PUT(inference_plan, client, made);
  else umbra_inference_plan_destroy(made);
  return status;
}

/* ---- networks ---- */

static umbra_status create(umbra_inference **network, const umbra_context *context, const umbra_inference_plan *plan,
                           const umbra_inference_weights *weights, const umbra_progress *progress) {
  umbra_inference *made = NULL;
  umbra_watch watch = umbra_watch_of(progress);
  const umbra_status status =
      umbra_watch_close(&watch, umbra_network_make_with(&made, context, plan->program, plan->ways, weights, &watch));
  if (status == UMBRA_OK) {
    made->stamped = !context->stand_ins; /* without records there are no stamps */
    memcpy(made->plan, plan->digest, sizeof made->plan);
    UMBRA_PUT(inference, network, made);
  } else {
    umbra_inference_destroy(made);
  }
  return status;
}

umbra_status umbra_inference_create(umbra_inference **network, const umbra_context *context,
                                    const umbra_inference_plan *plan, const umbra_progress *progress) {
  if (!network || !context || !plan)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a network needs an output, a context and a plan");
  UMBRA_TRY(umbra_inference_plan_check(plan, context, "the context"));
  UMBRA_TRY(umbra_inference_plan_check_layers(plan));
  if (plan->ways->weights == UMBRA_WEIGHTS_ENCRYPTED)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the plan is for encrypted weights: umbra_inference_create_encrypted takes them");
  return create(network, context, plan, NULL, progress);
}

umbra_status umbra_inference_create_encrypted(umbra_inference **network, const umbra_context *context,
                                              const umbra_inference_plan *plan, const umbra_inference_weights *weights,
                                              const umbra_progress *progress) {
  if (!network || !context || !plan || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a network with encrypted weights needs an output, a context, a plan and the weights");
  UMBRA_TRY(umbra_inference_plan_check(plan, context, "the context"));
  if (plan->ways->weights != UMBRA_WEIGHTS_ENCRYPTED)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the plan is for plain weights: umbra_inference_create has them");
  UMBRA_TRY(umbra_check_context(context, weights->context, "the encrypted weights"));
  UMBRA_TRY(umbra_encrypted_check(weights, plan));
  return create(network, context, plan, weights, progress);
}
