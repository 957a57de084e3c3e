/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypted weights: of each linear step a matrix by diagonals for each of its terms, then the bias, a row that is
 * repeated for all records of a ciphertext. Values have one layout throughout, that of batches.
 */
#ifndef UMBRA_INFER_ENCRYPTED_H
#define UMBRA_INFER_ENCRYPTED_H

#include "../linalg/matrix.h"
#include "plan.h"

enum { UMBRA_ENCRYPTED_MOST_PARTS = 1 << 18 }; /* of one matrix */

struct umbra_inference_weights {
  umbra_counted counted;
  umbra_context *context;           /* a share */
  uint8_t plan[UMBRA_DIGEST_BYTES]; /* the plan's digest */
  size_t count;
  umbra_matrix **matrix; /* of all steps; in a simulation NULL but for biases */
  double bound;          /* of the weights that are made here; that of the way */
};

/*
 * Encrypts or, of a dry context, only makes room for the weights of a program in a way that has its levels. A
 * simulation gets those of terms when they are multiplied: see below. Errors: UNSUPPORTED (keyless levels, images),
 * RANGE (too many ciphertexts), and those of encryption.
 */
umbra_status umbra_encrypted_make(umbra_inference_weights **weights, umbra_encryptor by, const umbra_program *program,
                                  const umbra_way *way, umbra_watch *watch);

/* The power of two, from 1 on, that no weight and no bias of a program on matrices is above: what encrypted ones show. */
double umbra_encrypted_bound(const umbra_program *program);

/* *product = x times the simulated weights of a term of a step, at the level that the step has. bound: of weights. */
umbra_status umbra_encrypted_simulate(umbra_evaluator *evaluator, umbra_matrix **product, const umbra_matrix *x,
                                      const umbra_program *program, const umbra_step *step, size_t term, uint32_t level,
                                      double bound);

/* MISMATCH unless that is what they are for the plan, with its weights or without. */
umbra_status umbra_encrypted_check(const umbra_inference_weights *weights, const umbra_inference_plan *plan);

/* With room for so many matrices. */
umbra_status umbra_encrypted_open(umbra_inference_weights **weights, const umbra_context *context, size_t count);

#endif
