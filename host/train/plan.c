/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/key_needs.h"
#include "../nn/sigmoid.h"
#include "../params/params.h"
#include "dataset_file.h"

/* ---- layout ---- */

/* Rows that are in the real parts of one ciphertext over all slots. */
static uint64_t real_rows(const umbra_params *params, uint32_t stride) { return umbra_params_slots(params) / stride; }

static uint32_t power_above(uint64_t x) {
  uint32_t power = 1;
  while (power < x) power *= 2;
  return power;
}

/* That of batches of so many rows; one ciphertext is enough for small ones, and then no imaginary part is needed. */
static umbra_matrix_layout layout_for(const umbra_params *params, size_t columns, uint64_t rows) {
  umbra_matrix_layout layout = umbra_matrix_records_layout(params, columns);
  uint64_t real = real_rows(params, layout.stride);
  if (rows <= real) {
    layout.slots = power_above(rows) * layout.stride;
    return layout;
  }
  uint64_t parts = (rows + 2 * real - 1) / (2 * real);
  layout.pairs = 1;
  if (parts > UMBRA_MATRIX_MAX_GROUP) parts = UMBRA_MATRIX_MAX_GROUP;
  layout.group = umbra_min_u32(power_above(parts), layout.stride);
  return layout;
}

static uint32_t depth_of(const umbra_matrix_layout *layout, uint32_t degree) {
  return umbra_times_vector_levels(layout) + umbra_chebyshev_depth(degree) + umbra_transposed_levels(layout);
}

/* Key switches of the polynomial: one for each product of its tree, and the powers. */
static uint32_t polynomial_switches(const umbra_train_plan *plan) {
  umbra_polynomial polynomial;
  umbra_polynomial_plan(&polynomial, plan->coefficient, plan->degree);
  return polynomial.switches;
}

static uint64_t batch_switches(const umbra_train_plan *plan, const umbra_matrix_layout *layout, uint64_t rows) {
  uint64_t block_rows = umbra_matrix_per_part(layout) * layout->group, blocks = (rows + block_rows - 1) / block_rows;
  uint64_t values = (uint64_t)polynomial_switches(plan) << layout->pairs;
  return blocks * (umbra_times_vector_switches(layout) + values + umbra_transposed_switches(layout)) +
         umbra_sum_rows_switches(layout);
}

/*
 * Time of an iteration with its share of a refresh, in key switches at the levels of the training: those of a refresh
 * are at higher levels and take about three times as long.
 */
static double cost_of(const umbra_train_plan *plan, const umbra_matrix_layout *layout, uint32_t levels) {
  uint32_t between = levels / depth_of(layout, plan->degree); /* iterations from one refresh to the next */
  if (!between) return INFINITY;
  return (double)batch_switches(plan, layout, plan->options.batch) +
         3.0 * (double)plan->refresh->report.key_switches / between;
}

/* Larger groups have fewer key switches, smaller ones fewer levels. */
static umbra_status choose_layout(umbra_train_plan *plan) {
  const umbra_train_options *o = &plan->options;
  uint32_t levels = umbra_params_refreshed_level(plan->params);
  umbra_matrix_layout layout = layout_for(plan->params, o->columns, o->batch);
  double best = INFINITY;
  for (uint32_t group = layout.group; group; group /= 2) {
    layout.group = group;
    double cost = cost_of(plan, &layout, levels);
    if (!(cost < best)) continue;
    best = cost;
    plan->layout = layout;
  }
  if (best < INFINITY) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_UNSUPPORTED,
      "an iteration with degree %u takes at least %u levels, and these parameters have %u after a refresh",
      plan->degree, depth_of(&layout, plan->degree), levels);
}

/* ---- refreshes ---- */

/*
 * A refresh begins at level 0 only if its bound is small enough. The largest bound for which it does, up to half of
 * that of the weights: so a unit is at least 2, and half of it still an integer.
 */
