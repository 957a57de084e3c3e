/* SPDX-License-Identifier: Apache-2.0 */
#include "promise.h"

#include <math.h>
#include <stdio.h>

#include "private.h"
#include "progress.h"

bool cli_promise_find(const cli_promise *p, double *expected, const char *name, const char *option,
                      cli_report *report) {
  const umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT, .initial = p->initial, .trained = p->twin->weights};
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "expecting errors");
  umbra_status status = umbra_train_expected_error(expected, p->plan, p->train, &options, &progress);
  if (!cli_progress_check(&bar, status, option)) return false;
  cli_report_number(report, name, *expected);
  return true;
}

/* Weights that were shown have the noise of a private plan, too. */
static bool add_noise(const cli_promise *p, double *expected, cli_report *report) {
  umbra_privacy privacy = {UMBRA_PRIVACY_INIT};
  if (!cli_is_private(p->plan)) return true;
  if (!cli_check(umbra_train_plan_privacy(p->plan, &privacy), "--plan")) return false;
  *expected = sqrt(*expected * *expected + privacy.noise * privacy.noise * privacy.shares);
  cli_report_number(report, "private_noise", privacy.noise);
  return true;
}

/* What may make weights others than the twin's: networks begin as their plans say. */
static const char *beginning(const cli_promise *p) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  if (p->initial) return " and --initial";
  const bool network = umbra_train_plan_options(p->plan, &planned) == UMBRA_OK && cli_plan_is_network(&planned);
  return network ? "" : "; first weights are given by --initial";
}

/* Six standard deviations: among thousands of weights none is that far off by chance. */
bool cli_promise_judge(cli_promise *p, const double *weights, cli_report *report) {
  const double deviations = 6;
  double largest = 0, squares = 0, promised;
  for (size_t c = 0; c < p->twin->count; c++) {
    const double difference = fabs(p->twin->weights[c] - weights[c]);
    largest = cli_larger(largest, difference);
    squares += difference * difference;
  }
  cli_report_number(report, "max_weight_difference", largest);
  cli_report_number(report, "rms_weight_difference", sqrt(squares / (double)p->twin->count));
  if (!cli_promise_find(p, &promised, "promised_weight_error", "--train", report) || !add_noise(p, &promised, report))
    return false;
  if (largest <= deviations * promised) return true;
  snprintf(
      p->broken, sizeof p->broken,
      "--weights: they are up to %.3g off the same training in the clear, and the plan promises an error of %.2g with "
      "these records, so at most %.2g: they are not what it makes of --train%s",
      largest, promised, deviations * promised, beginning(p));
  cli_report_text(report, "status", "failure");
  cli_report_text(report, "broken_promise", p->broken);
  return true;
}
