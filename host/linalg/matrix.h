/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_LINALG_MATRIX_H
#define UMBRA_LINALG_MATRIX_H

#include <umbra/disclosure.h>

#include "../ckks/sim.h"
#include "../io/format.h"
#include "layout.h"
#include "parts.h"

/* Which plan of a network, or which training, it belongs to, as a section of files. */
typedef struct umbra_matrix_stamp {
  uint8_t plan[UMBRA_DIGEST_BYTES]; /* its digest, or id */
  uint32_t role, reserved;          /* an umbra_matrix_role */
} umbra_matrix_stamp;
_Static_assert(sizeof(umbra_matrix_stamp) == 40, "no padding");

struct umbra_matrix {
  umbra_context *context; /* a share */
  size_t rows, columns;
  umbra_matrix_layout layout; /* ones: times a factor of each row's in a data set for training; never in results */
  size_t parts;
  umbra_ciphertext **part;
  int dirty; /* padding may hold anything: in tiles and by diagonals, which products take to hold zeros there */
  umbra_matrix_stamp stamp; /* zero: of no plan, as whatever operations make */
};

/* A matrix with room for its parts, all NULL. Checks nothing. */
umbra_status umbra_matrix_make(umbra_matrix **matrix, const umbra_context *context, size_t rows, size_t columns,
                               const umbra_matrix_layout *layout);

/*
 * Encrypts or simulates what `element` says of each element, and of the one after a row's columns in a layout with ones,
 * at that level. All parts show the same bound. Errors: RANGE (also an element beyond the bound), OUT_OF_MEMORY, MISMATCH,
 * CANCELLED.
 */
typedef struct umbra_matrix_source {
  double (*element)(umbra_element element, const void *source);
  const void *source;
  double bound; /* no |element| is larger, and no one if that is above 1 */
} umbra_matrix_source;

/* What slots of such a layout hold at most, as encryption shows it, if no |element| is larger than the bound. */
double umbra_matrix_slot_bound(const umbra_matrix_layout *layout, double bound);

/* Whether no part says that it may hold more. */
int umbra_matrix_is_within(const umbra_matrix *matrix, double magnitude);
umbra_status umbra_matrix_encrypt_source(umbra_matrix **matrix, umbra_encryptor by, const umbra_matrix_source *source,
                                         size_t rows, size_t columns, const umbra_matrix_layout *layout, uint32_t level,
                                         umbra_watch *watch);

void umbra_matrix_set_stamp(umbra_matrix *matrix, const uint8_t plan[UMBRA_DIGEST_BYTES], umbra_matrix_role role);

/* How a part is opened: all its slots as pairs. */
typedef struct umbra_part_opener {
  umbra_status (*open)(double *pairs, const umbra_ciphertext *part, const void *user);
  const void *user;
} umbra_part_opener;

/* All elements of the parts, as they are opened; or none, if that fails. */
umbra_status umbra_matrix_open_by(const umbra_matrix *matrix, double *values, umbra_part_opener open,
                                  umbra_watch *watch);

/* RANGE if it has more ciphertexts than releases: each is one. */
umbra_status umbra_matrix_check_releases(const umbra_matrix *matrix, const umbra_disclosure_options *options);

/* umbra_matrix_decrypt_public without checks of its arguments; options: whole. */
umbra_status umbra_matrix_disclose(const umbra_matrix *matrix, umbra_disclosure *disclosure, double *values,
                                   const umbra_secret_key *key, const umbra_disclosure_options *options,
                                   umbra_watch *watch);

/* umbra_matrix_decrypt, of values that have doubts, too: a bit of umbra_doubt for each. */
umbra_status umbra_matrix_open(const umbra_matrix *matrix, double *values, uint32_t *doubts,
                               const umbra_secret_key *key, umbra_watch *watch);

/* What an application declares of all elements and of what padding holds: umbra_ciphertext_declare_within. */
void umbra_matrix_declare(umbra_matrix *matrix, double magnitude);

/* A function of every slot of every part. Errors: UNSUPPORTED (pairs and ones), and the function's. */
umbra_status umbra_matrix_map(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                              umbra_slot_function *function, const void *user);

/* The record and parts of a matrix as sections of any container, of one owner. */
umbra_status umbra_matrix_write_sections(umbra_writer *writer, const umbra_matrix *matrix);
uint64_t umbra_matrix_sections_bytes(const umbra_params *params, const umbra_matrix_layout *layout, size_t rows,
                                     size_t columns, uint32_t level);
umbra_status umbra_matrix_read_sections(umbra_reader *reader, const umbra_context *context, umbra_matrix **matrix);

#endif
