/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a folder. */
#ifndef UMBRA_TESTS_FOLDER_H
#define UMBRA_TESTS_FOLDER_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Lasts until the 64th call after this one. */
static inline const char *path_in(const char *folder, const char *name) {
  static char path[64][640];
  static int next;
  char *made = path[next++ % 64];
  snprintf(made, sizeof path[0], "%s/%s", folder, name);
  return made;
}

/* Of files; names that begin with a point stay, so that rmdir finds what was left. */
static inline void empty_folder(const char *folder) {
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));)
    if (e->d_name[0] != '.') remove(path_in(folder, e->d_name));
  closedir(d);
}

/* Names that begin with a point do not count. */
static inline size_t count_files(const char *folder) {
  size_t count = 0;
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) count += e->d_name[0] != '.';
  closedir(d);
  return count;
}

/* Whether files of one name in both folders are alike; least: how many there must be. */
static inline int folders_are_alike(const char *a, const char *b, size_t least,
                                    int (*alike)(const char *left, const char *right)) {
  int same = 1;
  size_t count = 0;
  DIR *d = opendir(a);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    char left[512], right[512];
    if (e->d_name[0] == '.') continue;
    snprintf(left, sizeof left, "%s/%s", a, e->d_name);
    snprintf(right, sizeof right, "%s/%s", b, e->d_name);
    same = alike(left, right) && same;
    count++;
  }
  closedir(d);
  assert_true(count >= least);
  return same;
}

#endif
