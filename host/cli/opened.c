/* SPDX-License-Identifier: Apache-2.0 */
#include "opened.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <libgen.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine.h"
#include "target.h"

/* Folders with these are made to be copied. */
static const char *const given_away[] = {CLI_KIND_PUBLIC_KEY, CLI_KIND_EVAL_KEYS, CLI_KIND_DATA, CLI_KIND_CHECKPOINT,
                                         CLI_KIND_SIGNER};

bool cli_opened_lies_apart(const char *option, const char *path) {
  char copy[CLI_PATH], name[CLI_NAME];
  if (snprintf(copy, sizeof copy, "%s", path) >= CLI_PATH) return cli_error("%s: the path is too long", option);
  const char *folder = dirname(copy);
  for (size_t i = 0; i < sizeof given_away / sizeof *given_away; i++)
    if (cli_folder_has(name, folder, given_away[i]))
      return cli_error("%s: decrypted values and what is given away need separate folders, and %s holds a file of the "
                       "kind \"%s\", %s",
                       option, folder, given_away[i], name);
  return true;
}

static bool is_opened(const char *path, const void *user) {
  static const char *const endings[] = {".csv", ".npy", ".json", ".onnx", ".html", ".safetensors"};
  struct stat about;
  const char *ending = strrchr(path, '.');
  (void)user;
  if (!ending || lstat(path, &about) != 0 || !S_ISREG(about.st_mode) || about.st_mode & 0077) return false;
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
    if (strcmp(ending, endings[i]) == 0) return true;
  return false;
}

bool cli_opened_lacks(const char *option, const char *folder) {
  char name[CLI_NAME];
  return !cli_folder_find(name, folder, is_opened, NULL) ||
         cli_error(
             "%s: decrypted values and what is given away need separate folders, and %s holds %s, which nobody but "
             "its owner may read (mode 0600); move it, or let others read it if it is given away, too",
             option, folder, name);
}

bool cli_opened_prepare(const char *option, const char *path) {
  if (!cli_opened_lies_apart(option, path)) return false;
  umask(0077);
  return chmod(path, 0600) == 0 || errno == ENOENT || cli_error("%s: %s: %s", option, path, strerror(errno));
}

/* ---- memory ---- */

void cli_opened_free(void *values, size_t bytes) {
  if (values) explicit_bzero(values, bytes);
  free(values);
}

static void wipe_and_free(void *memory) { cli_opened_free(memory, malloc_usable_size(memory)); }

void cli_opened_wipe_json(void) { cJSON_InitHooks(&(cJSON_Hooks){malloc, wipe_and_free}); }
