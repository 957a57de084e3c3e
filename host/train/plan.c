/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/encoder.h"
#include "../ckks/key_needs.h"
#include "../nn/sigmoid.h"
#include "../params/params.h"
#include "checkpoint.h"
#include "counter.h"
#include "dataset_file.h"
#include "kind.h"
#include "plan_dry.h"
#include "scaling.h"

/* ---- layout ---- */

/* Seconds of an iteration with its share of a refresh. */
static double seconds_of(const umbra_train_plan *plan, const umbra_plan_trial *trial, double refresh) {
  const uint32_t between = plan->data_level / trial->depth; /* iterations from one refresh to the next */
  return trial->seconds + refresh / between;
}

static void use_layout(umbra_train_plan *plan, const umbra_matrix_layout *layout) {
  plan->layout = *layout;
  plan->block_rows = umbra_layout_rows_per_part(layout) * umbra_train_ops_of(plan->options.kind)->block_parts(plan);
}

/* *seconds is INFINITY if there are not enough levels. */
static umbra_status try_layout(umbra_plan_trial *trial, double *seconds, const umbra_train_plan *plan, double refresh) {
  umbra_status status = umbra_plan_try(trial, plan);
  *seconds = status == UMBRA_OK ? seconds_of(plan, trial, refresh) : INFINITY;
  return status == UMBRA_ERROR_NO_LEVEL ? UMBRA_OK : status;
}

static umbra_status fail_of_levels(const umbra_train_plan *plan) {
  return umbra_fail(
      UMBRA_ERROR_UNSUPPORTED,
      "an iteration with degree %u takes more levels than the %u that these parameters have after a refresh",
      plan->degree, plan->report.levels);
}

/* Larger groups have fewer key switches, smaller ones fewer levels: all from that of `layout` down to the least. */
static umbra_status choose_layout(umbra_train_plan *plan, umbra_matrix_layout layout, uint32_t least_group,
                                  double refresh) {
  umbra_matrix_layout chosen = layout;
  umbra_plan_trial trial;
  double best = INFINITY, seconds;
  for (; layout.group >= least_group; layout.group /= 2) {
    use_layout(plan, &layout);
    UMBRA_TRY(try_layout(&trial, &seconds, plan, refresh));
    if (!(seconds < best)) continue;
    best = seconds;
    chosen = layout;
    plan->report.depth = trial.depth;
  }
  use_layout(plan, &chosen);
  return isfinite(best) ? UMBRA_OK : fail_of_levels(plan);
}

/* ---- refreshes ---- */

/*
 * A refresh begins at level 0 only if its bound is small enough. The largest bound for which it does, up to half of
 * that of the weights: so a unit is at least 2, and half of it still an integer.
 */
static umbra_status plan_refresh(umbra_train_plan *plan) {
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  options.slots = plan->state_slots;
  options.target = plan->options.target;
  if (plan->options.rounds) options.rounds = plan->options.rounds;
  for (options.bound = plan->options.bound / 2; options.bound >= 0x1p-20; options.bound /= 2) {
    UMBRA_TRY(umbra_bootstrap_plan_create(&plan->refresh, plan->params, &options));
    if (plan->refresh->report.input_level == 0) return UMBRA_OK;
    umbra_bootstrap_plan_destroy(plan->refresh);
    plan->refresh = NULL;
  }
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "these parameters cannot refresh at level 0 with any bound");
}

/* What the last level leaves for a slot: half of that, for the errors of the weights. */
static umbra_status check_last_bound(const umbra_train_plan *plan) {
  double most = exp2(umbra_params_log_q(plan->params, 0) - 2) / umbra_params_scale(plan->params, 0);
  if (plan->options.bound <= most) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "bound is %g: weights above %g do not fit the lowest level of these parameters; scale the columns",
                    plan->options.bound, most);
}

/* ---- iterations ---- */

/* Of the weights at the end of a period, whose halves are refreshed. */
static double unit_of(const umbra_train_plan *plan) { return plan->options.bound / plan->refresh->options.bound; }

