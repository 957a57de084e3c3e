/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of models that may be shown although their records may not: settings that follow from none of these, and noise. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"
#include "plan_job.h"
#include "private.h"

/* ---- usage ---- */

/* EPSILON,DELTA */
static void parse(umbra_privacy_options *privacy, const char *text) {
  char *end;
  privacy->epsilon = strtod(text, &end);
  privacy->delta = *end == ',' ? strtod(end + 1, &end) : 0;
  if (!(privacy->epsilon > 0) || !(privacy->delta > 0) || *end)
    cli_usage("--private: \"%s\" is not EPSILON,DELTA, such as 1,1e-6", text);
}

/* What would tell about the records, or has no bound. */
static void check_choices(const plan_options *o) {
  const bool is_known = !o->scale || strcmp(o->scale, "none") == 0 || strcmp(o->scale, "constant") == 0;
  if (!is_known || (o->limits && (o->scale || o->clip > 0)))
    cli_usage(
        "--private: a scaling that follows from the records tells about them; give --limits FILE, with the least and "
        "greatest value that each column may have as everybody knows, or --scale none or constant");
  if (o->table.missing && strcmp(o->table.missing, "refuse") != 0)
    cli_usage(
        "--private: what stands for missing values follows from other records; fill them in beforehand, by values "
        "that everybody knows");
  if (o->optimizer && strcmp(o->optimizer, "plain") != 0)
    cli_usage("--private takes --optimizer plain: with momentum one record may move a model without a useful bound");
  if (o->hidden) cli_usage("--private is of linear models: without --hidden");
  if (o->class_weights || o->initial)
    cli_usage("--private: without --class-weights and --initial, which may tell about the records");
  if (o->holdout > 0 || o->folds || o->tried)
    cli_usage("--private: without --holdout, --folds and --tried; nothing is searched, and --held-out judges");
  if (o->limits && o->shape) cli_usage("--limits belongs to DATA");
}

/* The power of two that neither features, within the norm, nor labels can leave. */
static double declared_bound(const umbra_privacy_options *privacy) {
  return exp2(ceil(log2(fmax(1, fmax(privacy->norm, privacy->label_limit)))));
}

static void set_defaults(plan_options *o) {
  const bool squared = o->network && o->train.loss == UMBRA_LOSS_SQUARED;
  o->optimizer = "plain";
  o->no_search = true;
  if (!o->iterations_given) o->train.iterations = 10;
  if (!o->degree_given) o->sigmoid.degree = 7;
  if (!o->rate_given && squared) o->train.rate = 0.5;
  if (o->train.record_bound == 0) o->train.record_bound = declared_bound(&o->privacy);
  o->rate_given = true;
  o->train.privacy = &o->privacy;
}

static void check_labels(plan_options *o) {
  const bool squared = o->network && o->train.loss == UMBRA_LOSS_SQUARED;
  const bool values = squared && cli_label_kind(&o->table) == UMBRA_LABELS_VALUES;
  if (values && !(o->privacy.label_limit > 0))
    cli_usage(
        "--label-limit L is missing: labels beyond it are cut off, and how far a record moves the model follows from "
        "it");
  if (!values && o->privacy.label_limit > 0) cli_usage("--label-limit goes with --labels values");
  if (squared && !values) o->privacy.label_limit = 1; /* targets of classes are 0 and 1 */
}

void cli_private_check_usage(plan_options *o) {
  static const char *const sides[] = {"owner", "both", NULL};
  if (!o->promise) {
    if (o->limits || o->norm_given || o->privacy.label_limit > 0 || o->noise_by)
      cli_usage("--limits, --norm, --label-limit and --noise-by belong to --private");
    return;
  }
  o->privacy.noise_by = (umbra_noise_by)cli_choice("noise-by", o->noise_by, sides);
  parse(&o->privacy, o->promise);
  check_choices(o);
  check_labels(o);
  set_defaults(o);
}

/* ---- records ---- */

bool cli_private_load_limits(plan_job *j, const plan_options *o) {
  if (!o->limits) return true;
  if (!cli_check(umbra_table_read(&j->limits, o->limits), "--limits")) return false;
  const size_t columns = umbra_records_columns(j->raw);
  j->scaled_by.limits = j->limits.values;
  return (j->limits.rows == 2 && j->limits.columns == columns) ||
         cli_error(
             "--limits: %s has %zu rows of %zu values; two rows are expected, the least and the greatest value of "
             "each of the %zu features",
             o->limits, j->limits.rows, j->limits.columns, columns);
}

