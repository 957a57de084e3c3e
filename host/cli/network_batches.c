/* SPDX-License-Identifier: Apache-2.0 */
#include "network_batches.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target.h"

static bool add(cli_batches *b, const char *in, const char *out, const char *name) {
  cli_batch *batch = &b->batch[b->count];
  if (!cli_path(batch->in, in, name) || !cli_path(batch->out, out, name)) return false;
  b->count += cli_is_kind(batch->in, CLI_KIND_MATRIX);
  return true;
}

static bool add_all(cli_batches *b, const char *in, const char *out, struct dirent **names, int count) {
  b->batch = calloc((size_t)count, sizeof *b->batch);
  if (!b->batch) return cli_error("out of memory");
  for (int i = 0; i < count; i++)
    if (!add(b, in, out, names[i]->d_name)) return false;
  return b->count || cli_error("--in: folder %s holds no encrypted records", in);
}

static bool find_in_folder(cli_batches *b, const char *in, const char *out) {
  struct dirent **names;
  const int count = scandir(in, &names, NULL, alphasort);
  if (count < 0) return cli_error("--in: %s: %s", in, strerror(errno));
  const bool found = add_all(b, in, out, names, count);
  for (int i = 0; i < count; i++) free(names[i]);
  free(names);
  return found && cli_may_fill("--out", out) &&
         (mkdir(out, 0777) == 0 || errno == EEXIST || cli_error("--out: %s: %s", out, strerror(errno)));
}

static bool is_folder(const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool take_file(cli_batches *b, const char *in, const char *out) {
  if (is_folder(out))
    return cli_error("--out: %s is a folder, and --in is one batch, %s: name a file in that folder", out, in);
  b->batch = calloc(1, sizeof *b->batch);
  if (!b->batch) return cli_error("out of memory");
  b->count = 1;
  return (snprintf(b->batch->in, CLI_PATH, "%s", in) < CLI_PATH &&
          snprintf(b->batch->out, CLI_PATH, "%s", out) < CLI_PATH) ||
         cli_error("--in, --out: a path is too long");
}

bool cli_batches_find(cli_batches *b, const char *in, const char *out) {
  if (access(in, F_OK) != 0) return cli_error("--in: %s: %s", in, strerror(errno));
  b->folder = is_folder(in);
  return b->folder ? find_in_folder(b, in, out) : take_file(b, in, out);
}

void cli_batches_clear(cli_batches *b) {
  free(b->batch);
  *b = (cli_batches){0};
}
