/* SPDX-License-Identifier: Apache-2.0 */
/* A training on a dry device against the same one with values, and against the figures of its plan. */
#ifndef UMBRA_TESTS_TRAIN_DRY_H
#define UMBRA_TESTS_TRAIN_DRY_H

#include "counting.h"
#include "host/ckks/dry.h"
#include "host/train/plan.h"
#include "train.h"

/* One training; the rest of the options are the defaults. */
typedef struct shape {
  size_t rows, columns, batch;
  uint32_t degree, iterations;
  int bootstrap_result;
} shape;

static umbra_train_options options_of(const shape *of, umbra_sigmoid_options *sigmoid) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_sigmoid_options_init(sigmoid);
  sigmoid->degree = of->degree;
  options.rows = of->rows;
  options.columns = of->columns;
  options.batch = of->batch;
  options.iterations = of->iterations;
  options.bootstrap_result = of->bootstrap_result;
  options.sigmoid = sigmoid;
  options.rate = 0.1;
  return options;
}

/* ---- a dry training ---- */

typedef struct dry_training {
  umbra_context *context;
  umbra_trainer *trainer;
  umbra_key_needs *needs;
} dry_training;

/* Not yet run; its accounts, of calls as the target has them, have begun before the trainer was made. budget: of blocks that
   stay in memory. */
static dry_training dry_open(const umbra_train_plan *plan, uint64_t budget, umbra_target target) {
  dry_training d = {0};
  assert_ok(umbra_dry_open(&d.context, umbra_train_plan_params(plan), target));
  assert_ok(umbra_context_cost_begin(d.context));
  umbra_trainer_desc trainer = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = d.context, .memory_budget = budget};
  assert_ok(umbra_trainer_create(&d.trainer, &trainer, NULL));
  return d;
}

static void dry_close(dry_training *d) {
  umbra_trainer_destroy(d->trainer);
  umbra_key_needs_destroy(d->needs);
  assert_int_equal(umbra_context_memory(d->context), 0);
  umbra_context_destroy(d->context);
}

static umbra_cost cost_of(const dry_training *d) {
  umbra_cost cost = {UMBRA_COST_INIT};
  assert_ok(umbra_context_cost(d->context, &cost));
  return cost;
}

static void assert_same_needs(const umbra_key_needs *a, const umbra_key_needs *b) {
  assert_ok(umbra_key_needs_cover(a, b));
  assert_ok(umbra_key_needs_cover(b, a));
}

/* ---- against the plan ---- */

#define assert_same(field) assert_int_equal(planned.field, found.field)

/* As many as it says: each goes to the ephemeral secret and back. That of a result is one of the weights, too. */
static void hold_refreshes(const umbra_train_plan *plan, const umbra_cost *found) {
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  umbra_cost refresh = {UMBRA_COST_INIT};
  assert_ok(umbra_train_plan_report(plan, &report));
  assert_ok(umbra_train_plan_cost(plan, &refresh, UMBRA_TRAIN_BOOTSTRAP, NULL));
  const size_t of_weights = report.bootstraps + (plan->options.bootstrap_result != 0);
  assert_int_equal(found->ephemeral_switches, of_weights * refresh.ephemeral_switches + 2 * report.layer_bootstraps);
}

/* Its whole cost is that of the training as it runs. */
static void hold_plan(const umbra_train_plan *plan) {
  umbra_cost planned = {UMBRA_COST_INIT};
  umbra_key_needs *needs = training_needs(plan);
  assert_ok(umbra_train_plan_cost(plan, &planned, UMBRA_TRAIN_WHOLE, NULL));
  dry_training d = dry_open(plan, 0, plan->options.target);
  assert_ok(umbra_trainer_run(d.trainer, NULL, NULL));
  const umbra_cost found = cost_of(&d);
  hold_refreshes(plan, &found);
  assert_ok(umbra_key_needs_create(&d.needs, umbra_train_plan_params(plan)));
  assert_ok(umbra_context_needs(d.context, d.needs));
  assert_same_needs(d.needs, needs);
  assert_same(lowest_level);
  assert_same(keys);
  assert_same(key_switches);
  assert_same(ephemeral_switches);
  assert_same(products);
  assert_same(kernel_calls);
  assert_same(kernel_bytes);
  assert_same(launches);
  assert_same(uploaded_bytes);
  assert_same(downloaded_bytes);
  assert_same(key_bytes);
  assert_same(peak_bytes);
  assert_true(fabs(planned.seconds - found.seconds) < 1e-6 * found.seconds);
  assert_int_equal(planned.peak_bytes, planned.key_bytes + planned.constant_bytes + planned.working_bytes);
  umbra_key_needs_destroy(needs);
  dry_close(&d);
}

