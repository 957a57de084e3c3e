/* SPDX-License-Identifier: Apache-2.0 */
/* Plans layer by layer. */
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "plan.h"

static umbra_inference_layer describe(const umbra_step *step, const umbra_place_choice *at) {
  return (umbra_inference_layer){UMBRA_INFERENCE_LAYER_INIT,
                                 .what = umbra_step_kind_name(step->kind),
                                 .elements = step->count,
                                 .node = step->node,
                                 .degree = step->kind == UMBRA_STEP_CHEBYSHEV ? step->degree : 0,
                                 .level = at->level};
}

/* That all of them can be given. */
static umbra_status check_layers(const umbra_inference_layer *layers, size_t count) {
  umbra_inference_layer any;
  for (size_t i = 0; i < count; i++) UMBRA_TRY(UMBRA_TAKE_ELEMENT(umbra_inference_layer, &any, layers, i));
  return UMBRA_OK;
}

static umbra_status give_layers(umbra_inference_layer *layers, const umbra_inference_plan *plan, const char *machine) {
  const size_t count = plan->program->step_count;
  umbra_inference_layer *found;
  umbra_cost cost;
  UMBRA_TRY(umbra_alloc(&found, count, sizeof *found, "layers of a plan"));
  umbra_status status = check_layers(layers, count);
  for (size_t i = 0; i < count; i++) found[i] = describe(&plan->program->steps[i], &plan->ways->levels[i]);
  if (status == UMBRA_OK) status = umbra_plan_measure(plan, &cost, found, machine);
  for (size_t i = 0; i < count && status == UMBRA_OK; i++)
    status = UMBRA_GIVE_ELEMENT(umbra_inference_layer, layers, i, &found[i]);
  umbra_free(found);
  return status;
}

umbra_status umbra_inference_plan_layers(const umbra_inference_plan *plan, umbra_inference_layer *layers, size_t *count,
                                         const char *machine) {
  if (!plan || !count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "layers of a plan need a plan and the number of them");
  UMBRA_TRY(umbra_inference_plan_check_layers(plan));
  const size_t given = *count;
  *count = plan->program->step_count;
  if (!layers) return UMBRA_OK;
  if (given < *count)
    return umbra_fail(UMBRA_ERROR_RANGE, "there is room for %zu layers, and the plan has %zu", given, *count);
  return give_layers(layers, plan, machine);
}
