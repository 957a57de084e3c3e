/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that are none, "dry" and "sim": their contexts have stand-ins for keys that nobody has, one for each purpose
 * that is looked for, and nothing leaves them or comes in.
 */
#ifndef UMBRA_CKKS_STAND_INS_H
#define UMBRA_CKKS_STAND_INS_H

#include "key_needs.h"
#include "keys_internal.h"

/* ring: of the context that holds this. */
umbra_status umbra_stand_ins_create(umbra_stand_ins **stand_ins, const umbra_ring *ring);
void umbra_stand_ins_destroy(umbra_stand_ins *stand_ins);

/* Notes that the key is needed; *key is one of its shape, without residues, and lasts as long as the context. */
umbra_status umbra_stand_ins_find(const umbra_eval_key **key, umbra_stand_ins *stand_ins,
                                  const umbra_key_purpose *wanted, uint32_t slots);

/* The same for keys that are looked for all at once: exactly these. */
umbra_status umbra_stand_ins_note(umbra_stand_ins *stand_ins, const umbra_key_needs *needs);

/* How many keys were needed, and their bytes; and none from now on. */
void umbra_stand_ins_tell(umbra_stand_ins *stand_ins, size_t *keys, uint64_t *bytes);
void umbra_stand_ins_forget_needs(umbra_stand_ins *stand_ins);

/* UNSUPPORTED where there are stand-ins: for what makes keys, and for what is saved or loaded. */
umbra_status umbra_check_real(const umbra_context *context);

/* MISMATCH if one of two contexts that are to be mixed has stand-ins, and they are not the same. */
umbra_status umbra_check_no_mixing(const umbra_context *a, const umbra_context *b);

#endif
