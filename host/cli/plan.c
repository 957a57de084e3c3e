/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "network.h"
#include "progress.h"
#include "target.h"
#include "training.h"

static const char default_preset[] = "boot-64k-40";

/* As umbra_scaling_kind, umbra_rate_schedule, umbra_fit and umbra_target number them. */
static const char *const scalings[] = {"none", "range", "deviation", "constant", NULL};
static const char *const schedules[] = {"constant", "inverse", "exponential", NULL};
static const char *const fits[] = {"least-squares", "chebyshev", NULL};
static const char *const targets[] = {"cpu", "gpu", NULL};

typedef struct plan_options {
  const char *data, *shape, *scale, *held_out, *initial, *scaling, *preset, *params, *schedule, *fit, *target, *machine,
      *out;
  cli_table_options table;
  umbra_scaling_kind scaling_kind;
  double divisor, clip, bound;
  umbra_train_options train;
  umbra_sigmoid_options sigmoid;
  uint64_t batch, shuffle, memory;
  bool whole_batches, bootstrap_result, calibrate, json;
  cli_engine engine;
} plan_options;

typedef struct plan_job {
  umbra_params *params;
  umbra_scaling *scaling;
  umbra_records *records, *held; /* scaled */
  umbra_table initial;
  umbra_train_options wanted;
  umbra_train_plan *plan;
  cli_twin twin, exact;
  umbra_context *context;
} plan_job;

/* ---- what goes in ---- */

/* 100000x500 */
static bool parse_shape(umbra_train_options *train, const char *shape) {
  char *end;
  train->rows = (size_t)strtoull(shape, &end, 10);
  if (shape[0] < '0' || shape[0] > '9' || (*end != 'x' && *end != 'X') || end[1] < '0' || end[1] > '9') return false;
  uint64_t columns = strtoull(end + 1, &end, 10);
  train->columns = (size_t)columns;
  return !*end && train->rows && columns && columns <= UINT32_MAX;
}

static bool apply(umbra_records **records, const umbra_scaling *scaling, const char *option) {
  umbra_records *scaled = NULL;
  if (!cli_check(umbra_scaling_apply(scaling, &scaled, *records), option)) return false;
  umbra_records_destroy(*records);
  *records = scaled;
  return true;
}

static bool load_records(plan_job *j, const plan_options *o, cli_report *report) {
  if (!o->data) return true;
  if (!cli_records_load(&j->records, "DATA", o->data, &o->table, NULL, report) ||
      !cli_check(umbra_scaling_fit(&j->scaling, j->records, o->scaling_kind, o->divisor, o->clip), "--scale") ||
      !apply(&j->records, j->scaling, "DATA"))
    return false;
  j->wanted.rows = umbra_records_rows(j->records);
  j->wanted.columns = umbra_records_columns(j->records);
  if (o->initial && !cli_weights_load(&j->initial, "--initial", o->initial, j->wanted.columns)) return false;
  cli_report_step(report, "read", o->data);
  if (!o->held_out) return true;
  if (!cli_records_load_like(&j->held, j->records, "--held-out", o->held_out, &o->table, report) ||
      !apply(&j->held, j->scaling, "--held-out"))
    return false;
  cli_report_step(report, "read", o->held_out);
  return true;
}

static bool make_plan(plan_job *j, double bound) {
  umbra_train_plan *plan = NULL;
  j->wanted.bound = bound;
  if (!cli_check(umbra_train_plan_create(&plan, j->params, &j->wanted), NULL)) return false;
  umbra_train_plan_destroy(j->plan);
  j->plan = plan;
  return true;
}

static double bound_unseen(const plan_options *o) { return o->bound > 0 ? o->bound : o->train.bound; }

/* ---- what the twin says ---- */

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

static double largest_weight(const cli_twin *twin) {
  double largest = 0;
  for (uint32_t i = 0; i < twin->iterations; i++) largest = fmax(largest, twin->trace[i].largest_weight);
  return largest;
}

static bool weights_are_finite(const plan_job *j) {
  for (size_t c = 0; c <= j->wanted.columns; c++)
    if (!isfinite(j->twin.weights[c])) return false;
  return true;
}

#define REMEDIES "a larger --range, smaller features (--scale, --clip) or a smaller --rate may help"

