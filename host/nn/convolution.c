/* SPDX-License-Identifier: Apache-2.0 */
#include "convolution.h"

#include <math.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/checks.h"
#include "../ckks/dry.h"
#include "../ckks/trace.h"

/* ---- checks ---- */

static void complete(umbra_convolution_desc *d, const umbra_feature_layout *in, int average) {
  if (average) d->channels = d->groups = in->channels;
  if (!d->groups) d->groups = 1;
  if (!d->stride_y) d->stride_y = average ? d->kernel_y : 1;
  if (!d->stride_x) d->stride_x = average ? d->kernel_x : 1;
  if (!d->dilation_y) d->dilation_y = 1;
  if (!d->dilation_x) d->dilation_x = 1;
}

static umbra_status check_arrays(const umbra_convolution_desc *d, const umbra_context *context, int average) {
  if (!average && !d->weights && umbra_context_has_values(context))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a convolution needs weights: only a dry device does without");
  if (!umbra_is_bound(d->bound))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bound is %g: it must be finite and not negative", d->bound);
  if (d->encode != UMBRA_TRANSFORM_ENCODED && d->encode != UMBRA_TRANSFORM_AT_USE)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "encode is %d: this version knows %d and %d", (int)d->encode,
                      UMBRA_TRANSFORM_ENCODED, UMBRA_TRANSFORM_AT_USE);
  return UMBRA_OK;
}

static umbra_status check_channels(const umbra_convolution_desc *d, const umbra_feature_layout *in) {
  if (!d->channels || !d->kernel_y || !d->kernel_x)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a convolution to %u channels with a kernel of %u x %u: all must be above 0", d->channels,
                      d->kernel_y, d->kernel_x);
  if (d->channels % d->groups || in->channels % d->groups)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%u groups do not divide %u and %u channels", d->groups,
                      in->channels, d->channels);
  const uint32_t in_group = in->channels / d->groups;
  const double weights = (double)d->channels * in_group * d->kernel_y * d->kernel_x;
  if (weights <= (double)UMBRA_MOST_POSITIONS) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "a convolution of %g weights: there are at most 2^31", weights);
}

/* *out: pixels along one side, along which the kernel reaches over padding and image. */
static umbra_status side_of(uint32_t *out, const char *side, uint64_t padded, uint64_t reach, uint32_t stride) {
  if (padded >= UMBRA_MOST_POSITIONS)
    return umbra_fail(UMBRA_ERROR_RANGE, "the %s of a convolution's input is %llu with its padding: 2^31 are too many",
                      side, (unsigned long long)padded);
  if (reach > padded)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a kernel that reaches over %llu pixels, and an input whose %s is %llu with its padding",
                      (unsigned long long)reach, side, (unsigned long long)padded);
  *out = (uint32_t)((padded - reach) / stride + 1);
  return UMBRA_OK;
}

/* ---- the output's layout ---- */

static uint32_t wider(uint32_t gap, uint32_t stride) { return gap > UINT32_MAX / stride ? UINT32_MAX : gap * stride; }

/* In the rows and planes of the input if it fits there; a channel that comes from its own stays at its place. */
static umbra_status lay_out(umbra_convolution *c, uint32_t most_slots) {
  const umbra_convolution_desc *d = &c->desc;
  const umbra_feature_layout *in = &c->in;
  umbra_feature_layout *out = &c->out;
  out->gap_y = wider(in->gap_y, d->stride_y);
  out->gap_x = wider(in->gap_x, d->stride_x);
  out->row = in->row;
  out->plane = in->plane;
  umbra_feature_layout_fill_gaps(out);
  if (!out->interleave_y) {
    out->gap_y = out->gap_x = 0;
    out->row = out->plane = 0;
  } else if (d->groups == in->channels && d->channels == d->groups && out->interleave_y >= in->interleave_y &&
             out->interleave_x >= in->interleave_x) {
    out->interleave_y = in->interleave_y;
    out->interleave_x = in->interleave_x;
  }
  return umbra_feature_layout_choose(out, most_slots);
}

static umbra_status check_parts(size_t in, size_t out) {
  if (in <= UINT16_MAX && out <= UINT16_MAX) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "a convolution from %zu to %zu ciphertexts: there are at most %d on either side",
                    in, out, UINT16_MAX);
}

