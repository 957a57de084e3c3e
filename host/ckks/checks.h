/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of what belongs together. */
#ifndef UMBRA_CKKS_CHECKS_H
#define UMBRA_CKKS_CHECKS_H

#include "context_internal.h"

/* MISMATCH unless both contexts have the same parameters; `what` names the object, of b, that does not fit. */
umbra_status umbra_check_params(const umbra_context *a, const umbra_context *b, const char *what);

/* Also MISMATCH unless they have the same memory: what is in one can be used in the other. */
umbra_status umbra_check_context(const umbra_context *a, const umbra_context *b, const char *what);

/* UNSUPPORTED unless `is`: for calls of contexts on certain devices, which are named as in "\"dry\"". */
umbra_status umbra_check_device(const umbra_context *context, int is, const char *devices);

/* MISMATCH unless both owners are the same. */
umbra_status umbra_check_owner(const uint8_t *a, const uint8_t *b, const char *what);

/* Slots of a vector, 0 for as many as there are, checked. */
umbra_status umbra_check_slots(uint32_t *slots, const umbra_context *context, uint32_t wanted);

/* Level of UMBRA_TOP_LEVEL or of a number, checked. */
umbra_status umbra_check_level(uint32_t *level, const umbra_context *context, uint32_t wanted);

#endif
