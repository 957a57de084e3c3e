/* SPDX-License-Identifier: Apache-2.0 */
/* The same training in the clear, what it says about a plan, and what stands beside it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "plan_job.h"
#include "promise.h"

bool cli_plan_make(umbra_train_plan **plan, const plan_job *j, size_t rows, double bound) {
  umbra_train_options options = j->wanted;
  options.rows = rows;
  options.bound = bound;
  options.sigmoid = &j->sigmoid;
  if (options.shuffle && !options.scaling) options.shuffle = UMBRA_SHUFFLE_PUBLIC; /* nobody else sees such a plan */
  if (rows < j->wanted.rows && options.batch > rows) options.batch = rows;
  return cli_check(umbra_train_plan_create(plan, j->params, &options), NULL);
}

/* The iteration with the largest score, from 0; and how many leave the range. */
static uint32_t worst_score(const cli_twin *twin, double range, uint32_t *beyond) {
  uint32_t worst = 0;
  *beyond = 0;
  for (uint32_t i = 0; i < twin->iterations; i++) {
    if (twin->trace[i].largest_score > range) ++*beyond;
    if (twin->trace[i].largest_score > twin->trace[worst].largest_score) worst = i;
  }
  return worst;
}

double cli_twin_largest_weight(const cli_twin *twin) {
  double largest = 0;
  for (uint32_t i = 0; i < twin->iterations; i++) largest = fmax(largest, twin->trace[i].largest_weight);
  return largest;
}

enum { SCORE_DIGITS = 4 };
#define REMEDIES "a larger --range, smaller features (--scale, --clip) or a smaller --rate may help"

/* Where the polynomial is not the sigmoid nothing is promised; under encryption nobody would see it. */
static void warn_of_scores(const plan_job *j, cli_report *report) {
  char text[512], reached[CLI_UNITS];
  const double range = j->sigmoid.range;
  const uint32_t first_steps = 3; /* which are short ones, with a small momentum */
  uint32_t beyond, worst = worst_score(&j->twin, range, &beyond);
  const double largest = j->twin.trace[worst].largest_score;
  cli_report_number(report, "largest_score", largest);
  cli_number_text(reached, largest, SCORE_DIGITS);
  if (beyond)
    snprintf(text, sizeof text,
             "scores leave [%g, %g], where the polynomial is near the sigmoid, in %" PRIu32 " of %" PRIu32
             " iterations; the largest, %s, is in iteration %" PRIu32 "; " REMEDIES,
             -range, range, beyond, j->twin.iterations, reached, worst + 1);
  else if (largest > 0.95 * range)
    snprintf(text, sizeof text,
             "scores come near the end of [%g, %g], beyond which training may diverge: the largest, %s, is in "
             "iteration %" PRIu32 "; other records may go farther; " REMEDIES,
             -range, range, reached, worst + 1);
  else if (largest < range / 100 && j->twin.iterations > first_steps)
    snprintf(text, sizeof text,
             "scores use a hundredth of [%g, %g]: the largest is %s, and near 0 the polynomial is no better than a "
             "line; a smaller --range, a larger --rate, scaled features (--scale) or more --iterations may help",
             -range, range, reached);
  else return;
  cli_report_warning(report, text);
}

/* By more than a twentieth of the loss at the beginning, in the last quarter of the iterations. */
static void warn_of_loss(const plan_job *j, cli_report *report) {
  char text[256];
  const cli_twin *twin = &j->twin;
  const uint32_t last = twin->iterations - 1, before = last - twin->iterations / 4;
  const double fall = twin->trace[before].loss - twin->trace[last].loss;
  if (before == last || !(fall > log(2) / 20)) return;
  snprintf(text, sizeof text,
           "the loss still falls, from %.3g after iteration %" PRIu32
           " to %.3g at the end; more --iterations or a larger --rate may help",
           twin->trace[before].loss, before + 1, twin->trace[last].loss);
  cli_report_warning(report, text);
}

static bool diverges(const plan_job *j, const plan_options *o) {
  char reached[CLI_UNITS], remedy[CLI_REMEDY] = REMEDIES;
  uint32_t i = 0;
  if (o->network) cli_plan_remedy(remedy, j, o, false, INFINITY);
  while (i < j->twin.iterations && j->twin.trace[i].largest_weight <= UMBRA_TRAIN_LARGEST_BOUND / 4) i++;
  cli_error("the training diverges: weights are too large from iteration %" PRIu32 " on, where the largest score is "
            "%s and the polynomial holds on [%g, %g]; %s",
            i + 1,
            cli_number_text(reached, i < j->twin.iterations ? j->twin.trace[i].largest_score : NAN, SCORE_DIGITS),
            -j->sigmoid.range, j->sigmoid.range, remedy);
  return false;
}

double cli_plan_coarse(const plan_options *o, double found) {
  enum { STEP = 4 };
  const int exponent = ilogb(found), above = (exponent % STEP + STEP) % STEP;
  return o->coarse && above ? ldexp(found, STEP - above) : found;
}

/* The bound of the final plan: given, or what the twin asks for. */
static bool choose_bound(const plan_job *j, const plan_options *o, double *bound) {
  double needed = umbra_train_bound(j->twin.trace, j->twin.iterations), largest = cli_twin_largest_weight(&j->twin);
  if (!cli_twin_is_finite(&j->twin)) return diverges(j, o);
  *bound = o->bound > 0   ? o->bound
           : j->bound > 0 ? j->bound
                          : fmin(cli_plan_coarse(o, needed), UMBRA_TRAIN_LARGEST_BOUND);
  if (!(*bound > 0)) return diverges(j, o);
  return largest <= *bound || cli_error("--bound: weights reach %.4g, beyond %g; without the option the bound is %g",
                                        largest, *bound, needed);
}

