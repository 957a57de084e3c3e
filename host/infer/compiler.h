/* SPDX-License-Identifier: Apache-2.0 */
/* What a model's way to a program is made of: compile.c for all values, images.c and convolve.c for those that are images. */
#ifndef UMBRA_INFER_COMPILER_H
#define UMBRA_INFER_COMPILER_H

#include "frame.h"
#include "program.h"

/* What a node's value is, where values may be images. */
typedef struct umbra_node_image {
  umbra_image image;  /* 0 channels: none */
  uint32_t readers;   /* nodes that read it, once for each time */
  int wanted, merged; /* whether images are made from it; as a part of the sum that reads it */
} umbra_node_image;

typedef struct umbra_compiler {
  const umbra_model *model;
  const umbra_model_ranges *ranges;
  umbra_frame *frame;
  umbra_program *program;
  double margin;
  uint32_t *value_of;       /* of nodes that are no affine ones, and of those that are made as images */
  uint8_t *settled;         /* of each value: how it is held */
  umbra_node_image *images; /* of each node; NULL: everything linear becomes matrices */
} umbra_compiler;

/* ---- images.c ---- */

/*
 * Which nodes' values are images, of those needed for the last one: *images is new. Errors: UNSUPPORTED (none is made by
 * a convolution, or the last one is), OUT_OF_MEMORY.
 */
umbra_status umbra_images_find(umbra_node_image **images, const umbra_model *model, uint32_t last);

/*
 * The window of a node SELECT that takes pixels of whole channels in steps and adds channels of zeros, and from which
 * channel each of the result's comes (or UINT32_MAX). channel: NULL: only asks. Returns 0 if it does something else.
 */
int umbra_select_window(umbra_model_window *window, uint32_t *channel, const umbra_node *node, umbra_image from,
                        umbra_image to);

/* ---- convolve.c ---- */

/* Makes the step of an affine node whose value is an image and wanted, and sets its value. */
umbra_status umbra_convolve(umbra_compiler *compiler, uint32_t node);

/* The step that hands an image on, to be held in another way. It has its term. */
umbra_status umbra_convolve_copy(umbra_step *step, umbra_compiler *compiler, uint32_t value, uint32_t node);

#endif
