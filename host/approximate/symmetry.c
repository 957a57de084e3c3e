/* SPDX-License-Identifier: Apache-2.0 */
#include "symmetry.h"

#include <math.h>

#include "../base/bounds.h"
#include "../base/error.h"

enum { POINTS = 61 };

/* f at t and -t. */
typedef struct pair {
  double plus, minus;
} pair;

static umbra_status pair_at(pair *values, const umbra_curve *target, double t) {
  double middle = (target->lo + target->hi) / 2, half = (target->hi - target->lo) / 2;
  UMBRA_TRY(umbra_curve_at(&values->plus, target, t == 1 ? target->hi : middle + half * t));
  return umbra_curve_at(&values->minus, target, t == 1 ? target->lo : middle - half * t);
}

umbra_status umbra_symmetry_find(umbra_symmetry *symmetry, const umbra_curve *target, double gap) {
  pair end, here;
  double sum = 0, difference = 0, largest = 0;
  UMBRA_TRY(pair_at(&end, target, 1));
  for (int i = 1; i <= POINTS; i++) {
    double t = gap + (1 - gap) * i / POINTS;
    UMBRA_TRY(pair_at(&here, target, t));
    sum = umbra_larger(sum, fabs(here.plus + here.minus - (end.plus + end.minus)));
    difference = umbra_larger(difference, fabs(here.plus - here.minus - t * (end.plus - end.minus)));
    largest = umbra_larger(largest, fmax(fabs(here.plus), fabs(here.minus)));
  }
  const double rounding = 0x1p-47 * largest;
  *symmetry = (umbra_symmetry){.odd = sum <= rounding,
                               .even = difference <= rounding,
                               .middle = (end.plus + end.minus) / 2,
                               .level = fabs(end.plus - end.minus) <= rounding};
  if (!symmetry->odd) return UMBRA_OK;
  if (fabs(symmetry->middle) <= rounding) symmetry->middle = 0;
  else if (gap <= 0) return umbra_curve_at(&symmetry->middle, target, (target->lo + target->hi) / 2);
  return UMBRA_OK;
}

void umbra_symmetry_keep(const umbra_symmetry *symmetry, double *c, uint32_t degree) {
  for (uint32_t k = 2; k <= degree; k++)
    if (k % 2 ? symmetry->even : symmetry->odd) c[k] = 0;
  if (symmetry->odd) c[0] = symmetry->middle;
  if (symmetry->even && symmetry->level && degree) c[1] = 0;
}
