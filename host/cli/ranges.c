/* SPDX-License-Identifier: Apache-2.0 */
#include "ranges.h"

#include <stddef.h>

static const char *const declarers[] = {
    [UMBRA_DECLARED_BY_NOBODY] = "nobody",
    [UMBRA_DECLARED_BY_OWNER] = "owner",
    [UMBRA_DECLARED_BY_PLAN] = "plan",
    [UMBRA_DECLARED_BY_APPLICATION] = "application",
};

static const struct {
  umbra_doubt doubt;
  const char *name;
} doubts[] = {{UMBRA_DOUBT_LEVEL, "level"}, {UMBRA_DOUBT_REFRESH, "refresh"}, {UMBRA_DOUBT_INTERVAL, "interval"}};

void cli_range_add(cJSON *facts, const umbra_range *range) {
  cJSON_AddNumberToObject(facts, "bound", range->magnitude);
  cJSON_AddNumberToObject(facts, "error_bound", range->error_bound);
  cJSON_AddNumberToObject(facts, "worst_bound", range->worst_magnitude);
  cJSON_AddNumberToObject(facts, "worst_error", range->worst_error_bound);
  cJSON_AddStringToObject(facts, "declared_by", declarers[range->by]);
  if (range->failure_probability > 0) cJSON_AddNumberToObject(facts, "failure_probability", range->failure_probability);
  cJSON *list = cJSON_AddArrayToObject(facts, "doubts");
  for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
    if (range->doubts & (uint32_t)doubts[i].doubt) cJSON_AddItemToArray(list, cJSON_CreateString(doubts[i].name));
}

bool cli_range_judge(const umbra_range *range, cli_report *report) {
  if (!range->doubts) return false;
  cli_report_warning(report, "whoever computed the values did so without knowing that all of them stay in the ranges "
                             "that refreshes, polynomials and levels ask for: what was decrypted may be wrong");
  return true;
}
