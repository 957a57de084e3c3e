/* SPDX-License-Identifier: Apache-2.0 */
#include "array.h"

#include <math.h>
#include <stdint.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/structs.h"

static umbra_status check_shape(const umbra_array *array, const char *what) {
  const size_t most = INT32_MAX;
  if (!array->rows || !array->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s: %zu rows and %zu columns: both must be above 0", what,
                      array->rows, array->columns);
  if (array->rows <= most && array->columns <= most) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "%s: %zu rows and %zu columns: both must be below 2^31", what, array->rows,
                    array->columns);
}

umbra_status umbra_array_take(umbra_array *own, const umbra_array *given, int optional, const char *what) {
  umbra_array taken = {UMBRA_ARRAY_INIT};
  if (!given) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s: there is no array", what);
  UMBRA_TRY(UMBRA_TAKE(umbra_array, &taken, given));
  if (!taken.data && !optional) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s: an array without data", what);
  if (taken.type != UMBRA_ARRAY_DOUBLE && taken.type != UMBRA_ARRAY_FLOAT)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s: type is %d, which is none of an array's", what,
                      (int)taken.type);
  if (!umbra_is_bound(taken.bound))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s: bound is %g: it must be finite and not negative", what,
                      taken.bound);
  UMBRA_TRY(check_shape(&taken, what));
  if (!taken.row_stride && !taken.column_stride) {
    taken.row_stride = (ptrdiff_t)taken.columns;
    taken.column_stride = 1;
  }
  *own = taken;
  return UMBRA_OK;
}

double umbra_array_at(const umbra_array *array, size_t row, size_t column) {
  const ptrdiff_t at = (ptrdiff_t)row * array->row_stride + (ptrdiff_t)column * array->column_stride;
  return array->type == UMBRA_ARRAY_FLOAT ? (double)((const float *)array->data)[at]
                                          : ((const double *)array->data)[at];
}

umbra_status umbra_array_largest(double *largest, const umbra_array *array, const char *what) {
  double found = 0;
  for (size_t i = 0; i < array->rows; i++)
    for (size_t j = 0; j < array->columns; j++) {
      const double value = umbra_array_at(array, i, j);
      if (!isfinite(value))
        return umbra_fail(UMBRA_ERROR_RANGE, "%s: element (%zu, %zu) is not a finite number", what, i, j);
      if (array->bound > 0 && fabs(value) > array->bound)
        return umbra_fail(UMBRA_ERROR_RANGE, "%s: element (%zu, %zu) is %g, and the bound that was declared is %g",
                          what, i, j, value, array->bound);
      found = fmax(found, fabs(value));
    }
  *largest = array->bound > 0 ? array->bound : found;
  return UMBRA_OK;
}
