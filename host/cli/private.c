/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>

#define MODE                                                                                                          \
  "once, on the last model; neighbours differ in one record that is replaced; a record is in one batch of an epoch; " \
  "no amplification by sampling"

const char *cli_private_mode(const umbra_privacy *promise) {
  return promise->shares > 1 ? "Gaussian noise by whoever trains and by the owner, each enough, " MODE
                             : "Gaussian noise by the owner, " MODE;
}

static bool find_options(umbra_train_options *planned, const umbra_train_plan *plan) {
  umbra_train_options_init(planned);
  return cli_check(umbra_train_plan_options(plan, planned), NULL);
}

bool cli_is_private(const umbra_train_plan *plan) {
  umbra_train_options planned;
  return plan && find_options(&planned, plan) && planned.privacy;
}

bool cli_has_share(const umbra_train_options *planned) {
  return planned->privacy && planned->privacy->noise_by == UMBRA_NOISE_BY_BOTH;
}

bool cli_private_limit(umbra_records **records, const char *option, const umbra_train_plan *plan) {
  umbra_train_options planned;
  umbra_records *limited = NULL;
  if (!plan) return true;
  if (!find_options(&planned, plan)) return false;
  if (!planned.privacy) return true;
  if (!cli_check(umbra_records_limit(&limited, *records, planned.privacy->norm, planned.privacy->label_limit), option))
    return false;
  umbra_records_destroy(*records);
  *records = limited;
  return true;
}

void cli_private_facts(cJSON *json, const umbra_privacy *promise) {
  cJSON_AddNumberToObject(json, "epsilon", promise->epsilon);
  cJSON_AddNumberToObject(json, "delta", promise->delta);
  cJSON_AddNumberToObject(json, "sensitivity", promise->sensitivity);
  cJSON_AddNumberToObject(json, "error", promise->error);
  cJSON_AddNumberToObject(json, "noise", promise->noise);
  cJSON_AddNumberToObject(json, "shares", promise->shares);
  cJSON_AddStringToObject(json, "mode", cli_private_mode(promise));
}

char *cli_private_line(const umbra_privacy *promise) {
  static const char form[] = "private: epsilon %.9g, delta %.9g (%s); noise of deviation %.6g on each weight";
  const char *mode = cli_private_mode(promise);
  const int length = snprintf(NULL, 0, form, promise->epsilon, promise->delta, mode, promise->noise);
  char *line = malloc((size_t)length + 1);
  if (line) snprintf(line, (size_t)length + 1, form, promise->epsilon, promise->delta, mode, promise->noise);
  else cli_error("out of memory");
  return line;
}