/* Their steps, and of the first one what a trial needs. */
static umbra_status make_iterations(umbra_train_plan *plan) {
  umbra_train_step *step;
  const uint32_t count = plan->options.iterations;
  UMBRA_TRY(umbra_alloc(&plan->iteration, count, sizeof *plan->iteration, "a training plan"));
  UMBRA_TRY(umbra_alloc(&step, count, sizeof *step, "a training plan"));
  umbra_train_schedule(step, &plan->options);
  for (uint32_t i = 0; i < count; i++) plan->iteration[i].step = step[i];
  umbra_free(step);
  plan->iteration[0].unit_in = unit_of(plan) / 2;
  plan->iteration[0].unit_out = unit_of(plan);
  return UMBRA_OK;
}

static void plan_iterations(umbra_train_plan *plan) {
  uint32_t level = plan->data_level, count = plan->options.iterations, depth = plan->report.depth;
  double unit = unit_of(plan);
  for (uint32_t i = 0; i < count; i++) {
    umbra_plan_iteration *it = &plan->iteration[i];
    it->refresh = level < depth;
    if (it->refresh) {
      level = plan->data_level;
      plan->report.bootstraps++;
    }
    int ends = level < 2 * depth; /* a refresh comes next: what is refreshed is half as large as what comes of it */
    it->level = level;
    it->level_after = level -= depth;
    it->unit_in = unit / 2;
    it->unit_out = ends ? unit : unit / 2;
  }
  plan->iteration[count - 1].unit_out = plan->options.bootstrap_result ? unit : 1;
  plan->refreshes = plan->report.bootstraps || plan->options.bootstrap_result || plan->network.refreshed;
}

int umbra_plan_refreshed_after(const umbra_train_plan *plan, uint32_t i) {
  return i + 1 < plan->options.iterations ? plan->iteration[i + 1].refresh : plan->options.bootstrap_result;
}

/* What margins and slopes are multiplied by is encoded as constants, which have to fit. */
static umbra_status check_factors(const umbra_train_plan *plan, uint32_t iterations) {
  const double most = 0x1p20;
  for (uint32_t i = 0; i < iterations; i++) {
    const umbra_plan_iteration *it = &plan->iteration[i];
    double step = it->step.rate / (double)it->step.rows / it->unit_out / plan->data_scale;
    double margin = it->step.before * it->unit_in / plan->sigmoid.range / plan->data_scale;
    if (step <= most && margin <= most) continue;
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "rate %g over %llu records, or the bound %g over the range %g, is too large to compute with in "
                      "iteration %u",
                      it->step.rate, (unsigned long long)it->step.rows, plan->options.bound, plan->sigmoid.range,
                      i + 1);
  }
  return UMBRA_OK;
}

/* ---- blocks ---- */

static uint64_t blocks_of(const umbra_train_plan *plan, uint64_t rows) {
  return (rows + plan->block_rows - 1) / plan->block_rows;
}

/* All batches but the last have as many. */
static uint64_t batch_blocks(const umbra_train_plan *plan) { return blocks_of(plan, plan->options.batch); }

void umbra_plan_batch_blocks(uint64_t *first, uint64_t *count, const umbra_train_plan *plan, uint64_t batch) {
  uint64_t row, rows;
  umbra_train_batch(&row, &rows, &plan->options, batch);
  *first = batch * batch_blocks(plan);
  *count = blocks_of(plan, rows);
}

umbra_block_range umbra_plan_block(const umbra_train_plan *plan, uint64_t block) {
  uint64_t batch = block / batch_blocks(plan), within = block % batch_blocks(plan), first, rows;
  umbra_train_batch(&first, &rows, &plan->options, batch);
  uint64_t start = within * plan->block_rows, left = rows - start;
  return (umbra_block_range){first + start, left < plan->block_rows ? left : plan->block_rows};
}

int umbra_plan_is_weighted(const umbra_train_plan *plan) { return plan->options.kind == UMBRA_TRAIN_WEIGHTED; }

uint64_t umbra_plan_weighted_row(const umbra_train_plan *plan, uint64_t rows) {
  const uint64_t part = umbra_layout_rows_per_part(&plan->layout);
  return (rows + part - 1) / part * part;
}

