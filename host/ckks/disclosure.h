/* SPDX-License-Identifier: Apache-2.0 */
/* Flooded values for the layers above: see umbra/disclosure.h. */
#ifndef UMBRA_CKKS_DISCLOSURE_H
#define UMBRA_CKKS_DISCLOSURE_H

#include <umbra/disclosure.h>

#include "ciphertext_internal.h"

/* The application's options, checked. Errors: INVALID_ARGUMENT. */
umbra_status umbra_disclosure_options_take(umbra_disclosure_options *own, const umbra_disclosure_options *options);

/* How a ciphertext's slots are values. */
typedef struct umbra_disclosure_form {
  uint32_t slots; /* of the vector, a power of two; below the ciphertext's: it repeats itself with that period */
  int complex;    /* 1: imaginary parts are values, too; 0: they are cleared */
  int real;       /* 1: there are none but errors, and what is beyond is a broken bound */
} umbra_disclosure_form;

/*
 * All slots of the form as pairs, flooded; *disclosure: what that was. options: whole. Errors: as umbra_decrypt_public.
 */
umbra_status umbra_disclosure_open(double *pairs, umbra_disclosure *disclosure, const umbra_ciphertext *ciphertext,
                                   const umbra_secret_key *key, const umbra_disclosure_options *options,
                                   umbra_disclosure_form form);

/* One release of several: *all becomes both of them. */
void umbra_disclosure_join(umbra_disclosure *all, const umbra_disclosure *more);

/* Values in other units: `factor` of the ones before. */
void umbra_disclosure_scale(umbra_disclosure *disclosure, double factor);

#endif
