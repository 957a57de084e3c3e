/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "estimate.h"
#include "machine.h"
#include "network.h"
#include "opened.h"
#include "plan_job.h"
#include "progress.h"
#include "target.h"
#include "visible.h"

static const char default_preset[] = "boot-64k-40";
static const char precise_preset[] = "boot-64k-50"; /* what noise takes from the other leaves nothing */

/* As umbra_rate_schedule, umbra_fit and umbra_target number them. */
static const char *const schedules[] = {"constant", "inverse", "exponential", NULL};
static const char *const fits[] = {"least-squares", "chebyshev", NULL};
static const char *const targets[] = {"cpu", "gpu", NULL};
static const char *const optimizers[] = {"accelerated", "nesterov", "momentum", "plain", NULL};

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

static bool weigh_records(plan_job *j, const plan_options *o) {
  return !o->class_weights ||
         cli_check(o->weights ? umbra_records_weigh_classes(&j->raw, j->raw, o->weights, o->weighted)
                              : umbra_records_balance(&j->raw, j->raw),
                   "--class-weights");
}

static bool load_records(plan_job *j, const plan_options *o, cli_report *report) {
  if (!cli_records_load(&j->raw, "DATA", o->data, &o->table, NULL, report) || !weigh_records(j, o)) return false;
  j->wanted.rows = umbra_records_rows(j->raw);
  j->wanted.columns = umbra_records_columns(j->raw);
  cli_training before;
  if (o->initial && !cli_weights_load(&j->initial, &before, "--initial", o->initial, j->wanted.columns)) return false;
  cli_report_step(report, "read", o->data);
  if (!cli_private_load_limits(j, o)) return false;
  if (!o->held_out) return true;
  if (!cli_records_load_like(&j->raw_held, j->raw, "--held-out", o->held_out, &o->table, report)) return false;
  cli_report_step(report, "read", o->held_out);
  return true;
}

bool cli_plan_scale(umbra_scaling **scaling, umbra_records **scaled, umbra_records **judged, const plan_scaling *by,
                    const umbra_records *records, const umbra_records *others) {
  const size_t columns = umbra_records_columns(records);
  return (by->limits ? cli_check(umbra_scaling_declare(scaling, records, by->limits, by->limits + columns), "--limits")
                     : cli_check(umbra_scaling_fit(scaling, records, by->kind, by->divisor, by->clip), "--scale")) &&
         cli_check(umbra_scaling_apply(*scaling, scaled, records), "DATA") &&
         (!others || cli_check(umbra_scaling_apply(*scaling, judged, others), "--held-out"));
}

static bool settle(plan_job *j, const plan_options *o, cli_report *report) {
  if (o->network) cli_layers_settle(j);
  if (o->promise) return cli_private_settle(j, o);
  if (!o->network) return cli_plan_validate(j, o, report);
  return cli_layers_validate(j, o, report) && cli_plan_settings(j, o, j->raw, report);
}

/* What others see of the sizes of records: given, or what these are, up to a power of two. */
static bool choose_record_bound(plan_job *j, const plan_options *o) {
  double found;
  if (!cli_check(umbra_train_record_bound(&found, j->records), "DATA")) return false;
  if (j->wanted.record_bound == 0) j->wanted.record_bound = cli_plan_coarse(o, found);
  return found <= j->wanted.record_bound ||
         cli_error("--record-bound: scaled features, labels or weights need %g, and %g is given", found,
                   j->wanted.record_bound);
}

static bool plan_by_records(plan_job *j, const plan_options *o, cli_report *report) {
  return load_records(j, o, report) && settle(j, o, report) &&
         cli_plan_scale(&j->scaling, &j->records, &j->held, &j->scaled_by, j->raw, j->raw_held) &&
         cli_private_limit_records(j, o, report) && choose_record_bound(j, o) && cli_plan_by_twin(j, o, report);
}

