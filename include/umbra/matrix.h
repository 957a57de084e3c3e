/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted matrices, and how they lie in the slots of their ciphertexts. */
#ifndef UMBRA_MATRIX_H
#define UMBRA_MATRIX_H

#include <umbra/array.h>
#include <umbra/cost.h>
#include <umbra/disclosure.h>
#include <umbra/evaluator.h>
#include <umbra/file.h>
#include <umbra/progress.h>
#include <umbra/range.h>
#include <umbra/sanitize.h>
#include <umbra/simulate.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_matrix umbra_matrix; /* immutable, shareable */

/* Which elements stand beside each other. A transposed matrix by rows is one by columns. */
typedef enum umbra_matrix_order {
  UMBRA_MATRIX_BY_ROWS = 0,    /* those of a row: few records at a time, wide ones */
  UMBRA_MATRIX_BY_COLUMNS = 1, /* those of a column: many records at a time; products with plain matrices need no key */
  /* For products of encrypted matrices (umbra/product.h): */
  UMBRA_MATRIX_TILES = 2,       /* square tiles, row by row: what products of tiles are; factors after another level */
  UMBRA_MATRIX_TILES_LEFT = 3,  /* tiles as left factors, */
  UMBRA_MATRIX_TILES_RIGHT = 4, /* and as right ones: their products take one level */
  UMBRA_MATRIX_DIAGONALS = 5,   /* those of a generalised diagonal: right factor of matrices by columns; one level */
  /* For products of a vector, or a few, with plain matrices (umbra/weights.h): */
  UMBRA_MATRIX_SHIFTED = 6, /* copies of a row, shifted against each other, in place of rotations */
  /* For products of some records, fewer than there are slots, with plain matrices: */
  UMBRA_MATRIX_INTERLEAVED = 7, /* elements of a row beside each other, a few of them or copies of one; many rows */
  /* Of trained layers (umbra/train.h): */
  UMBRA_MATRIX_WRAPPED = 8 /* diagonals that wrap around, several in a ciphertext */
} umbra_matrix_order;

/*
 * A ciphertext has `slots` slots (repeated through all n/2), in slots / stride runs. By rows, each run holds a row, and
 * with pairs the imaginary parts hold as many again. By columns, each run holds `stride` rows of a column, or with pairs
 * twice as many; a ciphertext is followed by those with further columns of these rows, then by those with further rows.
 * Real weights act on real and imaginary parts alike, so pairs have what packing in coefficients has: n elements in a
 * ciphertext of a product without keys. An error is that of a coefficient times sqrt(n / 2), as in all slots.
 *
 * Tiles have stride x stride elements, the last ones padded by zeros. A row of a tile takes 2 stride slots, so a
 * ciphertext has slots / (2 stride^2) = T tiles, which stand below each other: row i of tile t begins at slot
 * 2 stride (T i + t), so that a rotation turns the rows of all tiles. Tiles to the right follow in the imaginary parts
 * (with pairs), then in the next ciphertext, then come those below. Element (i, j) of a tile is at place (i, j) of its
 * first stride columns; to the left at (i, j - i) modulo the stride, and once more in the columns from the stride on;
 * to the right at (i - j, j), and a ciphertext has T copies of one tile (Jiang, Kim, Lauter, Song, CCS 2018, with rows
 * of twice the length, so that shifts of columns need no masks). Factors to the left have no pairs.
 *
 * By diagonals, slots / stride = P runs are positions, and the matrix is a grid of P x P blocks, row by row, of as many
 * ciphertexts each. Ciphertext e of a block has at position p, in `stride` copies, the element of row p - g + k + e
 * and column p - g, modulo P. Here g is e rounded down to a multiple of `group`, the baby steps, and k = 0; but if only
 * n rows and m columns of a block are used, and n + m - 1 < P, k = 1 - m and there are n + m - 1 ciphertexts. By
 * diagonals there are no pairs.
 *
 * Shifted, a ciphertext holds M = group * slots / stride columns of one row, or with pairs of two, in copies: slot
 * stride * t + u, u < stride, holds column u + group * t of these, modulo M. Those with further columns follow, then those
 * of further rows. So rotations by 0 to group - 1 bring to the slots that are r modulo the stride each column once, and
 * weights of as many rows as the stride, or fewer, take `group` diagonals (umbra/weights.h).
 *
 * Interleaved, slots / stride runs hold as many rows: each holds `group` columns, over and over, so slot stride * t + u
 * holds column u modulo group of row t. Those with further columns follow, then those of further rows. The group is 1,
 * copies of one column, or the stride. Weights take the copies to columns beside each other without a rotation.
 *
 * Wrapped, slots / stride = P runs are positions, at least as many as rows and columns. With h the least power of two that
 * is no less than the rows, there are h diagonals; diagonal i is in ciphertext i / stride, at place i modulo the stride of
 * each run: at position p the element of row p - g modulo h and column p - g + i modulo P, where g is i rounded down to a
 * multiple of `group`, the baby steps. There are no pairs.
 *
 * 0: chosen: the least stride that holds a row, or a column (at most all slots), all slots, groups of one. Tiles: the
 * least stride that holds rows and columns, or the largest that fits; slots for one tile. Diagonals: the largest stride
 * with as many positions as rows and columns, or 1; baby steps that take the least time. Shifted: as for weights with
 * as many rows as columns; the least group that takes one ciphertext. Interleaved: the largest stride with a run for
 * each row, or 1; groups of one column. Wrapped: the largest stride with as many positions as rows and columns; baby
 * steps that take the least time. Factors of one product need the same stride: give it if their shapes differ.
 */
