/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network as it runs: a step makes one value of those before it. Value 0 is the input, value i what step i - 1 makes; the
 * last one is the result. Values are matrices of records, where everything linear between two activations is one product
 * with a plain matrix; or images of one record, which convolutions turn into others, up to the first such product.
 *
 * A value is held as (value - shift) / scale, which is in [-1, 1] for all records like the samples. Scales cost nothing:
 * they are in the weights and coefficients.
 */
#ifndef UMBRA_INFER_PROGRAM_H
#define UMBRA_INFER_PROGRAM_H

#include "../base/counted.h"
#include "../model/graph.h"

typedef enum umbra_step_kind {
  UMBRA_STEP_LINEAR = 0,    /* the sum over terms of weights times their value, plus bias */
  UMBRA_STEP_SQUARE = 1,    /* of a value, element by element */
  UMBRA_STEP_CHEBYSHEV = 2, /* the sum of coefficients[k] T_k */
  UMBRA_STEP_RELU = 3,      /* by a composite sign */
  /* Of images: the sum over terms of convolutions of their value, or of the value times a factor, plus bias */
  UMBRA_STEP_CONVOLUTION = 4,
  UMBRA_STEP_KINDS = 5
} umbra_step_kind;

/* Elements are in the order [channel][row][column]. */
typedef struct umbra_image {
  uint32_t channels, height, width; /* 0: it is none */
} umbra_image;

typedef struct umbra_term {
  uint32_t value;
  double *weights; /* LINEAR: elements of the result times those of the value, row by row; of a window: as a model's */
  umbra_model_window *window; /* CONVOLUTION; NULL: by the factor */
  double factor;
} umbra_term;

typedef struct umbra_step {
  umbra_step_kind kind;
  uint32_t node; /* of the model: whose value it makes */
  size_t count;  /* elements of the result */
  umbra_image image;
  umbra_term *terms;
  size_t term_count;
  double *bias; /* LINEAR: of each element; CONVOLUTION: of each channel, the first term has a window; or NULL */
  double *coefficients; /* CHEBYSHEV: degree + 1 */
  uint32_t degree;
  umbra_sign_plan *sign; /* RELU: a share */
  double scale, shift;
  uint32_t below; /* levels between the input and the result, as umbra_program_put finds */
} umbra_step;

typedef struct umbra_program {
  umbra_counted counted;
  size_t input_count;
  umbra_image image; /* of the input */
  umbra_step *steps;
  size_t step_count, step_room;
  int bare; /* 1: linear steps have no weights and no bias, which are encrypted */
} umbra_program;

enum {
  UMBRA_PROGRAM_MAX_STEPS = 1 << 12,
  UMBRA_PROGRAM_MAX_TERMS = 1 << 12,
  UMBRA_PROGRAM_MAX_WEIGHTS = 1 << 24 /* of all steps */
};

umbra_status umbra_program_create(umbra_program **program, size_t input_count);
umbra_program *umbra_program_share(const umbra_program *program);
void umbra_program_destroy(umbra_program *program);

/* *bare: the same steps without weights, of a program on matrices. */
umbra_status umbra_program_strip(umbra_program **bare, const umbra_program *program);

/* Takes what is in the step over, whatever comes of it. *value: which one it makes. */
umbra_status umbra_program_put(umbra_program *program, uint32_t *value, umbra_step *step);

void umbra_step_clear(umbra_step *step);

/* A term more of a step, without weights; its factor is 1. */
umbra_status umbra_step_add_term(umbra_step *step, uint32_t value);

size_t umbra_program_count(const umbra_program *program, uint32_t value); /* elements */

umbra_image umbra_program_image(const umbra_program *program, uint32_t value);

/* Weights of a term, and biases, that a step has or may have. */
size_t umbra_program_weights(const umbra_program *program, const umbra_step *step, const umbra_term *term);
size_t umbra_step_biases(const umbra_step *step);

/* What a window makes of an image; none, if it is larger than that with its zeros or its groups do not divide channels. */
umbra_image umbra_image_after(umbra_image image, const umbra_model_window *window);
size_t umbra_image_count(umbra_image image); /* of elements */
int umbra_image_same(umbra_image a, umbra_image b);

/* Whether a step leaves the choice of how its result is held. */
int umbra_step_scales(const umbra_step *step);

/* Levels between the input and the result. */
uint32_t umbra_program_depth(const umbra_program *program);

/* Levels that a step takes. */
uint32_t umbra_step_depth(const umbra_step *step);

/* Finds `below` of all steps anew, once factors are known. */
void umbra_program_find_depths(umbra_program *program);

/* "linear", "square", "chebyshev", "relu", "conv". */
const char *umbra_step_kind_name(umbra_step_kind kind);

#endif
