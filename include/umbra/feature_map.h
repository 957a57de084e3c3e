/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypted feature maps: images of several channels, and how they lie in the slots of their ciphertexts (multiplexed
 * packing: Lee et al., ICML 2022, eprint 2021/1688). What takes them is in umbra/convolution.h.
 */
#ifndef UMBRA_FEATURE_MAP_H
#define UMBRA_FEATURE_MAP_H

#include <umbra/cost.h>
#include <umbra/evaluator.h>
#include <umbra/file.h>
#include <umbra/progress.h>
#include <umbra/range.h>
#include <umbra/simulate.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_feature_map umbra_feature_map; /* immutable, shareable */

/*
 * Shape and places. With `interleave` = interleave_y * interleave_x channels in the gaps between the pixels of a plane,
 * channel c is number i = c % interleave of plane c / interleave, and its pixel (y, x) has the position
 *
 *     plane * (c / interleave) + row * (gap_y * y + i / interleave_x) + gap_x * x + i % interleave_x:
 *
 * slot position % slots of ciphertext position / slots. Convolutions with strides widen the gaps, and fill them with
 * channels. All other slots hold anything that is no larger; new maps have zeros there. Of fewer than n/2 slots the whole
 * is repeated through all. Values are real. 0 is chosen: the least plane; rows that leave as much room to the right as
 * below; the least slots; no gaps.
 */
typedef struct umbra_feature_layout {
  size_t struct_size;
  uint32_t channels, height, width;    /* at least 1 */
  uint32_t slots;                      /* of a ciphertext: a power of two up to n/2 */
  uint32_t plane;                      /* slots from a plane to the next: a power of two */
  uint32_t row;                        /* slots from a row to the next */
  uint32_t gap_y, gap_x;               /* rows and slots from a pixel to the next; 1: none between them */
  uint32_t interleave_y, interleave_x; /* channels in each gap: at most gap_y and gap_x */
} umbra_feature_layout;
#define UMBRA_FEATURE_LAYOUT_INIT .struct_size = sizeof(umbra_feature_layout)
UMBRA_API void umbra_feature_layout_init(umbra_feature_layout *layout, size_t size);
#define umbra_feature_layout_init(layout) umbra_feature_layout_init((layout), sizeof *(layout))

/*
 * Encrypts values[channels][height][width] at the highest level. Errors: INVALID_ARGUMENT (no shape, no layout of it),
 * RANGE (values that are not finite or too large; more than 2^31 positions), OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_encrypt(umbra_feature_map **map, const umbra_public_key *key,
                                                                const double *values,
                                                                const umbra_feature_layout *layout,
                                                                const umbra_progress *progress);

/* The same with the owner's secret key: smaller in files, and the way where there is no public key (umbra/params.h). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_encrypt_symmetric(umbra_feature_map **map,
                                                                          const umbra_secret_key *key,
                                                                          const double *values,
                                                                          const umbra_feature_layout *layout,
                                                                          const umbra_progress *progress);

/*
 * A map without values on a dry device (umbra/cost.h), as if encrypted at that level, or UMBRA_TOP_LEVEL. bound: on
 * |value|. Errors: as umbra_feature_map_encrypt and umbra_dry_ciphertext.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_dry_feature_map(umbra_feature_map **map, const umbra_context *context,
                                                            uint32_t level, double bound,
                                                            const umbra_feature_layout *layout);

/*
 * A map of a simulation (umbra/simulate.h), as if encrypted; and the values of one, as umbra_feature_map_decrypt gives
 * them, without a key. Errors: as umbra_feature_map_encrypt, umbra_sim_ciphertext and umbra_sim_decode.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_feature_map(umbra_feature_map **map, const umbra_context *context,
                                                            const double *values, const umbra_feature_layout *layout);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_feature_map_decode(double *values, const umbra_feature_map *map);

/* values[channels][height][width]. Errors: MISMATCH, RANGE, OUT_OF_MEMORY, CANCELLED. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_decrypt(const umbra_feature_map *map, double *values,
                                                                const umbra_secret_key *key,
                                                                const umbra_progress *progress);

/* ---- to the evaluator and back ---- */

UMBRA_API size_t umbra_feature_map_ciphertexts(const umbra_feature_map *map);

/* One of them, which lives as long as the map. NULL: there is none of that number. */
UMBRA_API const umbra_ciphertext *umbra_feature_map_ciphertext(const umbra_feature_map *map, size_t i);

/*
 * A map of copies of `count` ciphertexts that lie so: what an activation made of another map's, whose layout that is, or
 * what came in files of ciphertexts. They are taken at their word. Errors: INVALID_ARGUMENT (no layout, another number of
 * ciphertexts, one has other slots, or is missing), RANGE, MISMATCH (parameters, owners), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_from(umbra_feature_map **map,
                                                             const umbra_ciphertext *const *ciphertexts, size_t count,
                                                             const umbra_feature_layout *layout);

/* ---- what it is ---- */

UMBRA_API uint32_t umbra_feature_map_level(const umbra_feature_map *map); /* the lowest of its ciphertexts' */
UMBRA_API uint64_t umbra_feature_map_bytes(const umbra_feature_map *map); /* of residues */
UMBRA_API void umbra_feature_map_owner(const umbra_feature_map *map, uint8_t owner[UMBRA_OWNER_BYTES]);

/* With what was chosen. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_layout(const umbra_feature_map *map,
                                                               umbra_feature_layout *layout);

/* What is known of all its ciphertexts together: the largest bounds, and all doubts. Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_range(const umbra_feature_map *map, umbra_range *range);
UMBRA_API void umbra_feature_map_destroy(umbra_feature_map *map);

/* umbra_feature_map_save, _load, _write, _read, _send, _receive: see umbra/file.h. */
UMBRA_DECLARE_FILE_FUNCTIONS(feature_map)

UMBRA_END_DECLS

#endif