uint64_t umbra_plan_matrix_rows(const umbra_train_plan *plan, uint64_t rows) {
  const uint64_t part = umbra_layout_rows_per_part(&plan->layout);
  if (plan->options.public_features) return umbra_quotient_above(rows, part * plan->network.sharing) * part;
  return umbra_plan_is_weighted(plan) ? umbra_plan_weighted_row(plan, rows) + rows : rows;
}

/* A private plan says what records are held to. */
static double record_bound(const umbra_train_options *o) {
  if (o->record_bound > 0 || !o->privacy) return o->record_bound;
  return umbra_public_magnitude(fmax(o->privacy->norm, o->privacy->label_limit));
}

double umbra_plan_block_bound(const umbra_train_plan *plan) { return plan->data_scale * record_bound(&plan->options); }

uint32_t umbra_plan_feature_level(const umbra_train_plan *plan) {
  if (!plan->options.public_features) return plan->record_level;
  const umbra_network_depths depths = umbra_network_depths_of(plan);
  const umbra_network_levels least = umbra_network_levels_of(&depths, umbra_network_depth(&depths));
  return umbra_min_u32(least.input[0], least.error[0]);
}

double umbra_plan_first_bound(const umbra_train_plan *plan) { return plan->options.bound / plan->iteration[0].unit_in; }

/* Bytes of a batch's files. */
static uint64_t batch_bytes(const umbra_train_plan *plan, uint64_t rows) {
  uint64_t whole = rows / plan->block_rows, rest = rows % plan->block_rows;
  uint64_t bytes = whole * umbra_dataset_block_bytes(plan, plan->block_rows);
  return rest ? bytes + umbra_dataset_block_bytes(plan, rest) : bytes;
}

static void plan_blocks(umbra_train_plan *plan) {
  const umbra_train_options *o = &plan->options;
  umbra_train_report *r = &plan->report;
  uint64_t first, count, rows;
  plan->batches = r->batches = umbra_train_batches(o);
  umbra_plan_batch_blocks(&first, &count, plan, plan->batches - 1);
  plan->blocks = r->blocks = first + count;
  umbra_train_batch(&first, &rows, o, plan->batches - 1);
  r->block_bytes = umbra_dataset_block_bytes(plan, o->batch < plan->block_rows ? o->batch : plan->block_rows);
  r->read_bytes = batch_bytes(plan, o->batch);
  r->data_bytes = (plan->batches - 1) * r->read_bytes + batch_bytes(plan, rows) + umbra_dataset_index_bytes(plan);
}

/* ---- keys ---- */

umbra_status umbra_train_plan_needs(const umbra_train_plan *plan, umbra_key_needs *needs) {
  if (!plan) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_needs needs a plan");
  return umbra_key_needs_add(needs, plan->needs);
}

static size_t count_rotations(const umbra_key_needs *needs) {
  size_t rotations = 0;
  for (size_t i = 0; i < needs->count; i++) rotations += needs->need[i].kind == UMBRA_KEY_ROTATE;
  return rotations;
}

/* ---- report ---- */

static uint64_t largest_checkpoint(const umbra_train_plan *plan) {
  uint64_t largest = 0;
  for (uint32_t i = 1; i <= plan->options.iterations; i++) {
    const uint64_t bytes = umbra_checkpoint_bytes(plan, i);
    if (bytes > largest) largest = bytes;
  }
  return largest;
}

/* Of sums of layers, in all iterations. */
static uint64_t count_layer_refreshes(const umbra_train_plan *plan) {
  const uint64_t part = umbra_layout_rows_per_part(&plan->layout);
  uint64_t count = 0;
  for (uint32_t i = 0; plan->network.refreshed && i < plan->options.iterations; i++) {
    uint64_t first, blocks;
    umbra_plan_batch_blocks(&first, &blocks, plan, plan->iteration[i].step.batch);
    const uint64_t last = umbra_quotient_above(umbra_plan_block(plan, first + blocks - 1).rows, part);
    count += (blocks - 1) * umbra_network_block_refreshes(&plan->network, UMBRA_NETWORK_BLOCK_PARTS) +
             umbra_network_block_refreshes(&plan->network, last);
  }
  return count;
}

