/* SPDX-License-Identifier: Apache-2.0 */
#include "owners.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

/* By the header, which is all that is read. */
static bool find_owner(uint8_t owner[UMBRA_OWNER_BYTES], const char *path) {
  static const uint8_t nobody[UMBRA_OWNER_BYTES];
  uint8_t header[UMBRA_HEADER_BYTES];
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* in a pipe there is nothing to wait for */
  if (file < 0) return false;
  const ssize_t got = read(file, header, sizeof header);
  close(file);
  if (got < 0 || umbra_buffer_inspect(&info, header, (size_t)got) != UMBRA_OK) return false;
  memcpy(owner, info.owner, UMBRA_OWNER_BYTES);
  return memcmp(owner, nobody, sizeof nobody) != 0;
}

static bool path_of(char path[CLI_PATH], const cli_owned *file) {
  const int length = file->folder ? snprintf(path, CLI_PATH, "%s/%s", file->folder, file->file)
                                  : snprintf(path, CLI_PATH, "%s", file->file);
  return length >= 0 && length < CLI_PATH;
}

bool cli_owners_agree(const cli_owned *files, int count) {
  uint8_t owner[UMBRA_OWNER_BYTES], found[UMBRA_OWNER_BYTES];
  char first[CLI_PATH], path[CLI_PATH];
  bool known = false;
  for (int i = 0; i < count; i++) {
    if (!files[i].file || !path_of(path, &files[i]) || !find_owner(found, path)) continue;
    if (known && memcmp(owner, found, sizeof owner) != 0)
      return cli_error("%s: %s is of another owner than %s", files[i].option, path, first);
    if (known) continue;
    memcpy(owner, found, sizeof owner);
    memcpy(first, path, sizeof first);
    known = true;
  }
  return true;
}

bool cli_same_owner(const char *path, const char *other) {
  uint8_t owner[UMBRA_OWNER_BYTES], found[UMBRA_OWNER_BYTES];
  return !find_owner(owner, path) || !find_owner(found, other) || memcmp(owner, found, sizeof owner) == 0;
}
