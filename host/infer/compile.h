/* SPDX-License-Identifier: Apache-2.0 */
/* Models as programs. */
#ifndef UMBRA_INFER_COMPILE_H
#define UMBRA_INFER_COMPILE_H

#include "frame.h"
#include "program.h"

/*
 * The program of the frame's output, and the ranges and scales of the frame. ranges: of the model, for samples. Values,
 * and intervals of polynomials that have none of their own, are taken to be up to `margin` times as large as those of
 * the samples. images: 1: convolutions of images, and functions of what they make, are steps of images; 0: everything
 * linear is matrices. Errors: UNSUPPORTED (what is no polynomial), RANGE (too large for matrices), both with the node's
 * name; UNSUPPORTED (images, and the model has none, or its result is one), INVALID_ARGUMENT (a model that computes
 * nothing), OUT_OF_MEMORY.
 */
umbra_status umbra_compile(umbra_program **program, umbra_frame *frame, const umbra_model *model,
                           const umbra_model_ranges *ranges, double margin, int images);

#endif
