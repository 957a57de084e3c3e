/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Computing on ciphertexts.
 *
 * An evaluator is a stream and a workspace, and belongs to one thread at a time; its context and keys are shared. Calls
 * check their arguments, then compute; on a GPU they return when the work is enqueued, and reads synchronise.
 *
 * Levels and scales are looked after: operands of different levels are brought to the lower one (one multiplication by
 * a constant and one rescale, no level lost beyond the difference), and products are rescaled, which takes one level.
 * All slots of both operands take part; the result has the larger slot count. An output may be one of the inputs.
 *
 * Values must stay below half of the modulus over the scale, or they wrap around, which only the key's owner could see.
 * The limit at a level is 2^(umbra_params_log_q - 1) / umbra_params_scale, and umbra_ciphertext_magnitude bounds what a
 * slot can hold; umbra_ciphertext_headroom_bits says how far that is below. A result whose bound is above the limit has a
 * doubt, which decryption tells, until its range is declared (umbra/range.h); a strict evaluator refuses to make it.
 *
 * Parameters may have keyless levels at the top (umbra/params.h). A product of ciphertexts that starts at one is rescaled
 * like any other, but keeps the three parts of the tensor product: c0 + c1 s + c2 s^2. Such a ciphertext can be added
 * to any other, negated, lowered, multiplied by plaintexts, constants and the weights of a ciphertext a column
 * (umbra/weights.h), copied, moved, saved by itself and decrypted. A sum of products takes inputs of as many parts. All
 * else refuses it (UNSUPPORTED) until umbra_relinearize has made it one of two parts, so that many products share one
 * relinearisation. A division of three parts rounds the third, too, whose error is multiplied by s^2: it is about
 * sqrt(4 n / 3) times that of two parts (at n = 2^12 six bits), so values should be large where that counts.
 *
 * Errors common to all calls: INVALID_ARGUMENT, MISMATCH (operands of other parameters or another owner than the keys),
 * OUT_OF_MEMORY, DEVICE, CANCELLED (outputs as before, see umbra_evaluator_cancel);
 * products: NO_LEVEL (an operand at level 0); those that switch keys: MISSING_KEY (the text names the rotation).
 */
#ifndef UMBRA_EVALUATOR_H
#define UMBRA_EVALUATOR_H

#include <umbra/ciphertext.h>
#include <umbra/progress.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_evaluator umbra_evaluator;

/* keys may be NULL: then nothing that needs a key works. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_evaluator_create(umbra_evaluator **evaluator, const umbra_context *context,
                                                             const umbra_eval_keys *keys);
UMBRA_API void umbra_evaluator_destroy(umbra_evaluator *evaluator);

/*
 * From now on the evaluator computes with these keys (NULL: with none), of another client for instance: what is encoded
 * in the clear, such as a bootstrapper or plaintexts, serves all of them. A circuit runs only with the keys with which it
 * was made. Errors: INVALID_ARGUMENT, MISMATCH (keys of other parameters, or in the memory of another device),
 * UNSUPPORTED (while this thread records a circuit).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_evaluator_use_keys(umbra_evaluator *evaluator, const umbra_eval_keys *keys);

/*
 * Waits until all that the evaluator enqueued is done; on a CPU it is already. For those who take times, or want to know
 * now whether something failed. Errors: INVALID_ARGUMENT; DEVICE if any of it failed (the text says what); CANCELLED, if
 * that has been asked for, with all work done nevertheless.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_evaluator_wait(umbra_evaluator *evaluator);

/*
 * From now on what this evaluator does is watched: progress is called as umbra/progress.h says, from the thread that
 * works, and any result but 0 ends the call with CANCELLED. A fraction is that of the outermost call; calls that do not
 * know how far they are say 0. progress is copied; NULL: nobody watches any more.
 */
UMBRA_API void umbra_evaluator_watch(umbra_evaluator *evaluator, const umbra_progress *progress);

/*
 * From any thread, and from a signal handler: the call in progress, or if there is none the next one, ends with CANCELLED.
 * On a CPU that takes no longer than one kernel; what a GPU has queued runs to its end.
 */
UMBRA_API void umbra_evaluator_cancel(umbra_evaluator *evaluator);

