/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameter sets: the ring, the modulus chain, levels and scales, and their security.
 *
 * A umbra_params is immutable and may be shared between threads. It comes from a preset, from a need, from an explicit
 * literal or from a file; all four are validated alike. Sets whose largest key modulus exceeds the table of eprint
 * 2024/463 (ternary secret, sigma = 3.19, 128-bit classical) are refused unless UMBRA_INSECURE_FOR_TESTS is given, and
 * say in every description that they are insecure.
 */
#ifndef UMBRA_PARAMS_H
#define UMBRA_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include <umbra/status.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_params umbra_params;

#define UMBRA_TOP_LEVEL 0xffffffffu /* the highest level of whatever parameters */

enum {
  UMBRA_DIGEST_BYTES = 32,
  UMBRA_INSECURE_FOR_TESTS = 1u /* flag: any security (a need's is ignored), and rings of 2^11 */
};

/*
 * How a set refreshes (bootstraps). Above its ordinary levels it has others that exist only inside a refresh: the
 * highest are spent on coefficients-to-slots, those under them on the sine; slots-to-coefficients takes the highest
 * ordinary ones.
 */
typedef struct umbra_bootstrap_shape {
  size_t struct_size;
  uint32_t stc_levels;     /* slots-to-coefficients, 1..4 */
  uint32_t cts_levels;     /* coefficients-to-slots, 1..4 */
  uint32_t overflow;       /* K: multiples of the lowest modulus q_0 that the sine takes away */
  uint32_t degree;         /* of the cosine's polynomial; even */
  uint32_t double_angles;  /* r: the cosine is that of an angle 2^r times as small */
  uint32_t arcsine_degree; /* 1: none; 3, 5, 7: undoes the bending of the sine */
  uint32_t ratio_bits;     /* q_0 over the scale of what is refreshed, for slots up to 1 */
  uint32_t hamming;        /* weight of the ephemeral secret; only 32 is secure (design: frozen table) */
  uint32_t sparse_primes;  /* primes that the key to that secret has beside those of q_0; 0 in a need: chosen */
} umbra_bootstrap_shape;
#define UMBRA_BOOTSTRAP_SHAPE_INIT                                                                              \
  .struct_size = sizeof(umbra_bootstrap_shape), .stc_levels = 3, .cts_levels = 3, .overflow = 16, .degree = 30, \
  .double_angles = 3, .arcsine_degree = 1, .ratio_bits = 8, .hamming = 32
UMBRA_API void umbra_bootstrap_shape_init(umbra_bootstrap_shape *shape, size_t size);
#define umbra_bootstrap_shape_init(shape) umbra_bootstrap_shape_init((shape), sizeof *(shape))

/*
 * What a computation needs; the smallest ring that carries it is chosen.
 *
 * Keyless levels: a published key counts with its whole modulus, Q of its levels times P, so the keys of the highest
 * levels decide how small a ring may be. Where the first operations need no key (products with plain matrices, then a
 * product whose relinearisation can wait), the highest `keyless_levels` levels may have none: there, the modulus of a
 * ciphertext alone counts. A product of ciphertexts at such a level is rescaled as three parts, and
 * umbra_relinearize brings it back to two at umbra_params_keyed_level or below; nothing rotates higher up. A public key
 * is made only where Q p, of the top level and one auxiliary prime, is within the table, too
 * (umbra_params_has_public_key); else the owner encrypts with umbra_encrypt_symmetric.
 */
typedef struct umbra_params_need {
  size_t struct_size;
  uint32_t depth;      /* consecutive multiplications with rescaling; with `bootstrap`: those left after a refresh */
  uint32_t scale_bits; /* precision of a level: 20, 21, ..., 30, 35, ..., 60 */
  uint32_t min_slots;  /* complex slots wanted at least; a ring of 2^k has 2^(k-1) */
  uint32_t security;   /* classical bits: 128 (default), 192 or 256 */
  uint32_t log_n;      /* 0: smallest that fits; 11..17: exactly this ring */
  uint32_t flags;      /* 0 or UMBRA_INSECURE_FOR_TESTS */
  const umbra_bootstrap_shape *bootstrap; /* NULL: it does not refresh */
  uint32_t keyless_levels;                /* of the levels 1..depth, the highest; see above. Not with `bootstrap` */
} umbra_params_need;
#define UMBRA_PARAMS_NEED_INIT .struct_size = sizeof(umbra_params_need), .scale_bits = 40, .security = 128
UMBRA_API void umbra_params_need_init(umbra_params_need *need, size_t size);
#define umbra_params_need_init(need) umbra_params_need_init((need), sizeof *(need))

/*
 * An explicit set. Primes are given in the order of design: terminals as they are added, mains as they are added,
 * auxiliaries. All are distinct, = 1 mod 2^(log_n+1); mains lie in (2^28.5, 2^30), auxiliaries below 2^31, terminals in
 * [2^16, 2^27). Level l has main_count[l] main and terminal_count[l] terminal primes. The scale of level 0 is the
 * geometric mean of the steps between levels.
 */
