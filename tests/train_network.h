/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of networks that are trained: options of small ones. */
#ifndef UMBRA_TESTS_TRAIN_NETWORK_H
#define UMBRA_TESTS_TRAIN_NETWORK_H

#include "train.h"

static umbra_sigmoid_options sigmoid; /* of the options below */

static inline umbra_train_options options_of(uint32_t iterations) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .sigmoid = &sigmoid};
  umbra_sigmoid_options_init(&sigmoid);
  options.iterations = iterations;
  options.bound = 4;
  return options;
}

/* With two hidden layers. */
static inline umbra_train_options deep_options(uint32_t iterations) {
  umbra_train_options options = options_of(iterations);
  options.kind = UMBRA_TRAIN_NETWORK;
  options.loss = UMBRA_LOSS_SQUARED;
  options.hidden[0] = 8;
  options.hidden[1] = 4;
  options.momentum = 1;
  options.outputs = 2;
  options.rate = 0.125;
  return options;
}

#endif
