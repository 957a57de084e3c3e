/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <umbra/version.h>

#include "commands.h"
#include "diagnosis.h"
#include "engine.h"

static void print_verdict(const cli_diagnosis *d) {
  if (d->broken) printf("Umbra cannot be relied on here: see what is broken above.\n");
  else if (d->warnings) printf("Umbra works here; warnings: %zu.\n", d->warnings);
  else printf("Umbra works here.\n");
}

static void examine(cli_diagnosis *d) {
  cJSON_AddStringToObject(d->root, "command", "doctor");
  cJSON_AddStringToObject(d->root, "version", umbra_version());
  d->findings = cJSON_AddArrayToObject(d->root, "findings");
  cli_find_system(d); /* first: opening GPUs changes what is free */
  cli_find_devices(d);
  cli_find_calibration(d);
  cJSON_AddBoolToObject(d->root, "usable", !d->broken);
}

static bool run(const cli_command *command, int argc, char **argv) {
  bool json = false;
  const cli_option options[] = {CLI_JSON_OPTION(json), {0}};
  cli_parse(command, options, argc, argv);
  cli_diagnosis d = {.root = cJSON_CreateObject()};
  examine(&d);
  const bool usable = !d.broken;
  if (json) {
    cli_errors_as_json(false); /* the object says what is broken */
    return cli_print_json(d.root) && usable;
  }
  printf("umbra %s\n", umbra_version());
  cli_diagnosis_print(&d);
  print_verdict(&d);
  cJSON_Delete(d.root);
  return usable;
}

const cli_command cli_doctor = {
    .name = "doctor",
    .summary = "Looks at this machine, and says what Umbra lacks here and what to do.",
    .details =
        "Every device that can be used encrypts, squares and decrypts a number. What is \"broken\" makes Umbra\n"
        "unusable, and the exit code 1; a \"warning\" is about speed or safety, a \"note\" about what few need.\n"
        "Nothing is written or sent, and nothing is measured: that is umbra bench.\n\n"
        "Examples:\n"
        "  umbra doctor\n"
        "  umbra doctor --json",
    .run = run};
