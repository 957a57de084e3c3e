/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fixed computation on ciphertexts that is run many times.
 *
 * On a GPU it is recorded once, as a CUDA graph with memory of its own, and a run copies the inputs in, enqueues the
 * whole as one piece of work, and copies the outputs out: no allocation, no launch by launch, no waiting. On a CPU a
 * run calls the function. Results are the same bits either way.
 */
#ifndef UMBRA_CIRCUIT_H
#define UMBRA_CIRCUIT_H

#include <umbra/evaluator.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_circuit umbra_circuit;

/*
 * The computation: makes outs[i] (NULL at the call, all different after it) from ins. It may use the evaluator, but not
 * exchange its keys, and make and destroy ciphertexts of its own; other objects that it uses (plaintexts, a bootstrapper)
 * the application keeps until the last run. On a GPU it is called while the circuit is made, twice, and must enqueue the
 * same work each time; reading values (decrypt, decode, save), bringing new ones (encode, encrypt, load) or waiting on
 * the way cannot be recorded: those calls fail, or the circuit cannot be made.
 */
typedef umbra_status (*umbra_circuit_body)(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                           const umbra_ciphertext *const *ins, void *user);

typedef struct umbra_circuit_desc {
  size_t struct_size;
  umbra_circuit_body body;
  size_t ins, outs; /* at least 1 each */
  /* `ins` ciphertexts: a run's inputs must have their owner, levels and slots, and no larger magnitude or error. */
  const umbra_ciphertext *const *examples;
  void *user;
} umbra_circuit_desc;
#define UMBRA_CIRCUIT_DESC_INIT .struct_size = sizeof(umbra_circuit_desc)
UMBRA_API void umbra_circuit_desc_init(umbra_circuit_desc *desc, size_t size);
#define umbra_circuit_desc_init(desc) umbra_circuit_desc_init((desc), sizeof *(desc))

/*
 * The circuit keeps the evaluator, which belongs to the thread that runs it, that one's keys, and what it refreshes with.
 * It belongs to these keys: while its evaluator has others (umbra_evaluator_use_keys) it cannot run.
 * Errors: INVALID_ARGUMENT, UNSUPPORTED (it cannot be recorded, or another thread is recording in this context),
 * OUT_OF_MEMORY, and what the body returns.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_circuit_create(umbra_circuit **circuit, umbra_evaluator *evaluator,
                                                           const umbra_circuit_desc *desc);
UMBRA_API void umbra_circuit_destroy(umbra_circuit *circuit);

/*
 * outs: as many handles as the circuit has outputs, NULL or to be replaced, all different; they may be inputs.
 * Errors: INVALID_ARGUMENT, MISMATCH (an input unlike its example; other keys than when the circuit was made; an evaluator
 * that is strict, and was not then), OUT_OF_MEMORY, and what the body returns.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_circuit_run(umbra_circuit *circuit, umbra_ciphertext **outs,
                                                        const umbra_ciphertext *const *ins);

/* 1 if runs replay a recording, 0 if they call the function. */
UMBRA_API int umbra_circuit_is_recorded(const umbra_circuit *circuit);

UMBRA_END_DECLS

#endif
