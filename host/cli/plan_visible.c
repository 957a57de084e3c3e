/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan that is given away tells of the data that it was made with. */
#include <stdio.h>

#include "plan_job.h"

/* One number of the plan, and where it comes from. */
typedef struct visible_fact {
  const char *name;
  double value;
  bool found; /* from data; else it was given, or is a default */
  const char *from;
} visible_fact;

static void tell(const visible_fact *fact, cJSON *list, bool json) {
  const char *from = fact->found ? fact->from : "given, or a default: tells nothing of DATA";
  cJSON *item = cJSON_CreateObject();
  cJSON_AddStringToObject(item, "what", fact->name);
  cJSON_AddNumberToObject(item, "value", fact->value);
  cJSON_AddBoolToObject(item, "found", fact->found);
  cJSON_AddStringToObject(item, "from", from);
  cJSON_AddItemToArray(list, item);
  if (!json) printf("  %-18s %g: %s\n", fact->name, fact->value, from);
}

bool cli_plan_explain_visible(const plan_job *j, const plan_options *o, cli_report *report) {
  static const char tried[] = "the best of trainings in the clear, from a list that is the same for all data";
  umbra_train_options t = {UMBRA_TRAIN_OPTIONS_INIT};
  if (!o->explain_visible) return true;
  if (!cli_check(umbra_train_plan_options(j->plan, &t), NULL)) return false;
  const bool data = o->data, searched = data && (!o->no_search || o->network);
  const char *power = o->coarse ? "the power of 16" : "the power of two";
  char record_bound[128], bound[128];
  snprintf(record_bound, sizeof record_bound,
           "%s, from 1 on, that the largest scaled feature, label or weight is within", power);
  snprintf(bound, sizeof bound, "%s that four times the largest weight of the training is within", power);
  const visible_fact facts[] = {
      {"rows", (double)t.rows, data, "records of DATA"},
      {"columns", (double)t.columns, data, "features of DATA"},
      {"outputs", t.outputs, data && o->network, "classes of the label"},
      {"record_bound", t.record_bound, data && o->train.record_bound == 0, record_bound},
      {"bound", t.bound, data && o->bound == 0 && !o->promise, bound},
      {"rate", t.rate, searched && !o->rate_given, tried},
      {"iterations", t.iterations, searched && !o->network && !o->iterations_given, tried},
      {"degree", t.sigmoid->degree, searched && !o->network && !o->degree_given, tried},
      {"range", t.sigmoid->range, searched && !o->network && !o->range_given, tried},
  };
  cJSON *list = cli_report_list(report, "visible");
  if (!o->json) printf("What others see in the plan\n");
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) tell(&facts[i], list, o->json);
  if (!o->json && t.shuffle)
    printf("  the seed of the shuffle: whoever has the plan can tell which row of DATA is in which block\n");
  return true;
}
