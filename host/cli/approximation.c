/* SPDX-License-Identifier: Apache-2.0 */
#include "approximation.h"

#include <stdio.h>
#include <stdlib.h>

#include "progress.h"

bool cli_approximation_given(const cli_approximation *o) {
  return o->relu || o->degree || o->levels || o->error > 0 || o->margin > 0;
}

void cli_approximation_check(const cli_approximation *o) {
  if (o->degree && o->levels) cli_usage("--degree and --levels exclude each other");
}

/* ---- options ---- */

/* How many there are. */
static size_t take_degrees(uint32_t degrees[CLI_MOST_DEGREES], const char *text) {
  int count;
  int *list = cli_parse_list(&count, "relu", text);
  for (int i = 0; i < count && i < CLI_MOST_DEGREES; i++) degrees[i] = list[i] < 1 ? 0 : (uint32_t)list[i];
  free(list);
  if (count > CLI_MOST_DEGREES) cli_usage("--relu: at most %d degrees", CLI_MOST_DEGREES);
  for (int i = 0; i < count; i++)
    if (!degrees[i]) cli_usage("--relu: degrees are 1 and more");
  return (size_t)count;
}

umbra_approximation_options cli_approximation_of(const cli_approximation *o, uint32_t degrees[CLI_MOST_DEGREES]) {
  umbra_approximation_options made;
  umbra_approximation_options_init(&made);
  if (o->error > 0) made.error = o->error;
  if (o->margin > 0) made.margin = o->margin;
  made.degree = o->degree;
  made.levels = o->levels;
  if (!o->relu) return made;
  made.sign_count = take_degrees(degrees, o->relu);
  made.sign_degrees = degrees;
  return made;
}

/* ---- samples ---- */

static bool are_alike(const umbra_ndarray *samples) {
  const size_t count = umbra_ndarray_count(samples), each = count / samples->shape[0];
  for (size_t i = each; i < count; i++)
    if (samples->values[i] != samples->values[i - each]) return false;
  return true;
}

bool cli_samples_read(umbra_ndarray *samples, const char *option, const char *path, cli_report *report) {
  char text[256];
  if (!cli_check(umbra_ndarray_read(samples, path), option)) return false;
  cli_report_step(report, "read samples", path);
  if (!are_alike(samples)) return true;
  snprintf(text, sizeof text,
           samples->shape[0] == 1
               ? "%s has one sample only: how large values of other records become does not follow from it"
               : "%s has %zu samples that are all the same: how large values of other records become does not follow "
                 "from them",
           option, samples->shape[0]);
  cli_report_warning(report, text);
  return true;
}

/* ---- the report ---- */

static void add_sign(cJSON *facts, const umbra_activation_report *a) {
  char text[8 * CLI_MOST_DEGREES], *end = text;
  for (uint32_t i = 0; i < a->sign_count; i++)
    end += snprintf(end, (size_t)(text + sizeof text - end), "%s%u", i ? "," : "", a->sign_degrees[i]);
  cJSON_AddStringToObject(facts, "relu", text);
}

static bool add_activation(cJSON *list, const umbra_approximation *approximation, size_t i) {
  umbra_activation_report a;
  umbra_activation_report_init(&a);
  if (!cli_check(umbra_approximation_get_activation(approximation, &a, i), NULL)) return false;
  cJSON *facts = cJSON_CreateObject();
  cJSON_AddNumberToObject(facts, "node", a.node);
  if (a.degree) cJSON_AddNumberToObject(facts, "degree", a.degree);
  else add_sign(facts, &a);
  cJSON_AddNumberToObject(facts, "levels", a.levels);
  cJSON_AddNumberToObject(facts, "bound", a.bound);
  cJSON_AddNumberToObject(facts, "use", a.use);
  cJSON_AddNumberToObject(facts, "error", a.error);
  cJSON_AddItemToArray(list, facts);
  return true;
}

static void add_totals(cli_report *report, const umbra_approximation_report *r) {
  cli_report_number(report, "samples", (double)r->records);
  cli_report_number(report, "largest_error", r->largest_error);
  cli_report_number(report, "median_error", r->median_error);
  cli_report_number(report, "labels_equal", (double)r->labels_equal);
  cli_report_number(report, "labels_wrong", (double)r->labels_wrong);
  cli_report_number(report, "near_ties", (double)r->near_ties);
  cli_report_number(report, "outside", (double)r->outside);
  cli_report_number(report, "use", r->use);
  cli_report_number(report, "levels", r->levels);
  if (r->outside)
    cli_report_warning(report, "values of some samples leave the intervals of polynomials, where nothing is promised");
}

static bool add_facts(cli_report *report, const umbra_approximation *approximation) {
  umbra_approximation_report totals;
  umbra_approximation_report_init(&totals);
  if (!cli_check(umbra_approximation_get_report(approximation, &totals), NULL)) return false;
  add_totals(report, &totals);
  cJSON *list = cli_report_list(report, "activations");
  for (size_t i = 0; i < umbra_approximation_activations(approximation); i++)
    if (!add_activation(list, approximation, i)) return false;
  return true;
}

/* ---- the work ---- */

typedef struct approximation_job {
  const umbra_ndarray *samples;
  const char *option; /* of the samples */
  umbra_model_ranges *ranges;
  umbra_approximation *approximation;
} approximation_job;

static bool calibrate(approximation_job *j, const umbra_model *model) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "calibrating");
  return cli_progress_check(&bar, umbra_model_calibrate(model, &j->ranges, j->samples, &progress), j->option);
}

static bool approximate(approximation_job *j, umbra_model **model, const cli_approximation *o) {
  uint32_t degrees[CLI_MOST_DEGREES];
  cli_progress bar;
  const umbra_approximation_options options = cli_approximation_of(o, degrees);
  const umbra_progress progress = cli_progress_open(&bar, "approximating");
  umbra_status status =
      umbra_model_approximate(*model, model, &j->approximation, j->ranges, j->samples, &options, &progress);
  return cli_progress_check(&bar, status, j->option);
}

bool cli_approximate(umbra_model **model, const umbra_ndarray *samples, const char *option, const cli_approximation *o,
                     cli_report *report) {
  approximation_job job = {.samples = samples, .option = option};
  bool done = calibrate(&job, *model);
  if (done) cli_report_step(report, "calibrate", NULL);
  done = done && approximate(&job, model, o) && add_facts(report, job.approximation);
  if (done) cli_report_step(report, "approximate", NULL);
  umbra_approximation_destroy(job.approximation);
  umbra_model_ranges_destroy(job.ranges);
  return done;
}
