/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine.h"
#include "output.h"
#include "target.h"

static bool is_json(const char *path) {
  const char *ending = strrchr(path, '.');
  return ending && strcmp(ending, ".json") == 0;
}

bool cli_is_answers(const char *option, const char *path) { return is_json(path) || cli_is_table(option, path); }

/* ---- JSON ---- */

/* A list for each dimension from `dimension` on; *values are the next ones, and move on. */
static cJSON *to_list(const umbra_ndarray *answers, size_t dimension, const double **values) {
  if (dimension == answers->rank) return cJSON_CreateNumber(*(*values)++);
  cJSON *list = cJSON_CreateArray();
  for (size_t i = 0; i < answers->shape[dimension]; i++)
    cJSON_AddItemToArray(list, to_list(answers, dimension + 1, values));
  return list;
}

/* Written under another name first, so that the file is whole or absent. */
static bool write_text(const char *text, const char *path) {
  char draft[CLI_PATH];
  struct stat old;
  if (snprintf(draft, sizeof draft, "%s.%ld.draft", path, (long)getpid()) >= CLI_PATH) {
    errno = ENAMETOOLONG;
    return false;
  }
  FILE *file = fopen(draft, "wx");
  if (!file) return false;
  if (stat(path, &old) == 0) (void)fchmod(fileno(file), old.st_mode & 0777);
  bool written = fputs(text, file) >= 0 && fputc('\n', file) != EOF && fflush(file) == 0 && fsync(fileno(file)) == 0;
  written = fclose(file) == 0 && written && rename(draft, path) == 0;
  const int reason = errno;
  if (!written) unlink(draft);
  errno = reason;
  return written;
}

static bool write_json(const umbra_ndarray *answers, const char *option, const char *path) {
  const double *values = answers->values;
  cJSON *list = to_list(answers, 0, &values);
  char *text = cJSON_PrintUnformatted(list);
  cJSON_Delete(list);
  if (!text) return cli_error("out of memory");
  const bool written = write_text(text, path);
  cJSON_free(text);
  return written || cli_error("%s: %s: %s", option, path, strerror(errno));
}

bool cli_answers_write(const umbra_ndarray *answers, const char *option, const char *path) {
  return is_json(path) ? write_json(answers, option, path) : cli_check(umbra_ndarray_write(answers, path), option);
}
