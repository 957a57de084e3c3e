/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a plan: one refresh, run on a dry device. */
#include <umbra/cost.h>

#include "../../base/error.h"
#include "../../ckks/dry.h"
#include "bootstrap_plan.h"

typedef struct dry_run {
  umbra_context *context;
  umbra_evaluator *evaluator;
  umbra_bootstrapper *bootstrapper;
  umbra_ciphertext *x;
} dry_run;

static umbra_status open_run(dry_run *r, const umbra_bootstrap_plan *plan) {
  UMBRA_TRY(umbra_dry_open(&r->context, plan->params, plan->options.target));
  UMBRA_TRY(umbra_evaluator_create(&r->evaluator, r->context, NULL));
  UMBRA_TRY(umbra_bootstrapper_create(&r->bootstrapper, r->context, plan, NULL));
  return umbra_dry_ciphertext(&r->x, r->context, plan->report.input_level, plan->options.slots, plan->options.bound);
}

static void close_run(dry_run *r) {
  umbra_ciphertext_destroy(r->x);
  umbra_bootstrapper_destroy(r->bootstrapper);
  umbra_evaluator_destroy(r->evaluator);
  umbra_context_destroy(r->context);
}

static void report_cost(umbra_bootstrap_report *report, const umbra_cost *cost, uint64_t plain_bytes) {
  report->keys = cost->keys;
  report->key_bytes = cost->key_bytes;
  report->plain_bytes = plain_bytes;
  report->workspace_bytes = cost->peak_bytes - cost->key_bytes - plain_bytes;
  report->key_switches = cost->key_switches + cost->ephemeral_switches;
}

static umbra_status refresh(dry_run *r, umbra_bootstrap_plan *plan) {
  umbra_cost cost = {UMBRA_COST_INIT};
  UMBRA_TRY(umbra_context_cost_begin(r->context));
  UMBRA_TRY(umbra_bootstrap(r->evaluator, &r->x, r->x, r->bootstrapper));
  UMBRA_TRY(umbra_context_cost(r->context, &cost));
  report_cost(&plan->report, &cost, umbra_bootstrapper_bytes(r->bootstrapper));
  return umbra_context_needs(r->context, plan->needs);
}

umbra_status umbra_bootstrap_plan_run_dry(umbra_bootstrap_plan *plan) {
  dry_run r = {0};
  umbra_status status = open_run(&r, plan);
  if (status == UMBRA_OK) status = refresh(&r, plan);
  close_run(&r);
  return status;
}
