/* SPDX-License-Identifier: Apache-2.0 */
/* What will be left of a training's model when it is shown: see umbra/disclosure.h. */
#include "../base/error.h"
#include "../base/integers.h"
#include "../ckks/disclosure.h"
#include "../linalg/matrix.h"
#include "../nn/logistic.h"
#include "plan.h"

static umbra_status read_logistic(umbra_plan_outcome *found, const umbra_trainer *trainer) {
  umbra_logistic *model = NULL;
  umbra_range range = {UMBRA_RANGE_INIT};
  UMBRA_TRY(umbra_trainer_logistic(trainer, &model));
  const umbra_status status = umbra_logistic_range(model, &range);
  const uint32_t slots = (uint32_t)umbra_power_above(model->features + 1);
  *found = (umbra_plan_outcome){range, umbra_ciphertext_level(model->weights), slots, 1};
  umbra_logistic_destroy(model);
  return status;
}

/* The only layer. */
static umbra_status read_layer(umbra_plan_outcome *found, const umbra_trainer *trainer) {
  umbra_matrix *layer = NULL;
  umbra_range range = {UMBRA_RANGE_INIT};
  UMBRA_TRY(umbra_trainer_layer(trainer, &layer, 0));
  const umbra_status status = umbra_matrix_range(layer, &range);
  *found = (umbra_plan_outcome){range, umbra_ciphertext_level(layer->part[0]), layer->part[0]->slots, layer->parts};
  umbra_matrix_destroy(layer);
  return status;
}

static umbra_status read_model(umbra_plan_outcome *found, const umbra_train_plan *plan, const umbra_trainer *trainer) {
  return umbra_train_is_network(plan->options.kind) ? read_layer(found, trainer) : read_logistic(found, trainer);
}

static umbra_status train_dry(umbra_plan_outcome *found, const umbra_train_plan *plan, const umbra_context *context) {
  umbra_trainer *trainer = NULL;
  const umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = context};
  UMBRA_TRY(umbra_trainer_create(&trainer, &desc, NULL));
  umbra_status status = umbra_trainer_run(trainer, NULL, NULL);
  if (status == UMBRA_OK) status = read_model(found, plan, trainer);
  umbra_trainer_destroy(trainer);
  return status;
}

umbra_status umbra_plan_find_outcome(umbra_plan_outcome *found, const umbra_train_plan *plan) {
  umbra_context *context = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = plan->params, .device = "dry"};
  UMBRA_TRY(umbra_context_create(&context, &desc));
  const umbra_status status = train_dry(found, plan, context);
  umbra_context_destroy(context);
  return status;
}

umbra_status umbra_train_plan_disclosure(const umbra_train_plan *plan, umbra_disclosure *disclosure,
                                         const umbra_disclosure_options *options) {
  umbra_disclosure_options o;
  umbra_plan_outcome found;
  if (!plan || !disclosure)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_disclosure needs a plan and a disclosure");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  if (plan->options.hidden[0])
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "releases are planned for linear models, and there are hidden layers");
  UMBRA_TRY(umbra_plan_find_outcome(&found, plan));
  if (o.error_bound == 0) o.error_bound = found.range.error_bound;
  if (o.magnitude == 0) o.magnitude = found.range.magnitude;
  UMBRA_TRY(umbra_disclosure_predict(disclosure, plan->params, found.level, found.slots, &o));
  disclosure->ciphertexts = found.ciphertexts;
  return UMBRA_OK;
}
