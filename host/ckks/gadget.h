/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a switching key: for each digit of the modulus an encryption, under one secret, of P times another secret on
 * that digit's primes. Whose secrets these are, and what the key is for, others know: they may be parts of secrets that
 * several share. Parts made with the same seed have the same uniform halves, so their other halves add up to a key.
 */
#ifndef UMBRA_CKKS_GADGET_H
#define UMBRA_CKKS_GADGET_H

#include "secret.h"

typedef struct umbra_gadget {
  const umbra_context *context;
  umbra_stream *stream;
  umbra_poly from, under; /* the two secrets, one polynomial each, over the primes of the key at least */
  umbra_poly scratch;     /* another one, for what is secret on the way: whoever made it wipes it */
  umbra_random *random;   /* of the errors, */
  umbra_sampler error;    /* and what draws them from it: one polynomial for each digit, in order */
} umbra_gadget;

/* Fills both halves of a key, whose memory, purpose, level and seed are there. */
umbra_status umbra_gadget_fill(const umbra_gadget *gadget, const umbra_eval_key *entry);

/* b = error - a * under: an encryption of 0. Over the same primes as a, a window of the chain and `aux` auxiliary ones. */
umbra_status umbra_gadget_mask(const umbra_gadget *gadget, const umbra_view *b, const umbra_view *a,
                               umbra_window window, uint32_t aux);

#endif
