/* SPDX-License-Identifier: Apache-2.0 */
#include "dry.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../kernels/dry/dry.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../plan/cost_table.h"
#include "checks.h"
#include "noise.h"

/* Stands in for a key that nobody has. */
typedef struct stand_in {
  umbra_eval_key key; /* for all levels, so one for each purpose */
  struct stand_in *next;
} stand_in;

struct umbra_dry {
  const umbra_ring *ring; /* of the context that holds this */
  mtx_t lock;             /* of what follows */
  umbra_key_needs *needs;
  uint32_t lowest_level;
  stand_in *keys; /* never changed nor moved: computations hold pointers to them */
};

/* ---- being one ---- */

const umbra_kernels *umbra_dry_kernels(const char *device) {
  return device && strcmp(device, umbra_kernels_dry.name) == 0 ? &umbra_kernels_dry : NULL;
}

static umbra_status create(umbra_dry **dry, const umbra_ring *ring) {
  umbra_dry *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a dry device"));
  *made = (umbra_dry){.ring = ring, .lowest_level = UMBRA_TOP_LEVEL};
  if (mtx_init(&made->lock, mtx_plain) != thrd_success) {
    umbra_free(made);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot create a lock");
  }
  umbra_status status = umbra_key_needs_create(&made->needs, umbra_ring_params(ring));
  if (status == UMBRA_OK) *dry = made;
  else umbra_dry_destroy(made);
  return status;
}

umbra_status umbra_dry_create(umbra_dry **dry, const umbra_ring *ring) {
  return umbra_ring_kernels(ring) == &umbra_kernels_dry ? create(dry, ring) : UMBRA_OK;
}

void umbra_dry_destroy(umbra_dry *dry) {
  if (!dry) return;
  for (stand_in *key = dry->keys, *next; key; key = next) {
    next = key->next;
    umbra_free(key);
  }
  umbra_key_needs_destroy(dry->needs);
  mtx_destroy(&dry->lock);
  umbra_free(dry);
}

/* ---- what it refuses ---- */

static const char no_values[] = "a dry device has no values";

umbra_status umbra_dry_refuse(void) { return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%s", no_values); }

umbra_status umbra_check_no_mixing(const umbra_context *a, const umbra_context *b) {
  if (a == b || (!a->dry && !b->dry)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s that could go to other contexts or come from there", no_values);
}

static umbra_status check_dry(const umbra_context *context) {
  if (!context) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "context is NULL");
  if (context->dry) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "only a context on the device \"dry\" does that, and this one's is \"%s\"",
                    umbra_context_backend(context));
}

/* ---- keys; the lock is held ---- */

/* The same result may come from a key that is needed anyway. */
static umbra_status note(umbra_key_purpose *noted, umbra_key_needs *needs, const umbra_key_purpose *wanted,
                         uint32_t slots) {
  *noted = *wanted;
  for (size_t i = 0; i < needs->count; i++)
    if (umbra_key_purpose_fits(needs->need[i].kind, needs->need[i].rotation, wanted, slots))
      noted->rotation = needs->need[i].rotation;
  return umbra_key_needs_insert(needs, noted);
}

/* Of residues that count nowhere: those of the needs do. */
static umbra_status add_stand_in(umbra_dry *dry, const umbra_key_purpose *purpose) {
  const umbra_chain *chain = umbra_ring_chain(dry->ring);
  const uint32_t level = umbra_key_top_level(chain, purpose->kind);
  const umbra_key_shape shape = umbra_key_shape_of(chain, purpose->kind, level);
  stand_in *made = NULL;
  void *nowhere;
  UMBRA_TRY(umbra_kernels_dry.alloc(umbra_ring_device(dry->ring), &nowhere, 0));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a dry key"));
  const umbra_poly poly = {
      .data = nowhere, .window = shape.window, .aux = (uint16_t)shape.aux, .polys = (uint16_t)(2 * shape.digits.count)};
  made->key = (umbra_eval_key){
      .kind = purpose->kind, .rotation = purpose->rotation, .level = level, .key = {poly, shape.digits}};
  made->next = dry->keys;
  dry->keys = made;
  return UMBRA_OK;
}

static const umbra_eval_key *find_stand_in(const umbra_dry *dry, const umbra_key_purpose *purpose) {
  for (const stand_in *s = dry->keys; s; s = s->next)
    if (s->key.kind == purpose->kind && s->key.rotation == purpose->rotation) return &s->key;
  return NULL;
}

static umbra_status find_locked(const umbra_eval_key **key, umbra_dry *dry, const umbra_key_purpose *wanted,
                                uint32_t slots) {
  umbra_key_purpose purpose;
  UMBRA_TRY(note(&purpose, dry->needs, wanted, slots));
  if (!find_stand_in(dry, &purpose)) UMBRA_TRY(add_stand_in(dry, &purpose));
  *key = find_stand_in(dry, &purpose);
  return UMBRA_OK;
}

umbra_status umbra_dry_find_key(const umbra_eval_key **key, umbra_dry *dry, const umbra_key_purpose *wanted,
                                uint32_t slots) {
  mtx_lock(&dry->lock);
  umbra_status status = find_locked(key, dry, wanted, slots);
  mtx_unlock(&dry->lock);
  return status;
}

umbra_status umbra_context_needs(const umbra_context *context, umbra_key_needs *needs) {
  UMBRA_TRY(check_dry(context));
  mtx_lock(&context->dry->lock);
  umbra_status status = umbra_key_needs_add(needs, context->dry->needs);
  mtx_unlock(&context->dry->lock);
  return status;
}

/* ---- inputs ---- */