static void hold_plan_of(const umbra_params *params, const shape *of) {
  umbra_sigmoid_options sigmoid;
  umbra_train_plan *plan = NULL;
  const umbra_train_options options = options_of(of, &sigmoid);
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  hold_plan(plan);
  umbra_train_plan_destroy(plan);
}

/* ---- against a real one ---- */

enum { MOST_ITERATIONS = 8 };

/* What was done up to the end of an iteration. */
typedef struct account {
  uint32_t level;
  int refreshed;
  size_t key_switches, ephemeral_switches;
  uint64_t calls[UMBRA_DRY_KERNELS];
} account;

typedef struct diary {
  const umbra_context *context;
  const umbra_context *dry; /* whose kernels are asked for; NULL: they were counted */
  account account[MOST_ITERATIONS];
  uint32_t count;
} diary;

static int write_diary(void *user, const umbra_train_event *event) {
  diary *d = user;
  umbra_ring_accounts of_ring;
  umbra_kernel_cost kernel = {UMBRA_KERNEL_COST_INIT};
  account *a = &d->account[d->count++];
  umbra_ring_accounts_read(&of_ring, d->context->ring);
  *a = (account){event->level, event->bootstrapped, of_ring.key_switches, of_ring.ephemeral_switches, {0}};
  for (size_t k = 0; k < UMBRA_DRY_KERNELS; k++) {
    assert_ok(umbra_context_kernel_cost(d->dry, &kernel, k));
    a->calls[k] = d->context == d->dry ? kernel.calls : calls_counted(kernel.name);
  }
  return 0;
}

static void assert_same_diary(const diary *dry, const diary *real) {
  umbra_kernel_cost kernel = {UMBRA_KERNEL_COST_INIT};
  assert_int_equal(dry->count, real->count);
  for (uint32_t i = 0; i < dry->count; i++) {
    const account *a = &dry->account[i], *b = &real->account[i];
    assert_int_equal(a->level, b->level);
    assert_int_equal(a->refreshed, b->refreshed);
    assert_int_equal(a->key_switches, b->key_switches);
    assert_int_equal(a->ephemeral_switches, b->ephemeral_switches);
    for (size_t k = 0; k < UMBRA_DRY_KERNELS; k++) {
      assert_ok(umbra_context_kernel_cost(dry->dry, &kernel, k));
      if (a->calls[k] != b->calls[k])
        fail_msg("iteration %u: %s: %llu calls dry, %llu real", i + 1, kernel.name, (unsigned long long)a->calls[k],
                 (unsigned long long)b->calls[k]);
    }
  }
}

/* Of all that there is but the public key, which a server has not. */
static void assert_same_peak(uint64_t dry, const training *t) {
  const double real = (double)(counted.most_taken - umbra_public_key_bytes(t->s.public));
  if (fabs((double)dry - real) > 0.05 * real)
    fail_msg("peak memory: %llu bytes dry, %.0f real", (unsigned long long)dry, real);
  print_message("peak memory: %.1f MiB dry, %.1f real\n", ldexp((double)dry, -20), ldexp(real, -20));
}

static void run_dry(diary *d, dry_training *t) {
  assert_ok(umbra_context_cost_begin(t->context));
  assert_ok(umbra_trainer_run(t->trainer, write_diary, d));
}

static void run_real(diary *d, const training *t) {
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = training_desc(t);
  desc.memory_budget = UINT64_MAX;
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  umbra_ring_accounts_begin(t->s.context->ring);
  counting_begin(t->s.context);
  assert_ok(umbra_trainer_run(trainer, write_diary, d));
  counting_end();
  umbra_trainer_destroy(trainer);
}

/* With exactly the keys that the plan names. Takes params and records over. */
static void hold_run(umbra_params *params, umbra_records *records, umbra_train_options options) {
  training t;
  assert_true(options.iterations <= MOST_ITERATIONS);
  training_open(&t, params, records, options, "cpu");
  dry_training d = dry_open(t.plan, UINT64_MAX, UMBRA_TARGET_GPU);
  diary dry = {.context = d.context, .dry = d.context}, real = {.context = t.s.context, .dry = d.context};
  run_dry(&dry, &d);
  run_real(&real, &t);
  assert_same_diary(&dry, &real);
  assert_same_peak(cost_of(&d).peak_bytes, &t);
  dry_close(&d);
  training_close(&t);
}

/* Takes the params over. */
static void hold_training(umbra_params *params, const shape *of) {
  umbra_sigmoid_options sigmoid;
  hold_run(params, random_records(of->rows, of->columns, of->rows), options_of(of, &sigmoid));
}

#endif
