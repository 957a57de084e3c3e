/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a context on a dry device has beside the device's accounts and stand-ins for keys (stand_ins.h): the lowest level,
 * and the machine whose seconds are told.
 */
#ifndef UMBRA_CKKS_DRY_H
#define UMBRA_CKKS_DRY_H

#include <umbra/cost.h>

#include "context_internal.h"

/* The dry kernels if that is their literal name, else NULL. */
const umbra_kernels *umbra_dry_kernels(const char *device);

/* *dry stays NULL if the ring's device is a real one. */
umbra_status umbra_dry_create(umbra_dry **dry, const umbra_ring *ring);
void umbra_dry_destroy(umbra_dry *dry);

/* Whether what is encoded needs values; else bounds on them are enough. */
static inline int umbra_context_has_values(const umbra_context *context) { return !context->dry; }

/* So many of umbra_dry_ciphertext in an array of NULLs. If it fails, those that were made are in it. */
umbra_status umbra_dry_ciphertexts(umbra_ciphertext **made, size_t count, const umbra_context *context, uint32_t level,
                                   uint32_t slots, double bound);

/* As umbra_context_cost_begin, of a context that is dry; needs stay. */
void umbra_dry_measures_begin(const umbra_context *context);

/* The most threads of a CPU that plans of memory count on; up to there its blocks have as many limbs (kernels/cpu/device.c). */
enum { UMBRA_PLANNED_THREADS = 32 };

/* A context on the dry device, whose calls are those of a machine of that target. */
umbra_status umbra_dry_open(umbra_context **context, const umbra_params *params, umbra_target target);

/*
 * From now on calls are those of a CPU, which works on a few limbs at a time: memory is taken so. Before anything is done
 * there.
 */
void umbra_dry_take_as_cpu(const umbra_context *context);

/* An operation of that context gave something at that level. */
void umbra_dry_note_level(const umbra_context *context, uint32_t level);

#endif