static int has_softmax(const umbra_train_plan *plan) { return plan->options.loss == UMBRA_LOSS_SOFTMAX; }

/* With a sixteenth for what threads and levels may change. */
static uint64_t memory_limit(const umbra_train_plan *plan) {
  const uint64_t peak = plan->costs.whole.peak_bytes, planned = plan->held_bytes > peak ? plan->held_bytes : peak;
  return planned + planned / 16;
}

static void fill_report(umbra_train_plan *plan) {
  umbra_train_report *r = &plan->report;
  const umbra_bootstrap_report *refresh = &plan->refresh->report;
  const umbra_plan_costs *costs = &plan->costs;
  r->rotations = count_rotations(plan->needs);
  r->keys = costs->whole.keys;
  r->key_bytes = costs->whole.key_bytes;
  r->memory_limit = memory_limit(plan);
  r->memory_bytes = r->memory_limit + ((uint64_t)256 << 20); /* tables, buffers */
  r->key_switches = costs->iteration.key_switches;
  r->bootstrap_switches = costs->refresh.key_switches + costs->refresh.ephemeral_switches;
  r->fit_error =
      has_softmax(plan)
          ? umbra_train_softmax_error(&plan->softmax, plan->coefficient, &plan->sigmoid, plan->options.outputs)
          : umbra_sigmoid_fit_error(plan->coefficient, plan->sigmoid.degree, plan->sigmoid.range);
  r->log2_failure = -INFINITY;
  r->checkpoint_bytes = largest_checkpoint(plan);
  r->layer_bootstraps = count_layer_refreshes(plan);
  r->bootstrapped_layers = plan->network.refreshed;
  const double refreshes = r->bootstraps + (plan->options.bootstrap_result != 0) + (double)r->layer_bootstraps;
  if (refreshes > 0) r->log2_failure = refresh->log2_range_failure + log2(refreshes);
}

/* ---- the whole ---- */

static umbra_status check_request(const umbra_params *params, const umbra_train_options *o) {
  UMBRA_TRY(umbra_train_options_check(o));
  if (!umbra_params_bootstrapped_level(params))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "these parameters do not refresh; take a preset whose name begins with boot");
  if (o->scaling && umbra_scaling_columns(o->scaling) != o->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "scaling is of %zu columns, and the plan for %zu",
                      umbra_scaling_columns(o->scaling), o->columns);
  return UMBRA_OK;
}

umbra_status umbra_plan_fit(umbra_train_plan *plan, const umbra_plan_given *given) {
  const uint32_t degree = plan->sigmoid.degree;
  const double *coefficient = given->coefficient;
  if (coefficient) memcpy(plan->coefficient, coefficient, (degree + 1) * sizeof *coefficient);
  if (has_softmax(plan))
    UMBRA_TRY(umbra_train_softmax_make(&plan->softmax, plan->coefficient, &plan->options, coefficient != NULL));
  else if (!coefficient) UMBRA_TRY(umbra_sigmoid_fit(plan->coefficient, &plan->sigmoid));
  plan->degree = umbra_sigmoid_degree(plan->coefficient, degree);
  return umbra_train_activation_make(&plan->activation, &plan->options, given->activation);
}

/* ---- levels of a network ---- */

typedef struct level_choice {
  uint32_t refreshed, expansion, depth, level;
  double seconds; /* of the whole training, but for a refresh of its result; INFINITY: there is no choice yet */
} level_choice;

static void use_levels(umbra_train_plan *plan, const level_choice *choice) {
  plan->network.refreshed = choice->refreshed;
  plan->network.expansion = choice->expansion;
  plan->report.depth = choice->depth;
  plan->data_level = choice->level;
  const umbra_network_depths depths = umbra_network_depths_of(plan);
  plan->record_level = umbra_network_record_level(&depths, choice->level);
}

/*
 * Of so many iterations, `count` from one refresh to the next, and the fewest of them, from the highest level on, at the end.
 * sum[k]: seconds of the lowest k of `count`.
 */