/* Which categories there are follows from the records. */
static bool check_columns(const plan_job *j) {
  const umbra_schema *schema = umbra_records_schema(j->raw);
  size_t size = 0;
  if (!schema) return true;
  if (!cli_check(umbra_schema_describe(schema, NULL, &size), "DATA")) return false;
  char *text = calloc(1, size);
  if (!text) return cli_error("out of memory");
  const bool numbers = umbra_schema_describe(schema, text, &size) == UMBRA_OK && !strstr(text, "\"categories\":");
  free(text);
  return numbers ||
         cli_error("DATA: columns of texts become categories, which follow from the records; --private takes "
                   "numbers: leave them out with --without, or write a column of 0 and 1 for each category that "
                   "everybody knows");
}

/* As many as are shortened, or cut off. */
static size_t count_limited(const umbra_records *before, const umbra_records *after) {
  const size_t columns = umbra_records_columns(before);
  size_t changed = 0;
  for (size_t r = 0; r < umbra_records_rows(before); r++)
    changed += memcmp(umbra_records_row(before, r), umbra_records_row(after, r), columns * sizeof(double)) != 0 ||
               umbra_records_label(before, r) != umbra_records_label(after, r);
  return changed;
}

bool cli_private_limit_records(plan_job *j, const plan_options *o, cli_report *report) {
  umbra_records *limited = NULL;
  if (!o->promise) return true;
  if (!check_columns(j) ||
      !cli_check(umbra_records_limit(&limited, j->records, o->privacy.norm, o->privacy.label_limit), "DATA"))
    return false;
  cli_report_number(report, "limited_records", (double)count_limited(j->records, limited));
  umbra_records_destroy(j->records);
  j->records = limited;
  return true;
}

/* ---- settings ---- */

static umbra_status find_sensitivity(umbra_sensitivity *found, plan_job *j, double range) {
  j->sigmoid.range = range;
  umbra_sensitivity_init(found);
  return umbra_train_sensitivity(found, &j->wanted);
}

/* The least of 1, 1.25, 1.5, 1.75, 2, 2.5, ... that no record can leave. */
static umbra_status find_range(umbra_sensitivity *found, plan_job *j) {
  umbra_status status = UMBRA_ERROR_RANGE;
  for (int quarters = 0; quarters <= 40 && status == UMBRA_ERROR_RANGE; quarters++)
    status = find_sensitivity(found, j, ldexp(1 + quarters % 4 / 4.0, quarters / 4));
  return status;
}

/* The least power of two that no weight can leave. */
static double bound_of(const umbra_sensitivity *found) {
  double bound = UMBRA_TRAIN_LEAST_BOUND;
  while (bound < found->largest_norm * (1 + 1.0 / 64)) bound *= 2;
  return bound;
}

bool cli_private_settle(plan_job *j, const plan_options *o) {
  umbra_sensitivity found;
  if (!o->promise) return true;
  const umbra_status status = o->range_given ? find_sensitivity(&found, j, j->sigmoid.range) : find_range(&found, j);
  if (!cli_check(status, "--private")) return false;
  j->growth = found.largest_growth;
  j->bound = bound_of(&found);
  return j->bound <= UMBRA_TRAIN_LARGEST_BOUND ||
         cli_error("--private: a weight may reach %.4g, whatever records there are, and none may be beyond %g; fewer "
                   "--iterations or a lower --rate help",
                   found.largest_norm, UMBRA_TRAIN_LARGEST_BOUND);
}

/* ---- what it comes to ---- */

enum { DRAWS = 20 };

/* Accuracy; of values the mean of half the squared errors. */
static bool judge(double *found, const plan_job *j, const umbra_records *judged, const double *weights,
                  double *scores) {
  const size_t outputs = cli_plan_units(&j->wanted, 0), rows = umbra_records_rows(judged);
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  if (!cli_check(umbra_train_plan_scores(j->plan, scores, judged, weights), NULL)) return false;
  if (outputs > 1) return cli_check(umbra_judge_classes(found, NULL, judged, scores), NULL);
  if (umbra_records_classes(judged)) {
    const double threshold = j->wanted.kind == UMBRA_TRAIN_NETWORK && j->wanted.loss == UMBRA_LOSS_SQUARED ? 0.5 : 0;
    const bool judged_well = cli_check(umbra_judge_scores(&judgement, judged, scores, threshold), NULL);
    *found = judgement.accuracy;
    return judged_well;
  }
  *found = 0;
  for (size_t r = 0; r < rows; r++) {
    const double off = scores[r] - umbra_records_label(judged, r);
    *found += off * off / 2 / (double)rows;
  }
  return true;
}

typedef struct prediction {
  double without, mean, least, most;
} prediction;