static umbra_status plan_refresh(umbra_train_plan *plan, uint32_t stride) {
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  options.slots = stride;
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

int umbra_plan_refreshes(const umbra_train_plan *plan) {
  return plan->report.refreshes || plan->options.refresh_result;
}

/* ---- iterations ---- */

static void plan_iterations(umbra_train_plan *plan, const umbra_train_step *step) {
  uint32_t level = plan->data_level, count = plan->options.iterations, depth = plan->report.depth;
  double unit = plan->options.bound / plan->refresh->options.bound, before = 1;
  for (uint32_t i = 0; i < count; i++) {
    umbra_plan_iteration *it = &plan->iteration[i];
    *it = (umbra_plan_iteration){.step = step[i], .refresh = level < depth, .before = before};
    if (it->refresh) {
      level = plan->data_level;
      plan->report.refreshes++;
    }
    int ends = level < 2 * depth; /* a refresh comes next: what is refreshed is half as large as what comes of it */
    it->level = level;
    it->level_after = level -= depth;
    it->unit_in = unit / 2;
    it->unit_out = ends ? unit : unit / 2;
    before = 1 - step[i].eta;
  }
  plan->iteration[count - 1].unit_out = plan->options.refresh_result ? unit : 1;
}

static umbra_status make_iterations(umbra_train_plan *plan) {
  umbra_train_step *step;
  uint32_t count = plan->options.iterations;
  UMBRA_TRY(umbra_alloc(&plan->iteration, count, sizeof *plan->iteration, "a training plan"));
  UMBRA_TRY(umbra_alloc(&step, count, sizeof *step, "a training plan"));
  umbra_train_schedule(step, &plan->options);
  plan_iterations(plan, step);
  umbra_free(step);
  return UMBRA_OK;
}

/* What margins and slopes are multiplied by is encoded as constants, which have to fit. */
static umbra_status check_factors(const umbra_train_plan *plan) {
  const double most = 0x1p20;
  for (uint32_t i = 0; i < plan->options.iterations; i++) {
    const umbra_plan_iteration *it = &plan->iteration[i];
    double step = it->step.rate / (double)it->step.rows / it->unit_out / plan->data_scale;
    double margin = it->before * it->unit_in / plan->sigmoid.range / plan->data_scale;
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
  plan->block_rows = umbra_matrix_per_part(&plan->layout) * plan->layout.group;
  plan->batches = r->batches = umbra_train_batches(o);
  umbra_plan_batch_blocks(&first, &count, plan, plan->batches - 1);
  plan->blocks = r->blocks = first + count;
  umbra_train_batch(&first, &rows, o, plan->batches - 1);
  r->block_bytes = umbra_dataset_block_bytes(plan, o->batch < plan->block_rows ? o->batch : plan->block_rows);
  r->read_bytes = batch_bytes(plan, o->batch);
  r->data_bytes = (plan->batches - 1) * r->read_bytes + batch_bytes(plan, rows) + umbra_dataset_index_bytes(plan);
}

/*
 * A gradient is a sum of n records times values of about rate / n, whose error is that of any slot, e: it ends up with
 * e sqrt(n) unit. Records times k make those values 1 / k as large, and the error k times; but margins, sums of a row's
 * columns, get an error of e unit sqrt(columns) / k, which comes into the gradient by the sigmoid's slope, about 0.15,
 * and averaged over n records. Here both are equal, but for what columns and records are on average.
 */
static double data_scale(const umbra_train_plan *plan) {
  const umbra_train_options *o = &plan->options;
  double square = 0.15 * o->rate * sqrt(plan->layout.stride) / (double)o->batch, scale = 1;
  while (scale > 0x1p-10 && scale * scale > 2 * square) scale /= 2; /* no logarithms: all machines find the same */
  return scale;
}

/* ---- keys ---- */

static umbra_status plan_keys(umbra_train_plan *plan) {
  uint32_t values_level =
      plan->data_level - umbra_times_vector_levels(&plan->layout) - umbra_chebyshev_depth(plan->degree);
  UMBRA_TRY(umbra_key_needs_create(&plan->needs, plan->params));
  UMBRA_TRY(umbra_products_needs(plan->needs, &plan->layout, plan->data_level, values_level));
  return umbra_plan_refreshes(plan) ? umbra_bootstrap_plan_needs(plan->refresh, plan->needs) : UMBRA_OK;
}

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

/* Ciphertexts at the data's level that an iteration has at once, beside its block. */
static uint64_t working_ciphertexts(const umbra_matrix_layout *layout) { return 4u * layout->group + 8; }

/* With a sixteenth for what is kept to be used again. */
static uint64_t limit_of(const umbra_train_plan *plan) {
  const umbra_bootstrap_report *refresh = &plan->refresh->report;
  uint64_t ciphertext = umbra_params_ciphertext_bytes(plan->params, plan->data_level);
  uint64_t training = plan->report.block_bytes + working_ciphertexts(&plan->layout) * ciphertext;
  uint64_t refreshing = umbra_plan_refreshes(plan) ? refresh->workspace_bytes : 0;
  uint64_t constants = umbra_plan_refreshes(plan) ? refresh->plain_bytes : 0;
  uint64_t bytes = plan->report.key_bytes + constants + (training > refreshing ? training : refreshing);
  return bytes + bytes / 16;
}

static void fill_report(umbra_train_plan *plan) {
  umbra_train_report *r = &plan->report;
  const umbra_bootstrap_report *refresh = &plan->refresh->report;
  r->rotations = count_rotations(plan->needs);
  r->keys = umbra_key_needs_count(plan->needs);
  r->key_bytes = umbra_key_needs_bytes(plan->needs);
  r->memory_limit = limit_of(plan);
  r->memory_bytes = r->memory_limit + r->memory_limit / 8 + ((uint64_t)256 << 20); /* fragments, tables, buffers */
  r->key_switches = batch_switches(plan, &plan->layout, plan->options.batch);
  r->refresh_switches = refresh->key_switches + 1; /* and one to part weights from momentum */
  r->fit_error = umbra_sigmoid_fit_error(plan->coefficient, plan->sigmoid.degree, plan->sigmoid.range);
  r->log2_failure = -INFINITY;
  uint32_t refreshes = r->refreshes + (plan->options.refresh_result != 0);
  if (refreshes) r->log2_failure = refresh->log2_range_failure + log2(refreshes);
}

/* ---- the whole ---- */

static umbra_status check_request(const umbra_params *params, const umbra_train_options *o) {
  UMBRA_TRY(umbra_train_options_check(o));
  if (!umbra_params_refreshed_level(params))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "these parameters do not refresh; take a preset whose name begins with boot");
  if (o->columns >= umbra_params_slots(params))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%zu columns do not fit: these parameters take up to %u", o->columns,
                      umbra_params_slots(params) - 1);
  return UMBRA_OK;
}

