/* SPDX-License-Identifier: Apache-2.0 */
/* What all calls of an evaluator begin and end with. */
#ifndef UMBRA_CKKS_CALLS_H
#define UMBRA_CKKS_CALLS_H

#include "ciphertext_internal.h"
#include "evaluator_internal.h"

/* Evaluator usable, output and inputs given, all of one parameter set and one owner, of two parts. b may be NULL. */
umbra_status umbra_check_operands(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                  const umbra_ciphertext *a, const umbra_ciphertext *b);

/* The same of any number of parts. */
umbra_status umbra_check_operands_of_parts(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                           const umbra_ciphertext *a, const umbra_ciphertext *b);

/* Of the summands of a sum of products: added afterwards, they need not be alike. Errors: UNSUPPORTED. */
umbra_status umbra_check_equal_parts(const umbra_ciphertext *a, const umbra_ciphertext *b);

umbra_status umbra_check_with_plain(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                    const umbra_ciphertext *a, const umbra_plaintext *b);

/* For what has encodings, whose memory is the context's own: MISMATCH unless it is of the evaluator's very context. */
umbra_status umbra_check_own(const umbra_evaluator *evaluator, const umbra_context *context, const char *what);

/* NO_LEVEL if a product would start at level 0. */
umbra_status umbra_check_product_level(uint32_t level);

/* ---- results ---- */

/* A ciphertext at that level with a's owner and number of parts. */
umbra_status umbra_result_make(umbra_ciphertext **made, const umbra_evaluator *evaluator, const umbra_ciphertext *a,
                               uint32_t level, uint32_t slots);

/* The same of so many parts. */
umbra_status umbra_result_make_parts(umbra_ciphertext **made, const umbra_evaluator *evaluator,
                                     const umbra_ciphertext *a, uint32_t level, uint32_t slots, uint32_t parts);

/* OK, or CANCELLED if something on the way to a result was left out: asked before anything is published. */
umbra_status umbra_check_whole(const umbra_evaluator *evaluator, umbra_status status);

/* The same of a result, and RANGE if it may not fit its level and the evaluator is strict. */
umbra_status umbra_check_result(const umbra_evaluator *evaluator, const umbra_ciphertext *made, umbra_status status);

/* Hands a result out if the status is OK, destroys it otherwise. Returns the status. */
umbra_status umbra_result_hand_out(umbra_ciphertext **out, umbra_ciphertext *made, umbra_status status);

/* The same, of a result that is checked first. */
umbra_status umbra_result_finish(const umbra_evaluator *evaluator, umbra_ciphertext **out, umbra_ciphertext *made,
                                 umbra_status status);

/* The same for `count` results, and frees `made`. */
umbra_status umbra_results_finish(const umbra_evaluator *evaluator, umbra_ciphertext **outs, umbra_ciphertext **made,
                                  size_t count, umbra_status status);

/* INVALID_ARGUMENT if outs is NULL, or a ciphertext is given for two outputs. */
umbra_status umbra_check_outputs(umbra_ciphertext *const *outs, size_t count);

#endif
