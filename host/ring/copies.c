/* SPDX-License-Identifier: Apache-2.0 */
#include "copies.h"

#include "ops.h"

static uint32_t runs_of(const umbra_view *view) {
  uint32_t runs = 0;
  while (runs < UMBRA_MAX_RUNS && view->run[runs].count) runs++;
  return runs;
}

static int has_room(const umbra_view *view, const umbra_view *next) {
  if (!view->polys) return 1;
  const int alike = view->polys == next->polys && (view->polys == 1 || view->stride == next->stride);
  return alike && runs_of(view) + runs_of(next) <= UMBRA_MAX_RUNS;
}

void umbra_copies_add(umbra_copies *copies, const umbra_view *dst, const umbra_view *src) {
  if (!has_room(&copies->dst, dst) || !has_room(&copies->src, src)) umbra_copies_make(copies);
  umbra_view_append(&copies->dst, dst);
  umbra_view_append(&copies->src, src);
  if (!umbra_ring_launch_limbs(copies->ring)) umbra_copies_make(copies);
}

void umbra_copies_make(umbra_copies *copies) {
  if (copies->dst.polys) umbra_ring_copy(copies->ring, copies->stream, &copies->dst, &copies->src);
  copies->dst = copies->src = (umbra_view){0};
}
