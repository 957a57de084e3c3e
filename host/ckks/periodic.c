/* SPDX-License-Identifier: Apache-2.0 */
#include "periodic.h"

#include <math.h>

#include "../base/double_double.h"
#include "../base/error.h"
#include "../base/memory.h"

/*
 * Slot u is the value at zeta^(5^u), zeta = exp(i pi / 2P), and the conjugates are at the other roots of Y^2P + 1. So
 * coefficient k is the mean over u of value u times cos(pi k 5^u / 2P).
 */
umbra_status umbra_periodic_open(umbra_periodic *periodic, uint32_t period) {
  const uint32_t turn = 4 * period;
  umbra_periodic made = {.period = period};
  UMBRA_TRY(umbra_alloc(&made.cosine, 2 * (size_t)period * period, sizeof *made.cosine, "cosines"));
  double *to = made.cosine;
  for (uint32_t u = 0, power = 1; u < period; u++, power = 5 * power % turn)
    for (uint32_t k = 0; k < 2 * period; k++)
      *to++ = umbra_dd_turn(umbra_dd_scale(umbra_dd_of(k * power % turn), 1.0 / turn)).cosine.high;
  *periodic = made;
  return UMBRA_OK;
}

void umbra_periodic_close(umbra_periodic *periodic) {
  umbra_free(periodic->cosine);
  *periodic = (umbra_periodic){0};
}

void umbra_periodic_round(int64_t *coefficient, const umbra_periodic *p, const double *value, double factor) {
  for (uint32_t k = 0; k < 2 * p->period; k++) {
    double sum = 0;
    for (uint32_t u = 0; u < p->period; u++) sum += value[u] * p->cosine[u * 2 * p->period + k];
    coefficient[k] = llrint(sum / p->period * factor);
  }
}
