/* SPDX-License-Identifier: Apache-2.0 */
#include "diagnosis.h"

#include <stdio.h>

static const char *const states[] = {"good", "note", "warning", "broken"};

cJSON *cli_find(cli_diagnosis *d, const char *name, cli_state state, const char *what, const char *advice) {
  cJSON *finding = cJSON_CreateObject();
  cJSON_AddStringToObject(finding, "name", name);
  cJSON_AddStringToObject(finding, "state", states[state]);
  cJSON_AddStringToObject(finding, "what", what);
  if (advice) cJSON_AddStringToObject(finding, "advice", advice);
  cJSON_AddItemToArray(d->findings, finding);
  d->warnings += state == CLI_WARNING;
  d->broken += state == CLI_BROKEN;
  return finding;
}

static const char *text_of(const cJSON *finding, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItem(finding, name));
}

void cli_diagnosis_print(const cli_diagnosis *d) {
  const cJSON *finding;
  cli_make_shown(d->findings);
  cJSON_ArrayForEach(finding, d->findings) {
    const char *advice = text_of(finding, "advice");
    printf("%-8s %-16s %s\n", text_of(finding, "state"), text_of(finding, "name"), text_of(finding, "what"));
    if (advice) printf("%-8s %-16s to do: %s\n", "", "", advice);
  }
}
