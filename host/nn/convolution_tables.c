/* SPDX-License-Identifier: Apache-2.0 */
/* What diagonals are filled from: weights, and which pixel every position holds. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/dry.h"
#include "../ckks/encoder.h"
#include "convolution.h"

/* ---- weights ---- */

static umbra_status copy_weights(umbra_convolution *c, const double *given) {
  const size_t of_output = umbra_convolution_weights_of_output(c), count = c->out.channels * of_output;
  double row = 0, sum = 0;
  UMBRA_TRY(umbra_alloc(&c->weights, count, sizeof *c->weights, "the weights of a convolution"));
  memcpy(c->weights, given, count * sizeof *given);
  for (size_t k = 0; k < count; k++) {
    if (!isfinite(given[k]))
      return umbra_fail(UMBRA_ERROR_RANGE, "weight %zu of a convolution is not a finite number", k);
    sum = fabs(given[k]) + (k % of_output ? sum : 0);
    c->entry = fmax(c->entry, fabs(given[k]));
    row = fmax(row, sum);
  }
  if (!isfinite(row)) return umbra_fail(UMBRA_ERROR_RANGE, "the weights of a convolution are too large to be added up");
  c->row = umbra_public_magnitude(row);
  return UMBRA_OK;
}

static umbra_status set_weights(umbra_convolution *c, const double *given) {
  if (given && !c->average) return copy_weights(c, given);
  c->entry = c->average ? 1 : c->desc.bound;
  c->row = umbra_public_magnitude(c->average ? 1 : c->desc.bound * (double)umbra_convolution_weights_of_output(c));
  return UMBRA_OK;
}

/* ---- taps ---- */

/* The first tap that is not before that place. */
static int64_t first_tap_from(int64_t distance, uint32_t kernel, uint32_t dilation) {
  if (distance <= 0) return 0;
  const int64_t tap = (distance - 1) / dilation + 1;
  return tap < kernel ? tap : kernel;
}

/* Taps that do not meet padding, from the place where the kernel begins. */
static uint32_t taps_inside(uint32_t kernel, uint32_t dilation, int64_t begin, uint32_t size) {
  return (uint32_t)(first_tap_from(size - begin, kernel, dilation) - first_tap_from(-begin, kernel, dilation));
}

static double share_at(const umbra_convolution *c, const umbra_pixel *to) {
  const umbra_convolution_desc *d = &c->desc;
  if (!d->ignore_padding) return 1 / ((double)d->kernel_y * d->kernel_x);
  const uint32_t rows = taps_inside(d->kernel_y, d->dilation_y, to->y, c->in.height);
  const uint32_t columns = taps_inside(d->kernel_x, d->dilation_x, to->x, c->in.width);
  return rows && columns ? 1 / ((double)rows * columns) : 0;
}

/* ---- pixels ---- */

/* y and x are first + step times those of the layout. */
typedef struct grid {
  uint32_t group; /* channels of one */
  int within;     /* whether they are counted within it */
  int64_t first_y, first_x, step_y, step_x;
} grid;

static void put_channel(umbra_pixel *at, const umbra_feature_layout *l, const grid *g, uint32_t channel) {
  const uint32_t group = channel / g->group;
  for (uint32_t y = 0; y < l->height; y++)
    for (uint32_t x = 0; x < l->width; x++)
      at[umbra_feature_pixel(l, y, x)] = (umbra_pixel){
          .channel = (int32_t)(g->within ? channel % g->group : channel),
          .group = (int32_t)group,
          .y = (int32_t)(g->first_y + g->step_y * y),
          .x = (int32_t)(g->first_x + g->step_x * x),
      };
}

static umbra_status make_pixels(umbra_pixel **pixels, const umbra_feature_layout *l, const grid *g,
                                umbra_watch *watch) {
  const size_t positions = umbra_feature_parts(l) * l->slots;
  UMBRA_TRY(umbra_alloc(pixels, positions, sizeof **pixels, "the pixels of a feature map"));
  for (size_t i = 0; i < positions; i++) (*pixels)[i].channel = -1;
  for (uint32_t c = 0; c < l->channels; c++) {
    put_channel(*pixels + umbra_feature_channel(l, c), l, g, c);
    UMBRA_TRY(umbra_watch_check(watch));
  }
  return UMBRA_OK;
}

static umbra_status make_shares(umbra_convolution *c) {
  const size_t positions = umbra_feature_parts(&c->out) * c->out.slots;
  UMBRA_TRY(umbra_alloc(&c->share, positions, sizeof *c->share, "the weights of an average"));
  for (size_t i = 0; i < positions; i++)
    if (c->to[i].channel >= 0) c->share[i] = share_at(c, &c->to[i]);
  return UMBRA_OK;
}

umbra_status umbra_convolution_fill_tables(umbra_convolution *c, const umbra_convolution_desc *desc,
                                           umbra_watch *watch) {
  const umbra_convolution_desc *d = &c->desc;
  const grid from = {c->in.channels / d->groups, 1, 0, 0, 1, 1};
  const grid to = {c->out.channels / d->groups, 0,           -(int64_t)d->pad_top,
                   -(int64_t)d->pad_left,       d->stride_y, d->stride_x};
  UMBRA_TRY(set_weights(c, desc->weights));
  if (!umbra_context_has_values(c->context)) return UMBRA_OK;
  UMBRA_TRY(make_pixels(&c->from, &c->in, &from, watch));
  UMBRA_TRY(make_pixels(&c->to, &c->out, &to, watch));
  return c->average ? make_shares(c) : UMBRA_OK;
}
