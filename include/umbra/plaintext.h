/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plaintexts: vectors of numbers encoded into a polynomial of one level.
 *
 * Encoding is deterministic: the same values give the same residues on every machine and backend, unless options ask for
 * `bulk`. A vector of fewer values than slots is filled with zeros; a slot count below n/2 repeats the vector, which
 * costs nothing and makes rotations wrap at that count.
 */
#ifndef UMBRA_PLAINTEXT_H
#define UMBRA_PLAINTEXT_H

#include <umbra/keys.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_plaintext umbra_plaintext; /* immutable, shareable */

/* How to encode. NULL where one is expected means the defaults: top level, all slots. */
typedef struct umbra_encode_options {
  size_t struct_size;
  uint32_t level; /* UMBRA_TOP_LEVEL, or the level of the ciphertexts it will meet */
  uint32_t slots; /* power of two up to n/2; 0: n/2 */
  /*
   * 1: the device may transform in its own way (a GPU by cuFFT, where that is installed), to 2^-40 of the largest value
   * and not to the same bits on every machine. For values that are to be encrypted; what a server encodes needs 0.
   */
  int bulk;
  /*
   * No |value| is larger. Whoever sees a ciphertext sees a bound on its values: this one, up to the next power of two from
   * 1 on, whatever the values are, if it is declared. 0: nobody declares, and it is the power of two above the largest.
   */
  double bound;
} umbra_encode_options;
#define UMBRA_ENCODE_OPTIONS_INIT .struct_size = sizeof(umbra_encode_options), .level = UMBRA_TOP_LEVEL
UMBRA_API void umbra_encode_options_init(umbra_encode_options *options, size_t size);
#define umbra_encode_options_init(options) umbra_encode_options_init((options), sizeof *(options))

/*
 * Encodes `count` real values, or `count` complex ones as pairs (re, im). Rounding to nearest at the level's scale.
 * Errors: RANGE (more values than slots; not finite; beyond the declared bound; too large for the level's
 * modulus), INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_encode(umbra_plaintext **plaintext, const umbra_context *context,
                                                   const double *values, size_t count,
                                                   const umbra_encode_options *options);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_encode_complex(umbra_plaintext **plaintext, const umbra_context *context,
                                                           const double *pairs, size_t count,
                                                           const umbra_encode_options *options);

/* The first `count` values, count up to the slot count: real parts, or pairs (re, im). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_decode(double *values, size_t count, const umbra_plaintext *plaintext);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_decode_complex(double *pairs, size_t count,
                                                           const umbra_plaintext *plaintext);

UMBRA_API uint32_t umbra_plaintext_level(const umbra_plaintext *plaintext);
UMBRA_API uint32_t umbra_plaintext_slots(const umbra_plaintext *plaintext);
UMBRA_API uint64_t umbra_plaintext_bytes(const umbra_plaintext *plaintext); /* of its residues */
UMBRA_API void umbra_plaintext_destroy(umbra_plaintext *plaintext);

UMBRA_END_DECLS

#endif
