/* SPDX-License-Identifier: Apache-2.0 */
/* The ciphertexts of which matrices and feature maps are made: of one parameter set and owner, and as many slots each. */
#ifndef UMBRA_LINALG_PARTS_H
#define UMBRA_LINALG_PARTS_H

#include <stddef.h>
#include <umbra/evaluator.h>

/* That those given are such, for what ("a matrix") takes `wanted` of them. Errors: INVALID_ARGUMENT, MISMATCH. */
umbra_status umbra_parts_check(const umbra_ciphertext *const *given, size_t count, size_t wanted, uint32_t slots,
                               const char *what);

/* Of two lists of at least one: that these are of one parameter set and owner. Errors: MISMATCH. */
umbra_status umbra_parts_check_alike(umbra_ciphertext *const *a, umbra_ciphertext *const *b, const char *what);

/* to[i], NULL before, becomes a copy. If it fails some may have been made, as below. */
umbra_status umbra_parts_copy(umbra_ciphertext **to, umbra_ciphertext *const *from, size_t count);

/* made[i], NULL before, = what the operation makes of a[i] and b[i]. */
typedef umbra_status umbra_part_operation(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                                          const umbra_ciphertext *b);
umbra_status umbra_parts_combine(umbra_evaluator *evaluator, umbra_ciphertext **made, umbra_ciphertext *const *a,
                                 umbra_ciphertext *const *b, size_t count, umbra_part_operation *operation);

/* made[i], NULL before, = a function of every slot of a[i]. */
typedef umbra_status umbra_slot_function(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                                         const void *user);
umbra_status umbra_parts_map(umbra_evaluator *evaluator, umbra_ciphertext **made, umbra_ciphertext *const *a,
                             size_t count, umbra_slot_function *function, const void *user);

/* One of them: sum coefficients[k] T_k(slot), k <= degree. user: an umbra_slot_polynomial. */
typedef struct umbra_slot_polynomial {
  const double *coefficients;
  uint32_t degree;
} umbra_slot_polynomial;
umbra_slot_function umbra_slot_chebyshev;

void umbra_parts_declare_within(umbra_ciphertext *const *part, size_t count, double magnitude); /* 0: nothing */
uint32_t umbra_parts_level(umbra_ciphertext *const *part, size_t count);                        /* the lowest */
uint64_t umbra_parts_bytes(umbra_ciphertext *const *part, size_t count);                        /* of residues */
void umbra_parts_destroy(umbra_ciphertext **part, size_t count); /* and the list; NULL: nothing */

#endif
