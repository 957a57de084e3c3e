/* SPDX-License-Identifier: Apache-2.0 */
#include "diagonals.h"

#include <math.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../ckks/noise.h"

umbra_status umbra_diagonals_create(umbra_diagonals *diagonals, uint32_t slots, uint32_t period, size_t count,
                                    int values) {
  umbra_diagonals made = {.slots = slots, .period = period, .count = count};
  UMBRA_TRY(umbra_alloc(&made.rotation, count, sizeof *made.rotation, "the rotations of a linear map"));
  umbra_status status = UMBRA_OK;
  if (values) status = umbra_alloc(&made.value, count * period, 2 * sizeof *made.value, "the diagonals of a map");
  if (status == UMBRA_OK) *diagonals = made;
  else umbra_diagonals_destroy(&made);
  return status;
}

void umbra_diagonals_destroy(umbra_diagonals *diagonals) {
  umbra_free(diagonals->rotation);
  umbra_free(diagonals->value);
  *diagonals = (umbra_diagonals){0};
}

umbra_status umbra_diagonals_measure(umbra_diagonals *diagonals) {
  double entry = 0, row = 0;
  for (uint32_t j = 0; j < diagonals->period; j++) {
    double sum = 0;
    for (size_t k = 0; k < diagonals->count; k++) {
      const double *value = diagonals->value + 2 * (k * diagonals->period + j);
      const double size = umbra_modulus(value[0], value[1]);
      entry = fmax(entry, size);
      sum += size;
    }
    if (!isfinite(sum)) return umbra_fail(UMBRA_ERROR_RANGE, "a diagonal's value at slot %u is too large", j);
    row = fmax(row, sum);
  }
  diagonals->entry = entry;
  diagonals->row = row;
  return UMBRA_OK;
}
