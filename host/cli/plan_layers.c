/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of networks that are trained: their options, what follows from records, and what their twins say. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_job.h"

static const double default_momentum = 0.9, default_hidden_range = 16, default_softmax_range = 4;
static const uint32_t default_activation_degree = 7;

/* Activations by name, the square first, and which functions they are. */
static const char *const activations[] = {"square", "sigmoid", "tanh", "gelu", "silu", "softplus", "relu", "erf", NULL};
static const umbra_function functions[] = {UMBRA_FUNCTION_GIVEN, UMBRA_FUNCTION_SIGMOID, UMBRA_FUNCTION_TANH,
                                           UMBRA_FUNCTION_GELU,  UMBRA_FUNCTION_SILU,    UMBRA_FUNCTION_SOFTPLUS,
                                           UMBRA_FUNCTION_RELU,  UMBRA_FUNCTION_ERF};

/* ---- usage ---- */

static void parse_hidden(umbra_train_options *train, const char *text) {
  int count, *units = cli_parse_list(&count, "hidden", text);
  if (text && (count < 1 || count > UMBRA_TRAIN_MAX_HIDDEN))
    cli_usage("--hidden: \"%s\" is not a list of 1 to %d numbers", text, UMBRA_TRAIN_MAX_HIDDEN);
  for (int k = 0; k < count; k++) {
    if (units[k] < 1) cli_usage("--hidden: a layer has %d units; it must have some", units[k]);
    train->hidden[k] = (uint32_t)units[k];
  }
  free(units);
}

static void take_activation(plan_options *o) {
  const int chosen = cli_choice("activation", o->activation, activations);
  o->train.hidden_function = functions[chosen];
  if (chosen && !o->hidden) cli_usage("--activation goes with --hidden");
  if (!chosen && o->train.hidden_degree)
    cli_usage("--activation-degree goes with --activation, of another than the square");
  if (chosen && !o->train.hidden_degree) o->train.hidden_degree = default_activation_degree;
}

static void check_network(const plan_options *o, umbra_label_kind labels) {
  if (o->folds || o->threshold > 0 || o->initial)
    cli_usage("--folds, --threshold and --initial are of logistic models, not of networks");
  if (o->class_weights && labels == UMBRA_LABELS_VALUES) cli_usage("--class-weights: values are of no classes");
  if (o->train.start > 0 && !o->hidden) cli_usage("--start goes with --hidden: without, first weights are zeros");
  if (o->data && o->train.outputs) cli_usage("--outputs goes with --shape: DATA says how many classes there are");
  if (o->data && o->out && !o->scaling)
    cli_usage("--scaling FILE is missing: encryption and evaluation read by it what columns and classes are");
  if (labels == UMBRA_LABELS_VALUES && o->train.loss != UMBRA_LOSS_SQUARED)
    cli_usage("--loss %s is of classes: values take the squared error", cli_loss_names[o->train.loss]);
}

/* A softmax takes polynomials of its own. */
static void take_loss(plan_options *o, umbra_label_kind labels) {
  const uint32_t default_softmax_degree = 7;
  o->train.loss = (umbra_loss)cli_choice("loss", o->loss, cli_loss_names);
  if (!o->loss && (o->hidden || labels == UMBRA_LABELS_VALUES)) o->train.loss = UMBRA_LOSS_SQUARED;
  if (o->train.loss != UMBRA_LOSS_SOFTMAX) return;
  if (!o->range_given) o->sigmoid.range = default_softmax_range;
  if (!o->degree_given) o->sigmoid.degree = default_softmax_degree;
}

void cli_layers_check_usage(plan_options *o) {
  if (o->data && o->hidden && !o->table.labels && !o->table.positive) o->table.labels = "classes";
  const umbra_label_kind labels = cli_label_kind(&o->table);
  if (o->table.positive && labels != UMBRA_LABELS_TWO) cli_usage("--positive goes with labels of two classes");
  o->network = labels != UMBRA_LABELS_TWO || o->hidden || o->loss || o->train.outputs || o->train.hidden_range > 0 ||
               o->activation || o->train.hidden_degree || o->train.start > 0;
  if (!o->network && o->count_loss)
    cli_usage("--count-loss is of networks: --loss one-vs-rest makes a logistic model one");
  if (!o->network && o->public_features)
    cli_usage("--public-features is of networks: --loss one-vs-rest makes a logistic model one");
  if (!o->network) return;
  parse_hidden(&o->train, o->hidden);
  take_activation(o);
  o->train.kind = UMBRA_TRAIN_NETWORK;
  take_loss(o, labels);
  o->no_search = o->no_search || o->rate_given; /* whoever has a rate has tried */
  check_network(o, labels);
}

