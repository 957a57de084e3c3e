/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for the files that a fuzz target reads; it goes when the program ends. */
#ifndef UMBRA_TESTS_FUZZ_SCRATCH_H
#define UMBRA_TESTS_FUZZ_SCRATCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[64];
static char scratch_file[128];

static inline void remove_scratch(void) {
  remove(scratch_file);
  rmdir(scratch_folder);
}

/* Writes the bytes as the one file of the folder, and returns its path. */
static inline const char *scratch(const char *name, const uint8_t *bytes, size_t size) {
  if (!*scratch_folder) {
    strcpy(scratch_folder, "/tmp/umbra-fuzz-XXXXXX");
    if (!mkdtemp(scratch_folder)) abort();
    atexit(remove_scratch);
  } else {
    remove(scratch_file);
  }
  snprintf(scratch_file, sizeof scratch_file, "%s/%s", scratch_folder, name);
  FILE *file = fopen(scratch_file, "wb");
  if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
  return scratch_file;
}

#endif
