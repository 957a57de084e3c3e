/* SPDX-License-Identifier: Apache-2.0 */
#include "train_inputs.h"

#include "owners.h"

bool cli_train_inputs_plan(cli_train_inputs *in, cli_report *report) {
  char path[CLI_PATH];
  umbra_train_options_init(&in->planned);
  umbra_train_report_init(&in->needed);
  if (!cli_path(path, in->data, CLI_PLAN_FILE) || !cli_plan_load(&in->plan, "--data", path) ||
      !cli_check(umbra_train_plan_report(in->plan, &in->needed), NULL) ||
      !cli_check(umbra_train_plan_options(in->plan, &in->planned), NULL))
    return false;
  cli_report_step(report, "load plan", path);
  return true;
}

static bool owners_agree(const cli_train_inputs *in) {
  const cli_owned files[] = {{"--keys", in->keys, CLI_EVAL_KEYS_FILE}, {"--data", in->data, CLI_DATA_FILE}};
  return cli_owners_agree(files, 2);
}

static bool keys_suffice(cli_train_inputs *in) {
  const umbra_params *params = umbra_train_plan_params(in->plan);
  return cli_check(umbra_key_needs_create(&in->needs, params), NULL) &&
         cli_check(umbra_train_plan_needs(in->plan, in->needs), NULL) &&
         cli_eval_keys_cover("--keys", in->keys, in->needs, params);
}

bool cli_train_inputs_context(cli_train_inputs *in, const cli_engine *engine, uint64_t memory, cli_report *report) {
  cli_engine limited = *engine;
  limited.memory_limit = in->needed.memory_limit + memory;
  return owners_agree(in) && cli_context_open_in(&in->context, in->keys, &limited, report) && keys_suffice(in);
}

bool cli_train_inputs_keys(cli_train_inputs *in, cli_report *report) {
  return cli_eval_keys_load(&in->evaluation, in->context, in->keys, in->needs, report);
}

void cli_train_inputs_clear(cli_train_inputs *in) {
  umbra_eval_keys_destroy(in->evaluation);
  umbra_context_destroy(in->context);
  umbra_key_needs_destroy(in->needs);
  umbra_train_plan_destroy(in->plan);
}