void cli_layers_take_optimizer(plan_options *o) {
  if (o->network && !o->optimizer) o->train.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  const bool constant =
      o->train.optimizer == UMBRA_OPTIMIZER_NESTEROV || o->train.optimizer == UMBRA_OPTIMIZER_MOMENTUM;
  if (constant && !o->momentum_given) o->train.momentum = default_momentum;
}

/* ---- records ---- */

void cli_layers_settle(plan_job *j) {
  const size_t classes = umbra_records_classes(j->raw);
  const bool each = classes > 2 || (classes && j->wanted.loss == UMBRA_LOSS_SOFTMAX); /* has an output */
  j->wanted.outputs = each ? (uint32_t)classes : 1;
}

/* ---- what its twin says ---- */

static double hidden_range_of(const plan_job *j) {
  return j->wanted.hidden_range > 0 ? j->wanted.hidden_range : default_hidden_range;
}

/* By whether they are hidden ones. */
static const char *const sums_names[] = {"scores", "sums of hidden layers"};

static double largest_of(const cli_twin *twin, bool hidden) {
  double largest = 0;
  for (uint32_t i = 0; i < twin->iterations; i++)
    largest = fmax(largest, hidden ? twin->trace[i].largest_hidden : twin->trace[i].largest_score);
  return largest;
}

static bool breaks(const plan_job *j, const plan_options *o, bool hidden, double largest, double range) {
  char remedy[CLI_REMEDY];
  cli_plan_remedy(remedy, j, o, hidden, largest);
  return cli_error("--%srange: %s reach %.4g in the clear, beyond [%g, %g]; %s", hidden ? "hidden-" : "",
                   sums_names[hidden], largest, -range, range, remedy);
}

/* Beyond a range nothing is promised, and under encryption nobody would see it. */
static bool holds(const plan_job *j, const plan_options *o, bool hidden, double largest, double range,
                  cli_report *report) {
  char text[256];
  if (largest > range) return breaks(j, o, hidden, largest, range);
  if (CLI_RANGE_MARGIN * largest <= range) return true;
  snprintf(text, sizeof text,
           "%s come near the end of [%g, %g]: the largest is %.4g; other records may go farther; --%srange %.3g gives "
           "them room",
           sums_names[hidden], -range, range, largest, hidden ? "hidden-" : "", CLI_RANGE_MARGIN * largest);
  cli_report_warning(report, text);
  return true;
}

static void add_trace(cJSON *root, const cli_twin *twin) {
  cJSON *trace = cJSON_AddArrayToObject(root, "trace");
  for (uint32_t i = 0; i < twin->iterations; i++) {
    const umbra_train_outcome *o = &twin->trace[i];
    cJSON *item = cJSON_CreateObject();
    cJSON_AddNumberToObject(item, "iteration", i + 1);
    cJSON_AddNumberToObject(item, "largest_score", o->largest_score);
    cJSON_AddNumberToObject(item, "largest_hidden", o->largest_hidden);
    cJSON_AddNumberToObject(item, "largest_weight", o->largest_weight);
    cJSON_AddNumberToObject(item, "accuracy", o->accuracy);
    cJSON_AddNumberToObject(item, "loss", o->loss);
    cJSON_AddNumberToObject(item, "counted_loss", o->counted_loss);
    cJSON_AddItemToArray(trace, item);
  }
}

static void report_outcome(const umbra_train_outcome *o, const umbra_records *judged, const char *ending,
                           cli_report *report) {
  char name[CLI_UNITS];
  if (umbra_records_classes(judged)) {
    snprintf(name, sizeof name, "accuracy_%s", ending);
    cli_report_number(report, name, o->accuracy);
  }
  snprintf(name, sizeof name, "loss_%s", ending);
  cli_report_number(report, name, o->loss);
}