/*
 * 1: from now on an operation fails with RANGE, where otherwise its result would have a doubt (umbra/range.h): its bound
 * does not fit its level, or the bound of an input is beyond what a refresh or a polynomial asks for. The text names the
 * operation, the bound and the level. Bounds grow with each sum and product: declare ranges on the way. 0: no longer.
 * Circuits that were made before it was strict do not run while it is.
 */
UMBRA_API void umbra_evaluator_set_strict(umbra_evaluator *evaluator, int strict);

/*
 * 1: from now on the context's tracer is also told a digest of the result of each layer of a network (umbra/trace.h).
 * All of it is read back from the device for that, which waits, and takes about as long as saving it. 0: no longer.
 * Errors: INVALID_ARGUMENT (also: a context without a tracer), UNSUPPORTED (devices "dry" and "sim", which have no
 * residues). Errors of a layer's digest are those of the call that computes it.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_evaluator_set_digests(umbra_evaluator *evaluator, int digests);

/* ---- no level, no key ---- */

UMBRA_MUST_USE UMBRA_API umbra_status umbra_add(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                const umbra_ciphertext *a, const umbra_ciphertext *b);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sub(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                const umbra_ciphertext *a, const umbra_ciphertext *b);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_negate(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                   const umbra_ciphertext *a);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_add_plain(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                      const umbra_ciphertext *a, const umbra_plaintext *b);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sub_plain(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                      const umbra_ciphertext *a, const umbra_plaintext *b);

/* out = a + (re + i im) in every slot. Errors: RANGE (not finite, or too large for the modulus). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_add_constant(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                         const umbra_ciphertext *a, double re, double im);

/* out = factor * a, exactly. Errors: RANGE. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_mul_integer(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                        const umbra_ciphertext *a, int64_t factor);

/* out = i * a (the imaginary unit), exactly. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_mul_i(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                  const umbra_ciphertext *a);

/* Brings a to a lower level (or its own: a copy). Errors: INVALID_ARGUMENT (a higher level). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_level_drop(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                       const umbra_ciphertext *a, uint32_t level);

/* ---- one level ---- */

/*
 * Products of ciphertexts; need the relinearisation key. One division ends relinearisation (ModDown) and rescales. At a
 * keyless level they need no key, and the result has three parts.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_mul(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                const umbra_ciphertext *a, const umbra_ciphertext *b);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_square(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                   const umbra_ciphertext *a);

/* out = sum a[i] * b[i], slot by slot: one relinearisation and one rescale at the end. count >= 1. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_dot(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                const umbra_ciphertext *const *a, const umbra_ciphertext *const *b,
                                                size_t count);

/* out = c + a * b, at one level below the lower of a and b (or c's, if that is lower still). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_mul_add(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                    const umbra_ciphertext *a, const umbra_ciphertext *b,
                                                    const umbra_ciphertext *c);

/* Products with plaintexts need no key. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_mul_plain(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                      const umbra_ciphertext *a, const umbra_plaintext *b);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_dot_plain(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                      const umbra_ciphertext *const *a, const umbra_plaintext *const *b,
                                                      size_t count);

/* out = sum (pairs[2i] + i pairs[2i+1]) * a[i]: one rescale at the end. Errors: RANGE. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_dot_constants(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                          const umbra_ciphertext *const *a, const double *pairs,
                                                          size_t count);

/* out = (re + i im) * a. Errors: RANGE. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_mul_constant(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                         const umbra_ciphertext *a, double re, double im);

/* ---- three parts ---- */

/*
 * out = a with two parts (relinearisation), at a's level, which must have keys: umbra_params_keyed_level or below; needs
 * the relinearisation key. Of a ciphertext of two parts: a copy. Sums first: one call serves all of them.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_relinearize(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                        const umbra_ciphertext *a);

/* ---- slots ---- */

/* out[j] = a[j + steps mod slots]: positive steps move left. Multiples of the slot count need no key. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_rotate(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                   const umbra_ciphertext *a, int32_t steps);

/*
 * outs[i] = a rotated by steps[i], sharing the decomposition of a (one ModUp for all: hoisting; Halevi, Shoup, CRYPTO
 * 2018). outs[i] are distinct handles or NULL; a may be one of them.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_rotate_many(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                                        const umbra_ciphertext *a, const int32_t *steps, size_t count);

/* Complex conjugate of every slot; needs the conjugation key. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_conjugate(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                      const umbra_ciphertext *a);

UMBRA_END_DECLS

#endif
