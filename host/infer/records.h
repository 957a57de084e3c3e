/* SPDX-License-Identifier: Apache-2.0 */
/* Records to matrices, and matrices to results. */
#ifndef UMBRA_INFER_RECORDS_H
#define UMBRA_INFER_RECORDS_H

#include "../linalg/matrix.h"
#include "frame.h"
#include "way.h"

/*
 * Rows beyond the records repeat them, so that what no record has does not leave the range of values. clipped: NULL:
 * refuses what is outside the ranges (RANGE).
 */
umbra_status umbra_records_encrypt(umbra_matrix **batch, size_t *clipped, const umbra_frame *frame,
                                   const umbra_way *way, umbra_encryptor by, const umbra_ndarray *records,
                                   umbra_watch *watch);

/* Values of results as they are held become what they are. */
void umbra_results_restore(double *values, size_t count, const umbra_frame *frame);

/* (records, elements) or (records, the frame's shape). Errors: MISMATCH. */
umbra_status umbra_records_check(const umbra_frame *frame, const umbra_ndarray *records);

#endif
