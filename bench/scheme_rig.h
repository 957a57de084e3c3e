/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks of operations on ciphertexts: keys, two encrypted vectors, and an evaluator. The last result is decrypted
 * and must be what the operation promises, within the bound on the error that the library tracks. On a GPU several
 * calls are enqueued and waited for together.
 *
 * An operation's file gives bench_operation lines: the call, and the slots it should give.
 */
#ifndef UMBRA_BENCH_SCHEME_RIG_H
#define UMBRA_BENCH_SCHEME_RIG_H

#include <umbra/umbra.h>

#include "bench.h"

enum { BENCH_MANY = 8 /* operands of dot products, rotations of one input */ };

/* Which keys the evaluator of an operation has. They are made when one is first asked for. */
typedef enum bench_keys { BENCH_NO_KEYS, BENCH_RELINEARIZE, BENCH_ROTATE, BENCH_KEY_SETS } bench_keys;

typedef struct bench_boot bench_boot;

typedef struct bench_scheme {
  const bench_setting *setting; /* NULL: closed */
  umbra_params *params;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public_key;
  umbra_eval_keys *keys[BENCH_KEY_SETS];
  umbra_evaluator *evaluators[BENCH_KEY_SETS];
  size_t slots;
  double *x, *y; /* real values in [-1, 1] */
  umbra_plaintext *plain_y;
  umbra_ciphertext *a, *b; /* of x and y, at the highest level */

  umbra_evaluator *evaluator; /* of the present operation */
  umbra_circuit *circuit;     /* of the present operation, if it has one */
  bench_boot *boot;           /* see boot_rig.h; NULL: closed */
  /* Its results; whichever of them it has. */
  umbra_ciphertext *out[BENCH_MANY];
  umbra_plaintext *plain;
  double *values;
  umbra_secret_key *new_secret;
  umbra_public_key *new_public_key;
  umbra_eval_keys *new_keys;
  void *file; /* of the keys for rotations; NULL: nobody has asked for it yet */
  size_t file_bytes;
} bench_scheme;

typedef struct bench_slot {
  double re, im;
} bench_slot;

/* Which settings an operation is for. */
enum {
  BENCH_RECORDED = 1, /* only backends that record */
  BENCH_REFRESHES = 2 /* only parameters that refresh */
};

typedef struct bench_operation {
  const char *name;
  bench_keys keys;
  umbra_status (*run)(bench_scheme *s);
  /* What slot j of result i should be. */
  bench_slot (*expect)(const bench_scheme *s, size_t i, size_t j);
  size_t results; /* ciphertexts out[0], out[1], ... */
  /* Makes out[0] from results of another kind, after the measurement; NULL: nothing to do. */
  umbra_status (*finish)(bench_scheme *s);
  unsigned only;
} bench_operation;

/* Tables of the files, closed by an entry without a name. */
extern const bench_operation bench_encoder[], bench_encrypt[], bench_decrypt[], bench_evaluator[], bench_products[],
    bench_rotate[], bench_keys_made[], bench_chebyshev[], bench_activation[], bench_circuits[], bench_bootstrap[],
    bench_bootstrap_parts[];

/* The slots of a and of b. */
bench_slot bench_expect_x(const bench_scheme *s, size_t i, size_t j);
bench_slot bench_expect_y(const bench_scheme *s, size_t i, size_t j);

/* For `finish`: what was encoded or decrypted, encrypted. */
umbra_status bench_encrypt_plain(bench_scheme *s);
umbra_status bench_encrypt_values(bench_scheme *s);

/* Steps of the i-th rotation: 1, 2, ..., and what it makes. */
int32_t bench_steps(size_t i);
bench_slot bench_expect_rotated(const bench_scheme *s, size_t i, size_t j);

bench_slot bench_expect_product(const bench_scheme *s, size_t i, size_t j);

/* Runs a circuit on desc->examples, into out; it is made if the present operation has none yet. */
umbra_status bench_replay(bench_scheme *s, const umbra_circuit_desc *desc);

/* What boot_rig.c does in the life of the rig: counters of an operation that refreshes, and the end. */
void bench_boot_count(bench_state *state, const bench_scheme *s, const bench_operation *op);
void bench_boot_close(bench_scheme *s);

void bench_operation_register(const bench_operation *operation, const bench_setting *setting);
void bench_scheme_close(void);

#endif