/* Where the polynomial is not the sigmoid nothing is promised; under encryption nobody would see it. */
static void warn_of_scores(const plan_job *j, cli_report *report) {
  char text[512];
  uint32_t beyond, worst = worst_score(&j->twin, j->wanted.sigmoid->range, &beyond);
  cli_report_number(report, "largest_score", j->twin.trace[worst].largest_score);
  if (!beyond) return;
  snprintf(text, sizeof text,
           "scores leave [%g, %g], where the polynomial is near the sigmoid, in %" PRIu32 " of %" PRIu32
           " iterations; the largest, %.4g, is in iteration %" PRIu32 "; " REMEDIES,
           -j->wanted.sigmoid->range, j->wanted.sigmoid->range, beyond, j->twin.iterations,
           j->twin.trace[worst].largest_score, worst + 1);
  cli_report_warning(report, text);
}

static bool diverges(const plan_job *j) {
  uint32_t i = 0;
  while (i < j->twin.iterations && j->twin.trace[i].largest_weight <= UMBRA_TRAIN_LARGEST_BOUND / 4) i++;
  cli_error("the training diverges: weights are too large from iteration %" PRIu32 " on, where the largest score is "
            "%.4g and the polynomial holds on [%g, %g]; " REMEDIES,
            i + 1, i < j->twin.iterations ? j->twin.trace[i].largest_score : NAN, -j->wanted.sigmoid->range,
            j->wanted.sigmoid->range);
  return false;
}

/* The bound of the final plan: given, or what the twin asks for. */
static bool choose_bound(const plan_job *j, const plan_options *o, double *bound) {
  double needed = umbra_train_bound(j->twin.trace, j->twin.iterations), largest = largest_weight(&j->twin);
  if (!weights_are_finite(j)) return diverges(j);
  *bound = o->bound > 0 ? o->bound : needed;
  if (!(*bound > 0)) return diverges(j);
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
    cJSON_AddNumberToObject(item, "accuracy_exact", exact->trace[i].accuracy);
    cJSON_AddNumberToObject(item, "auc_exact", exact->trace[i].auc);
    cJSON_AddItemToArray(trace, item);
  }
}

/* About thirty lines, the last iteration among them. */
static void print_trace(const plan_job *j) {
  const cli_twin *twin = &j->twin;
  const uint32_t every = (twin->iterations + 31) / 32;
  printf("\nThe same training in the clear\n  %9s %14s %14s %10s %10s %16s\n", "iteration", "largest score",
         "largest weight", "accuracy", "AUC", "by exact sigmoid");
  for (uint32_t i = 0; i < twin->iterations; i++) {
    const umbra_train_outcome *o = &twin->trace[i];
    if ((i + 1) % every && i + 1 < twin->iterations) continue;
    printf("  %9" PRIu32 " %13.4f%c %14.4f %10.4f %10.4f %16.4f\n", i + 1, o->largest_score,
           o->largest_score > j->wanted.sigmoid->range ? '*' : ' ', o->largest_weight, o->accuracy, o->auc,
           j->exact.trace[i].accuracy);
  }
  printf("  * beyond [%g, %g]; accuracy and AUC on %s\n\n", -j->wanted.sigmoid->range, j->wanted.sigmoid->range,
         j->held ? "the held-out records" : "the records themselves");
}

static void report_outcome(const plan_job *j, cli_report *report) {
  const umbra_train_outcome *twin = &j->twin.trace[j->twin.iterations - 1];
  const umbra_train_outcome *exact = &j->exact.trace[j->exact.iterations - 1];
  cli_report_number(report, "accuracy_twin", twin->accuracy);
  cli_report_number(report, "auc_twin", twin->auc);
  cli_report_number(report, "accuracy_exact", exact->accuracy);
  cli_report_number(report, "auc_exact", exact->auc);
  cli_report_number(report, "largest_weight", largest_weight(&j->twin));
  add_trace(report->root, &j->twin, &j->exact);
}

/* Makes the plan twice: its bound follows from the training in the clear, which depends on all of the plan but that. */
static bool make_plan_by_twin(plan_job *j, const plan_options *o, cli_report *report) {
  umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT, .judged = j->held ? j->held : j->records,
                                .initial = j->initial.values};
  double bound = 0;
  if (!make_plan(j, bound_unseen(o)) || !cli_twin_run(&j->twin, j->plan, j->records, &options) ||
      !choose_bound(j, o, &bound))
    return false;
  options.exact = 1;
  if (!cli_twin_run(&j->exact, j->plan, j->records, &options)) return false;
  cli_report_step(report, "train in the clear", NULL);
  report_outcome(j, report);
  warn_of_scores(j, report);
  return make_plan(j, bound);
}

