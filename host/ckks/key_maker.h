/* SPDX-License-Identifier: Apache-2.0 */
/* What keys are made with, in the context where secrets are computed with. */
#ifndef UMBRA_CKKS_KEY_MAKER_H
#define UMBRA_CKKS_KEY_MAKER_H

#include "gadget.h"
#include "key_needs.h"

typedef struct umbra_key_maker {
  const umbra_context *context; /* the secret's home */
  umbra_stream *stream;
  umbra_random random;
  umbra_poly secret, other, scratch; /* over every prime that a key can have; other: a secret that follows from it */
  int8_t *sparse;                    /* the ephemeral secret, in guarded memory; NULL until a key needs it */
} umbra_key_maker;

umbra_status umbra_key_maker_open(umbra_key_maker *maker, const umbra_secret_key *secret);

/* Wipes everything. Waits for the work if the status is OK; the first failure of `status` and of that. */
umbra_status umbra_key_maker_close(umbra_key_maker *maker, umbra_status status);

/* A key for a purpose, without its polynomial; and that, made at home, with its seed. */
umbra_eval_key umbra_eval_key_for(const umbra_key_purpose *purpose);
umbra_status umbra_key_maker_make(umbra_key_maker *maker, umbra_eval_key *entry);

/* Gives a polynomial at home back, overwritten with zeros. */
void umbra_key_maker_wipe(const umbra_key_maker *maker, umbra_poly *poly);

/* `from` under `under`, two of the maker's polynomials, with fresh errors. */
umbra_gadget umbra_key_maker_gadget(umbra_key_maker *maker, const umbra_poly *from, const umbra_poly *under);

#endif
