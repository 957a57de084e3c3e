/* SPDX-License-Identifier: Apache-2.0 */
/* What the plan of a training tells of the data. */
#include <stdio.h>

#include "plan_job.h"
#include "visible.h"

bool cli_plan_explain_visible(const plan_job *j, const plan_options *o, cli_report *report) {
  static const char tried[] = "the best of trainings in the clear, from a list that is the same for all data";
  umbra_train_options t = {UMBRA_TRAIN_OPTIONS_INIT};
  if (!o->explain_visible) return true;
  if (!cli_check(umbra_train_plan_options(j->plan, &t), NULL)) return false;
  const char *rate = o->network ? tried
                     : o->coarse
                         ? "the power of two below the best of a few that follow from the size of scaled records"
                         : "two digits of the best of a few that follow from the size of scaled records, by the "
                           "largest moment that their columns have";
  const bool data = o->data, searched = data && !o->no_search;
  const char *range = data && umbra_records_classes(j->raw) == 0
                          ? "the power of two, from 8 on, that is above twice the largest label"
                          : tried;
  const char *power = o->coarse ? "the power of 16" : "the power of two";
  char record_bound[128], bound[128];
  snprintf(record_bound, sizeof record_bound,
           "%s, from 1 on, that the largest scaled feature, label or weight is within", power);
  snprintf(bound, sizeof bound, "%s that four times the largest weight of the training is within", power);
  const cli_visible facts[] = {
      {"rows", (double)t.rows, data, "records of DATA"},
      {"columns", (double)t.columns, data, "features of DATA"},
      {"outputs", t.outputs, data && o->network, "classes of the label"},
      {"record_bound", t.record_bound, data && o->train.record_bound == 0, record_bound},
      {"bound", t.bound, data && o->bound == 0 && !o->promise, bound},
      {"rate", t.rate, searched && !o->rate_given, rate},
      {"iterations", t.iterations, searched && !o->iterations_given, tried},
      {"degree", t.sigmoid->degree, searched && !o->degree_given, tried},
      {"range", t.sigmoid->range, searched && !o->range_given, range},
      /* The last four: of networks only. */
      {"start", t.start > 0 ? t.start : 1, searched && o->hidden && !(o->train.start > 0), tried},
      {"loss", t.loss, searched && !o->loss, tried},
      {"seed", (double)t.seed, searched && o->shuffle == CLI_NOT_GIVEN, tried},
      {"hidden_range", t.hidden_range, false, NULL},
  };
  cli_visible_tell(facts, sizeof facts / sizeof *facts - (o->network ? 0 : 4), "DATA", o->json, report);
  return true;
}