static double seconds_of_all(const double *sum, uint32_t count, uint32_t iterations, double refresh) {
  const uint32_t refreshes = (iterations - 1) / count, last = iterations - refreshes * count;
  return refreshes * (sum[count] + refresh) + sum[count] - sum[count - last];
}

/*
 * *best becomes the count of iterations from one refresh to the next that takes least, if it takes less than that. The plan
 * knows how it expands, and what it refreshes.
 */
static umbra_status try_levels(umbra_train_plan *plan, double refresh, level_choice *best) {
  enum { MOST = 32 };
  const umbra_network_depths depths = umbra_network_depths_of(plan);
  const uint32_t depth = umbra_network_depth(&depths), iterations = plan->options.iterations;
  const uint32_t most = umbra_min_u32(umbra_network_period(&depths, plan->report.levels), iterations);
  double sum[MOST + 1] = {0};
  for (uint32_t count = 1; count <= umbra_min_u32(most, MOST); count++) {
    umbra_plan_trial trial;
    level_choice choice = {depths.refreshed, depths.expansion, depth, count * depth, 0};
    use_levels(plan, &choice);
    UMBRA_TRY(umbra_plan_try(&trial, plan));
    sum[count] = sum[count - 1] + trial.seconds;
    choice.seconds = seconds_of_all(sum, count, iterations, refresh);
    if (choice.seconds < best->seconds) *best = choice;
  }
  return UMBRA_OK;
}

/* How weights are expanded, with sums of those layers refreshed. */
static umbra_status try_refreshed(umbra_train_plan *plan, uint32_t refreshed, double refresh, level_choice *best) {
  for (uint32_t expansion = 1; expansion <= 2; expansion++) {
    plan->network.refreshed = refreshed;
    plan->network.expansion = expansion;
    UMBRA_TRY(try_levels(plan, refresh, best));
  }
  return UMBRA_OK;
}

/*
 * How weights are expanded, and how many iterations there are from one refresh to the next: the more, the higher the first
 * ones are, where all takes longer. Sums are refreshed only where there are not enough levels without, and of as few layers
 * as will do.
 */
static umbra_status choose_levels(umbra_train_plan *plan, double refresh) {
  const uint32_t layers = plan->network.layers;
  level_choice best = {.seconds = INFINITY};
  for (uint32_t count = 0; count <= layers && !isfinite(best.seconds); count++)
    for (uint32_t refreshed = 0; refreshed < 1U << layers; refreshed++)
      if ((uint32_t)__builtin_popcount(refreshed) == count) UMBRA_TRY(try_refreshed(plan, refreshed, refresh, &best));
  if (!isfinite(best.seconds)) return fail_of_levels(plan);
  use_levels(plan, &best);
  return UMBRA_OK;
}

/* The group of the layout, or levels of a network; and by it the blocks and the iterations. */
static umbra_status plan_all(umbra_train_plan *plan, uint32_t least_group) {
  double refresh;
  plan->data_level = plan->record_level = plan->report.levels = umbra_params_bootstrapped_level(plan->params);
  plan->refreshes = 1; /* as far as is known */
  UMBRA_TRY(make_iterations(plan));
  UMBRA_TRY(check_factors(plan, 1));
  use_layout(plan, &plan->layout);
  UMBRA_TRY(umbra_plan_try_refresh(&refresh, plan));
  UMBRA_TRY(umbra_train_is_network(plan->options.kind) ? choose_levels(plan, refresh)
                                                       : choose_layout(plan, plan->layout, least_group, refresh));
  plan_blocks(plan);
  plan_iterations(plan);
  return check_factors(plan, plan->options.iterations);
}

/* scaling: of its records, or NULL. */
static umbra_status identify(umbra_train_plan *plan, const umbra_scaling *scaling, const uint8_t *given) {
  plan->identified = given || (scaling && scaling->known);
  if (plan->options.shuffle == UMBRA_SHUFFLE_SECRET && !plan->identified)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "shuffle is 2, a secret order, and there is no scaling of the records to have its key");
  if (given) memcpy(plan->training, given, sizeof plan->training);
  return scaling && scaling->known ? umbra_scaling_identify(plan->training, scaling, plan->digest) : UMBRA_OK;
}