bool cli_layers_judge_twin(const plan_job *j, const plan_options *o, cli_report *report) {
  const cli_twin *twin = &j->twin, *exact = j->exact.weights ? &j->exact : twin;
  const umbra_records *judged = j->held ? j->held : j->records;
  const double scores = largest_of(twin, false), hidden = largest_of(twin, true);
  const double hidden_range = hidden_range_of(j);
  report_outcome(&twin->trace[twin->iterations - 1], judged, "twin", report);
  report_outcome(&exact->trace[exact->iterations - 1], judged, "exact", report);
  cli_report_number(report, "largest_score", scores);
  cli_report_number(report, "largest_hidden", hidden);
  cli_report_number(report, "largest_weight", cli_twin_largest_weight(twin));
  add_trace(report->root, twin);
  return holds(j, o, false, scores, j->sigmoid.range, report) && holds(j, o, true, hidden, hidden_range, report);
}

/* About thirty lines, the last iteration among them. */
void cli_layers_print_trace(const plan_job *j) {
  const cli_twin *twin = &j->twin;
  const uint32_t every = (twin->iterations + 31) / 32;
  printf("\nThe same training in the clear, judged by %s\n  %9s %14s %14s %14s %10s %10s\n",
         j->held ? "the held-out records" : "the records themselves", "iteration", "largest score", "largest hidden",
         "largest weight", "accuracy", "loss");
  for (uint32_t i = 0; i < twin->iterations; i++) {
    const umbra_train_outcome *o = &twin->trace[i];
    if ((i + 1) % every && i + 1 < twin->iterations) continue;
    printf("  %9" PRIu32 " %14.4f %14.4f %14.4f %10.4f %10.4f\n", i + 1, o->largest_score, o->largest_hidden,
           o->largest_weight, o->accuracy, o->loss);
  }
  putchar('\n');
}

/* ---- without some records ---- */

/* Some records to train on, and others to judge by. */
typedef struct part {
  umbra_records *rest, *held, *scaled_rest, *scaled_held;
  umbra_scaling *scaling;
  umbra_train_plan *plan;
  cli_twin twin;
} part;

static void clear(part *p) {
  cli_twin_clear(&p->twin);
  umbra_train_plan_destroy(p->plan);
  umbra_scaling_destroy(p->scaling);
  umbra_records_destroy(p->scaled_held);
  umbra_records_destroy(p->scaled_rest);
  umbra_records_destroy(p->held);
  umbra_records_destroy(p->rest);
}

/* With settings that are found without what is held back. */
static bool train(part *p, plan_job *j, const plan_options *o) {
  umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT};
  if (!cli_plan_settings(j, o, p->rest, NULL) ||
      !cli_plan_scale(&p->scaling, &p->scaled_rest, &p->scaled_held, &j->scaled_by, p->rest, p->held))
    return false;
  options.judged = p->scaled_held;
  return cli_plan_make(&p->plan, j, umbra_records_rows(p->rest), o->train.bound) &&
         cli_twin_run(&p->twin, p->plan, p->scaled_rest, &options);
}

bool cli_layers_validate(plan_job *j, const plan_options *o, cli_report *report) {
  part p = {0};
  if (!(o->holdout > 0)) return true;
  const bool done =
      cli_check(umbra_records_hold(&p.rest, &p.held, j->raw, 0, o->holdout, o->seed), "--holdout") && train(&p, j, o);
  if (done) {
    const umbra_train_outcome *last = &p.twin.trace[p.twin.iterations - 1];
    cJSON *facts = cJSON_AddObjectToObject(report->root, "holdout");
    cJSON_AddNumberToObject(facts, "records", (double)umbra_records_rows(p.held));
    cJSON_AddNumberToObject(facts, "accuracy", last->accuracy);
    cJSON_AddNumberToObject(facts, "loss", last->loss);
    if (!o->json)
      printf("Trained without %zu records, and judged by them: accuracy %.4f, loss %.4f\n\n",
             umbra_records_rows(p.held), last->accuracy, last->loss);
    cli_report_step(report, "hold back and judge", NULL);
  }
  clear(&p);
  return done;
}