static bool draw(prediction *p, const plan_job *j, const umbra_records *judged, double noise, double *weights,
                 double *scores) {
  const size_t bytes = j->twin.count * sizeof *weights;
  *p = (prediction){.least = INFINITY, .most = -INFINITY};
  if (!judge(&p->without, j, judged, j->twin.weights, scores)) return false;
  for (uint64_t k = 0; k < DRAWS; k++) {
    double found;
    memcpy(weights, j->twin.weights, bytes);
    if (!cli_check(umbra_train_plan_add_noise(j->plan, weights, noise, k), NULL) ||
        !judge(&found, j, judged, weights, scores))
      return false;
    p->mean += found / DRAWS;
    p->least = fmin(p->least, found);
    p->most = fmax(p->most, found);
  }
  return true;
}

static void tell_prediction(const prediction *p, const char *what, bool json, cJSON *facts) {
  char name[CLI_UNITS];
  snprintf(name, sizeof name, "%s_without_noise", what);
  cJSON_AddNumberToObject(facts, name, p->without);
  cJSON_AddNumberToObject(facts, what, p->mean);
  snprintf(name, sizeof name, "least_%s", what);
  cJSON_AddNumberToObject(facts, name, p->least);
  snprintf(name, sizeof name, "most_%s", what);
  cJSON_AddNumberToObject(facts, name, p->most);
  if (!json)
    printf("  %-18s %s %.4f with noise, %.4f to %.4f in %d draws; %.4f without\n", "expected", what, p->mean, p->least,
           p->most, DRAWS, p->without);
}

static bool predict(const plan_job *j, const plan_options *o, double noise, cJSON *facts) {
  const umbra_records *judged = j->held ? j->held : j->records;
  prediction p = {0};
  if (!j->twin.weights) return true;
  const size_t outputs = cli_plan_units(&j->wanted, 0);
  double *weights = calloc(j->twin.count, sizeof *weights);
  double *scores = calloc(umbra_records_rows(judged), outputs * sizeof *scores);
  const bool drawn = weights && scores ? draw(&p, j, judged, noise, weights, scores) : cli_error("out of memory");
  cli_opened_free(weights, j->twin.count * sizeof *weights);
  cli_opened_free(scores, umbra_records_rows(judged) * outputs * sizeof *scores);
  if (drawn) tell_prediction(&p, umbra_records_classes(judged) ? "accuracy" : "loss", o->json, facts);
  return drawn;
}

/* A delta of a record's share lets a mechanism show a record as it is. */
static void warn(const plan_job *j, const umbra_privacy *p, cli_report *report) {
  char text[256];
  if (p->delta * (double)j->wanted.rows > 0.1) {
    snprintf(text, sizeof text,
             "delta is %g with %zu records: a release that shows one of them as it is could have a delta of %.2g; a "
             "tenth of that is the most that promises something",
             p->delta, j->wanted.rows, 1 / (double)j->wanted.rows);
    cli_report_warning(report, text);
  }
  if (j->growth > 1.01) {
    snprintf(
        text, sizeof text,
        "what one record does to the model may grow by a factor of %.3g in an iteration: a lower --rate has less, and "
        "where the polynomial bends back within its range a higher --degree",
        j->growth);
    cli_report_warning(report, text);
  }
  if (p->error > p->sensitivity / 10) {
    snprintf(text, sizeof text,
             "%.0f %% of the noise is there because of errors of the encrypted computation; --rounds 2, a preset of "
             "higher precision, or fewer iterations have less",
             100 * p->error / (p->sensitivity + p->error));
    cli_report_warning(report, text);
  }
}

static void print(const umbra_privacy *p) {
  char noise[CLI_UNITS], moves[CLI_UNITS];
  printf("  %-18s %s;\n  %-18s settings, columns and limits are taken to be known to everybody\n", "promise",
         cli_private_mode(p), "");
  printf("  %-18s of deviation %s on each weight%s; one record moves the model by up to %s\n", "noise",
         cli_number_text(noise, p->noise, 3), p->shares > 1 ? ", twice" : "",
         cli_number_text(moves, p->sensitivity, 3));
  if (p->statistical >= 1)
    printf("  %-18s hides errors from which the key could follow with s = %.1f, as one release of one\n", "",
           p->statistical);
}

bool cli_private_report(const plan_job *j, const plan_options *o, cli_report *report) {
  umbra_privacy p = {UMBRA_PRIVACY_INIT};
  if (!o->promise) return true;
  if (!cli_check(umbra_train_plan_privacy(j->plan, &p), "--private")) return false;
  cJSON *facts = cJSON_AddObjectToObject(report->root, "private");
  cli_private_facts(facts, &p);
  cJSON_AddNumberToObject(facts, "norm", o->privacy.norm);
  cJSON_AddNumberToObject(facts, "label_limit", o->privacy.label_limit);
  cJSON_AddNumberToObject(facts, "largest_growth", j->growth);
  cJSON_AddNumberToObject(facts, "statistical", p.statistical);
  if (!o->json) print(&p);
  warn(j, &p, report);
  return predict(j, o, p.noise * sqrt(p.shares), facts);
}