static umbra_status make_polynomial(umbra_train_plan *plan, const double *given) {
  const uint32_t degree = plan->sigmoid.degree;
  if (given) memcpy(plan->coefficient, given, (degree + 1) * sizeof *given);
  else UMBRA_TRY(umbra_sigmoid_fit(plan->coefficient, &plan->sigmoid));
  plan->degree = umbra_sigmoid_degree(plan->coefficient, degree);
  return UMBRA_OK;
}

static umbra_status fill(umbra_train_plan *plan, const umbra_plan_given *given) {
  umbra_train_options *o = &plan->options;
  if (o->batch == 0) o->batch = o->rows;
  UMBRA_TRY(make_polynomial(plan, given->coefficient));
  UMBRA_TRY(check_last_bound(plan));
  UMBRA_TRY(plan_refresh(plan, (uint32_t)umbra_matrix_stride_for(o->columns + 1)));
  if (given->layout) plan->layout = *given->layout;
  else UMBRA_TRY(choose_layout(plan));
  plan->data_level = plan->report.levels = umbra_params_refreshed_level(plan->params);
  plan->report.depth = depth_of(&plan->layout, plan->degree);
  plan->data_scale = data_scale(plan);
  plan_blocks(plan);
  UMBRA_TRY(make_iterations(plan));
  UMBRA_TRY(check_factors(plan));
  UMBRA_TRY(plan_keys(plan));
  fill_report(plan);
  umbra_plan_errors(plan);
  umbra_train_digest(plan->digest, plan);
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
  UMBRA_TRY(UMBRA_TAKE(umbra_train_options, &wanted, options));
  UMBRA_TRY(UMBRA_TAKE(umbra_sigmoid_options, &sigmoid, wanted.sigmoid));
  wanted.sigmoid = &sigmoid;
  return umbra_train_plan_make(plan, params, &wanted, &(umbra_plan_given){0});
}

umbra_train_plan *umbra_train_plan_share(const umbra_train_plan *plan) { return umbra_share(plan); }
void umbra_train_plan_destroy(umbra_train_plan *plan) { umbra_release(plan); }

umbra_status umbra_train_plan_report(const umbra_train_plan *plan, umbra_train_report *report) {
  if (!plan || !report)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_report needs a plan and a report");
  return UMBRA_GIVE(umbra_train_report, report, &plan->report);
}

umbra_status umbra_train_plan_iteration(const umbra_train_plan *plan, umbra_train_iteration *iteration, uint32_t i) {
  if (!plan || !iteration || i >= plan->options.iterations)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_train_plan_iteration needs a plan, a number below its iterations, and an output");
  const umbra_plan_iteration *it = &plan->iteration[i];
  const umbra_train_iteration made = {UMBRA_TRAIN_ITERATION_INIT, .first = it->step.first,       .rows = it->step.rows,
                                      .rate = it->step.rate,      .eta = it->step.eta,           .refresh = it->refresh,
                                      .level = it->level,         .level_after = it->level_after};
  return UMBRA_GIVE(umbra_train_iteration, iteration, &made);
}

umbra_status umbra_train_plan_options(const umbra_train_plan *plan, umbra_train_options *options) {
  if (!plan || !options)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_options needs a plan and options to fill");
  return UMBRA_GIVE(umbra_train_options, options, &plan->options);
}

const umbra_params *umbra_train_plan_params(const umbra_train_plan *plan) { return plan->params; }
const double *umbra_train_plan_coefficients(const umbra_train_plan *plan) { return plan->coefficient; }

void umbra_train_plan_digest(const umbra_train_plan *plan, uint8_t digest[UMBRA_DIGEST_BYTES]) {
  memcpy(digest, plan->digest, UMBRA_DIGEST_BYTES);
}
