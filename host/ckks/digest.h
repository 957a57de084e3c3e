/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of what evaluators compute, which tracers are told of: see umbra/trace.h. */
#ifndef UMBRA_CKKS_DIGEST_H
#define UMBRA_CKKS_DIGEST_H

#include <sodium.h>

#include "ciphertext_internal.h"
#include "evaluator_internal.h"

/* Adds what umbra/trace.h says of one ciphertext, whose work the stream waits for. Errors: OUT_OF_MEMORY, DEVICE. */
umbra_status umbra_digest_absorb(crypto_generichash_state *state, umbra_stream *stream, const umbra_ciphertext *x);

/*
 * Tells the tracer the digest of a layer's result, which these ciphertexts are, if the evaluator is to. Layers count
 * from 1; record: of a batch whose records are computed one by one, from 1, or 0. Errors: OUT_OF_MEMORY, DEVICE,
 * CANCELLED.
 */
umbra_status umbra_digest_tell(umbra_evaluator *evaluator, uint32_t layer, uint32_t record,
                               umbra_ciphertext *const *part, size_t parts);

#endif
