/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "engine.h"
#include "progress.h"
#include "quick.h"

/* Calls of an operation: those that fit into some time. */
enum { LEAST_CALLS = 2, MOST_CALLS = 64 };
static const double measuring_seconds = 0.25, largest_error = 1e-3;

double cli_quick_value(size_t i) {
  const double turns = (double)(i + 1) * 0.61803398874989485;
  return 2 * (turns - floor(turns)) - 1;
}

bool cli_quick_open(cli_quick_home *home, const char *preset, const cli_quick_options *o) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .device = o->device, .threads = o->threads};
  if (!cli_params_open(&home->params, preset, NULL)) return false;
  desc.params = home->params;
  return cli_check(umbra_context_create(&home->context, &desc), "--device") &&
         cli_check(umbra_secret_key_generate(&home->secret, home->context), NULL) &&
         cli_check(umbra_public_key_generate(&home->public, home->secret), NULL) &&
         cli_check(umbra_key_needs_create(&home->needs, home->params), NULL);
}

bool cli_quick_equip(cli_quick_home *home) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "keys");
  return cli_progress_check(&bar, umbra_eval_keys_generate(&home->keys, home->secret, home->needs, &progress), NULL) &&
         cli_check(umbra_evaluator_create(&home->evaluator, home->context, home->keys), NULL);
}

void cli_quick_close(cli_quick_home *home) {
  umbra_evaluator_destroy(home->evaluator);
  umbra_eval_keys_destroy(home->keys);
  umbra_key_needs_destroy(home->needs);
  umbra_public_key_destroy(home->public);
  umbra_secret_key_destroy(home->secret);
  umbra_context_destroy(home->context);
  umbra_params_destroy(home->params);
}

static umbra_status time_call(double *seconds, const cli_quick_operation *operation, void *set,
                              umbra_evaluator *evaluator) {
  const double started = cli_seconds();
  umbra_status status = operation->run(set);
  if (status == UMBRA_OK) status = umbra_evaluator_wait(evaluator);
  *seconds = (cli_seconds() - started) / operation->parts;
  return status;
}

/* After one call that makes what is kept. */
static umbra_status time_calls(cli_quick_result *result, const cli_quick_operation *operation, void *set,
                               umbra_evaluator *evaluator) {
  double seconds, total = 0;
  umbra_status status = time_call(&seconds, operation, set, evaluator);
  result->seconds = INFINITY;
  while (status == UMBRA_OK && result->calls < MOST_CALLS &&
         (result->calls < LEAST_CALLS || total < measuring_seconds)) {
    status = time_call(&seconds, operation, set, evaluator);
    total += seconds;
    result->seconds = fmin(result->seconds, seconds);
    result->calls++;
  }
  return status;
}

static bool measure(cli_quick_result *result, const cli_quick_operation *operation, void *set, cli_quick_home *home) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, cli_quick_names[operation->number].name);
  umbra_evaluator_watch(home->evaluator, &progress);
  const umbra_status status = time_calls(result, operation, set, home->evaluator);
  umbra_evaluator_watch(home->evaluator, NULL);
  return cli_progress_check(&bar, status, NULL) &&
         cli_check(operation->judge(set, operation->number, &result->error), NULL) &&
         (result->error <= largest_error ||
          cli_error("%s: the result is wrong by %g", cli_quick_names[operation->number].name, result->error));
}

bool cli_quick_measure(cli_quick_result *results, const cli_quick_operation *operations, size_t count, void *set,
                       cli_quick_home *home) {
  for (size_t i = 0; i < count; i++)
    if (!cli_goes_on() || !measure(&results[operations[i].number], &operations[i], set, home)) return false;
  return true;
}
