/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that may be shown to others.
 *
 * What umbra_decrypt gives holds the error of the computation, which depends on the secret key: with the ciphertext,
 * one decrypted vector tells the key (Li, Micciancio, EUROCRYPT 2021, eprint 2020/1533), and rounding does not change
 * that. Here noise hides the error before anything is decoded (Li, Micciancio, Schultz, Sorrell, CRYPTO 2022, eprint
 * 2022/816): each coefficient gets a discrete Gaussian of standard deviation
 *
 *     sigma = sqrt(12 N) 2^(s/2) t
 *
 * where t bounds the Euclidean length of the error in all coefficients of the slots: a bound E on the error of any
 * slot, times the scale. N is the number of ciphertexts that are shown so under a key, in all of its life, and s says
 * what is left to learn: from all N together and from exact results without any error views differ by a
 * Kullback-Leibler divergence below 2^-s / 24. So whatever finds the key from exact results with a probability below
 * 2^-s / 3 finds it from these with one below 2^-s, and nobody tells the two apart with an advantage above 2^(-s/2) /
 * 6. It holds for what a computation made of ciphertexts that were honestly encrypted: as always, decrypt only what
 * your own computation returned.
 *
 * The price is precision. A value has the noise sigma sqrt(m) / scale for m slots, log2(sqrt(12 N m)) + s/2 bits more
 * than E: 19.3 for one release of 32 slots with s = 30. It is rounded to a power of two not above its noise; imaginary
 * parts of real values, and slots that are not used by declaration, are cleared.
 *
 * E is proved or declared. Proved: it is that of the worst case (umbra_range), which knows of no declaration. Declared:
 * it trusts ranges or errors that were declared on the way; then it is a heuristic, and E is 8 times as large. Bounds
 * come with the ciphertext, from whoever computed: give the one that your own plan states as `error_bound` of the
 * options.
 *
 * The noise is a function of the secret key, the ciphertext and all that decides about sigma and the encoding. So the
 * same release made again gives the same values, tells nothing new, and counts once: its `id` is the same. The same
 * ciphertext with anything else changed gets noise of its own, and counts again. Counting is the caller's, by the ids;
 * `umbra decrypt --publish` keeps a journal.
 *
 * What is seen to break a bound is refused, as by umbra_decrypt_decode, and so is what has any doubt (umbra_doubt):
 * nobody knows its error. That there was a refusal tells something, too; it is for the owner alone.
 */
#ifndef UMBRA_DISCLOSURE_H
#define UMBRA_DISCLOSURE_H

#include <umbra/evaluator.h>
#include <umbra/range.h>

UMBRA_BEGIN_DECLS

/* A declared error is taken so many times. */
#define UMBRA_DISCLOSURE_HEURISTIC 8.0

/* Give the number of releases; the rest has defaults. */
typedef struct umbra_disclosure_options {
  size_t struct_size;
  uint64_t releases;  /* N: ciphertexts, this one and all others, before and after, under this key; up to 2^40 */
  double statistical; /* s: 1 to 128 */
  double least_bits;  /* what leaves fewer is refused; at least 1 */
  double error_bound; /* E as the caller's plan declares it, in the ciphertext's place; 0: as it comes with that */
  double magnitude;   /* size of values, from which bits are counted; 0: the ciphertext's bound */
  double noise;       /* a value gets noise of at least this deviation, whatever hides its error (umbra/privacy.h) */
} umbra_disclosure_options;
#define UMBRA_DISCLOSURE_OPTIONS_INIT \
  .struct_size = sizeof(umbra_disclosure_options), .statistical = 30, .least_bits = 8
UMBRA_API void umbra_disclosure_options_init(umbra_disclosure_options *options, size_t size);
#define umbra_disclosure_options_init(options) umbra_disclosure_options_init((options), sizeof *(options))

enum { UMBRA_DISCLOSURE_ID_BYTES = 32 };

/* What was released, or would be. Of several ciphertexts: the most noise and the fewest bits among them. */
typedef struct umbra_disclosure {
  size_t struct_size;
  uint8_t id[UMBRA_DISCLOSURE_ID_BYTES]; /* of this release; equal only for the same one made again */
  uint64_t ciphertexts;                  /* as so many it counts, of N */
  double error_bound;                    /* E, what is hidden of a slot's error: with the 8, if heuristic */
  int heuristic;                         /* 1: E was declared, or relies on what was; 0: it is proved */
  double sigma;                          /* of a coefficient */
  double noise;                          /* standard deviation of what a value has of it */
  double step;                           /* values are multiples of it: a power of two, at most `noise` */
  double bits;                           /* left of a value: log2(magnitude / noise) */
} umbra_disclosure;
#define UMBRA_DISCLOSURE_INIT .struct_size = sizeof(umbra_disclosure)
UMBRA_API void umbra_disclosure_init(umbra_disclosure *disclosure, size_t size);
#define umbra_disclosure_init(disclosure) umbra_disclosure_init((disclosure), sizeof *(disclosure))

/*
 * The first count slots of a ciphertext, flooded; real parts, or pairs (re, im). Owner's machine only, in the time of
 * two decryptions and the noise. Errors: those of umbra_decrypt_decode; INVALID_ARGUMENT (an option beyond its limits,
 * no options); RANGE (fewer bits than least_bits: the text says what would do; doubts; a level too low to hold the
 * noise).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_decrypt_public(umbra_disclosure *disclosure, double *values, size_t count,
                                                           const umbra_ciphertext *ciphertext,
                                                           const umbra_secret_key *key,
                                                           const umbra_disclosure_options *options);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_decrypt_public_complex(umbra_disclosure *disclosure, double *pairs,
                                                                   size_t count, const umbra_ciphertext *ciphertext,
                                                                   const umbra_secret_key *key,
                                                                   const umbra_disclosure_options *options);

/*
 * What a release would be, before there is a ciphertext: of a vector of so many slots at that level, whose error_bound
 * and magnitude are those of the options (0: not allowed here). The id is zero. Errors: as above.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_disclosure_predict(umbra_disclosure *disclosure, const umbra_params *params,
                                                               uint32_t level, uint32_t slots,
                                                               const umbra_disclosure_options *options);

/*
 * Noise that somebody adds who has no secret key: *out = x and a discrete Gaussian on the coefficients of a vector of so many
 * slots, drawn anew in each call, so that the real part of each slot has noise of at least that deviation. x
 * repeats itself with that period, a power of two, and copies have the same noise: of others the mean would have less. Its key's
 * owner does not know it, and whoever added it does. Its level stays. Noise counts as an error of x from then on. Errors:
 * INVALID_ARGUMENT, those of the evaluator, RANGE (more than the level holds), UNSUPPORTED (a dry device, a simulation).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_add_noise(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                      const umbra_ciphertext *x, uint32_t slots, double noise);

UMBRA_END_DECLS

#endif
