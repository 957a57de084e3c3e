/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of convolutions: shapes by chance, and what they give in the clear. */
#ifndef UMBRA_TESTS_CONVOLUTIONS_H
#define UMBRA_TESTS_CONVOLUTIONS_H

#include <umbra/convolution.h>

#include "scheme.h"

typedef struct convolution_case {
  umbra_feature_layout in;
  umbra_convolution_desc desc; /* input, weights, bias point into the case, which must stay where it is */
  int average;
  double *weights, *bias, *values;
  size_t outputs, height, width; /* of the output */
} convolution_case;

static inline uint32_t side(uint32_t size, uint32_t pads, uint32_t kernel, uint32_t stride, uint32_t dilation) {
  return (size + pads - dilation * (kernel - 1) - 1) / stride + 1;
}

/* Completes a case whose shape is set: what is 0 in desc is meant as the convolution means it. */
static inline void case_fill(convolution_case *c, uint64_t *random) {
  umbra_convolution_desc *d = &c->desc;
  const uint32_t groups = c->average ? c->in.channels : d->groups ? d->groups : 1;
  c->outputs = c->average ? c->in.channels : d->channels;
  c->height = side(c->in.height, d->pad_top + d->pad_bottom, d->kernel_y,
                   d->stride_y  ? d->stride_y
                   : c->average ? d->kernel_y
                                : 1,
                   d->dilation_y ? d->dilation_y : 1);
  c->width = side(c->in.width, d->pad_left + d->pad_right, d->kernel_x,
                  d->stride_x  ? d->stride_x
                  : c->average ? d->kernel_x
                               : 1,
                  d->dilation_x ? d->dilation_x : 1);
  c->weights = random_values(random, c->outputs * (c->in.channels / groups) * d->kernel_y * d->kernel_x);
  c->bias = random_values(random, c->outputs);
  c->values = random_values(random, (size_t)c->in.channels * c->in.height * c->in.width);
  d->input = &c->in;
  d->weights = c->average ? NULL : c->weights;
  if (below(random, 4)) d->bias = c->bias;
}

static inline void case_free(convolution_case *c) {
  free(c->weights);
  free(c->bias);
  free(c->values);
}

/* 1 to 20 channels, kernels of 1 to 5, strides of 1 to 3, padding of 0 to 2, images of up to `most` pixels a side. */
static inline void case_random(convolution_case *c, uint64_t *random, uint32_t most) {
  *c = (convolution_case){.in = {UMBRA_FEATURE_LAYOUT_INIT}, .desc = {UMBRA_CONVOLUTION_DESC_INIT}};
  umbra_convolution_desc *d = &c->desc;
  const uint32_t groups = below(random, 3) ? 1 : 1 + below(random, 4);
  c->average = below(random, 6) == 0;
  d->groups = groups;
  c->in.channels = groups * (1 + below(random, 20 / groups));
  d->channels = groups * (1 + below(random, 20 / groups));
  d->kernel_y = 1 + below(random, 5);
  d->kernel_x = 1 + below(random, 5);
  d->stride_y = 1 + below(random, 3);
  d->stride_x = below(random, 2) ? d->stride_y : 1 + below(random, 3);
  d->dilation_y = 1 + (below(random, 5) == 0);
  d->pad_top = below(random, 3);
  d->pad_bottom = below(random, 3);
  d->pad_left = below(random, 3);
  d->pad_right = below(random, 3);
  d->ignore_padding = (int)below(random, 2);
  c->in.height = d->dilation_y * (d->kernel_y - 1) + 1 + below(random, most);
  c->in.width = d->kernel_x + below(random, most);
  case_fill(c, random);
}

static inline double padded_value(const convolution_case *c, size_t channel, int64_t y, int64_t x, int *inside) {
  *inside = y >= 0 && x >= 0 && y < c->in.height && x < c->in.width;
  return *inside ? c->values[(channel * c->in.height + (size_t)y) * c->in.width + (size_t)x] : 0;
}

/* One output in the clear; *norm: of its row of the matrix, without the edges. */
static inline double plain_output(const convolution_case *c, size_t o, size_t y, size_t x, double *norm) {
  const umbra_convolution_desc *d = &c->desc;
  const size_t groups = c->average ? c->in.channels : d->groups ? d->groups : 1;
  const size_t of_group = c->in.channels / groups, first = o / (c->outputs / groups) * of_group;
  const int64_t stride_y = d->stride_y ? d->stride_y : c->average ? d->kernel_y : 1;
  const int64_t stride_x = d->stride_x ? d->stride_x : c->average ? d->kernel_x : 1;
  double sum = 0, squares = 0;
  int count = 0, inside;
  const double *weight = c->weights + o * of_group * d->kernel_y * d->kernel_x;
  for (size_t k = 0; k < of_group; k++)
    for (uint32_t i = 0; i < d->kernel_y; i++)
      for (uint32_t j = 0; j < d->kernel_x; j++, weight++) {
        const int64_t at_y = stride_y * (int64_t)y + (int64_t)i * (d->dilation_y ? d->dilation_y : 1) - d->pad_top;
        const int64_t at_x = stride_x * (int64_t)x + (int64_t)j * (d->dilation_x ? d->dilation_x : 1) - d->pad_left;
        const double w = c->average ? 1 : *weight;
        sum += w * padded_value(c, first + k, at_y, at_x, &inside);
        squares += w * w;
        count += inside;
      }
  *norm = sqrt(squares);
  if (!c->average) return sum + (d->bias ? c->bias[o] : 0);
  *norm = 1; /* at most */
  if (!d->ignore_padding) count = (int)(d->kernel_y * d->kernel_x);
  return (count ? sum / count : 0) + (d->bias ? c->bias[o] : 0);
}

/* Every output, within 2^-18 x the largest Euclidean norm of a row x the largest input, which is 1. */
static inline void check_outputs(const convolution_case *c, const double *found) {
  double largest = 0, worst = 0;
  for (size_t o = 0; o < c->outputs; o++)
    for (size_t y = 0; y < c->height; y++)
      for (size_t x = 0; x < c->width; x++) {
        double norm;
        const double error = fabs(found[(o * c->height + y) * c->width + x] - plain_output(c, o, y, x, &norm));
        worst = isnan(error) ? INFINITY : fmax(worst, error);
        largest = fmax(largest, norm);
      }
  if (largest == 0) largest = 1; /* the bias alone */
  if (!(worst <= 0x1p-18 * largest))
    fail_msg("%u channels of %u x %u to %zu, kernel %u x %u, stride %u x %u, groups %u, average %d: error %g, norm %g",
             c->in.channels, c->in.height, c->in.width, c->outputs, c->desc.kernel_y, c->desc.kernel_x,
             c->desc.stride_y, c->desc.stride_x, c->desc.groups, c->average, worst, largest);
}

static inline umbra_convolution *case_create(const convolution_case *c, const umbra_context *context) {
  umbra_convolution *made = NULL;
  assert_ok((c->average ? umbra_convolution_create_average : umbra_convolution_create)(&made, context, &c->desc, NULL));
  return made;
}

#endif
