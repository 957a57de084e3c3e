/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"

#include <string.h>

#include "output.h"
#include "progress.h"
#include "target.h"

static bool is_json(const char *path) {
  const char *ending = strrchr(path, '.');
  return ending && strcmp(ending, ".json") == 0;
}

bool cli_is_answers(const char *option, const char *path) {
  return is_json(path) || cli_has_table_name(path) ||
         cli_error("%s: %s: the names of answers end in .csv, .npy or .json", option, path);
}

/* ---- JSON ---- */

/* A list for each dimension from `dimension` on; *values are the next ones, and move on. */
static cJSON *to_list(const umbra_ndarray *answers, size_t dimension, const double **values) {
  if (dimension == answers->rank) return cJSON_CreateNumber(*(*values)++);
  cJSON *list = cJSON_CreateArray();
  for (size_t i = 0; i < answers->shape[dimension]; i++)
    cJSON_AddItemToArray(list, to_list(answers, dimension + 1, values));
  return list;
}

static bool write_json(const umbra_ndarray *answers, const char *option, const char *path) {
  const double *values = answers->values;
  cJSON *list = to_list(answers, 0, &values);
  char *text = cJSON_PrintUnformatted(list);
  cJSON_Delete(list);
  if (!text) return cli_error("out of memory");
  const bool written = cli_write_line(option, path, text);
  cJSON_free(text);
  return written;
}

bool cli_answers_write(const umbra_ndarray *answers, const char *option, const char *path) {
  if (!cli_goes_on()) return false;
  return is_json(path) ? write_json(answers, option, path) : cli_check(umbra_ndarray_write(answers, path), option);
}
