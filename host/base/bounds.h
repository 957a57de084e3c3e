/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_BASE_BOUNDS_H
#define UMBRA_BASE_BOUNDS_H

#include <math.h>

/* Whether a number can bound others: it is finite and not negative. */
static inline int umbra_is_bound(double x) { return isfinite(x) && x >= 0; }

#endif
