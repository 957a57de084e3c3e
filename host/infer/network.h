/* SPDX-License-Identifier: Apache-2.0 */
/* A program whose weights are encoded for a context and for one way to compute it. */
#ifndef UMBRA_INFER_NETWORK_H
#define UMBRA_INFER_NETWORK_H

#include <umbra/convolution.h>
#include <umbra/weights.h>

#include "../base/watch.h"
#include "encrypted.h"
#include "way.h"

/* What a term's weights are encoded for: one of each step's terms; NULL where a term has none. */
typedef struct umbra_layer_weights {
  umbra_weights **term;
  umbra_convolution **window;
  umbra_matrix *const *encrypted; /* those of the terms, then the bias: the network's; or NULL */
} umbra_layer_weights;

struct umbra_inference {
  umbra_counted counted;
  umbra_context *context; /* shares */
  umbra_program *program;
  umbra_matrix_layout layout;         /* of the input */
  umbra_transform_encode_when encode; /* of convolutions */
  uint64_t ahead;                     /* bytes that are left for diagonals encoded before their use */
  size_t columns;                     /* of batches */
  umbra_place_choice *levels;         /* of each step */
  umbra_feature_layout *places;       /* of each value; 0 channels: it is a matrix */
  umbra_layer_weights *layers;        /* of each step */
  umbra_inference_weights *weights;   /* NULL: they are encoded */
  umbra_bootstrapper *bootstrapper;   /* NULL: nothing is refreshed */
  int stamped;                        /* 1: it takes records of its plan only */
  uint8_t plan[UMBRA_DIGEST_BYTES];   /* the plan's digest */
};

/*
 * The input is at the context's top level. Weights that are to be encrypted are so here in simulations and dry runs,
 * which have no key. Errors: NO_LEVEL, UNSUPPORTED (images that are added and lie differently), and those of
 * umbra_encrypted_make, umbra_weights_create and umbra_convolution_create.
 */
umbra_status umbra_network_make(umbra_inference **network, const umbra_context *context, const umbra_program *program,
                                const umbra_way *way, umbra_watch *watch);

/* The same with weights that were encrypted, of which it keeps a share; NULL: plain ones. */
umbra_status umbra_network_make_with(umbra_inference **network, const umbra_context *context,
                                     const umbra_program *program, const umbra_way *way,
                                     const umbra_inference_weights *weights, umbra_watch *watch);

/* Is told when a step has made its value, of which level, and once more when that has been refreshed. */
typedef struct umbra_step_observer {
  umbra_status (*told)(void *user, size_t step, int refreshed, uint32_t level);
  void *user;
} umbra_step_observer;

/* umbra_inference_run, observed (NULL: by nobody). */
umbra_status umbra_network_run(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *batch,
                               const umbra_inference *network, const umbra_step_observer *observer);

/*
 * What is declared of a linear step's result: what polynomials read is within [-1, 1]; of the network's result nothing
 * is asked but that it fits its level, and records may come that are farther out than all samples.
 */
double umbra_step_magnitude(const umbra_program *program, const umbra_step *step);

#endif
