/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphertexts: encryption, decryption, inspection. */
#ifndef UMBRA_CIPHERTEXT_H
#define UMBRA_CIPHERTEXT_H

#include <umbra/plaintext.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_ciphertext umbra_ciphertext;

/*
 * Public-key encryption modulo Q p divided by one auxiliary prime p, errors added inside that division.
 * Output at the plaintext's level. Errors: MISMATCH (other parameters), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_encrypt(umbra_ciphertext **ciphertext, const umbra_public_key *key,
                                                    const umbra_plaintext *plaintext);

/* Secret-key encryption: less noise, and half the bytes in a file, since the uniform half is a seed. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_encrypt_symmetric(umbra_ciphertext **ciphertext,
                                                              const umbra_secret_key *key,
                                                              const umbra_plaintext *plaintext);

/* umbra_encode at the top level over all slots, then umbra_encrypt. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_encode_encrypt(umbra_ciphertext **ciphertext, const umbra_public_key *key,
                                                           const double *values, size_t count);

/*
 * Decryption for the key's owner alone: the result holds the raw error of the computation, which tells about the key.
 * Do not show it to others (umbra_decrypt_public can be shown). Its files are marked, have mode 0600, replace none, and lie
 * in no folder with what is given away, as those of keys. Errors: MISMATCH (another owner or parameter set), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_decrypt(umbra_plaintext **plaintext, const umbra_ciphertext *ciphertext,
                                                    const umbra_secret_key *key);

/*
 * umbra_decrypt, then umbra_decode or umbra_decode_complex; faster than the two calls, which say nothing of ranges. Errors:
 * also RANGE, if the ciphertext's bound is more than its level holds, so that it may have wrapped around, or if it can be
 * seen that a bound was broken: a slot larger than umbra_ciphertext_magnitude and the error bound allow, or something
 * beyond the error in an imaginary part, or an unused slot, where there is nothing by declaration. Then other slots may be
 * wrong, too. umbra_decrypt_outcome (umbra/range.h) gives the values in any case, and says what there is to say.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_decrypt_decode(double *values, size_t count,
                                                           const umbra_ciphertext *ciphertext,
                                                           const umbra_secret_key *key);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_decrypt_decode_complex(double *pairs, size_t count,
                                                                   const umbra_ciphertext *ciphertext,
                                                                   const umbra_secret_key *key);

UMBRA_MUST_USE UMBRA_API umbra_status umbra_ciphertext_copy(umbra_ciphertext **copy,
                                                            const umbra_ciphertext *ciphertext);

/*
 * The ciphertext in another context of equal parameters, on another device perhaps: the same bits, owner, level and
 * bounds. Through host memory; waits for the work on it. out may be the ciphertext, which then has moved.
 * Errors: MISMATCH (other parameters), OUT_OF_MEMORY, DEVICE, UNSUPPORTED (in the function of a circuit that is recorded).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_ciphertext_move(umbra_ciphertext **out, const umbra_context *context,
                                                            const umbra_ciphertext *ciphertext);
UMBRA_API void umbra_ciphertext_destroy(umbra_ciphertext *ciphertext);

UMBRA_API uint32_t umbra_ciphertext_level(const umbra_ciphertext *ciphertext);
UMBRA_API uint32_t umbra_ciphertext_slots(const umbra_ciphertext *ciphertext);
UMBRA_API uint32_t umbra_ciphertext_parts(const umbra_ciphertext *ciphertext); /* 2, or 3: see umbra_relinearize */
UMBRA_API double umbra_ciphertext_scale(const umbra_ciphertext *ciphertext);   /* of its level; for the curious */
UMBRA_API uint64_t umbra_ciphertext_bytes(const umbra_ciphertext *ciphertext); /* of its residues */
UMBRA_API void umbra_ciphertext_owner(const umbra_ciphertext *ciphertext, uint8_t owner[UMBRA_OWNER_BYTES]);

/*
 * Bounds tracked from public facts alone: the largest |slot| that the computation can have produced, and a bound on the
 * error of any slot that holds except with probability below 2^-30, if all holds that was declared of inputs and of values
 * on the way. umbra_ciphertext_range has the worst case, too.
 */
UMBRA_API double umbra_ciphertext_magnitude(const umbra_ciphertext *ciphertext);
UMBRA_API double umbra_ciphertext_error_bound(const umbra_ciphertext *ciphertext);

/*
 * log2 of the largest |slot| that the level can hold, (modulus / 2) / scale, over umbra_ciphertext_magnitude; infinite if
 * that is 0. Below 0 the value may have wrapped around. It is a bound: true values may be smaller, and then have more room
 * (headroom_bits of umbra_noise_report, which only the owner can know).
 */
UMBRA_API double umbra_ciphertext_headroom_bits(const umbra_ciphertext *ciphertext);

/* What the key's owner can learn about a ciphertext. */
typedef struct umbra_noise_report {
  size_t struct_size;
  double max_error, rms_error; /* over the compared slots, both parts */
  double precision_bits;       /* -log2(max_error) */
  double error_bound;          /* umbra_ciphertext_error_bound */
  double largest;              /* |slot| of those compared */
  int beyond_magnitude;        /* 1: that is more than the computation can have made of inputs within their bounds */
  double headroom_bits;        /* log2 of (modulus / 2) over the largest coefficient: below 0 the message would wrap */
  double worst_magnitude, worst_error_bound; /* as in umbra_range of umbra/range.h, like the next two */
  uint32_t declared_by, doubts;
} umbra_noise_report;
#define UMBRA_NOISE_REPORT_INIT .struct_size = sizeof(umbra_noise_report)
UMBRA_API void umbra_noise_report_init(umbra_noise_report *report, size_t size);
#define umbra_noise_report_init(report) umbra_noise_report_init((report), sizeof *(report))

/*
 * Decrypts and compares with the values (pairs re, im) that an exact computation gives. For the owner's eyes.
 * Errors: MISMATCH, OUT_OF_MEMORY, RANGE (more values than slots, an expected value that is no finite number). Broken
 * ranges are in the report, where what no double holds is infinite.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inspect_noise(umbra_noise_report *report,
                                                          const umbra_ciphertext *ciphertext,
                                                          const umbra_secret_key *key, const double *expected_pairs,
                                                          size_t count);

UMBRA_END_DECLS

#endif
