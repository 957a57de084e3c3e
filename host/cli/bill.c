/* SPDX-License-Identifier: Apache-2.0 */
#include "bill.h"

#include <stdio.h>

static const double hour = 3600;

typedef struct bill_line {
  const char *name;
  double rate; /* of a second; 0: not asked for */
} bill_line;

static void tell_line(const bill_line *line, double seconds, double parts, const char *part, cJSON *facts, bool json) {
  char all[CLI_UNITS], each[CLI_UNITS], name[CLI_UNITS];
  const double amount = seconds * line->rate;
  snprintf(name, sizeof name, "%s_per_%s", line->name, part);
  cJSON_AddNumberToObject(facts, line->name, amount);
  cJSON_AddNumberToObject(facts, name, amount / parts);
  if (!json)
    printf("  %-18s %s in all, %s per %s\n", line->name, cli_number_text(all, amount, 3),
           cli_number_text(each, amount / parts, 3), part);
}

void cli_bill_tell(const cli_bill *bill, double seconds, double parts, const char *part, cli_report *report,
                   bool json) {
  const bill_line lines[] = {{"price", bill->price / hour}, {"joules", bill->watts}};
  if (!(bill->price > 0) && !(bill->watts > 0)) return;
  cJSON *facts = cJSON_AddObjectToObject(report->root, "bill");
  cJSON_AddNumberToObject(facts, "seconds", seconds);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (lines[i].rate > 0) tell_line(&lines[i], seconds, parts, part, facts, json);
}
