/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions and average pooling of encrypted feature maps with plain weights.
 *
 * A convolution is a linear map of slots (umbra/transform.h): its baby steps are the places of the kernel, which share one
 * decomposition, its giant steps lead from plane to plane. It takes one level, with its bias. Two real values travel in
 * one complex slot where that pays: two ciphertexts, or one and its upper half of planes, and the real part is taken at
 * the end (one conjugation), which halves diagonals and giant steps.
 *
 * A stride s leaves gaps in the output, s times as wide, which other channels fill (multiplexed packing: Lee et al., ICML
 * 2022, eprint 2021/1688): the weights do that, so no level is spent on masks. Outputs have the rows and planes of the
 * input as long as they fit there, so leave room for what padding adds: a layout of a larger plane. Otherwise the output
 * is laid out anew, at the cost of many more diagonals.
 *
 * A convolution is immutable and shared by evaluators, and has no keys. What it costs and which keys it needs is told by
 * a dry device (umbra/cost.h), where it is created and applied in the same way.
 */
#ifndef UMBRA_CONVOLUTION_H
#define UMBRA_CONVOLUTION_H

#include <umbra/feature_map.h>
#include <umbra/transform.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_convolution umbra_convolution;

/*
 * out[o][y][x] = bias[o] + sum over c, i, j of weights[o][c][i][j] in[c'][stride_y y + dilation_y i - pad_top]
 * [stride_x x + dilation_x j - pad_left] (a cross-correlation, as everywhere in machine learning), where what is beyond
 * the edge is 0, and c' runs through the channels / groups channels of o's group. Arrays are read while it is created.
 */
typedef struct umbra_convolution_desc {
  size_t struct_size;
  const umbra_feature_layout *input; /* shape and layout; what is 0 there is chosen as for a new map */
  uint32_t channels;                 /* of the output, of all groups; pooling: as the input */
  uint32_t kernel_y, kernel_x;
  uint32_t stride_y, stride_x;     /* 0: 1; pooling: the kernel */
  uint32_t dilation_y, dilation_x; /* 0: 1 */
  uint32_t pad_top, pad_bottom, pad_left, pad_right;
  uint32_t groups;       /* 0: 1. Divides the channels of both sides; pooling: is not looked at */
  const double *weights; /* [channels][input channels / groups][kernel_y][kernel_x]; NULL, on a dry device only: any */
  double bound;          /* then: on every |weight| */
  const double *bias;    /* [channels]; NULL: 0 */
  int ignore_padding;    /* pooling: 1: the mean of what is inside the edges; 0: padding counts as zeros */
  uint32_t level;        /* of the input, at least 1; or UMBRA_TOP_LEVEL. The output is one level below */
  umbra_transform_encode_when encode; /* at use: only weights are kept; not within recorded circuits */
} umbra_convolution_desc;
#define UMBRA_CONVOLUTION_DESC_INIT .struct_size = sizeof(umbra_convolution_desc), .level = UMBRA_TOP_LEVEL, .bound = 1
UMBRA_API void umbra_convolution_desc_init(umbra_convolution_desc *desc, size_t size);
#define umbra_convolution_desc_init(desc) umbra_convolution_desc_init((desc), sizeof *(desc))

/*
 * Errors: INVALID_ARGUMENT (sizes of 0, groups that do not divide the channels, a kernel larger than the padded input, a
 * layout that is none; no weights), RANGE (weights that are not finite or too large for the level; sizes beyond 2^31; more
 * than 65535 diagonals, or ciphertexts of the input or the output), NO_LEVEL, UNSUPPORTED (an encode that this version
 * does not know), OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_convolution_create(umbra_convolution **convolution,
                                                               const umbra_context *context,
                                                               const umbra_convolution_desc *desc,
                                                               const umbra_progress *progress);

/* Average pooling: every channel by itself, with weights that desc does not have. Errors: as above. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_convolution_create_average(umbra_convolution **convolution,
                                                                       const umbra_context *context,
                                                                       const umbra_convolution_desc *desc,
                                                                       const umbra_progress *progress);

/* The same convolution, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_convolution *umbra_convolution_share(const umbra_convolution *convolution);
UMBRA_API void umbra_convolution_destroy(umbra_convolution *convolution);

/* Of its outputs, whose shape this is, too. Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_convolution_output(const umbra_convolution *convolution,
                                                               umbra_feature_layout *layout);
UMBRA_API uint32_t umbra_convolution_level(const umbra_convolution *convolution);   /* of inputs, or a higher one */
UMBRA_API uint64_t umbra_convolution_bytes(const umbra_convolution *convolution);   /* of encoded diagonals */
UMBRA_API size_t umbra_convolution_diagonals(const umbra_convolution *convolution); /* how many are encoded */

/*
 * *out = the convolution of a, one level below the convolution's. Higher levels are dropped first; lower ones are
 * refreshed if the evaluator does that. Needs keys of rotations, and that of the conjugation where pairs are used. Errors:
 * NO_LEVEL, INVALID_ARGUMENT (a map of another shape or layout), MISSING_KEY, MISMATCH (another context), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_convolution_apply(umbra_evaluator *evaluator, umbra_feature_map **out,
                                                              const umbra_feature_map *a,
                                                              const umbra_convolution *convolution);

UMBRA_END_DECLS

#endif
