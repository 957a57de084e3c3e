/* SPDX-License-Identifier: Apache-2.0 */
#include "visible.h"

#include <stdio.h>

static void tell(const cli_visible *fact, const char *data, cJSON *list, bool json) {
  char given[128];
  snprintf(given, sizeof given, "given, or a default: tells nothing of %s", data);
  const char *from = fact->found ? fact->from : given;
  cJSON *item = cJSON_CreateObject();
  cJSON_AddStringToObject(item, "what", fact->name);
  cJSON_AddNumberToObject(item, "value", fact->value);
  cJSON_AddBoolToObject(item, "found", fact->found);
  cJSON_AddStringToObject(item, "from", from);
  cJSON_AddItemToArray(list, item);
  if (!json) printf("  %-18s %g: %s\n", fact->name, fact->value, from);
}

void cli_visible_tell(const cli_visible *facts, size_t count, const char *data, bool json, cli_report *report) {
  cJSON *list = cli_report_list(report, "visible");
  if (!json) printf("What others see in the plan\n");
  for (size_t i = 0; i < count; i++) tell(&facts[i], data, list, json);
}
