/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan leaves of weights that others may see. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plan_job.h"
#include "publish.h"

/* Bits count from the largest weight that there will be, where that is known. */
static double largest_at_the_end(const plan_job *j) {
  double largest = 0;
  for (size_t c = 0; j->twin.weights && c < j->twin.count; c++) largest = fmax(largest, fabs(j->twin.weights[c]));
  return largest;
}

/* What makes the errors of this training smaller, against the largest weight on its way. False, as the refusal before it. */
static bool name_settings(const umbra_train_options *o, double largest) {
  char ways[128] = "";
  const double enough = largest > 0 ? fmax(exp2(ceil(log2(largest))), UMBRA_TRAIN_LEAST_BOUND) : o->bound;
  if (o->iterations > 1) strcat(ways, ", fewer iterations");
  if (o->optimizer != UMBRA_OPTIMIZER_PLAIN) strcat(ways, ", --optimizer plain");
  if (o->batch == o->rows) strcat(ways, ", smaller batches");
  const size_t length = strlen(ways);
  if (o->bound > 2 * enough) snprintf(ways + length, sizeof ways - length, ", --bound %g", enough);
  return *ways && cli_error("--publish: settings that leave more bits: %s", ways + strlen(", "));
}

bool cli_plan_publish(const plan_job *j, const plan_options *o, cli_report *report) {
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_disclosure_options options = cli_disclosure(o->publish, o->statistical, o->least_bits);
  options.magnitude = largest_at_the_end(j);
  if (!cli_check(umbra_train_plan_options(j->plan, &planned), NULL)) return false;
  const umbra_status status = umbra_train_plan_disclosure(j->plan, &told, &options);
  if (!cli_check(status, "--publish"))
    return status == UMBRA_ERROR_RANGE && name_settings(&planned, cli_twin_largest_weight(&j->twin));
  cli_publish_planned(&told, &options, report->root);
  if (!o->json)
    printf("  %-18s %.1f bits of the largest weight, whose noise is about %.2g, as one of %" PRIu64
           " releases: decrypt --publish --error %.3g\n",
           "published", told.bits, told.noise, options.releases, told.error_bound / UMBRA_DISCLOSURE_HEURISTIC);
  return true;
}