static umbra_status set_shapes(umbra_convolution *c) {
  umbra_convolution_desc *d = &c->desc;
  const uint32_t most_slots = umbra_params_slots(umbra_context_params(c->context));
  c->in = (umbra_feature_layout){UMBRA_FEATURE_LAYOUT_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_feature_layout, &c->in, d->input));
  UMBRA_TRY(umbra_feature_layout_choose(&c->in, most_slots));
  complete(d, &c->in, c->average);
  UMBRA_TRY(check_channels(d, &c->in));
  c->out = (umbra_feature_layout){UMBRA_FEATURE_LAYOUT_INIT, .channels = d->channels};
  UMBRA_TRY(side_of(&c->out.height, "height", (uint64_t)c->in.height + d->pad_top + d->pad_bottom,
                    (uint64_t)d->dilation_y * (d->kernel_y - 1) + 1, d->stride_y));
  UMBRA_TRY(side_of(&c->out.width, "width", (uint64_t)c->in.width + d->pad_left + d->pad_right,
                    (uint64_t)d->dilation_x * (d->kernel_x - 1) + 1, d->stride_x));
  UMBRA_TRY(lay_out(c, most_slots));
  return check_parts(umbra_feature_parts(&c->in), umbra_feature_parts(&c->out));
}

/* ---- bias ---- */

static umbra_status encode_bias(umbra_convolution *c, const double *bias, size_t part, double *slots) {
  const umbra_feature_layout *l = &c->out;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = l->slots};
  const uint64_t begin = (uint64_t)part * l->slots;
  options.level = c->desc.level - 1;
  memset(slots, 0, l->slots * sizeof *slots);
  uint32_t first, end;
  umbra_feature_channels_within(l, &first, &end, begin, begin + l->slots);
  for (uint32_t o = first; o < end; o++)
    for (uint32_t y = 0; y < l->height; y++)
      for (uint32_t x = 0; x < l->width; x++) {
        const uint64_t position = umbra_feature_channel(l, o) + umbra_feature_pixel(l, y, x);
        if (position - begin < l->slots) slots[position - begin] = bias[o];
      }
  return umbra_encode(&c->bias[part], c->context, slots, l->slots, &options);
}

static umbra_status make_bias(umbra_convolution *c, const double *bias, umbra_watch *watch) {
  const size_t parts = umbra_feature_parts(&c->out);
  double *slots;
  for (uint32_t o = 0; o < c->out.channels; o++) {
    if (!isfinite(bias[o])) return umbra_fail(UMBRA_ERROR_RANGE, "bias %u of a convolution is not a finite number", o);
    c->bias_bound = fmax(c->bias_bound, fabs(bias[o]));
  }
  UMBRA_TRY(umbra_alloc(&c->bias, parts, sizeof(umbra_plaintext *), "the bias of a convolution"));
  UMBRA_TRY(umbra_alloc(&slots, c->out.slots, sizeof *slots, "the bias of a convolution"));
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < parts && status == UMBRA_OK; i++) {
    status = encode_bias(c, bias, i, slots);
    if (status == UMBRA_OK) status = umbra_watch_check(watch);
  }
  umbra_free(slots);
  return status;
}

/* ---- encoding ---- */

static umbra_status encode_unit(umbra_convolution *c, size_t i, umbra_watch *watch) {
  umbra_diagonals *d = &c->unit[i].diagonals, taken = *d;
  const int at_use = c->desc.encode == UMBRA_TRANSFORM_AT_USE;
  umbra_transform_encoding encoding = umbra_slot_maps_encoding(&c->maps, c->context, d);
  encoding.watch = watch;
  encoding.at_use = at_use ? &taken : NULL;
  return d->count ? umbra_transform_encode(&c->maps.transform[i], c->context, &encoding) : UMBRA_OK;
}

static umbra_status encode_units(umbra_convolution *c, umbra_watch *watch) {
  for (size_t i = 0; i < c->units; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, c->units);
    umbra_status status = encode_unit(c, i, watch);
    umbra_watch_leave(watch, part);
    if (status != UMBRA_OK) return status;
  }
  return UMBRA_OK;
}

umbra_status umbra_convolution_encode_ahead(umbra_convolution *c, uint64_t *room, umbra_watch *watch) {
  for (size_t i = 0; i < c->units; i++) {
    umbra_transform *transform = c->maps.transform[i];
    const uint64_t bytes = transform ? umbra_transform_encoded_bytes(transform) : 0;
    if (!bytes || bytes > *room) continue;
    UMBRA_TRY(umbra_transform_encode_ahead(transform, watch));
    *room -= bytes;
  }
  return UMBRA_OK;
}