typedef struct umbra_params_literal {
  size_t struct_size;
  uint32_t log_n, scale_bits;
  uint32_t terminals, mains, auxes;
  const uint32_t *terminal, *main, *aux;
  uint32_t levels;                             /* depth + 1 */
  const uint32_t *main_count, *terminal_count; /* of these levels, then of those inside a refresh, if there are any */
  uint32_t digits;                             /* of the key-switching gadget */
  const uint32_t *digit_size; /* primes of each digit, over terminals reversed then mains; they sum to all of these */
  uint32_t flags;             /* 0 or UMBRA_INSECURE_FOR_TESTS */
  const umbra_bootstrap_shape *bootstrap; /* NULL: it does not refresh */
  uint32_t keyless_levels;                /* of the levels, the highest: fewer than all. Not with `bootstrap` */
} umbra_params_literal;
#define UMBRA_PARAMS_LITERAL_INIT .struct_size = sizeof(umbra_params_literal)
UMBRA_API void umbra_params_literal_init(umbra_params_literal *literal, size_t size);
#define umbra_params_literal_init(literal) umbra_params_literal_init((literal), sizeof *(literal))

/* Names of the presets, NULL-terminated. */
UMBRA_API const char *const *umbra_params_presets(void);

/* A preset by name. Errors: INVALID_ARGUMENT (unknown; the text lists the names). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_from_preset(umbra_params **params, const char *name);

/* The smallest set that meets a need. Errors: INVALID_ARGUMENT; UNSUPPORTED (the text says what would fit). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_from_need(umbra_params **params, const umbra_params_need *need);

/* An explicit set, validated. Errors: INVALID_ARGUMENT, INSECURE (the text gives log QP and the bound). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_from_literal(umbra_params **params,
                                                                const umbra_params_literal *literal);

/* The same set, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_params *umbra_params_share(const umbra_params *params);
UMBRA_API void umbra_params_destroy(umbra_params *params);

UMBRA_API uint32_t umbra_params_log_n(const umbra_params *params);
UMBRA_API uint32_t umbra_params_slots(const umbra_params *params);       /* n / 2 */
UMBRA_API uint32_t umbra_params_depth(const umbra_params *params);       /* highest level; fresh ciphertexts have it */
UMBRA_API uint32_t umbra_params_keyed_level(const umbra_params *params); /* the highest that has switching keys */
UMBRA_API int umbra_params_has_public_key(const umbra_params *params);   /* 0: its modulus would be too large */
UMBRA_API uint32_t umbra_params_bootstrapped_level(const umbra_params *params);  /* after a refresh; 0: it cannot */
UMBRA_API uint32_t umbra_params_scale_bits(const umbra_params *params);          /* nominal */
UMBRA_API double umbra_params_scale(const umbra_params *params, uint32_t level); /* of that level; 0 if there is none */
UMBRA_API uint32_t umbra_params_limbs(const umbra_params *params, uint32_t level); /* 32-bit primes of that level */
UMBRA_API double umbra_params_log_q(const umbra_params *params, uint32_t level);   /* bits of that level's modulus */
UMBRA_API double umbra_params_log_qp(const umbra_params *params);     /* bits of the largest key modulus, or
                                                                                       of that of a keyless level */
UMBRA_API uint32_t umbra_params_dnum(const umbra_params *params);     /* gadget digits at the highest level with keys */
UMBRA_API uint32_t umbra_params_security(const umbra_params *params); /* 256, 192, 128, or 0: insecure */
UMBRA_API uint64_t umbra_params_ciphertext_bytes(const umbra_params *params, uint32_t level);

/* Bytes of one switching key that serves levels 0..level, in memory; its file is half of it. */
UMBRA_API uint64_t umbra_params_key_bytes(const umbra_params *params, uint32_t level);

/* BLAKE2b-256 of ring, primes, levels, digits and how it refreshes: equal for equal sets, however they were requested. */
UMBRA_API void umbra_params_digest(const umbra_params *params, uint8_t digest[UMBRA_DIGEST_BYTES]);

/*
 * A description: text for people, or one JSON object with every prime, level, scale, key modulus and size. *size: of
 * `text`, the closing zero included, and becomes what is needed; see umbra/umbra.h. Errors: INVALID_ARGUMENT, RANGE.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_describe(const umbra_params *params, char *text, size_t *size);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_describe_json(const umbra_params *params, char *text, size_t *size);

/* Files, and buffers: see umbra/file.h. Errors: IO, FORMAT, RANGE (a buffer too small), OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_save(const umbra_params *params, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_load(umbra_params **params, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_write(const umbra_params *params, void *buffer, size_t *size);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_params_read(umbra_params **params, const void *buffer, size_t size);

UMBRA_END_DECLS

#endif
