/* SPDX-License-Identifier: Apache-2.0 */
/* How results of bulk_fft and bulk_ifft are judged. */
#ifndef UMBRA_TESTS_CONFORMANCE_BULK_H
#define UMBRA_TESTS_CONFORMANCE_BULK_H

#include <math.h>
#include <stddef.h>

static const double BULK_TOLERANCE = 0x1p-40;

/* Largest difference of two vectors of m points, in units of the largest part of the wanted one. */
static inline double bulk_difference(const double *got_re, const double *got_im, const double *want_re,
                                     const double *want_im, size_t m) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < m; i++) {
    const double re = fabs(got_re[i] - want_re[i]), im = fabs(got_im[i] - want_im[i]);
    if (!(re <= worst)) worst = re; /* not a number, too */
    if (!(im <= worst)) worst = im;
    largest = fmax(largest, fmax(fabs(want_re[i]), fabs(want_im[i])));
  }
  return worst > 0 || isnan(worst) ? worst / largest : 0;
}

#endif