/* Weights with such an error say nothing. */
static umbra_status check_error(const umbra_train_plan *plan) {
  const double error = plan->report.weight_error, bound = plan->options.bound;
  if (error <= bound) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "the error of the weights is expected to be %g after %u iterations, and they are within a bound of "
                    "%g: fewer iterations, a lower rate, a larger bound, or parameters with more scale_bits have less",
                    error, plan->options.iterations, bound);
}

/* Weights stay within the bound whatever the records are, with room for errors. */
static umbra_status check_privacy(umbra_train_plan *plan) {
  const umbra_train_options *o = &plan->options;
  if (!o->privacy) return UMBRA_OK;
  UMBRA_TRY(umbra_sensitivity_find(&plan->sensitivity, o, plan->coefficient));
  if (plan->sensitivity.largest_norm * (1 + 1.0 / 64) <= o->bound) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_INVALID_ARGUMENT,
      "bound is %g, and a weight may reach %.4g, whatever records there are: privacy asks for a bound that "
      "none can leave",
      o->bound, plan->sensitivity.largest_norm);
}

static umbra_status fill(umbra_train_plan *plan, const umbra_plan_given *given) {
  umbra_train_options *o = &plan->options;
  if (o->batch == 0) o->batch = o->rows;
  UMBRA_TRY(umbra_plan_fit(plan, given));
  UMBRA_TRY(check_privacy(plan));
  UMBRA_TRY(check_last_bound(plan));
  UMBRA_TRY(umbra_train_ops_of(o->kind)->lay_out(plan, given->layout));
  UMBRA_TRY(umbra_counter_check(plan));
  UMBRA_TRY(plan_refresh(plan));
  UMBRA_TRY(plan_all(plan, given->layout ? given->layout->group : 1));
  UMBRA_TRY(umbra_key_needs_create(&plan->needs, plan->params));
  UMBRA_TRY(umbra_plan_run_dry(&plan->costs, plan->needs, plan, NULL));
  UMBRA_TRY(umbra_plan_held(&plan->held_bytes, plan));
  fill_report(plan);
  umbra_plan_errors(plan);
  UMBRA_TRY(check_error(plan));
  umbra_train_digest(plan->digest, plan);
  const umbra_scaling *scaling = o->scaling;
  o->scaling = NULL; /* it is the caller's */
  UMBRA_TRY(identify(plan, scaling, given->training));
  plan->report.loss_bytes = umbra_counter_bytes(plan);
  return UMBRA_OK;
}

static void destroy(void *object) {
  umbra_train_plan *plan = object;
  umbra_bootstrap_plan_destroy(plan->refresh);
  umbra_params_destroy(plan->params);
  umbra_free(plan->iteration);
  umbra_key_needs_destroy(plan->needs);
  umbra_free(plan);
}

umbra_status umbra_train_plan_make(umbra_train_plan **plan, const umbra_params *params,
                                   const umbra_train_options *options, const umbra_plan_given *given) {
  if (!plan || !params)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a training plan needs an output and parameters");
  UMBRA_TRY(check_request(params, options));
  umbra_train_plan *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a training plan"));
  made->counted = UMBRA_COUNTED(destroy);
  made->params = umbra_params_share(params);
  made->options = *options;
  made->sigmoid = *options->sigmoid;
  made->options.sigmoid = &made->sigmoid;
  if (options->privacy) made->privacy = *options->privacy;
  if (options->privacy) made->options.privacy = &made->privacy;
  umbra_status status = fill(made, given);
  if (status == UMBRA_OK) UMBRA_PUT(train_plan, plan, made);
  else umbra_train_plan_destroy(made);
  return status;
}

