/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_LINALG_ARRAY_H
#define UMBRA_LINALG_ARRAY_H

#include <umbra/array.h>

/*
 * A given array, with its strides; its data is still the application's. what: "the weights". Errors: INVALID_ARGUMENT (no
 * data, unless that is `optional`; empty; an unknown type; no bound), RANGE (too many rows or columns).
 */
umbra_status umbra_array_take(umbra_array *own, const umbra_array *given, int optional, const char *what);

double umbra_array_at(const umbra_array *array, size_t row, size_t column);

/* *largest = the largest |element|, or the array's bound. RANGE if one is not finite, or beyond that: the text names it. */
umbra_status umbra_array_largest(double *largest, const umbra_array *array, const char *what);

#endif
