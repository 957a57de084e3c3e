/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/context.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "context_internal.h"
#include "dry.h"
#include "encoder_vector.h"
#include "sim.h"
#include "stand_ins.h"

static umbra_status params_of(umbra_params **params, const umbra_context_desc *desc) {
  if (!desc->params == !desc->preset)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a context needs either params or a preset, not %s",
                      desc->params ? "both" : "neither");
  if (desc->preset) return umbra_params_from_preset(params, desc->preset);
  *params = umbra_params_share(desc->params);
  return UMBRA_OK;
}

static umbra_status unknown_device(const char *device, const char *backend) {
  char names[128] = "";
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    strncat(names, " ", sizeof names - strlen(names) - 1);
    strncat(names, *name, sizeof names - strlen(names) - 1);
  }
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "device \"%s\" (or UMBRA_BACKEND) is unknown or cannot run here (%s); this build has: auto cpu%s",
                    device ? device : "cpu", umbra_kernels_why_not(backend), names);
}

/* The backend that umbra_kernels_get looks for. */
static const char *backend_name(const char *device) {
  if (device && strcmp(device, "cpu") != 0) return device;
  const char *named = getenv("UMBRA_BACKEND");
  return named ? named : "cpu";
}

umbra_status umbra_device_find(const umbra_kernels **kernels, uint32_t *ordinal, const char *device) {
  char name[16] = "";
  const char *colon = device ? strchr(device, ':') : NULL;
  *ordinal = 0;
  *kernels = umbra_dry_kernels(device);
  if (!*kernels) *kernels = umbra_sim_kernels(device);
  if (*kernels) return UMBRA_OK;
  if (colon) {
    char *end;
    if (!isdigit((unsigned char)colon[1]) || (size_t)(colon - device) >= sizeof name)
      return unknown_device(device, device);
    unsigned long number = strtoul(colon + 1, &end, 10);
    memcpy(name, device, (size_t)(colon - device));
    *ordinal = *end || number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
  }
  *kernels = umbra_kernels_get(colon ? name : device);
  if (!*kernels) return unknown_device(device, colon ? name : backend_name(device));
  uint32_t count = (*kernels)->device.count();
  if (*ordinal < count) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "there is no device \"%s\": %s devices here: %u", device, (*kernels)->name,
                    count);
}

static umbra_status open_ring(umbra_context *context, const umbra_params *params, const umbra_context_desc *desc,
                              const char *device) {
  const umbra_kernels *kernels = NULL;
  umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_sim_options, &sim, desc->sim));
  umbra_device_options options = {.threads = desc->threads, .exact = sim.exact, .seed = sim.seed};
  UMBRA_TRY(umbra_device_find(&kernels, &options.ordinal, device));
  if (desc->sim && !kernels->whole)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "sim is given, but the device is not \"sim\"");
  return umbra_ring_create(&context->ring, params, kernels, &options, desc->memory_limit);
}

/* A GPU's if there is one that can do it, else the CPU's, and why. */
static umbra_status choose_ring(umbra_context *context, const umbra_params *params, const umbra_context_desc *desc) {
  if (open_ring(context, params, desc, "cuda") == UMBRA_OK) return UMBRA_OK;
  snprintf(context->fallback, sizeof context->fallback, "%s", umbra_last_error());
  return open_ring(context, params, desc, NULL);
}

static umbra_status fill_context(umbra_context *context, const umbra_params *params, const umbra_context_desc *desc) {
  int choose = desc->device && strcmp(desc->device, "auto") == 0;
  UMBRA_TRY(choose ? choose_ring(context, params, desc) : open_ring(context, params, desc, desc->device));
  UMBRA_TRY(umbra_dry_create(&context->dry, context->ring));
  if (context->dry || umbra_ring_kernels(context->ring)->whole)
    UMBRA_TRY(umbra_stand_ins_create(&context->stand_ins, context->ring));
  context->secrets_on_device = desc->secrets_on_device;
  context->bulk_decode = desc->bulk_decode;
  if (desc->tracer) context->tracer = *desc->tracer;
  if (context->tracer.event || umbra_session_watched(umbra_ring_session(context->ring)))
    context->trace = &context->tracer;
  return umbra_slot_at_create(&context->slot_at, params->chain.log_n);
}

static void destroy_context(void *object) {
  umbra_context *context = object;
  umbra_context_destroy(context->home);
  umbra_dry_destroy(context->dry);
  umbra_stand_ins_destroy(context->stand_ins);
  umbra_ring_destroy(context->ring);
  umbra_free(context->slot_at);
  mtx_destroy(&context->lock);
  umbra_free(context);
}

static umbra_status make_context(umbra_context **out, const umbra_params *params, const umbra_context_desc *desc) {
  umbra_context *context = NULL;
  UMBRA_TRY(umbra_alloc(&context, 1, sizeof *context, "a context"));
  context->counted = UMBRA_COUNTED(destroy_context);
  if (mtx_init(&context->lock, mtx_plain) != thrd_success) {
    umbra_free(context);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot create a lock");
  }
  umbra_status status = fill_context(context, params, desc);
  if (status == UMBRA_OK) UMBRA_PUT(context, out, context);
  else umbra_context_destroy(context);
  return status;
}

umbra_status umbra_context_create(umbra_context **out, const umbra_context_desc *desc) {
  if (!out || !desc)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_create needs an output and a description");
  umbra_context_desc wanted = {UMBRA_CONTEXT_DESC_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_context_desc, &wanted, desc));
  umbra_params *params = NULL;
  UMBRA_TRY(params_of(&params, &wanted));
  umbra_status status = make_context(out, params, &wanted);
  umbra_params_destroy(params);
  return status;
}

umbra_context *umbra_context_share(const umbra_context *context) { return umbra_share(context); }
void umbra_context_destroy(umbra_context *context) { umbra_release(context); }

umbra_status umbra_context_home(const umbra_context **home, const umbra_context *context) {
  *home = context;
  if (context->secrets_on_device || umbra_ring_kernels(context->ring)->host_memory) return UMBRA_OK;
  umbra_context *unlocked = (umbra_context *)context; /* only what the lock guards changes */
  umbra_status status = UMBRA_OK;
  mtx_lock(&unlocked->lock);
  if (!unlocked->home) {
    umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .device = umbra_kernels_cpu()->name,
                               .threads = umbra_ring_threads(context->ring), .tracer = context->trace};
    status = make_context(&unlocked->home, umbra_context_params(context), &desc);
  }
  *home = unlocked->home;
  mtx_unlock(&unlocked->lock);
  return status;
}

const umbra_params *umbra_context_params(const umbra_context *context) { return umbra_ring_params(context->ring); }
const char *umbra_context_fallback(const umbra_context *context) { return context->fallback; }
const char *umbra_context_backend(const umbra_context *context) { return umbra_ring_kernels(context->ring)->name; }
uint64_t umbra_context_memory(const umbra_context *context) { return umbra_ring_memory(context->ring); }

/* ---- for the layer ---- */

umbra_status umbra_stream_close(umbra_stream *stream, const umbra_context *context, umbra_status status) {
  umbra_status waited = status == UMBRA_OK ? umbra_ring_wait(context->ring, stream) : status;
  umbra_ring_stream_close(stream, context->ring);
  return waited;
}

umbra_status umbra_move_to_context(umbra_poly *poly, umbra_context **context, const umbra_context *to) {
  umbra_context *from = *context;
  UMBRA_TRY(umbra_poly_move(poly, from->ring, to->ring));
  *context = umbra_context_share(to);
  umbra_context_destroy(from);
  return UMBRA_OK;
}
