/* SPDX-License-Identifier: Apache-2.0 */
#include "target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
#include "engine.h"
#include "output.h"
#include "progress.h"

/* As docs/file-format.md numbers them. */
static const char *const kinds[] = {
    "file of Umbra",
    CLI_KIND_PARAMS,
    CLI_KIND_SECRET_KEY,
    CLI_KIND_PUBLIC_KEY,
    CLI_KIND_EVAL_KEYS,
    "plaintext",
    CLI_KIND_CIPHERTEXT,
    CLI_KIND_MATRIX,
    CLI_KIND_LOGISTIC,
    CLI_KIND_PLAN,
    CLI_KIND_DATA,
    CLI_KIND_BLOCK,
    CLI_KIND_CHECKPOINT,
    [16] = CLI_KIND_MANIFEST,
    [19] = CLI_KIND_FEATURE_MAP,
    [20] = CLI_KIND_NETWORK_PLAN,
    CLI_KIND_NETWORK_WEIGHTS,
    CLI_KIND_RETIREMENT,
    CLI_KIND_SIGNING_KEY,
    CLI_KIND_SIGNER,
};

/* ---- opening ---- */

/* A regular file, or -1 and why not. Nothing else is waited for. */
static int open_regular(const char **why, const char *path, int how) {
  struct stat about;
  const int file = open(path, how | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
  if (file < 0) *why = errno == ELOOP && how & O_NOFOLLOW ? "a symbolic link; name what it leads to" : strerror(errno);
  if (file < 0) return -1;
  if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && (!(how & O_CREAT) || about.st_nlink == 1)) return file;
  *why = S_ISREG(about.st_mode) ? "a file with other names" : "not a regular file";
  close(file);
  return -1;
}

int cli_open_input(const char *option, const char *path) {
  const char *why;
  const int file = open_regular(&why, path, O_RDONLY);
  if (file < 0) cli_error("%s: %s: %s", option, path, why);
  return file;
}

int cli_open_output(const char *option, const char *path) {
  const char *why;
  const int file = open_regular(&why, path, O_RDWR | O_CREAT | O_NOFOLLOW);
  if (file < 0) cli_error("%s: %s: %s", option, path, why);
  return file;
}

size_t cli_read_head(void *head, size_t size, const char *path) {
  const char *why;
  const int file = open_regular(&why, path, O_RDONLY);
  if (file < 0) return 0;
  const ssize_t got = read(file, head, size);
  close(file);
  return got < 0 ? 0 : (size_t)got;
}

/* ---- what lies there ---- */

const char *cli_file_kind(const char *path, uint32_t *flags) {
  static const unsigned char magic[8] = {0xd5, 'U', 'M', 'B', 'R', 'A', '\r', '\n'};
  struct {
    unsigned char magic[sizeof magic];
    uint32_t version, kind, flags;
  } head = {0};
  if (cli_read_head(&head, sizeof head, path) < sizeof head || memcmp(head.magic, magic, sizeof magic) != 0)
    return NULL;
  if (flags) *flags = head.flags;
  const bool known = head.kind < sizeof kinds / sizeof *kinds && kinds[head.kind];
  return kinds[known ? head.kind : 0];
}

bool cli_is_kind(const char *path, const char *kind) {
  const char *is = cli_file_kind(path, NULL);
  return is && strcmp(is, kind) == 0;
}

bool cli_folder_find(char name[CLI_NAME], const char *folder, bool (*wanted)(const char *path, const void *user),
                     const void *user) {
  DIR *entries = opendir(folder);
  if (!entries) return false;
  bool found = false;
  for (const struct dirent *entry; !found && (entry = readdir(entries));) {
    char path[CLI_PATH];
    if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= CLI_PATH) continue;
    found = wanted(path, user);
    snprintf(name, CLI_NAME, "%s", entry->d_name);
  }
  closedir(entries);
  return found;
}

static bool has_kind(const char *path, const void *kind) { return cli_is_kind(path, kind); }