static void add_trace(cJSON *root, const cli_twin *twin, const cli_twin *exact) {
  cJSON *trace = cJSON_AddArrayToObject(root, "trace");
  for (uint32_t i = 0; i < twin->iterations; i++) {
    cJSON *item = cJSON_CreateObject();
    cJSON_AddNumberToObject(item, "iteration", i + 1);
    cJSON_AddNumberToObject(item, "largest_score", twin->trace[i].largest_score);
    cJSON_AddNumberToObject(item, "largest_weight", twin->trace[i].largest_weight);
    cJSON_AddNumberToObject(item, "accuracy", twin->trace[i].accuracy);
    cJSON_AddNumberToObject(item, "auc", twin->trace[i].auc);
    cJSON_AddNumberToObject(item, "loss", twin->trace[i].loss);
    cJSON_AddNumberToObject(item, "accuracy_exact", exact->trace[i].accuracy);
    cJSON_AddNumberToObject(item, "auc_exact", exact->trace[i].auc);
    cJSON_AddItemToArray(trace, item);
  }
}

/* About thirty lines, the last iteration among them. */
void cli_plan_print_trace(const plan_job *j) {
  const cli_twin *twin = &j->twin;
  const uint32_t every = (twin->iterations + 31) / 32;
  printf("\nThe same training in the clear\n  %9s %14s %14s %10s %10s %16s\n", "iteration", "largest score",
         "largest weight", "accuracy", "AUC", "by exact sigmoid");
  for (uint32_t i = 0; i < twin->iterations; i++) {
    const umbra_train_outcome *o = &twin->trace[i];
    if ((i + 1) % every && i + 1 < twin->iterations) continue;
    printf("  %9" PRIu32 " %13.4f%c %14.4f %10.4f %10.4f %16.4f\n", i + 1, o->largest_score,
           o->largest_score > j->sigmoid.range ? '*' : ' ', o->largest_weight, o->accuracy, o->auc,
           j->exact.trace[i].accuracy);
  }
  printf("  * beyond [%g, %g]; accuracy and AUC on %s\n\n", -j->sigmoid.range, j->sigmoid.range,
         j->held ? "the held-out records" : "the records themselves");
}

static bool report_outcome(const plan_job *j, const plan_options *o, cli_report *report) {
  const double threshold = cli_score_threshold(o->threshold);
  const umbra_records *judged = j->held ? j->held : j->records;
  umbra_judgement twin = {UMBRA_JUDGEMENT_INIT}, exact = {UMBRA_JUDGEMENT_INIT};
  if (!cli_judge(&twin, judged, j->twin.weights, threshold) || !cli_judge(&exact, judged, j->exact.weights, threshold))
    return false;
  cli_report_number(report, "accuracy_twin", twin.accuracy);
  cli_report_number(report, "auc_twin", twin.auc);
  cli_report_number(report, "loss_twin", twin.loss);
  cli_report_number(report, "accuracy_exact", exact.accuracy);
  cli_report_number(report, "auc_exact", exact.auc);
  cli_add_counts(report->root, &twin);
  cli_report_one_sided(report, &twin);
  cli_report_number(report, "largest_weight", cli_twin_largest_weight(&j->twin));
  add_trace(report->root, &j->twin, &j->exact);
  return true;
}

static bool report_optimum(const plan_job *j, const plan_options *o, cli_report *report) {
  cli_optimum optimum;
  if (!cli_optimum_find(&optimum, j->raw, j->raw_held ? j->raw_held : j->raw, cli_score_threshold(o->threshold)))
    return false;
  cli_report_optimum(report, &optimum);
  return true;
}

/* Of the final plan. */
static bool report_error(const plan_job *j, cli_report *report) {
  const cli_promise promise = {j->plan, j->records, j->initial.values, &j->twin, ""};
  double expected;
  return cli_promise_find(&promise, &expected, "expected_weight_error", NULL, report);
}

static bool judge_twin(const plan_job *j, const plan_options *o, cli_report *report) {
  if (!report_outcome(j, o, report) || !report_optimum(j, o, report)) return false;
  warn_of_scores(j, report);
  warn_of_loss(j, report);
  return true;
}

/* Half of the squared error is what it is, without a polynomial. */
static bool has_exact(const plan_job *j) { return j->wanted.loss != UMBRA_LOSS_SQUARED; }

double cli_plan_bound(const plan_job *j, const plan_options *o) {
  return o->bound > 0 ? o->bound : j->bound > 0 ? j->bound : o->train.bound;
}

/* Makes the plan twice: its bound follows from the training in the clear, which depends on all of the plan but that. */
bool cli_plan_by_twin(plan_job *j, const plan_options *o, cli_report *report) {
  umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT, .judged = j->held ? j->held : j->records,
                                .initial = j->initial.values};
  double bound = 0;
  const bool described = !o->out && j->wanted.shuffle; /* as it would be written, with an order that is secret */
  j->wanted.scaling = o->scaling || described ? j->scaling : NULL;
  if (!cli_plan_make(&j->plan, j, j->wanted.rows, cli_plan_bound(j, o)) ||
      !cli_twin_run(&j->twin, j->plan, j->records, &options) || !choose_bound(j, o, &bound))
    return false;
  options.exact = 1;
  if (has_exact(j) && !cli_twin_run(&j->exact, j->plan, j->records, &options)) return false;
  cli_report_step(report, "train in the clear", NULL);
  if (!(o->network ? cli_layers_judge_twin : judge_twin)(j, o, report)) return false;
  return cli_plan_make(&j->plan, j, j->wanted.rows, bound) && report_error(j, report);
}