typedef struct umbra_matrix_layout {
  size_t struct_size;
  umbra_matrix_order order;
  int ones; /* 1: the slot after a row's columns holds 1, so that a bias is a weight. Scoring needs it. By rows */
  uint32_t stride; /* a power of two; by rows at least the columns and the one */
  uint32_t slots;  /* a power of two from the stride to n/2; of tiles from 2 stride^2 */
  int pairs;
  /* By rows: ciphertexts whose products with a vector share one: a power of two up to 8 and the stride. By diagonals:
     baby steps, a power of two up to the positions; wrapped: up to the diagonals. Shifted: columns from one run to
     the next, up to the stride. Interleaved: columns of a run, 1 or the stride. */
  uint32_t group;
} umbra_matrix_layout;
#define UMBRA_MATRIX_LAYOUT_INIT .struct_size = sizeof(umbra_matrix_layout)
UMBRA_API void umbra_matrix_layout_init(umbra_matrix_layout *layout, size_t size);
#define umbra_matrix_layout_init(layout) umbra_matrix_layout_init((layout), sizeof *(layout))

/*
 * Encrypts rows x columns values in row order. layout: NULL: all is chosen, without ones. Errors: INVALID_ARGUMENT
 * (empty; no layout for that many columns), RANGE (more columns than slots; values), UNSUPPORTED (an order that this
 * version does not know), CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_encrypt(umbra_matrix **matrix, const umbra_public_key *key,
                                                           const double *values, size_t rows, size_t columns,
                                                           const umbra_matrix_layout *layout,
                                                           const umbra_progress *progress);

/* The same of values that lie elsewhere, or are floats. Errors: also INVALID_ARGUMENT (no such array). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_encrypt_array(umbra_matrix **matrix, const umbra_public_key *key,
                                                                 const umbra_array *values,
                                                                 const umbra_matrix_layout *layout,
                                                                 const umbra_progress *progress);

/* The same with the owner's secret key: smaller in files, and the way where there is no public key (umbra/params.h). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_encrypt_symmetric(umbra_matrix **matrix, const umbra_secret_key *key,
                                                                     const umbra_array *values,
                                                                     const umbra_matrix_layout *layout,
                                                                     const umbra_progress *progress);

/*
 * A matrix without values on a dry device (umbra/cost.h), as if encrypted at that level, or UMBRA_TOP_LEVEL. bound: on
 * |element|; a slot may hold more, two elements or a one. Errors: as umbra_matrix_encrypt and umbra_dry_ciphertext.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_dry_matrix(umbra_matrix **matrix, const umbra_context *context, size_t rows,
                                                       size_t columns, uint32_t level, double bound,
                                                       const umbra_matrix_layout *layout);

/*
 * A matrix of a simulation (umbra/simulate.h), as if encrypted; and the values of one, as umbra_matrix_decrypt gives them,
 * without a key and with no limit held against them. Errors: as umbra_matrix_encrypt, umbra_sim_ciphertext and
 * umbra_sim_decode.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_matrix(umbra_matrix **matrix, const umbra_context *context,
                                                       const double *values, size_t rows, size_t columns,
                                                       const umbra_matrix_layout *layout);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_matrix_decode(double *values, const umbra_matrix *matrix);

/* values: all rows x columns of them, in row order, without ones. Errors: MISMATCH, RANGE, OUT_OF_MEMORY, CANCELLED. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_decrypt(const umbra_matrix *matrix, double *values,
                                                           const umbra_secret_key *key, const umbra_progress *progress);

/*
 * The same for others to see (umbra/disclosure.h): each ciphertext is a release. The id is that of all of them, and
 * bounds are the worst of any. Errors: also those of umbra_decrypt_public.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_decrypt_public(const umbra_matrix *matrix,
                                                                  umbra_disclosure *disclosure, double *values,
                                                                  const umbra_secret_key *key,
                                                                  const umbra_disclosure_options *options,
                                                                  const umbra_progress *progress);

/*
 * The same elements, of which whoever decrypts them learns less of how they were computed: umbra/sanitize.h. Each ciphertext
 * is a release, disclosure (NULL: nobody asks) as above. out may be the matrix. Errors: those of umbra_sanitize, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_sanitize(umbra_matrix **out, umbra_disclosure *disclosure,
                                                            const umbra_matrix *matrix, const umbra_public_key *key,
                                                            const umbra_disclosure_options *options,
                                                            const umbra_progress *progress);

UMBRA_API size_t umbra_matrix_rows(const umbra_matrix *matrix);
UMBRA_API size_t umbra_matrix_columns(const umbra_matrix *matrix);
UMBRA_API uint32_t umbra_matrix_level(const umbra_matrix *matrix); /* the lowest of its ciphertexts' */
UMBRA_API uint64_t umbra_matrix_bytes(const umbra_matrix *matrix); /* of residues */
UMBRA_API void umbra_matrix_owner(const umbra_matrix *matrix, uint8_t owner[UMBRA_OWNER_BYTES]);

