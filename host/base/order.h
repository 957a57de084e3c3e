/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_BASE_ORDER_H
#define UMBRA_BASE_ORDER_H

/* For qsort: doubles, the smallest first. */
static inline int umbra_ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

#endif