/* ---- what it costs ---- */

static bool memory_suffices(const plan_job *j, uint64_t budget) {
  char needed[CLI_UNITS], given[CLI_UNITS];
  umbra_train_report costs = {UMBRA_TRAIN_REPORT_INIT};
  if (!budget) return true;
  return cli_check(umbra_train_plan_report(j->plan, &costs), NULL) &&
         (costs.memory_bytes <= budget ||
          cli_error("--memory: this training takes up to %s and %s are given",
                    cli_bytes_text(needed, (double)costs.memory_bytes), cli_bytes_text(given, (double)budget)));
}

static bool calibrate(plan_job *j, const plan_options *o, cli_report *report) {
  double seconds;
  cli_progress bar;
  if (!cli_context_open(&j->context, j->params, &o->engine, report)) return false;
  const umbra_progress progress = cli_progress_open(&bar, "calibrating");
  if (!cli_progress_check(&bar, umbra_train_plan_calibrate(j->plan, &seconds, j->context, &progress), NULL))
    return false;
  cli_report_step(report, "calibrate", NULL);
  cli_report_number(report, "seconds_per_iteration", seconds);
  cli_report_number(report, "hours", seconds * j->wanted.iterations / 3600);
  return true;
}

static bool predict(const plan_job *j, const plan_options *o, cli_report *report) {
  static const char *const names[] = {"seconds", "seconds_per_iteration", "seconds_per_bootstrap"};
  umbra_cost cost[3];
  cJSON *facts = cJSON_AddObjectToObject(report->root, "prediction");
  for (int part = 0; part < 3; part++) {
    umbra_cost_init(&cost[part]);
    if (!cli_check(umbra_train_plan_cost(j->plan, &cost[part], (umbra_train_part)part, o->machine), "--machine"))
      return false;
    cJSON_AddNumberToObject(facts, names[part], cost[part].seconds);
  }
  cJSON_AddStringToObject(facts, "machine", cost[0].machine);
  cJSON_AddBoolToObject(facts, "measured", cost[0].measured);
  if (!o->json)
    printf("  %-18s %.3g s an iteration, %.3g s a refresh, %.3g h in all on %s, %s\n", "time", cost[1].seconds,
           cost[2].seconds, cost[0].seconds / 3600, cost[0].machine,
           cost[0].measured ? "as its kernels were measured" : "predicted");
  return true;
}

/* ---- what comes out ---- */

static bool may_write(const plan_options *o) {
  const char *inputs[] = {o->data, o->held_out, o->initial, o->params};
  return (!o->out || cli_may_write("--out", o->out, CLI_KIND_PLAN, inputs, 4)) &&
         (!o->scaling ||
          (cli_is_table("--scaling", o->scaling) && cli_may_write("--scaling", o->scaling, NULL, inputs, 4)));
}

/* It tells about the records, so a new file is for the owner alone; the plan is public. */
static bool save_scaling(const plan_job *j, const plan_options *o, cli_report *report) {
  if (!o->scaling) return true;
  mode_t before = umask(0077);
  umbra_status status = umbra_train_plan_save_scaling(j->plan, j->scaling, o->scaling);
  umask(before);
  if (!cli_check(status, "--scaling")) return false;
  cli_report_step(report, "scaling", o->scaling);
  return true;
}

static bool save_plan(const plan_job *j, const plan_options *o, cli_report *report) {
  if (!o->out) return true;
  if (!cli_check(umbra_train_plan_save(j->plan, o->out), "--out")) return false;
  cli_report_step(report, "plan", o->out);
  return true;
}

static bool plan(plan_job *j, const plan_options *o, cli_report *report) {
  const char *preset = o->preset || o->params ? o->preset : default_preset;
  j->wanted = o->train;
  j->wanted.sigmoid = &o->sigmoid;
  if (!may_write(o) || !cli_params_open(&j->params, preset, o->params) || !load_records(j, o, report) ||
      !(o->data ? make_plan_by_twin(j, o, report) : make_plan(j, bound_unseen(o))))
    return false;
  cJSON_AddItemToObject(report->root, "plan", cli_plan_facts(j->plan));
  if (!o->json) cli_plan_print(j->plan);
  if (o->machine && !predict(j, o, report)) return false;
  if (!o->json && o->data) print_trace(j);
  fflush(stdout);
  return memory_suffices(j, o->memory) && (!o->calibrate || calibrate(j, o, report)) && save_scaling(j, o, report) &&
         save_plan(j, o, report);
}

