/* SPDX-License-Identifier: Apache-2.0 */
/* What would keep a network's training in the clear within its ranges, found as settings are. */
#include <inttypes.h>
#include <stdio.h>

#include "plan_job.h"
#include "progress.h"

enum { ALL_SETTINGS = 2 * UMBRA_SETTING_START - 1 };

static const double most_range = 0x1p10; /* that the options take */

/* All settings are those of the job but the wanted ones. False, silently, if none would do. */
static bool find(umbra_train_trial *found, const plan_job *j, const plan_options *o, uint32_t wanted,
                 double hidden_range) {
  umbra_train_options train = j->wanted;
  umbra_train_search *search = NULL;
  cli_progress bar;
  train.scaling = NULL;
  train.hidden_range = hidden_range;
  umbra_train_search_options options = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT,  .train = &train,
                                        .given = ALL_SETTINGS & ~wanted,  .scaling = j->scaled_by.kind,
                                        .argument = j->scaled_by.divisor, .clip = j->scaled_by.clip};
  options.seed = o->seed;
  const umbra_progress progress = cli_progress_open(&bar, "finding what would hold");
  umbra_status status = umbra_train_search_create(&search, j->params, j->raw, &options, &progress);
  cli_progress_close(&bar);
  if (status == UMBRA_OK) status = umbra_train_search_trial(search, found, umbra_train_search_chosen(search));
  umbra_train_search_destroy(search);
  return status == UMBRA_OK;
}

/* Over squares nothing is computed on a range; over another activation a wider one makes another polynomial. */
static size_t describe_hidden(char text[CLI_REMEDY], const plan_job *j, const plan_options *o, double largest) {
  enum { TRIED = 3 };
  double range = CLI_RANGE_MARGIN * largest;
  umbra_train_trial found = {UMBRA_TRAIN_TRIAL_INIT};
  for (int i = 0; i < TRIED && range <= most_range; i++, range *= 1.5)
    if (!j->wanted.hidden_degree || find(&found, j, o, 0, range))
      return (size_t)snprintf(text, CLI_REMEDY, "--hidden-range %.3g", range);
  return 0;
}

static size_t describe_range(char text[CLI_REMEDY], const plan_job *j, const plan_options *o, double largest) {
  umbra_train_trial found = {UMBRA_TRAIN_TRIAL_INIT};
  const double range = CLI_RANGE_MARGIN * largest;
  if (j->wanted.loss == UMBRA_LOSS_SQUARED) /* without a polynomial */
    return range <= most_range ? (size_t)snprintf(text, CLI_REMEDY, "--range %.3g", range) : 0;
  if (!find(&found, j, o, UMBRA_SETTING_RANGE | UMBRA_SETTING_DEGREE, j->wanted.hidden_range)) return 0;
  return (size_t)snprintf(text, CLI_REMEDY, "--range %g with --degree %" PRIu32, found.range, found.degree);
}

/* With smaller first weights, if they are not given and it takes them. */
static void describe_rate(char *text, size_t size, const plan_job *j, const plan_options *o) {
  const uint32_t start = o->train.start > 0 ? 0 : UMBRA_SETTING_START;
  umbra_train_trial found = {UMBRA_TRAIN_TRIAL_INIT};
  if (find(&found, j, o, UMBRA_SETTING_RATE, j->wanted.hidden_range)) snprintf(text, size, "--rate %g", found.rate);
  else if (start && find(&found, j, o, UMBRA_SETTING_RATE | start, j->wanted.hidden_range))
    snprintf(text, size, "--rate %g with --start %g", found.rate, found.start);
}

void cli_plan_remedy(char text[CLI_REMEDY], const plan_job *j, const plan_options *o, bool hidden, double largest) {
  char rate[CLI_REMEDY / 2] = "";
  const size_t used = hidden ? describe_hidden(text, j, o, largest) : describe_range(text, j, o, largest);
  describe_rate(rate, sizeof rate, j, o);
  const bool none = !used && !*rate;
  snprintf(text + used, CLI_REMEDY - used, "%s%s%s", used && *rate ? ", or " : "", rate,
           none ? "smaller features (--scale, --clip) or less --iterations may help"
                : " would hold, with room for other records");
}
