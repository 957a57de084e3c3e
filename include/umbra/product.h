/* SPDX-License-Identifier: Apache-2.0 */
/* Products of matrices. */
#ifndef UMBRA_PRODUCT_H
#define UMBRA_PRODUCT_H

#include <umbra/evaluator.h>
#include <umbra/matrix.h>
#include <umbra/weights.h>

UMBRA_BEGIN_DECLS

/* ---- with plain weights ---- */

/*
 * Every row x of the matrix becomes W x + b (umbra/weights.h): out has the same rows, and W's rows as columns, one
 * level below the weights'. It is by columns, of the matrix's stride (1 if that is by rows or shifted), with as many
 * slots, or where several columns share a ciphertext as few as hold the columns (of a shifted one: its stride). Of an
 * interleaved matrix it is interleaved, with the same stride and slots, and columns beside each other. What its padding
 * holds is not said. Higher levels are dropped first; lower ones are refreshed if the evaluator does that. out may be
 * the matrix. Errors: NO_LEVEL, INVALID_ARGUMENT (another number of columns; another layout than the weights'),
 * UNSUPPORTED (ciphertexts of three parts where columns or copies share ciphertexts, or of two and three mixed),
 * MISSING_KEY, MISMATCH, OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_apply(umbra_evaluator *evaluator, umbra_matrix **out,
                                                         const umbra_matrix *matrix, const umbra_weights *weights);

/* ---- both encrypted ---- */

/* The linear maps that turn tiles into factors, encoded once for many products; no keys. Immutable, shareable. */
typedef struct umbra_tile_maps umbra_tile_maps;

typedef struct umbra_multiply_options {
  size_t struct_size;
  int transpose_a, transpose_b; /* 1: the factor is the transposed matrix. Tiles only */
  uint32_t level; /* of the product, at most: the factors are brought down first, since what is lower costs less */
  /* Declared (umbra/range.h): no |slot| of the product is larger, with two elements in pairs, nor what padding holds. 0:
     what follows from the factors' bounds, and grows with their size. */
  double magnitude;
  const umbra_tile_maps *maps; /* for such factors, and their level for the product; NULL: encoded for this one */
} umbra_multiply_options;
#define UMBRA_MULTIPLY_OPTIONS_INIT .struct_size = sizeof(umbra_multiply_options), .level = UMBRA_TOP_LEVEL
UMBRA_API void umbra_multiply_options_init(umbra_multiply_options *options, size_t size);
#define umbra_multiply_options_init(options) umbra_multiply_options_init((options), sizeof *(options))

/*
 * out = a * b, of any sizes, by what the layouts of the factors are for; both have the same stride and slots, and a has
 * as many columns as b has rows. Products are summed before they are relinearised and rescaled, so the product is one
 * level below the factors, after what the table says. Keys: relinearisation, and rotations, which depend on the layout
 * only and not on the sizes; a dry device lists them and tells the cost (umbra/cost.h).
 *
 *     a                                  b                                    levels    out
 *     tiles to the left, or tiles + 1    tiles to the right, or tiles + 1     1         tiles
 *     by columns                         by diagonals                         1         by columns
 *
 * Tiles (Jiang, Kim, Lauter, Song, CCS 2018) of side d take, for each pair of them, d products; rotations are d + O(sqrt d)
 * for each tile of a, and O(sqrt d) for each of b and of out. Pairs of b are those of out. Tiles that are no factors yet
 * are turned into such by a linear map, which takes a level. A transposed factor is made of tiles, which takes two
 * levels, or of a factor of the other side, which takes one. Right factors of tiles, and transposed ones, have one tile
 * in a ciphertext, and transposed ones no pairs.
 *
 * By diagonals (Halevi, Shoup, CRYPTO 2014), each ciphertext of b is used once for each block of a's rows; rotations are
 * O(sqrt P) for a ciphertext of a, with P = slots / stride. Pairs of a are those of out. What a has beyond its columns does
 * not matter.
 *
 * out may be a or b. options: NULL: the defaults. Nothing is refreshed. Without maps, tiles that are no factors yet are
 * not multiplied within a circuit that is recorded. Errors: INVALID_ARGUMENT (sizes, layouts or maps that do not go
 * together: the text says which; options; padding that may hold anything, see umbra_matrix_from_ciphertexts), NO_LEVEL,
 * UNSUPPORTED (ciphertexts of three parts), MISSING_KEY, MISMATCH, OUT_OF_MEMORY, CANCELLED; RANGE on a strict
 * evaluator, which goes by the factors' bounds.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_multiply(umbra_evaluator *evaluator, umbra_matrix **out,
                                                            const umbra_matrix *a, const umbra_matrix *b,
                                                            const umbra_multiply_options *options);

/*
 * The maps for products of matrices in the layouts of a and b, of any sizes, with these options (but for maps), in the
 * context of a: the products are at the level that the product of a and b would have. Tiles only. Products that need no
 * map have none. Errors: as umbra_matrix_multiply.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_tile_maps_create(umbra_tile_maps **maps, const umbra_matrix *a,
                                                             const umbra_matrix *b,
                                                             const umbra_multiply_options *options,
                                                             const umbra_progress *progress);

/* The same maps, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_tile_maps *umbra_tile_maps_share(const umbra_tile_maps *maps);
UMBRA_API void umbra_tile_maps_destroy(umbra_tile_maps *maps);

UMBRA_API uint64_t umbra_tile_maps_bytes(const umbra_tile_maps *maps); /* of residues */

UMBRA_END_DECLS

#endif