static bool plan_by_shape(plan_job *j, const plan_options *o) {
  return cli_private_settle(j, o) && cli_plan_make(&j->plan, j, j->wanted.rows, cli_plan_bound(j, o));
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

static bool tell_bill(const plan_job *j, const plan_options *o, double seconds, cli_report *report) {
  umbra_train_report costs = {UMBRA_TRAIN_REPORT_INIT};
  if (!cli_check(umbra_train_plan_report(j->plan, &costs), NULL)) return false;
  const double epochs = (double)j->wanted.iterations / (double)costs.batches;
  cli_bill_tell(&o->bill, seconds, epochs, "epoch", report, o->json);
  return true;
}

static bool predict(const plan_job *j, const plan_options *o, cli_report *report) {
  static const char *const names[] = {"seconds", "seconds_per_iteration", "seconds_per_bootstrap"};
  char text[3][CLI_UNITS];
  umbra_cost cost[3];
  if (!cli_machine_find(j->params, o->machine, report)) return false;
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
    printf("  %-18s %s an iteration, %s a refresh, %s in all on %s, %s\n", "time",
           cli_duration_text(text[1], cost[1].seconds), cli_duration_text(text[2], cost[2].seconds),
           cli_duration_text(text[0], cost[0].seconds), cost[0].machine,
           cost[0].measured ? "as its kernels were measured" : "predicted");
  return tell_bill(j, o, cost[0].seconds, report);
}

/* On this machine, keys and data included. */
static bool estimate(const plan_job *j, const plan_options *o, cli_report *report) {
  cli_estimate found;
  if (o->no_estimate) return true;
  if (!cli_estimate_training(&found, j->plan, 0, &o->engine, report)) return false;
  cli_estimate_tell(&found, report, o->json);
  return !found.known || tell_bill(j, o, found.work, report);
}

/* ---- what comes out ---- */

/* Other tables would lose what the scaling says beside its numbers. */
static bool is_scaling(const char *path) {
  const char *ending = strrchr(path, '.');
  return (ending && strcmp(ending, ".csv") == 0) ||
         cli_error("--scaling: %s must end in .csv, which keeps what the columns are, and the plan", path);
}

/* The trace begins after much work, and is claimed then. */
static bool may_write(const plan_options *o) {
  const char *inputs[] = {o->data, o->held_out, o->initial, o->params, o->limits};
  return (!o->engine.trace || cli_may_replace("--trace", o->engine.trace, NULL, inputs, 5)) &&
         (!o->out || cli_may_write("--out", o->out, CLI_KIND_PLAN, inputs, 5)) &&
         (!o->scaling || (is_scaling(o->scaling) && cli_may_write("--scaling", o->scaling, NULL, inputs, 5) &&
                          cli_opened_lies_apart("--scaling", o->scaling)));
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
  const bool shown = o->publish || o->promise;
  const char *preset = o->preset || o->params ? o->preset : shown ? precise_preset : default_preset;
  j->wanted = o->train;
  if (shown && !o->train.rounds) j->wanted.rounds = 2;
  j->sigmoid = o->sigmoid;
  j->wanted.sigmoid = &j->sigmoid;
  j->scaled_by = (plan_scaling){o->scaling_kind, o->divisor, o->clip, NULL};
  if (!may_write(o) || !cli_params_open(&j->params, preset, o->params) ||
      !(o->data ? plan_by_records(j, o, report) : plan_by_shape(j, o)))
    return false;
  cJSON_AddItemToObject(report->root, "plan", cli_plan_facts(j->plan));
  if (!o->json) cli_plan_print(j->plan);
  if (!memory_suffices(j, o->memory) || !(o->machine ? predict : estimate)(j, o, report)) return false;
  if (!o->json && o->data) (o->network ? cli_layers_print_trace : cli_plan_print_trace)(j);
  fflush(stdout);
  return cli_private_report(j, o, report) && cli_plan_explain_visible(j, o, report) &&
         (!o->publish || cli_plan_publish(j, o, report)) && (!o->calibrate || calibrate(j, o, report)) &&
         cli_goes_on() && save_scaling(j, o, report) && save_plan(j, o, report);
}

static void clear(plan_job *j) {
  cli_twin_clear(&j->twin);
  cli_twin_clear(&j->exact);
  umbra_context_destroy(j->context);
  umbra_train_plan_destroy(j->plan);
  umbra_table_clear(&j->initial);
  umbra_table_clear(&j->limits);
  umbra_train_search_destroy(j->search);
  umbra_records_destroy(j->raw_held);
  umbra_records_destroy(j->raw);
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

/* Numbers above 0 with commas between them, two or more; to be freed. NULL: it is no such list. */
static double *parse_weights(size_t *count, const char *text) {
  double *weights = calloc(strlen(text) + 1, sizeof *weights);
  char *end;
  for (*count = 0; weights; text = end + 1) {
    weights[*count] = strtod(text, &end);
    if (end == text || !(weights[(*count)++] > 0)) break;
    if (*end == ',') continue;
    if (!*end && *count > 1) return weights;
    break;
  }
  free(weights);
  return NULL;
}

static void check_weights(plan_options *o) {
  if (!o->class_weights) return;
  if (o->shape) cli_usage("--class-weights belongs to DATA");
  if (o->out && !o->scaling) cli_usage("--scaling FILE is missing: it says encryption and evaluation the weights");
  o->train.kind = o->network ? UMBRA_TRAIN_WEIGHTED_NETWORK : UMBRA_TRAIN_WEIGHTED;
  if (strcmp(o->class_weights, "balanced") == 0) return;
  o->weights = parse_weights(&o->weighted, o->class_weights);
  if (!o->weights)
    cli_usage("--class-weights: \"%s\" is neither balanced nor numbers above 0, one for each class, such as 1,5",
              o->class_weights);
}

static void check_data(plan_options *o) {
  if (!o->data == !o->shape) cli_usage("exactly one of DATA and --shape is expected");
  if (o->shape && !parse_shape(&o->train, o->shape))
    cli_usage("--shape: \"%s\" is not ROWSxCOLUMNS, such as 100000x500", o->shape);
  if (o->shape && (cli_table_given(&o->table) || o->scale || o->divisor > 0 || o->clip > 0 || o->held_out ||
                   o->initial || o->scaling))
    cli_usage("--label, --scale, --scale-by, --clip, --held-out, --initial, --scaling and what says how to read a "
              "table belong to DATA");
  if (o->shape && (o->holdout > 0 || o->folds || o->threshold > 0 || o->no_search || o->tried))
    cli_usage("--holdout, --folds, --threshold, --no-search and --tried belong to DATA");
  if (o->shape && o->shuffle != CLI_NOT_GIVEN)
    cli_usage("--shuffle belongs to DATA: the order has its key in the scaling of the records");
  if ((o->held_out != NULL) + (o->holdout > 0) + (o->folds > 0) > 1)
    cli_usage("--held-out, --holdout and --folds exclude each other");
}

static void check_scaling(plan_options *o) {
  o->scaling_kind = (umbra_scaling_kind)cli_choice("scale", o->scale, cli_scaling_names);
  bool constant = o->scaling_kind == UMBRA_SCALING_CONSTANT;
  if (constant != (o->divisor > 0)) cli_usage("--scale constant and --scale-by belong together");
  if (!o->out || o->scaling) return;
  if (o->shuffle != CLI_NOT_GIVEN)
    cli_usage("--scaling FILE is missing: it has the key of the order, which the plan has not");
  if (cli_plan_searches_scaling(o))
    cli_usage("--scaling FILE is missing: encryption and evaluation scale by it (--scale none: not at all)");
  if (o->scaling_kind != UMBRA_SCALING_NONE || o->clip > 0 || o->limits)
    cli_usage("--scaling FILE is missing: encryption and evaluation scale by it");
}

static void check_publication(const plan_options *o) {
  if (!o->publish && (o->statistical > 0 || o->least_bits > 0))
    cli_usage("--statistical and --least-bits belong to --publish");
  if (o->publish && o->promise)
    cli_usage("--publish and --private exclude each other: a private plan is of a model that others may see");
}

static void check_usage(plan_options *o) {
  check_publication(o);
  if (o->preset && o->params) cli_usage("--preset and --params exclude each other");
  if (o->no_estimate && !o->machine && (o->bill.price > 0 || o->bill.watts > 0))
    cli_usage("--price and --watts need to know how long it takes: --machine, or no --no-estimate");
  check_data(o);
  cli_layers_check_usage(o);
  cli_private_check_usage(o);
  check_scaling(o);
  check_weights(o);
  o->train.schedule = (umbra_rate_schedule)cli_choice("schedule", o->schedule, schedules);
  o->sigmoid.fit = (umbra_fit)cli_choice("fit", o->fit, fits);
  o->train.target = (umbra_target)cli_choice("target", o->target, targets);
  o->train.optimizer = (umbra_optimizer)cli_choice("optimizer", o->optimizer, optimizers);
  cli_layers_take_optimizer(o);
  o->train.batch = (size_t)o->batch;
  o->train.whole_batches = o->whole_batches;
  o->train.bootstrap_result = o->bootstrap_result;
  o->train.count_loss = o->count_loss;
  o->train.public_features = o->public_features;
  if (o->shuffle != CLI_NOT_GIVEN) /* features that can be seen show their order */
    o->train.shuffle = o->public_features ? UMBRA_SHUFFLE_PUBLIC : UMBRA_SHUFFLE_SECRET;
  if (o->train.shuffle) o->train.seed = o->shuffle;
}

static bool run(const cli_command *command, int argc, char **argv) {
  if (cli_names_model(argc, argv)) return cli_plan_network.run(&cli_plan_network, argc, argv);
  plan_options o = {.train = {UMBRA_TRAIN_OPTIONS_INIT},
                    .sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT},
                    .privacy = {UMBRA_PRIVACY_OPTIONS_INIT},
                    .shuffle = CLI_NOT_GIVEN,
                    .seed = 1};
  const cli_option options[] = {
      {"shape", "ROWSxCOLUMNS", "instead of DATA: so many records and features", CLI_TEXT, &o.shape, CLI_OPTIONAL},
      CLI_LABEL_OPTION(o.table),
      CLI_POSITIVE_OPTION(o.table),
      CLI_LABELS_OPTION(o.table),
      CLI_COLUMNS_OPTION(o.table),
      CLI_TABLE_OPTIONS(o.table),
      {"class-weights", "W",
       "balanced, or A,B of the other and the positive class, with a data set of twice the size; of a network a number "
       "for each class",
       CLI_TEXT, &o.class_weights, CLI_OPTIONAL},
      {"scale", "KIND",
       "of features: none, range, deviation, constant, maximum, quartiles or whitened (default: found)", CLI_TEXT,
       &o.scale, CLI_OPTIONAL},
      {"scale-by", "C", "with --scale constant: divide by C (default: none)", CLI_NUMBER, &o.divisor,
       CLI_WITHIN(1e-300, 1e300)},
      {"clip", "C", "cut scaled values off at -C and C (default: found)", CLI_NUMBER, &o.clip,
       CLI_WITHIN(1e-300, 1e300)},
      {"scaling", "FILE", "where the scaling goes, .csv; the owner keeps it", CLI_TEXT, &o.scaling, CLI_OPTIONAL},
      {"held-out", "FILE", "records to judge the prediction by (default: DATA itself)", CLI_TEXT, &o.held_out,
       CLI_OPTIONAL},
      {"holdout", "F",
       "judge by this fraction of DATA what is found and trained without it; the plan is for all (default: none)",
       CLI_NUMBER, &o.holdout, CLI_WITHIN(0.001, 0.999)},
      {"folds", "K", "the same K times, with a K-th of DATA each (default: none)", CLI_COUNT, &o.folds,
       CLI_WITHIN(2, 1000)},
      {"seed", "SEED", "of records that are held back by --holdout, --folds, and trials (default 1)", CLI_WHOLE,
       &o.seed, CLI_OPTIONAL},
      CLI_THRESHOLD_OPTION(o.threshold),
      {"no-search", NULL, "settings that are not given are no scaling and the defaults of --shape", CLI_FLAG,
       &o.no_search, CLI_OPTIONAL},
      {"tried", NULL, "list the settings that were tried", CLI_FLAG, &o.tried, CLI_OPTIONAL},
      {"initial", "FILE", "first weights, then the bias (default: zeros)", CLI_TEXT, &o.initial, CLI_OPTIONAL},
      {"preset", "NAME",
       "a preset whose name begins with boot (default: boot-64k-40; with --publish or --private boot-64k-50)", CLI_TEXT,
       &o.preset, CLI_OPTIONAL},
      {"params", "FILE", "or the set in this file", CLI_TEXT, &o.params, CLI_OPTIONAL},
      {"iterations", "N", "one batch each (default: found by DATA; else 32)", CLI_COUNT, &o.train.iterations,
       CLI_TOLD_WITHIN(o.iterations_given, 1, UMBRA_TRAIN_MAX_ITERATIONS)},
      {"batch", "N", "records of a batch (default 0: all)", CLI_WHOLE, &o.batch, CLI_OPTIONAL},
      {"whole-batches", NULL, "leave the records after the last whole batch out", CLI_FLAG, &o.whole_batches,
       CLI_OPTIONAL},
      {"shuffle", "SEED",
       "deal records to batches in an order that follows from SEED and a key, which --scaling keeps, and the plan has "
       "not "
       "(default: as they are)",
       CLI_WHOLE, &o.shuffle, CLI_OPTIONAL},
      {"rate", "R", "learning rate (default: found by DATA; else 1)", CLI_NUMBER, &o.train.rate,
       CLI_TOLD_WITHIN(o.rate_given, 1e-300, 1e300)},
      {"schedule", "KIND", "of the rate: constant (default), inverse or exponential", CLI_TEXT, &o.schedule,
       CLI_OPTIONAL},
      {"decay", "D", "inverse: rate / (1 + D i); exponential: rate * D^i (default 0)", CLI_NUMBER, &o.train.decay,
       CLI_WITHIN(0, 1e300)},
      {"optimizer", "KIND", "accelerated (default), nesterov (of networks the default), momentum or plain", CLI_TEXT,
       &o.optimizer, CLI_OPTIONAL},
      {"momentum", "M",
       "accelerated: where the sequence begins, from 0.001 (default 0.01); nesterov, momentum: up to 0.999 (default "
       "0.9)",
       CLI_NUMBER, &o.train.momentum, CLI_TOLD_WITHIN(o.momentum_given, 0, 1000)},
      {"l2", "L", "penalty of weights, below 1 / rate (default 0)", CLI_NUMBER, &o.train.l2, CLI_WITHIN(0, 1e300)},
      {"degree", "D",
       "of the polynomial near the sigmoid, or the exponential of a softmax (default: found by DATA; else 3, or 7)",
       CLI_COUNT, &o.sigmoid.degree, CLI_TOLD_WITHIN(o.degree_given, 1, UMBRA_SIGMOID_MAX_DEGREE)},
      {"fit", "KIND", "least-squares (default) or chebyshev", CLI_TEXT, &o.fit, CLI_OPTIONAL},
      {"range", "R", "scores are expected in [-R, R] (default: found by DATA; else 8)", CLI_NUMBER, &o.sigmoid.range,
       CLI_TOLD_WITHIN(o.range_given, 0x1p-10, 0x1p10)},
      {"hidden", "LIST",
       "train a network with so many units in its hidden layers, such as 64 or 64,16; labels are classes then, if "
       "--labels does not say values (default: none)",
       CLI_TEXT, &o.hidden, CLI_OPTIONAL},
      {"activation", "NAME",
       "of hidden layers: square (default), or a polynomial near sigmoid, tanh, gelu, silu, softplus, relu or erf",
       CLI_TEXT, &o.activation, CLI_OPTIONAL},
      {"activation-degree", "D", "of that polynomial (default 7)", CLI_COUNT, &o.train.hidden_degree,
       CLI_WITHIN(2, UMBRA_TRAIN_MAX_HIDDEN_DEGREE)},
      {"hidden-range", "R", "sums of hidden layers are expected in [-R, R] (default 16)", CLI_NUMBER,
       &o.train.hidden_range, CLI_WITHIN(0x1p-10, 0x1p10)},
      {"loss", "KIND",
       "of a network: one-vs-rest, squared, or softmax, of scores in --range 1 to 8 (default: found by DATA; else "
       "squared, or without --hidden one-vs-rest)",
       CLI_TEXT, &o.loss, CLI_OPTIONAL},
      {"start", "S",
       "of --hidden: what first weights of the last layer are multiplied by, a power of two up to 1 (default: found by "
       "DATA; else 1)",
       CLI_NUMBER, &o.train.start, CLI_WITHIN(0x1p-16, 1)},
      {"outputs", "N", "of a network, with --shape (default 1; of DATA: its classes)", CLI_COUNT, &o.train.outputs,
       CLI_WITHIN(1, 4096)},
      {"count-loss", NULL,
       "of a network: each iteration adds the mean squared error of its batch, encrypted, to a file that the owner "
       "decrypts",
       CLI_FLAG, &o.count_loss, CLI_OPTIONAL},
      {"public-features", NULL,
       "of a network: the data set has scaled features in the clear, and only labels and weights are encrypted; less "
       "to "
       "compute, and --shuffle is no secret",
       CLI_FLAG, &o.public_features, CLI_OPTIONAL},
      {"bound", "B", "weights stay in [-B, B], a power of two (default: by DATA; else 8)", CLI_NUMBER, &o.bound,
       CLI_WITHIN(UMBRA_TRAIN_LEAST_BOUND, UMBRA_TRAIN_LARGEST_BOUND)},
      {"record-bound", "B",
       "no scaled feature is above B, a power of two from 1 on, which every ciphertext of the data set shows (default: "
       "by DATA; else that of what is encrypted)",
       CLI_NUMBER, &o.train.record_bound, CLI_WITHIN(1, 0x1p64)},
      CLI_VISIBLE_OPTIONS(
          o.coarse, o.explain_visible, "DATA",
          "bounds that are found from DATA become the next of 1, 16, 256, ..., and a rate a power of two"),
      {"bootstrap-result", NULL, "the model can be used by umbra score as it is", CLI_FLAG, &o.bootstrap_result,
       CLI_OPTIONAL},
      {"rounds", "N",
       "of a refresh: 2 for smaller errors, and twice the time; or 1 (default; with --publish or --private 2)",
       CLI_COUNT, &o.train.rounds, CLI_WITHIN(1, 2)},
      {"publish", "N",
       "plan for weights that others may see, one of N ciphertexts shown under the key (default: for nobody else)",
       CLI_WHOLE, &o.publish, CLI_WITHIN(1, CLI_MOST_RELEASES)},
      {"statistical", "S", "with --publish: as of umbra decrypt (default 30)", CLI_NUMBER, &o.statistical,
       CLI_WITHIN(1, 128)},
      {"least-bits", "B", "with --publish: so many of the largest weight must be left (default 8)", CLI_NUMBER,
       &o.least_bits, CLI_WITHIN(1, 1000)},
      {"private", "EPSILON,DELTA",
       "plan for a model that tells so little of any record, of whoever sees it, such as 1,1e-6: linear, with plain "
       "steps (default: nothing is promised)",
       CLI_TEXT, &o.promise, CLI_OPTIONAL},
      {"norm", "C", "with --private: longer records, as they are scaled, are shortened to C (default 1)", CLI_NUMBER,
       &o.privacy.norm, CLI_TOLD_WITHIN(o.norm_given, 0x1p-10, 0x1p10)},
      {"label-limit", "L", "with --private and --labels values: labels are cut off at -L and L (default: none)",
       CLI_NUMBER, &o.privacy.label_limit, CLI_WITHIN(0x1p-20, 0x1p10)},
      {"limits", "FILE",
       "with --private: two rows, what everybody knows to be the least and the greatest value of each column; features "
       "are scaled to [-1, 1] by them (default: as they are)",
       CLI_TEXT, &o.limits, CLI_OPTIONAL},
      {"noise-by", "WHOM",
       "with --private: owner (default), when the model is decrypted, or both: umbra train adds as much before, for an "
       "owner who is not to see the model without noise",
       CLI_TEXT, &o.noise_by, CLI_OPTIONAL},
      {"target", "KIND", "lay records out for this device: cpu (default) or gpu; both can run it", CLI_TEXT, &o.target,
       CLI_OPTIONAL},
      {"machine", "NAME", "state how long it takes on h200 or others instead; see umbra bench (default: here)",
       CLI_TEXT, &o.machine, CLI_OPTIONAL},
      CLI_BILL_OPTIONS(o.bill),
      CLI_NO_ESTIMATE_OPTION(o.no_estimate, "the machine, a key and a rotation"),
      {"memory", "BYTES", "fail if the training takes more, such as 16G (default: any)", CLI_BYTES, &o.memory,
       CLI_WITHIN(1, 0x1p63)},
      {"calibrate", NULL, "time it on this machine", CLI_FLAG, &o.calibrate, CLI_OPTIONAL},
      {"out", "FILE", "where the plan goes", CLI_TEXT, &o.out, CLI_OPTIONAL},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  o.data = cli_parse(command, options, argc, argv);
  check_usage(&o);
  const bool done = run_plan(&o);
  free(o.weights);
  return done;
}

const cli_command cli_plan = {
    .name = "plan",
    .summary = "Plans a training, or with MODEL.onnx a network, on encrypted records.",
    .operand = "DATA",
    .operand_may_lack = true,
    .details =
        "For a network give MODEL.onnx instead of DATA; umbra plan MODEL.onnx --help has the options of that.\n\n"
        "DATA is a table of records with labels of two classes. Scaling, clipping, rate, degree, range and\n"
        "iterations that are not given are found by trainings in the clear, which are judged by records held back: a\n"
        "few seconds. Then the whole training is run in the clear, with the polynomial and with the sigmoid itself,\n"
        "and its scores and weights are judged: beyond the range the polynomial is far from the sigmoid, and under\n"
        "encryption nobody would see it. Beside it stands the best logistic model that there is. The plan is public\n"
        "and tells the shape of the data, all settings and the bound of weights; the scaling stays with the owner.\n\n"
        "--labels classes or values, --hidden, --loss and --outputs are of networks: a linear model for each class,\n"
        "or for values, or with hidden layers whose activations are squares. Without --rate their settings are found\n"
        "likewise, and the loss and the first weights, too: of those whose scores and sums stay within 1 / 1.3 of\n"
        "their ranges with five starts. A plan whose training in the clear leaves a range is refused.\n\n"
        "Examples:\n"
        "  umbra plan train.csv --holdout 0.2\n"
        "  umbra plan train.csv --held-out held.csv --scaling scaling.csv --out plan.umbra\n"
        "  umbra plan train.csv --scale deviation --clip 3 --iterations 30 --tried\n"
        "  umbra plan --shape 100000x500 --iterations 1000 --calibrate\n"
        "  umbra plan --shape 100000x500 --iterations 1000 --machine h200 --price 3.50 --watts 700\n"
        "  umbra plan digits.csv --hidden 16 --held-out held.csv --scaling scaling.csv --out plan.umbra",
    .run = run};