bool cli_folder_has(char name[CLI_NAME], const char *folder, const char *kind) {
  return cli_folder_find(name, folder, has_kind, kind);
}

bool cli_has_table_name(const char *path) {
  const char *ending = strrchr(path, '.');
  return ending && (strcmp(ending, ".csv") == 0 || strcmp(ending, ".npy") == 0);
}

bool cli_is_table(const char *option, const char *path) {
  return cli_has_table_name(path) || cli_error("%s: %s: the names of tables end in .csv or .npy", option, path);
}

bool cli_folder_of(const char *option, const char *path) {
  char copy[CLI_PATH];
  struct stat folder;
  if (snprintf(copy, sizeof copy, "%s", path) >= CLI_PATH) return cli_error("%s: the path is too long", option);
  const char *name = dirname(copy);
  if (stat(name, &folder) == 0 && !S_ISDIR(folder.st_mode)) errno = ENOTDIR;
  else if (access(name, W_OK | X_OK) == 0) return true;
  return cli_error("%s: %s cannot be written: folder %s: %s", option, path, name, strerror(errno));
}

bool cli_may_fill(const char *option, const char *folder) {
  struct stat about;
  if (stat(folder, &about) != 0)
    return errno == ENOENT ? cli_folder_of(option, folder) : cli_error("%s: %s: %s", option, folder, strerror(errno));
  if (!S_ISDIR(about.st_mode)) return cli_error("%s: %s is not a folder", option, folder);
  return access(folder, W_OK | X_OK) == 0 || cli_error("%s: %s: %s", option, folder, strerror(errno));
}

uint64_t cli_folder_bytes(const char *folder) {
  uint64_t bytes = 0;
  DIR *entries = opendir(folder);
  for (const struct dirent *entry; entries && (entry = readdir(entries));) {
    char path[CLI_PATH];
    struct stat about;
    if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < CLI_PATH && stat(path, &about) == 0 &&
        S_ISREG(about.st_mode))
      bytes += (uint64_t)about.st_size;
  }
  if (entries) closedir(entries);
  return bytes;
}

static bool is_input(const struct stat *target, const char *input) {
  struct stat file;
  return input && stat(input, &file) == 0 && file.st_dev == target->st_dev && file.st_ino == target->st_ino;
}

bool cli_may_replace(const char *option, const char *path, const char *kind, const char *const *inputs, int count) {
  struct stat target, led;
  if (!cli_folder_of(option, path)) return false;
  if (lstat(path, &target) != 0) return true;
  if (stat(path, &led) != 0) led = target;
  for (int i = 0; i < count; i++)
    if (is_input(&led, inputs[i]))
      return cli_error("%s: %s is an input of this command and will not be replaced", option, path);
  if (S_ISLNK(target.st_mode)) return cli_error("%s: %s is a symbolic link; name what it leads to", option, path);
  if (!S_ISREG(target.st_mode)) return cli_error("%s: %s is not a regular file", option, path);
  const char *old = cli_file_kind(path, NULL);
  return !old || (kind && strcmp(old, kind) == 0) ||
         cli_error("%s: %s (%s) will not be replaced by a file of another kind", option, path, old);
}

bool cli_may_write(const char *option, const char *path, const char *kind, const char *const *inputs, int count) {
  return cli_may_replace(option, path, kind, inputs, count) && cli_claim_file(option, path);
}

static bool write_text(const char *path, const char *text) {
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

bool cli_write_line(const char *option, const char *path, const char *text) {
  return cli_goes_on() && (write_text(path, text) || cli_error("%s: %s: %s", option, path, strerror(errno)));
}

bool cli_write_printed(const char *option, const char *path, cli_put *put, const void *of) {
  char *text = NULL;
  size_t size = 0;
  FILE *file = open_memstream(&text, &size);
  if (!file) return cli_error("out of memory");
  bool done = put(file, of);
  done = fclose(file) == 0 && done;
  done = done ? cli_write_line(option, path, text) : cli_error("out of memory");
  free(text);
  return done;
}
