/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A convolution as linear maps of slots: input position q and output position r meet on the diagonal of rotation q - r,
 * counted modulo the period, the fewer of the slots of an input and of an output ciphertext. With more of the input's,
 * the maps' results are still to be folded: see ../linalg/slot_maps.h.
 *
 * Each unit maps one complex input, x or x + i x', to all outputs: the diagonals w - i w' of x and x' together make a
 * complex number whose real part is wanted.
 */
#ifndef UMBRA_NN_CONVOLUTION_H
#define UMBRA_NN_CONVOLUTION_H

#include <umbra/convolution.h>

#include "../base/counted.h"
#include "../base/watch.h"
#include "../linalg/slot_maps.h"
#include "feature_map.h"

/* What an input or output position holds; of outputs y and x are where the kernel begins. */
typedef struct umbra_pixel {
  int32_t channel; /* of the output, or of the input counted within its group; -1: none */
  int32_t group;
  int32_t y, x;
} umbra_pixel;

typedef struct umbra_convolution_unit {
  const struct umbra_convolution *convolution;
  size_t re, im;             /* input ciphertexts */
  int paired;                /* whether there is an im */
  uint32_t shift;            /* im is rotated by that much */
  umbra_diagonals diagonals; /* rotations and maps; nothing if there are none */
  uint32_t *output;          /* of each map: its ciphertext; the maps' own */
} umbra_convolution_unit;

struct umbra_convolution {
  umbra_counted counted;
  umbra_context *context;      /* a share */
  umbra_convolution_desc desc; /* completed; its arrays are not kept */
  umbra_feature_layout in, out;
  int average;
  double *weights;        /* as in desc; NULL: of an average, or not known */
  umbra_pixel *from, *to; /* by position; NULL if there are no values */
  double *share;          /* of an average: each output's weight, by position */
  double entry, row;      /* the largest |weight|, and sum of an output's: a power of two */
  double bias_bound;
  umbra_plaintext **bias; /* of each output ciphertext; NULL: none */
  int paired;             /* whether real parts are to be taken: weights are half */
  size_t units;
  umbra_convolution_unit *unit;
  umbra_slot_maps maps; /* of all units */
};

/* Slots of the maps, and of what repeats in both inputs and outputs. */
static inline uint32_t umbra_convolution_slots(const umbra_convolution *c) {
  return c->in.slots > c->out.slots ? c->in.slots : c->out.slots;
}

static inline uint32_t umbra_convolution_period(const umbra_convolution *c) {
  return c->in.slots < c->out.slots ? c->in.slots : c->out.slots;
}

/* Pixels and weights of a convolution whose desc and layouts are set. Errors: RANGE, OUT_OF_MEMORY, CANCELLED. */
umbra_status umbra_convolution_fill_tables(umbra_convolution *convolution, const umbra_convolution_desc *desc,
                                           umbra_watch *watch);

/* Along one side: which tap is that far from where the kernel begins, or -1. */
static inline int64_t umbra_convolution_tap(int64_t distance, uint32_t kernel, uint32_t dilation) {
  if (distance < 0 || distance > (int64_t)dilation * (kernel - 1)) return -1;
  if (dilation == 1) return distance; /* a division takes longer than all else here */
  return distance % dilation ? -1 : distance / dilation;
}

static inline size_t umbra_convolution_weights_of_output(const umbra_convolution *c) {
  return (size_t)(c->in.channels / c->desc.groups) * c->desc.kernel_y * c->desc.kernel_x;
}

/* The weight of tap (i, j) from input channel c (within its group) to output channel o; any if weights are not known. */
static inline double umbra_convolution_weight(const umbra_convolution *convolution, uint32_t o, uint32_t c, uint32_t i,
                                              uint32_t j) {
  const umbra_convolution_desc *d = &convolution->desc;
  if (!convolution->weights) return convolution->entry;
  const size_t tap = (size_t)i * d->kernel_x + j, taps = (size_t)d->kernel_y * d->kernel_x;
  return convolution->weights[o * umbra_convolution_weights_of_output(convolution) + c * taps + tap];
}

/*
 * Of one that encodes at use and that nobody has yet: what fits into *room bytes is encoded now, and the room becomes
 * less. Errors: OUT_OF_MEMORY, CANCELLED.
 */
umbra_status umbra_convolution_encode_ahead(umbra_convolution *convolution, uint64_t *room, umbra_watch *watch);

/* Units with their diagonals, which fill themselves from the tables. Errors: RANGE, OUT_OF_MEMORY, CANCELLED. */
umbra_status umbra_convolution_make_units(umbra_convolution *convolution, umbra_watch *watch);

#endif
