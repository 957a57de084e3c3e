/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule.h"

#include <inttypes.h>
#include <math.h>

#include "../base/error.h"
#include "../nn/sigmoid.h"
#include "kind.h"
#include "network.h"
#include "sensitivity.h"

/* ---- options ---- */

static const double least_range = 0x1p-10, largest_range = 0x1p10;
static const double least_momentum = 0.001, largest_momentum = 1000, largest_constant_momentum = 0.999;

/* So that no size that follows from it overflows: a record takes one ciphertext at most. */
static const uint64_t most_rows = (uint64_t)1 << 32;

static int is_flag(int x) { return x == 0 || x == 1; }
static int is_within(double x, double lo, double hi) { return x >= lo && x <= hi; } /* NaN is not */
static int is_power_of_two(double x) { return frexp(x, &(int){0}) == 0.5; }

static umbra_status check_records(const umbra_train_options *o) {
  if (o->rows == 0) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "rows is 0; it must be the number of records");
  if (o->rows > most_rows)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "rows is %zu; it must be up to %" PRIu64, o->rows, most_rows);
  if (o->columns == 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "columns is 0; it must be the number of features");
  if (o->batch > o->rows)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "batch is %zu; it must be up to the %zu rows, or 0 for all of them",
                      o->batch, o->rows);
  if (!is_flag(o->whole_batches) || !is_flag(o->bootstrap_result))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "whole_batches and bootstrap_result are %d and %d; they must be 0 or 1", o->whole_batches,
                      o->bootstrap_result);
  if (o->shuffle < UMBRA_SHUFFLE_NONE || o->shuffle > UMBRA_SHUFFLE_SECRET)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "shuffle is %d; it must be 0, 1 or 2", o->shuffle);
  if (o->whole_batches && o->batch == 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "whole_batches is 1 and batch is 0; give the size of a batch");
  return UMBRA_OK;
}

static umbra_status check_rate(const umbra_train_options *o) {
  if (!(o->rate > 0) || !isfinite(o->rate))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "rate is %g; it must be above 0 and finite", o->rate);
  switch (o->schedule) {
    case UMBRA_RATE_CONSTANT:
      if (o->decay != 0)
        return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                          "decay is %g; it must be 0 with a constant rate, so choose a schedule", o->decay);
      return UMBRA_OK;
    case UMBRA_RATE_INVERSE:
      if (!(o->decay >= 0) || !isfinite(o->decay))
        return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "decay is %g; it must be 0 or above, and finite", o->decay);
      return UMBRA_OK;
    case UMBRA_RATE_EXPONENTIAL:
      if (!(o->decay > 0) || !(o->decay <= 1))
        return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "decay is %g; it must be above 0, and 1 at most", o->decay);
      return UMBRA_OK;
    default: return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "schedule is %d, which is none", (int)o->schedule);
  }
}

/* At momentum 0 the first v would be the first w whatever the records are, and 1 - eta, which is divided by, 0. */
static umbra_status check_accelerated(const umbra_train_options *o) {
  if (is_within(o->momentum, least_momentum, largest_momentum)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "momentum is %g; it must be %g to %g: with 1 the first step is a plain one, and with less it is a "
                    "short one",
                    o->momentum, least_momentum, largest_momentum);
}

static umbra_status check_optimizer(const umbra_train_options *o) {
  switch (o->optimizer) {
    case UMBRA_OPTIMIZER_ACCELERATED: return check_accelerated(o);
    case UMBRA_OPTIMIZER_NESTEROV:
    case UMBRA_OPTIMIZER_MOMENTUM:
      if (is_within(o->momentum, 0, largest_constant_momentum)) return UMBRA_OK;
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "momentum is %g; of this optimizer it must be 0 to %g",
                        o->momentum, largest_constant_momentum);
    case UMBRA_OPTIMIZER_PLAIN: return UMBRA_OK;
    default: return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "optimizer is %d, which is none", (int)o->optimizer);
  }
}

static umbra_status check_step(const umbra_train_options *o) {
  if (o->iterations < 1 || o->iterations > UMBRA_TRAIN_MAX_ITERATIONS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "iterations is %u; it must be 1 to %d", o->iterations,
                      UMBRA_TRAIN_MAX_ITERATIONS);
  UMBRA_TRY(check_rate(o));
  UMBRA_TRY(check_optimizer(o));
  if (!(o->l2 >= 0) || !(o->rate * o->l2 < 1))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "l2 is %g; it must be 0 or above, and below 1 / rate = %g", o->l2,
                      1 / o->rate);
  return UMBRA_OK;
}

static umbra_status check_sigmoid(const umbra_sigmoid_options *o) {
  UMBRA_TRY(umbra_sigmoid_options_check(o));
  if (is_within(o->range, least_range, largest_range)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "range is %g; of a training it must be %g to %g", o->range,
                    least_range, largest_range);
}

static umbra_status check_record_bound(const umbra_train_options *o) {
  if (o->record_bound == 0 || (is_within(o->record_bound, 1, 0x1p1000) && is_power_of_two(o->record_bound)))
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "record_bound is %g; it must be a power of two from 1 to 2^1000, or 0", o->record_bound);
}

static umbra_status check_bound(const umbra_train_options *o) {
  if (is_within(o->bound, UMBRA_TRAIN_LEAST_BOUND, UMBRA_TRAIN_LARGEST_BOUND) && is_power_of_two(o->bound))
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bound is %g; it must be a power of two from 2^-19 to %g", o->bound,
                    UMBRA_TRAIN_LARGEST_BOUND);
}

static umbra_status check_target(umbra_target target) {
  if (umbra_target_name(target)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "target is %d, which is none", (int)target);
}