umbra_status umbra_train_plan_create(umbra_train_plan **plan, const umbra_params *params,
                                     const umbra_train_options *options) {
  if (!options) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_create needs options");
  umbra_train_options wanted = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_sigmoid_options sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT};
  umbra_privacy_options privacy = {UMBRA_PRIVACY_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_train_options, &wanted, options));
  UMBRA_TRY(UMBRA_TAKE(umbra_sigmoid_options, &sigmoid, wanted.sigmoid));
  wanted.sigmoid = &sigmoid;
  UMBRA_TRY(UMBRA_TAKE(umbra_privacy_options, &privacy, wanted.privacy));
  if (wanted.privacy) wanted.privacy = &privacy;
  return umbra_train_plan_make(plan, params, &wanted, &(umbra_plan_given){0});
}

umbra_train_plan *umbra_train_plan_share(const umbra_train_plan *plan) { return umbra_share(plan); }
void umbra_train_plan_destroy(umbra_train_plan *plan) { umbra_release(plan); }

umbra_status umbra_train_plan_report(const umbra_train_plan *plan, umbra_train_report *report) {
  if (!plan || !report)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_report needs a plan and a report");
  return UMBRA_GIVE(umbra_train_report, report, &plan->report);
}

static const umbra_cost *part_of(const umbra_plan_costs *costs, umbra_train_part part) {
  switch (part) {
    case UMBRA_TRAIN_WHOLE: return &costs->whole;
    case UMBRA_TRAIN_ITERATION: return &costs->iteration;
    case UMBRA_TRAIN_BOOTSTRAP: return &costs->refresh;
  }
  return NULL;
}

/* The same run once more, in its seconds. */
static umbra_status costs_on(umbra_plan_costs *costs, const umbra_train_plan *plan, const char *machine) {
  umbra_key_needs *needs = NULL;
  UMBRA_TRY(umbra_key_needs_create(&needs, plan->params));
  umbra_status status = umbra_plan_run_dry(costs, needs, plan, machine);
  umbra_key_needs_destroy(needs);
  return status;
}

umbra_status umbra_train_plan_cost(const umbra_train_plan *plan, umbra_cost *cost, umbra_train_part part,
                                   const char *machine) {
  if (!plan || !cost || !part_of(&plan->costs, part))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_train_plan_cost needs a plan, a cost and a part that there is");
  umbra_plan_costs costs = plan->costs;
  if (machine) UMBRA_TRY(costs_on(&costs, plan, machine));
  return UMBRA_GIVE(umbra_cost, cost, part_of(&costs, part));
}

umbra_status umbra_train_plan_iteration(const umbra_train_plan *plan, umbra_train_iteration *iteration, uint32_t i) {
  if (!plan || !iteration || i >= plan->options.iterations)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_train_plan_iteration needs a plan, a number below its iterations, and an output");
  const umbra_plan_iteration *it = &plan->iteration[i];
  const umbra_train_iteration made = {
      UMBRA_TRAIN_ITERATION_INIT, .first = it->step.first,  .rows = it->step.rows, .rate = it->step.rate,
      .eta = it->step.eta,        .bootstrap = it->refresh, .level = it->level,    .level_after = it->level_after};
  return UMBRA_GIVE(umbra_train_iteration, iteration, &made);
}

umbra_status umbra_train_plan_options(const umbra_train_plan *plan, umbra_train_options *options) {
  if (!plan || !options)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_options needs a plan and options to fill");
  return UMBRA_GIVE(umbra_train_options, options, &plan->options);
}

const umbra_params *umbra_train_plan_params(const umbra_train_plan *plan) { return plan->params; }
size_t umbra_train_plan_weights(const umbra_train_plan *plan) {
  return umbra_train_ops_of(plan->options.kind)->weights(&plan->options);
}

void umbra_train_plan_initial(const umbra_train_plan *plan, double *weights) {
  memset(weights, 0, umbra_train_plan_weights(plan) * sizeof *weights);
  umbra_train_ops_of(plan->options.kind)->initial(&plan->options, weights);
}

const double *umbra_train_plan_coefficients(const umbra_train_plan *plan) { return plan->coefficient; }

void umbra_train_plan_digest(const umbra_train_plan *plan, uint8_t digest[UMBRA_DIGEST_BYTES]) {
  memcpy(digest, plan->digest, UMBRA_DIGEST_BYTES);
}
