/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan leaves of weights that others may see. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "plan_job.h"
#include "publish.h"

/* Bits count from the largest weight that there will be, where that is known. */
static double largest_at_the_end(const plan_job *j) {
  double largest = 0;
  for (size_t c = 0; j->twin.weights && c < j->twin.count; c++) largest = fmax(largest, fabs(j->twin.weights[c]));
  return largest;
}

bool cli_plan_publish(const plan_job *j, const plan_options *o, cli_report *report) {
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_disclosure_options options = cli_disclosure(o->publish, o->statistical, o->least_bits);
  options.magnitude = largest_at_the_end(j);
  if (!cli_check(umbra_train_plan_disclosure(j->plan, &told, &options), "--publish")) return false;
  cli_publish_planned(&told, &options, report->root);
  if (!o->json)
    printf("  %-18s %.1f bits of the largest weight, whose noise is about %.2g, as one of %" PRIu64
           " releases: decrypt --publish --error %.3g\n",
           "published", told.bits, told.noise, options.releases, told.error_bound / UMBRA_DISCLOSURE_HEURISTIC);
  return true;
}
