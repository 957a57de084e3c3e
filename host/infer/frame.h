/* SPDX-License-Identifier: Apache-2.0 */
/* What a network's client needs to know of it: how records are held, and what becomes of results. */
#ifndef UMBRA_INFER_FRAME_H
#define UMBRA_INFER_FRAME_H

#include "../model/graph.h"
#include "../model/ranges.h"

/* How large elements are that are held; every ciphertext of records shows it, and nothing else about sizes. */
#define UMBRA_RECORDS_BOUND 1.0

typedef struct umbra_frame {
  size_t rank, shape[UMBRA_MODEL_RANK], count; /* of a record */
  umbra_extremes *range;                       /* what each element may be */
  double *scale, shift;                        /* element k is held as (x - shift) / scale[k] */
  size_t result_count;
  double result_scale, result_shift;
  umbra_output output; /* with its closing steps */
} umbra_frame;

/* Of an output of the model; ranges and scales are not set yet. */
umbra_status umbra_frame_make(umbra_frame *frame, const umbra_model *model, size_t output);
void umbra_frame_clear(umbra_frame *frame);
umbra_status umbra_frame_copy(umbra_frame *copy, const umbra_frame *frame);

/*
 * Ranges and scales by what the samples have, `margin` times as far from its middle. Where features are alike in size,
 * as pixels are, each may be what any of them is: one that is always 0 in the samples need not stay so.
 */
void umbra_frame_set_ranges(umbra_frame *frame, const umbra_extremes *features, double margin);

/* Whether all that element k may be is held within [-1, 1], but for rounding. */
int umbra_frame_is_within(const umbra_frame *frame, size_t k);

/* Element k as it is held: the nearest value in its range, and within [-1, 1]. */
double umbra_frame_hold(const umbra_frame *frame, size_t k, double x);

/* All elements are held alike, and may be whatever is held within [-1, 1]. */
void umbra_frame_set_scale(umbra_frame *frame, double scale, double shift);

/* Ranges that are wider than umbra_frame_set_ranges makes them become as narrow: what follows knows no other values. */
void umbra_frame_narrow_ranges(umbra_frame *frame, const umbra_extremes *features, double margin);

/* All elements are held in the largest of their scales. */
void umbra_frame_share_scale(umbra_frame *frame);

#endif
