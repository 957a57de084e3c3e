/* SPDX-License-Identifier: Apache-2.0 */
/* Replays files, or all files of a directory, through one fuzz target: past findings become tests, no fuzzer needed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    exit(1);
  }
  long size = ftell(file);
  rewind(file);
  uint8_t *data = size < 0 ? NULL : malloc(size ? (size_t)size : 1); /* exact size: a sanitizer sees every overrun */
  if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) {
    perror(path);
    exit(1);
  }
  fclose(file);
  LLVMFuzzerTestOneInput(data, (size_t)size);
  free(data);
  return 1;
}

static int replay(const char *path) {
  DIR *directory = opendir(path);
  if (!directory) return replay_file(path);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (entry->d_name[0] == '.') continue;
    char child[4096];
    snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
    count += replay_file(child);
  }
  closedir(directory);
  return count;
}

int main(int argc, char **argv) {
  LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
  int count = 0;
  for (int i = 1; i < argc; i++) count += replay(argv[i]);
  printf("%d inputs replayed\n", count);
  return count ? 0 : 1;
}