static void clear(plan_job *j) {
  cli_twin_clear(&j->twin);
  cli_twin_clear(&j->exact);
  umbra_context_destroy(j->context);
  umbra_train_plan_destroy(j->plan);
  umbra_table_clear(&j->initial);
  umbra_records_destroy(j->held);
  umbra_records_destroy(j->records);
  umbra_scaling_destroy(j->scaling);
  umbra_params_destroy(j->params);
}

static bool run_plan(const plan_options *o) {
  plan_job job = {0};
  cli_report report = {0};
  bool done = cli_report_open(&report) && plan(&job, o, &report);
  clear(&job);
  return cli_report_close(&report, done, o->json);
}

/* ---- usage ---- */

static void check_data(plan_options *o) {
  if (!o->data == !o->shape) cli_usage("exactly one of DATA and --shape is expected");
  if (o->shape && !parse_shape(&o->train, o->shape))
    cli_usage("--shape: \"%s\" is not ROWSxCOLUMNS, such as 100000x500", o->shape);
  if (o->shape && (cli_table_given(&o->table) || o->scale || o->divisor > 0 || o->clip > 0 || o->held_out ||
                   o->initial || o->scaling))
    cli_usage("--label, --scale, --scale-by, --clip, --held-out, --initial, --scaling and what says how to read a "
              "table belong "
              "to DATA");
}

static void check_scaling(plan_options *o) {
  o->scaling_kind = (umbra_scaling_kind)cli_choice("scale", o->scale, scalings);
  bool constant = o->scaling_kind == UMBRA_SCALING_CONSTANT;
  if (constant != (o->divisor > 0)) cli_usage("--scale constant and --scale-by belong together");
  if (o->out && !o->scaling && (o->scaling_kind != UMBRA_SCALING_NONE || o->clip > 0))
    cli_usage("--scaling FILE is missing: encryption and evaluation scale by it");
}

static void check_usage(plan_options *o) {
  if (o->preset && o->params) cli_usage("--preset and --params exclude each other");
  check_data(o);
  check_scaling(o);
  o->train.schedule = (umbra_rate_schedule)cli_choice("schedule", o->schedule, schedules);
  o->sigmoid.fit = (umbra_fit)cli_choice("fit", o->fit, fits);
  o->train.target = (umbra_target)cli_choice("target", o->target, targets);
  o->train.batch = (size_t)o->batch;
  o->train.whole_batches = o->whole_batches;
  o->train.bootstrap_result = o->bootstrap_result;
  o->train.shuffle = o->shuffle != CLI_NOT_GIVEN;
  if (o->train.shuffle) o->train.seed = o->shuffle;
}

