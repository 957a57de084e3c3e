/* SPDX-License-Identifier: Apache-2.0 */
#include "diagonals.h"

#include "../../base/error.h"
#include "../../base/memory.h"

umbra_status umbra_diagonals_create(umbra_diagonals *diagonals, uint32_t slots, uint32_t period, size_t count,
                                    int values) {
  umbra_diagonals made = {.slots = slots, .period = period, .count = count, .maps = 1};
  UMBRA_TRY(umbra_alloc(&made.rotation, count, sizeof *made.rotation, "the rotations of a linear map"));
  umbra_status status = UMBRA_OK;
  if (values) status = umbra_alloc(&made.value, count * period, 2 * sizeof *made.value, "the diagonals of a map");
  if (status == UMBRA_OK) *diagonals = made;
  else umbra_diagonals_destroy(&made);
  return status;
}

void umbra_diagonals_destroy(umbra_diagonals *diagonals) {
  umbra_free(diagonals->rotation);
  umbra_free(diagonals->map);
  umbra_free(diagonals->value);
  *diagonals = (umbra_diagonals){0};
}