umbra_status umbra_dry_ciphertext(umbra_ciphertext **ciphertext, const umbra_context *context, uint32_t level,
                                  uint32_t slots, double bound) {
  umbra_ciphertext *made = NULL;
  if (!ciphertext) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_dry_ciphertext needs an output");
  UMBRA_TRY(check_dry(context));
  UMBRA_TRY(umbra_check_level(&level, context, level));
  UMBRA_TRY(umbra_check_slots(&slots, context, slots));
  if (!isfinite(bound) || bound < 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bound is %g: it must be finite and not negative", bound);
  UMBRA_TRY(umbra_ciphertext_make(&made, context, level));
  const umbra_chain *chain = umbra_context_chain(context);
  made->slots = slots;
  made->estimate = umbra_noise_encrypt(umbra_noise_encode(bound, chain, level), chain, level);
  made->declared = (umbra_declared){.by = UMBRA_DECLARED_BY_OWNER, .fits = 1};
  UMBRA_PUT(ciphertext, ciphertext, made);
  return UMBRA_OK;
}

/* ---- accounts ---- */

void umbra_dry_note_level(const umbra_context *context, uint32_t level) {
  umbra_dry *dry = context->dry;
  if (!dry) return;
  mtx_lock(&dry->lock);
  if (level < dry->lowest_level) dry->lowest_level = level;
  mtx_unlock(&dry->lock);
}

umbra_status umbra_context_cost_begin(const umbra_context *context) {
  UMBRA_TRY(check_dry(context));
  umbra_dry *dry = context->dry;
  umbra_ring_accounts_begin(context->ring);
  umbra_dry_accounts_begin(umbra_ring_device(context->ring));
  mtx_lock(&dry->lock);
  dry->needs->count = 0;
  dry->lowest_level = UMBRA_TOP_LEVEL;
  mtx_unlock(&dry->lock);
  return UMBRA_OK;
}

static void tell_needs(umbra_cost *cost, umbra_dry *dry) {
  mtx_lock(&dry->lock);
  cost->lowest_level = dry->lowest_level;
  cost->keys = umbra_key_needs_count(dry->needs);
  cost->key_bytes = umbra_key_needs_bytes(dry->needs);
  mtx_unlock(&dry->lock);
}

/* Beside the keys. */
static void tell_work(umbra_cost *cost, umbra_ring *ring) {
  umbra_ring_accounts of_ring;
  umbra_ring_accounts_read(&of_ring, ring);
  cost->key_switches = of_ring.key_switches;
  cost->ephemeral_switches = of_ring.ephemeral_switches;
  cost->constant_bytes = of_ring.resident;
  cost->working_bytes = of_ring.most_taken - of_ring.resident;
  cost->peak_bytes = cost->key_bytes + of_ring.most_taken;
}

static void tell_kernels(umbra_cost *cost, const umbra_device *device) {
  umbra_dry_accounts accounts;
  umbra_dry_accounts_read(&accounts, device);
  for (int i = 0; i < UMBRA_DRY_KERNELS; i++) {
    const umbra_dry_kernel *kernel = &accounts.kernel[i];
    cost->kernel_calls += kernel->calls;
    cost->kernel_bytes += kernel->bytes;
    cost->launches += kernel->launches;
    if (strcmp(kernel->name, "tensor") == 0) cost->products = kernel->calls;
  }
  cost->uploaded_bytes = accounts.uploaded;
  cost->downloaded_bytes = accounts.downloaded;
  cost->device_bytes = cost->key_bytes + accounts.most_held;
}

static double seconds_by(const umbra_context *context, const umbra_cost_table *table) {
  return umbra_cost_seconds(table, umbra_ring_device(context->ring), umbra_context_chain(context)->log_n);
}

umbra_status umbra_context_reference_seconds(const umbra_context *context, double *seconds, umbra_target target) {
  UMBRA_TRY(check_dry(context));
  const umbra_cost_table *table = umbra_cost_reference(target);
  if (!seconds || !table)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_reference_seconds needs an output and a target");
  *seconds = seconds_by(context, table);
  return UMBRA_OK;
}

static void tell_seconds(umbra_cost *cost, const umbra_context *context) {
  cost->seconds = seconds_by(context, umbra_cost_reference(UMBRA_TARGET_CPU));
  snprintf(cost->machine, sizeof cost->machine, "one core with AVX-512");
}

umbra_status umbra_context_cost(const umbra_context *context, umbra_cost *cost) {
  UMBRA_TRY(check_dry(context));
  if (!cost) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_cost needs a cost");
  umbra_cost made = {UMBRA_COST_INIT};
  tell_needs(&made, context->dry);
  tell_work(&made, context->ring);
  tell_kernels(&made, umbra_ring_device(context->ring));
  tell_seconds(&made, context);
  return UMBRA_GIVE(umbra_cost, cost, &made);
}

umbra_status umbra_context_kernel_cost(const umbra_context *context, umbra_kernel_cost *cost, size_t i) {
  UMBRA_TRY(check_dry(context));
  if (!cost || i >= UMBRA_DRY_KERNELS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_kernel_cost needs a cost and a number below %d",
                      UMBRA_DRY_KERNELS);
  umbra_dry_accounts accounts;
  umbra_dry_accounts_read(&accounts, umbra_ring_device(context->ring));
  const umbra_dry_kernel *kernel = &accounts.kernel[i];
  const umbra_kernel_cost made = {UMBRA_KERNEL_COST_INIT, .name = kernel->name,   .calls = kernel->calls,
                                  .limbs = kernel->limbs, .bytes = kernel->bytes, .launches = kernel->launches};
  return UMBRA_GIVE(umbra_kernel_cost, cost, &made);
}
