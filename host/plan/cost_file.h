/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A measured table as a file of the user's cache folder: lines of text, times in whole attoseconds. Its first lines say
 * of what it is, its last one has a hash of all others; a file that says something else, or has any other form, is not
 * read.
 */
#ifndef UMBRA_PLAN_COST_FILE_H
#define UMBRA_PLAN_COST_FILE_H

#include "cost_table.h"

enum { UMBRA_COST_PATH = 1024 };

/* What a table is of: the same device, backend, version of the library and number of threads. */
typedef struct umbra_cost_subject {
  char device[128];
  const char *backend;
  uint32_t threads;
} umbra_cost_subject;

/* Where the file is. Errors: IO (no cache folder is known). */
umbra_status umbra_cost_file_path(char path[UMBRA_COST_PATH], const umbra_cost_subject *subject);

/* Errors: IO (there is none, among others), FORMAT, MISMATCH (it is of something else). */
umbra_status umbra_cost_file_read(umbra_cost_table *table, const umbra_cost_subject *subject);

/* Makes the folder. Errors: IO. */
umbra_status umbra_cost_file_write(const umbra_cost_table *table, const umbra_cost_subject *subject);

#endif
