/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands.h"
#include "engine.h"

static void add_known(cJSON *facts, const char *name, double bytes) {
  if (bytes > 0) cJSON_AddNumberToObject(facts, name, bytes);
}

static cJSON *facts_of(const umbra_device_info *info) {
  char capability[32];
  cJSON *facts = cJSON_CreateObject();
  cJSON_AddStringToObject(facts, "name", info->name);
  cJSON_AddBoolToObject(facts, "usable", info->usable);
  cJSON_AddBoolToObject(facts, "gpu", info->gpu);
  if (*info->description) cJSON_AddStringToObject(facts, "description", info->description);
  if (!info->usable) cJSON_AddStringToObject(facts, "why_not", info->why_not);
  add_known(facts, "memory_bytes", (double)info->memory_bytes);
  add_known(facts, "free_bytes", (double)info->free_bytes);
  snprintf(capability, sizeof capability, "%u.%u", info->capability_major, info->capability_minor);
  if (info->capability_major) cJSON_AddStringToObject(facts, "compute_capability", capability);
  return facts;
}

static void print_device(const umbra_device_info *info) {
  char bytes[CLI_UNITS] = "";
  if (info->memory_bytes) cli_bytes_text(bytes, (double)info->memory_bytes);
  printf("%-10s %-11s %12s  %s", info->name, info->usable ? "usable" : "not usable", bytes, info->description);
  if (info->capability_major) printf(", compute capability %u.%u", info->capability_major, info->capability_minor);
  printf("%s%s\n", *info->description && *info->why_not ? ": " : "", info->why_not);
}

static bool run(const cli_command *command, int argc, char **argv) {
  bool json = false, done = true;
  const cli_option options[] = {CLI_JSON_OPTION(json), {0}};
  cli_parse(command, options, argc, argv);
  cJSON *root = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(root, "devices");
  const size_t count = umbra_device_count();
  for (size_t i = 0; i < count && done; i++) {
    umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
    done = cli_check(umbra_device_get(&info, i), NULL);
    if (done && json) cJSON_AddItemToArray(list, facts_of(&info));
    if (done && !json) print_device(&info);
  }
  if (done && json) return cli_print_json(root);
  cJSON_Delete(root);
  return done;
}

const cli_command cli_devices = {
    .name = "devices",
    .summary = "Lists the devices of this machine, and why some cannot be used.",
    .details =
        "Names are those that --device takes: backends of the processor, fastest first, and GPUs. --device cpu is\n"
        "the first that is usable here, cuda the first GPU, and auto that one if there is one, or else cpu.\n\n"
        "Example:\n"
        "  umbra devices --json",
    .run = run};