static umbra_status check_rounds(uint32_t rounds) {
  if (rounds <= 2) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "rounds is %u: refreshes have 1 or 2", rounds);
}

static umbra_status check_start(const umbra_train_options *o) {
  if (o->start == 0 || umbra_train_is_network(o->kind)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "start is %g; it is of networks", o->start);
}

/* The losses of its iterations would tell more of the records than the one model that is promised. */
static umbra_status check_counted(const umbra_train_options *o) {
  if (!is_flag(o->count_loss))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "count_loss is %d; it must be 0 or 1", o->count_loss);
  if (!o->count_loss) return UMBRA_OK;
  if (!umbra_train_is_network(o->kind))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "count_loss is of networks: one of one output without hidden layers is a logistic model, too");
  if (o->privacy)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "count_loss: privacy is promised for one model, and not for the "
                                                    "losses on the way to it");
  return UMBRA_OK;
}

static umbra_status check_public_features(const umbra_train_options *o) {
  if (!is_flag(o->public_features))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "public_features is %d; it must be 0 or 1", o->public_features);
  if (!o->public_features) return UMBRA_OK;
  if (!umbra_train_is_network(o->kind))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "public_features is of networks, one of one output without hidden layers among them: records of "
                      "logistic models are products of features and labels");
  if (o->shuffle == UMBRA_SHUFFLE_SECRET)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "shuffle is 2, a secret order, and public_features show it: 1 is a public one");
  if (o->privacy)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "public_features: privacy is promised for whole records, and these would show their features");
  return UMBRA_OK;
}

umbra_status umbra_train_options_check(const umbra_train_options *options) {
  UMBRA_TRY(umbra_train_kind_check(options->kind));
  UMBRA_TRY(check_target(options->target));
  UMBRA_TRY(check_rounds(options->rounds));
  UMBRA_TRY(check_records(options));
  UMBRA_TRY(check_step(options));
  UMBRA_TRY(check_sigmoid(options->sigmoid));
  UMBRA_TRY(check_bound(options));
  UMBRA_TRY(check_record_bound(options));
  UMBRA_TRY(check_counted(options));
  UMBRA_TRY(check_start(options));
  UMBRA_TRY(check_public_features(options));
  UMBRA_TRY(umbra_train_ops_of(options->kind)->check(options));
  return umbra_privacy_check(options);
}

/* ---- batches ---- */

static uint64_t batch_size(const umbra_train_options *options) {
  return options->batch ? options->batch : options->rows;
}

uint64_t umbra_train_batches(const umbra_train_options *options) {
  uint64_t size = batch_size(options);
  return options->rows / size + (options->rows % size != 0 && !options->whole_batches);
}

void umbra_train_batch(uint64_t *first, uint64_t *rows, const umbra_train_options *options, uint64_t batch) {
  uint64_t size = batch_size(options);
  *first = batch * size;
  *rows = options->rows - *first < size ? options->rows - *first : size;
}

/* ---- steps ---- */

/* Of iteration i; `before` is that of the iteration before it. */
static double rate_of(const umbra_train_options *options, uint32_t i, double before) {
  switch (options->schedule) {
    case UMBRA_RATE_INVERSE: return options->rate / (1 + options->decay * i);
    case UMBRA_RATE_EXPONENTIAL: return i ? before * options->decay : options->rate;
    default: return options->rate;
  }
}

/* Of an iteration; *a: that of the accelerated sequence, which goes on. */
static double next_eta(const umbra_train_options *options, double *a) {
  if (options->optimizer == UMBRA_OPTIMIZER_NESTEROV) return -options->momentum;
  if (options->optimizer != UMBRA_OPTIMIZER_ACCELERATED) return 0;
  const double next = (1 + sqrt(1 + 4 * *a * *a)) / 2, eta = (1 - *a) / next;
  *a = next;
  return eta;
}

void umbra_train_schedule(umbra_train_step *step, const umbra_train_options *options) {
  uint64_t batches = umbra_train_batches(options);
  double a = options->momentum, rate = 0, before = 1;
  for (uint32_t i = 0; i < options->iterations; i++) {
    const double eta = next_eta(options, &a);
    rate = rate_of(options, i, rate);
    step[i] = (umbra_train_step){.batch = i % batches, .rate = rate, .eta = eta, .before = before};
    umbra_train_batch(&step[i].first, &step[i].rows, options, step[i].batch);
    before = 1 - eta;
  }
}

/* ---- optimizers ---- */

int umbra_train_at_weights(const umbra_train_options *options) {
  return options->optimizer == UMBRA_OPTIMIZER_MOMENTUM || options->optimizer == UMBRA_OPTIMIZER_PLAIN;
}

umbra_train_mix umbra_train_mix_of(const umbra_train_options *options, const umbra_train_step *step) {
  const double kept = options->optimizer == UMBRA_OPTIMIZER_MOMENTUM ? options->momentum : 0;
  if (umbra_train_at_weights(options)) return (umbra_train_mix){.ww = 1, .wu = kept, .uw = 0, .uu = kept};
  return (umbra_train_mix){.ww = 0, .wu = step->before, .uw = step->eta / (1 - step->eta), .uu = step->before};
}

umbra_train_mix umbra_train_shrinking_mix(const umbra_train_options *options, const umbra_train_step *step) {
  umbra_train_mix mix = umbra_train_mix_of(options, step);
  const double penalty = step->rate * options->l2, kept = 1 - penalty;
  if (umbra_train_at_weights(options)) {
    mix.ww = kept;
    mix.uw = -penalty;
  } else {
    mix.wu *= kept;
    mix.uu *= kept;
  }
  return mix;
}
