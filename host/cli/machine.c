/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE = 512 };

umbra_device_info cli_processor(void) {
  umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
  for (size_t i = 0; i < umbra_device_count(); i++)
    if (umbra_device_get(&info, i) == UMBRA_OK && info.usable && !info.gpu) break;
  return info;
}

const char *cli_machine_of(const cli_engine *engine) {
  return engine->device && strcmp(engine->device, "auto") != 0 ? engine->device : "cpu";
}

static bool may_measure(void) {
  const char *wanted = getenv("UMBRA_CALIBRATE");
  return !wanted || strcmp(wanted, "0") != 0;
}

/* What no file keeps still serves this command. */
static void tell(bool kept, double seconds, cli_report *report) {
  char text[SENTENCE], taken[CLI_UNITS];
  snprintf(text, sizeof text, "this machine, in %s: it had not been; umbra bench --calibrate does so again",
           cli_duration_text(taken, seconds));
  cli_report_text(report, "calibrated", text);
  if (kept) return;
  snprintf(text, sizeof text, "what was measured of this machine is not kept, so every command measures again: %s",
           umbra_last_error());
  cli_report_warning(report, text);
}

/* Other machines, which the library has tables of, are not measured here. */
static bool measure(const char *machine, uint32_t threads, cli_report *report) {
  const double started = cli_seconds();
  const umbra_status status = umbra_calibrate(machine, threads);
  if (status == UMBRA_ERROR_UNSUPPORTED) return true;
  if (status != UMBRA_OK && status != UMBRA_ERROR_IO) return cli_check(status, NULL);
  tell(status == UMBRA_OK, cli_seconds() - started, report);
  return true;
}

static bool take(const umbra_context *dry, const char *machine) {
  return cli_check(umbra_context_cost_machine(dry, machine), "--device, --machine");
}

bool cli_machine_know(const umbra_context *dry, const char *machine, uint32_t threads, cli_report *report) {
  umbra_cost cost = {UMBRA_COST_INIT};
  if (!take(dry, machine) || !cli_check(umbra_context_cost(dry, &cost), NULL)) return false;
  return cost.measured || !may_measure() || (measure(machine, threads, report) && take(dry, machine));
}

bool cli_machine_find(const umbra_params *params, const char *machine, cli_report *report) {
  umbra_context *dry = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry"};
  const bool found = cli_check(umbra_context_create(&dry, &desc), NULL) && cli_machine_know(dry, machine, 0, report);
  umbra_context_destroy(dry);
  return found;
}
