/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What networks do with encrypted feature maps beside convolutions. Errors common to all: INVALID_ARGUMENT, MISMATCH
 * (other parameters or another owner), OUT_OF_MEMORY; of those with an evaluator: also its own. out may be an input.
 */
#ifndef UMBRA_FEATURE_OPS_H
#define UMBRA_FEATURE_OPS_H

#include <umbra/bootstrap.h>
#include <umbra/comparison.h>
#include <umbra/feature_map.h>
#include <umbra/matrix.h>
#include <umbra/polynomial.h>
#include <umbra/weights.h>

UMBRA_BEGIN_DECLS

/* ---- pixel by pixel ---- */

/* Of equal shapes and layouts, at any levels. No level, no key. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_add(umbra_evaluator *evaluator, umbra_feature_map **out,
                                                            const umbra_feature_map *a, const umbra_feature_map *b);

/*
 * Every pixel becomes sum coefficients[k] T_k(pixel), as umbra_chebyshev_eval says: pixels, and what other slots hold,
 * are to be in [-1, 1]. magnitude: declared of the result and of its other slots (umbra/range.h); 0: what follows.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_chebyshev(umbra_evaluator *evaluator, umbra_feature_map **out,
                                                                  const umbra_feature_map *map,
                                                                  const double *coefficients, uint32_t degree,
                                                                  double magnitude);

/* Every pixel becomes max(pixel, 0) as umbra_relu has it. magnitude: as above. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_relu(umbra_evaluator *evaluator, umbra_feature_map **out,
                                                             const umbra_feature_map *map, const umbra_sign_plan *plan,
                                                             double magnitude);

/* Refreshed, two ciphertexts as a pair where the bootstrapper does that; see umbra_bootstrap_many and _pair. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_bootstrap(umbra_evaluator *evaluator, umbra_feature_map **out,
                                                                  const umbra_feature_map *map,
                                                                  const umbra_bootstrapper *bootstrapper);

/* ---- channels: no level, no key; ciphertexts are copied ---- */

/*
 * The channels of all maps, one after the other. Layouts are alike but for the channels, and all maps but the last end
 * where a ciphertext does: channels a multiple of those in a gap, planes a multiple of those in a ciphertext. Where this
 * is not so, a convolution behind it does not need it: it is the sum of convolutions of each, with the weights of their
 * channels. count > 0.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_join(umbra_feature_map **out,
                                                             const umbra_feature_map *const *maps, size_t count);

/* Channels [first, first + channels), the first of which begins where a ciphertext does. The last may be any. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_slice(umbra_feature_map **out, const umbra_feature_map *map,
                                                              uint32_t first, uint32_t channels);

/* ---- to dense layers ---- */

/*
 * A matrix of one row whose columns are the map's positions, as umbra_feature_layout counts them, up to the end of the
 * last plane: by columns, with a stride of 1, in copies of the map's ciphertexts. Columns between pixels hold anything.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_map_as_row(const umbra_feature_map *map, umbra_matrix **row);

/*
 * Weights for such rows: umbra_matrix_apply makes W x + b of them, x being all pixels in the order [channel][y][x]. desc
 * is as for umbra_weights_create, with W of as many columns as there are pixels, but for its layout, which is not looked
 * at. Without data all that lies between pixels counts as weights, too. A mean over the pixels of each channel before a
 * dense layer costs nothing: let W have its columns once for each pixel, divided by their number. layout: of the maps.
 * Errors: also its, and RANGE (more than 2^31 weights).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_feature_weights_create(umbra_weights **weights,
                                                                   const umbra_context *context,
                                                                   const umbra_weights_desc *desc,
                                                                   const umbra_feature_layout *layout,
                                                                   const umbra_progress *progress);

UMBRA_END_DECLS

#endif
