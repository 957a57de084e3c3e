/* SPDX-License-Identifier: Apache-2.0 */
#include "dry.h"

#include <string.h>

#include "../../kernels/dry/dry.h"
#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "checks.h"
#include "dry_internal.h"
#include "noise.h"

/* ---- being one ---- */

const umbra_kernels *umbra_dry_kernels(const char *device) {
  return device && strcmp(device, umbra_kernels_dry.name) == 0 ? &umbra_kernels_dry : NULL;
}

static umbra_status create(umbra_dry **dry) {
  umbra_dry *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a dry device"));
  *made = (umbra_dry){.lowest_level = UMBRA_TOP_LEVEL};
  if (mtx_init(&made->lock, mtx_plain) == thrd_success) {
    *dry = made;
    return UMBRA_OK;
  }
  umbra_free(made);
  return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot create a lock");
}

umbra_status umbra_dry_create(umbra_dry **dry, const umbra_ring *ring) {
  return umbra_ring_kernels(ring) == &umbra_kernels_dry ? create(dry) : UMBRA_OK;
}

void umbra_dry_destroy(umbra_dry *dry) {
  if (!dry) return;
  mtx_destroy(&dry->lock);
  umbra_free(dry);
}

umbra_status umbra_check_dry(const umbra_context *context) {
  if (!context) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "context is NULL");
  return umbra_check_device(context, context->dry != NULL, "\"dry\"");
}

/* ---- inputs ---- */

/* What is known of them is found once. */
umbra_status umbra_dry_ciphertexts(umbra_ciphertext **made, size_t count, const umbra_context *context, uint32_t level,
                                   uint32_t slots, double bound) {
  UMBRA_TRY(umbra_check_dry(context));
  UMBRA_TRY(umbra_check_level(&level, context, level));
  UMBRA_TRY(umbra_check_slots(&slots, context, slots));
  if (!umbra_is_bound(bound))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bound is %g: it must be finite and not negative", bound);
  const umbra_estimate estimate = umbra_noise_fresh(umbra_noise_encode(bound, umbra_context_chain(context), level),
                                                    umbra_context_params(context), level);
  for (size_t i = 0; i < count; i++) {
    UMBRA_TRY(umbra_ciphertext_make(&made[i], context, level));
    made[i]->slots = slots;
    made[i]->estimate = estimate;
    made[i]->declared = umbra_declared_by_owner();
  }
  return UMBRA_OK;
}

umbra_status umbra_dry_ciphertext(umbra_ciphertext **ciphertext, const umbra_context *context, uint32_t level,
                                  uint32_t slots, double bound) {
  umbra_ciphertext *made = NULL;
  if (!ciphertext) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_dry_ciphertext needs an output");
  UMBRA_TRY(umbra_dry_ciphertexts(&made, 1, context, level, slots, bound));
  UMBRA_PUT(ciphertext, ciphertext, made);
  return UMBRA_OK;
}

/* ---- calls and memory ---- */

umbra_status umbra_dry_open(umbra_context **context, const umbra_params *params, umbra_target target) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = umbra_kernels_dry.name};
  UMBRA_TRY(umbra_context_create(context, &desc));
  if (target == UMBRA_TARGET_CPU) umbra_dry_be_processor(umbra_ring_device((*context)->ring), 0);
  return UMBRA_OK;
}

void umbra_dry_take_as_cpu(const umbra_context *context) {
  umbra_dry_be_processor(umbra_ring_device(context->ring), UMBRA_PLANNED_THREADS);
}

/* ---- levels ---- */

void umbra_dry_note_level(const umbra_context *context, uint32_t level) {
  umbra_dry *dry = context->dry;
  if (!dry) return;
  mtx_lock(&dry->lock);
  if (level < dry->lowest_level) dry->lowest_level = level;
  mtx_unlock(&dry->lock);
}
