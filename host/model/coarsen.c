/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges and samples as a small public grid has them, so that what follows from them tells little of the records. */
#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "ranges.h"

static umbra_extremes around(double size) { return (umbra_extremes){-size, size}; }

/* The most that the size of an element grows by. */
static double growth_of(const umbra_model_ranges *ranges) {
  double growth = 1;
  for (size_t k = 0; k < ranges->feature_count; k++) {
    const double size = umbra_extremes_size(ranges->features[k]);
    if (size > 0) growth = fmax(growth, umbra_public_size(size, 1) / size);
  }
  return growth;
}

/* Nothing is known of an element that is always 0, and nobody is to see that it is. */
static void coarsen(umbra_extremes *extremes, size_t count, double growth) {
  for (size_t i = 0; i < count; i++) {
    const double size = umbra_public_size(growth * umbra_extremes_size(extremes[i]), 1);
    extremes[i] = around(size > 0 ? size : 1);
  }
}

/* So many places that lie evenly. */
static umbra_status spread(umbra_sample *sample, double size) {
  enum { PLACES = 4096 };
  double *values;
  UMBRA_TRY(umbra_alloc(&values, PLACES, sizeof *values, "samples"));
  for (size_t i = 0; i < PLACES; i++) values[i] = size * ((2 * (double)i + 1) / PLACES - 1);
  umbra_free(sample->values);
  *sample = (umbra_sample){.count = PLACES, .stride = 1, .values = values};
  return UMBRA_OK;
}

umbra_status umbra_ranges_coarsen(umbra_model_ranges *ranges) {
  coarsen(ranges->nodes, ranges->node_count, growth_of(ranges));
  coarsen(ranges->features, ranges->feature_count, 1);
  for (size_t i = 0; i < ranges->node_count; i++)
    if (ranges->samples[i].count) UMBRA_TRY(spread(&ranges->samples[i], ranges->nodes[i].highest));
  return UMBRA_OK;
}
