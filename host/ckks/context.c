/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/context.h>

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "encoder.h"
#include "objects.h"

static umbra_status params_of(umbra_params **params, const umbra_context_desc *desc) {
  if (!desc->params == !desc->preset)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a context needs either params or a preset, not %s",
                      desc->params ? "both" : "neither");
  if (desc->preset) return umbra_params_from_preset(params, desc->preset);
  *params = umbra_params_share(desc->params);
  return UMBRA_OK;
}

static umbra_status backend_of(const umbra_kernels **kernels, const char *device) {
  *kernels = umbra_kernels_get(device);
  if (*kernels) return UMBRA_OK;
  char names[128] = "";
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    strncat(names, " ", sizeof names - strlen(names) - 1);
    strncat(names, *name, sizeof names - strlen(names) - 1);
  }
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "device \"%s\" (or UMBRA_BACKEND) is unknown or cannot run here; usable: cpu%s",
                    device ? device : "cpu", names);
}

static umbra_status fill_context(umbra_context *context, const umbra_params *params, const umbra_context_desc *desc) {
  const umbra_kernels *kernels;
  UMBRA_TRY(backend_of(&kernels, desc->device));
  UMBRA_TRY(umbra_ring_create(&context->ring, params, kernels, desc->threads, desc->memory_limit));
  return umbra_slot_index_create(&context->slot_index, params->chain.log_n);
}

umbra_status umbra_context_create(umbra_context **out, const umbra_context_desc *desc) {
  if (!out || !desc || desc->struct_size != sizeof *desc)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_context_create needs an output and a description with UMBRA_CONTEXT_DESC_INIT");
  umbra_params *params;
  UMBRA_TRY(params_of(&params, desc));
  umbra_context *context;
  umbra_status status = umbra_alloc(&context, 1, sizeof *context, "a context");
  if (status == UMBRA_OK) {
    status = fill_context(context, params, desc);
    if (status == UMBRA_OK) *out = context;
    else umbra_context_destroy(context);
  }
  umbra_params_destroy(params);
  return status;
}

void umbra_context_destroy(umbra_context *context) {
  if (!context) return;
  umbra_ring_destroy(context->ring);
  umbra_free(context->slot_index);
  umbra_free(context);
}

const umbra_params *umbra_context_params(const umbra_context *context) { return umbra_ring_params(context->ring); }
const char *umbra_context_backend(const umbra_context *context) { return umbra_ring_kernels(context->ring)->name; }
uint64_t umbra_context_memory(const umbra_context *context) { return umbra_ring_memory(context->ring); }
