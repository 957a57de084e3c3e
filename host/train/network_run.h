/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks under encryption: forward, errors, backward and gradients of encrypted records under encrypted weights. Errors
 * are kept conjugated, since the gradient of both complex parts is the real part of conjugates of errors times inputs; so
 * the owner negates the targets in imaginary parts.
 *
 * Factors that no level is left for go where there is one: sums of conjugates double, so hidden layers are expanded by
 * half of their weights, and errors of layer k are `scale`[k] times what they should be, which its gradient makes up for.
 */
#ifndef UMBRA_TRAIN_NETWORK_RUN_H
#define UMBRA_TRAIN_NETWORK_RUN_H

#include "kind.h"

/* As umbra_train_ops says. */
umbra_status umbra_network_run_create(void **run, const umbra_train_plan *plan, umbra_evaluator *evaluator,
                                      const umbra_bootstrapper *bootstrapper);
void umbra_network_run_destroy(void *run);
umbra_status umbra_network_run_add(void *run, umbra_train_state *sums, const umbra_train_state *state, uint32_t i,
                                   const umbra_train_block *block);
umbra_status umbra_network_run_close(void *run, umbra_train_state *steps, uint32_t i, const umbra_train_state *sums);
umbra_status umbra_network_run_count(void *run, umbra_ciphertext **squares, uint32_t i, const umbra_train_state *sums);

#endif