/* ---- the whole ---- */

/* At use the transform owns what diagonals point to. */
static void destroy_units(umbra_convolution *c) {
  const int at_use = c->desc.encode == UMBRA_TRANSFORM_AT_USE;
  for (size_t i = 0; i < c->units; i++)
    if (!at_use || !c->maps.transform[i]) umbra_diagonals_destroy(&c->unit[i].diagonals);
  umbra_slot_maps_destroy(&c->maps);
  umbra_free(c->unit);
}

static void destroy(void *object) {
  umbra_convolution *c = object;
  destroy_units(c);
  for (size_t i = 0; c->bias && i < umbra_feature_parts(&c->out); i++) umbra_plaintext_destroy(c->bias[i]);
  umbra_free(c->bias);
  umbra_free(c->weights);
  umbra_free(c->from);
  umbra_free(c->to);
  umbra_free(c->share);
  umbra_context_destroy(c->context);
  umbra_free(c);
}

static umbra_status fill(umbra_convolution *c, umbra_watch *watch) {
  const umbra_convolution_desc given = c->desc;
  UMBRA_TRY(check_arrays(&given, c->context, c->average));
  UMBRA_TRY(umbra_check_level(&c->desc.level, c->context, given.level));
  if (!c->desc.level)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a convolution takes a level, and its input would be at level 0");
  UMBRA_TRY(set_shapes(c));
  UMBRA_TRY(umbra_watch_check(watch));
  UMBRA_TRY(umbra_convolution_fill_tables(c, &given, watch));
  UMBRA_TRY(umbra_convolution_make_units(c, watch));
  UMBRA_TRY(encode_units(c, watch));
  if (given.bias) UMBRA_TRY(make_bias(c, given.bias, watch));
  c->desc.input = NULL;
  c->desc.weights = c->desc.bias = NULL;
  return UMBRA_OK;
}

static umbra_status create(umbra_convolution **convolution, const umbra_context *context,
                           const umbra_convolution_desc *desc, int average, umbra_watch *watch) {
  umbra_convolution_desc wanted = {UMBRA_CONVOLUTION_DESC_INIT};
  umbra_convolution *made;
  if (!convolution || !context || !desc || !desc->input)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a convolution needs an output, a context, a desc, and the layout of its input");
  UMBRA_TRY(UMBRA_TAKE(umbra_convolution_desc, &wanted, desc));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a convolution"));
  *made = (umbra_convolution){
      .counted = UMBRA_COUNTED(destroy), .context = umbra_context_share(context), .desc = wanted, .average = average};
  umbra_status status = fill(made, watch);
  if (status == UMBRA_OK) UMBRA_PUT(convolution, convolution, made);
  else umbra_convolution_destroy(made);
  return status;
}

umbra_status umbra_convolution_create(umbra_convolution **convolution, const umbra_context *context,
                                      const umbra_convolution_desc *desc, const umbra_progress *progress) {
  UMBRA_TRACE_IN(context, "convolution_create", 0);
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, create(convolution, context, desc, 0, &watch));
}

umbra_status umbra_convolution_create_average(umbra_convolution **convolution, const umbra_context *context,
                                              const umbra_convolution_desc *desc, const umbra_progress *progress) {
  UMBRA_TRACE_IN(context, "convolution_create", 0);
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, create(convolution, context, desc, 1, &watch));
}

umbra_convolution *umbra_convolution_share(const umbra_convolution *convolution) { return umbra_share(convolution); }
void umbra_convolution_destroy(umbra_convolution *convolution) { umbra_release(convolution); }

/* ---- what it is ---- */

umbra_status umbra_convolution_output(const umbra_convolution *convolution, umbra_feature_layout *layout) {
  if (!convolution || !layout)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_convolution_output needs a convolution and a layout to fill");
  return UMBRA_GIVE(umbra_feature_layout, layout, &convolution->out);
}

uint32_t umbra_convolution_level(const umbra_convolution *convolution) { return convolution->desc.level; }

uint64_t umbra_convolution_bytes(const umbra_convolution *convolution) {
  return umbra_slot_maps_bytes(&convolution->maps);
}

size_t umbra_convolution_diagonals(const umbra_convolution *convolution) {
  size_t count = 0;
  for (size_t i = 0; i < convolution->units; i++) count += convolution->unit[i].diagonals.count;
  return count;
}