static bool run(const cli_command *command, int argc, char **argv) {
  if (cli_names_model(argc, argv)) return cli_plan_network.run(&cli_plan_network, argc, argv);
  plan_options o = {
      .train = {UMBRA_TRAIN_OPTIONS_INIT}, .sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT}, .shuffle = CLI_NOT_GIVEN};
  const cli_option options[] = {
      {"shape", "ROWSxCOLUMNS", "instead of DATA: so many records and features", CLI_TEXT, &o.shape, CLI_OPTIONAL},
      CLI_LABEL_OPTION(o.table),
      CLI_POSITIVE_OPTION(o.table),
      CLI_COLUMNS_OPTION(o.table),
      CLI_TABLE_OPTIONS(o.table),
      {"scale", "KIND", "none (default), range, deviation or constant", CLI_TEXT, &o.scale, CLI_OPTIONAL},
      {"scale-by", "C", "with --scale constant: divide by C", CLI_NUMBER, &o.divisor, CLI_WITHIN(1e-300, 1e300)},
      {"clip", "C", "cut scaled values off at -C and C", CLI_NUMBER, &o.clip, CLI_WITHIN(1e-300, 1e300)},
      {"scaling", "FILE", "where the scaling goes, .csv or .npy; the owner keeps it", CLI_TEXT, &o.scaling,
       CLI_OPTIONAL},
      {"held-out", "FILE", "records to judge the prediction by (default: DATA itself)", CLI_TEXT, &o.held_out,
       CLI_OPTIONAL},
      {"initial", "FILE", "first weights, then the bias (default: zeros)", CLI_TEXT, &o.initial, CLI_OPTIONAL},
      {"preset", "NAME", "a preset whose name begins with boot (default: boot-64k-40)", CLI_TEXT, &o.preset,
       CLI_OPTIONAL},
      {"params", "FILE", "or the set in this file", CLI_TEXT, &o.params, CLI_OPTIONAL},
      {"iterations", "N", "one batch each (default 32)", CLI_COUNT, &o.train.iterations, CLI_OPTIONAL},
      {"batch", "N", "records of a batch (default: all)", CLI_WHOLE, &o.batch, CLI_OPTIONAL},
      {"whole-batches", NULL, "leave the records after the last whole batch out", CLI_FLAG, &o.whole_batches,
       CLI_OPTIONAL},
      {"shuffle", "SEED", "deal records to batches in an order that follows from SEED", CLI_WHOLE, &o.shuffle,
       CLI_OPTIONAL},
      {"rate", "R", "learning rate (default 1)", CLI_NUMBER, &o.train.rate, CLI_OPTIONAL},
      {"schedule", "KIND", "of the rate: constant (default), inverse or exponential", CLI_TEXT, &o.schedule,
       CLI_OPTIONAL},
      {"decay", "D", "inverse: rate / (1 + D i); exponential: rate * D^i", CLI_NUMBER, &o.train.decay, CLI_OPTIONAL},
      {"momentum", "M", "where Nesterov's sequence begins (default 0.01)", CLI_NUMBER, &o.train.momentum, CLI_OPTIONAL},
      {"l2", "L", "penalty of weights (default 0)", CLI_NUMBER, &o.train.l2, CLI_OPTIONAL},
      {"degree", "D", "of the polynomial near the sigmoid (default 3)", CLI_COUNT, &o.sigmoid.degree,
       CLI_WITHIN(1, UMBRA_SIGMOID_MAX_DEGREE)},
      {"fit", "KIND", "least-squares (default) or chebyshev", CLI_TEXT, &o.fit, CLI_OPTIONAL},
      {"range", "R", "scores are expected in [-R, R] (default 8)", CLI_NUMBER, &o.sigmoid.range, CLI_OPTIONAL},
      {"bound", "B", "weights stay in [-B, B], a power of two (default: by DATA; else 8)", CLI_NUMBER, &o.bound,
       CLI_WITHIN(UMBRA_TRAIN_LEAST_BOUND, UMBRA_TRAIN_LARGEST_BOUND)},
      {"bootstrap-result", NULL, "the model can be used by umbra score as it is", CLI_FLAG, &o.bootstrap_result,
       CLI_OPTIONAL},
      {"target", "KIND", "lay records out for this device: cpu (default) or gpu; both can run it", CLI_TEXT, &o.target,
       CLI_OPTIONAL},
      {"machine", "NAME", "state how long it takes on cpu, h200 or others; see umbra bench", CLI_TEXT, &o.machine,
       CLI_OPTIONAL},
      {"memory", "BYTES", "fail if the training takes more, such as 16G", CLI_BYTES, &o.memory, CLI_OPTIONAL},
      {"calibrate", NULL, "time it on this machine", CLI_FLAG, &o.calibrate, CLI_OPTIONAL},
      {"out", "FILE", "where the plan goes", CLI_TEXT, &o.out, CLI_OPTIONAL},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  o.data = cli_parse(command, options, argc, argv);
  check_usage(&o);
  return run_plan(&o);
}

const cli_command cli_plan = {
    .name = "plan",
    .summary = "Plans a training, or with MODEL.onnx a network, on encrypted records.",
    .operand = "DATA",
    .operand_may_lack = true,
    .details =
        "For a network give MODEL.onnx instead of DATA; umbra plan MODEL.onnx --help has the options of that.\n\n"
        "DATA is a table of records with labels of two classes. The same training is run in the clear, with\n"
        "the polynomial and with the sigmoid itself, and its scores and weights are judged: beyond --range the\n"
        "polynomial is far from the sigmoid, and under encryption nobody would see it. The plan is public and tells\n"
        "the shape of the data, all settings and the bound of weights; the scaling stays with the owner.\n\n"
        "Examples:\n"
        "  umbra plan train.csv --scale deviation --clip 4 --degree 7 --range 8 --iterations 30 \\\n"
        "    --held-out held.csv --scaling scaling.csv --out plan.umbra\n"
        "  umbra plan --shape 100000x500 --iterations 1000 --calibrate",
    .run = run};
