/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a folder. */
#ifndef UMBRA_TESTS_FOLDER_H
#define UMBRA_TESTS_FOLDER_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Names that begin with a point do not count. */
static inline size_t count_files(const char *folder) {
  size_t count = 0;
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) count += e->d_name[0] != '.';
  closedir(d);
  return count;
}

#endif
