/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a context on a dry device has beside the device's accounts: the keys that were looked up, and the lowest level.
 * All that differs from a real context is asked here, so that nobody else has to know.
 */
#ifndef UMBRA_CKKS_DRY_H
#define UMBRA_CKKS_DRY_H

#include <umbra/cost.h>

#include "key_needs.h"
#include "keys_internal.h"

/* The dry kernels if that is their literal name, else NULL. */
const umbra_kernels *umbra_dry_kernels(const char *device);

/* *dry stays NULL if the ring's device is a real one. */
umbra_status umbra_dry_create(umbra_dry **dry, const umbra_ring *ring);
void umbra_dry_destroy(umbra_dry *dry);

/* UNSUPPORTED on a dry device: for what makes, takes or gives values. */
umbra_status umbra_dry_refuse(void);
static inline umbra_status umbra_check_values(const umbra_context *context) {
  return context->dry ? umbra_dry_refuse() : UMBRA_OK;
}

/* Whether what is encoded needs values; else bounds on them are enough. */
static inline int umbra_context_has_values(const umbra_context *context) { return !context->dry; }

/* MISMATCH if one of two contexts that are to be mixed is dry, and they are not the same. */
umbra_status umbra_check_no_mixing(const umbra_context *a, const umbra_context *b);

/* Notes that the key is needed; *key is one of its shape, without residues, and lasts as long as the context. */
umbra_status umbra_dry_find_key(const umbra_eval_key **key, umbra_dry *dry, const umbra_key_purpose *wanted,
                                uint32_t slots);

/* An operation of that context gave something at that level. */
void umbra_dry_note_level(const umbra_context *context, uint32_t level);

#endif