/* What a matrix is to a network (umbra/inference.h) or to a training (umbra/train.h). Numbers are part of the file format. */
typedef enum umbra_matrix_role {
  UMBRA_MATRIX_OF_NO_PLAN = 0, /* whatever operations on matrices make, too */
  UMBRA_MATRIX_RECORDS = 1,    /* encrypted by a plan */
  UMBRA_MATRIX_RESULTS = 2,    /* of the network of a plan */
  UMBRA_MATRIX_SCALED = 3,     /* records that were scaled as those of a training */
  UMBRA_MATRIX_SCORES = 4,     /* that a model of a training gave such records */
  UMBRA_MATRIX_LAYER = 5,      /* weights of a layer that was trained */
  UMBRA_MATRIX_LOSS = 6        /* losses of its iterations */
} umbra_matrix_role;

/*
 * plan: the digest of its plan (umbra_inference_plan_digest), of the last four the id of the training
 * (umbra_train_plan_training); zero, if it is of none. May be NULL.
 */
UMBRA_API umbra_matrix_role umbra_matrix_plan(const umbra_matrix *matrix, uint8_t plan[UMBRA_DIGEST_BYTES]);

/* Says that these are records which were scaled as those of a training, before anybody else has the matrix. */
UMBRA_API void umbra_matrix_set_training(umbra_matrix *matrix, const uint8_t training[UMBRA_DIGEST_BYTES]);

/* With what was chosen. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_layout_of(const umbra_matrix *matrix, umbra_matrix_layout *layout);

/* What is known of all its ciphertexts together: the largest bounds, and all doubts. Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_range(const umbra_matrix *matrix, umbra_range *range);
UMBRA_API void umbra_matrix_destroy(umbra_matrix *matrix);

/* umbra_matrix_save, _load, _write, _read, _send, _receive: see umbra/file.h. */
UMBRA_DECLARE_FILE_FUNCTIONS(matrix)

UMBRA_END_DECLS

#endif
