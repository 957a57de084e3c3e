/* SPDX-License-Identifier: Apache-2.0 */
/* Writing CSV. */
#include <locale.h>
#include <sodium.h>
#include <stdio.h>

#include "../base/error.h"
#include "storage.h"
#include "table_file.h"

umbra_status umbra_in_c_locale(umbra_status (*work)(void *), void *argument) {
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate a locale");
  locale_t before = uselocale(c);
  umbra_status status = work(argument);
  uselocale(before);
  freelocale(c);
  return status;
}

typedef struct csv_output {
  int file;
  const umbra_table *table;
  size_t used;
  char text[8192];
} csv_output;

static umbra_status flush(csv_output *out) {
  size_t used = out->used;
  out->used = 0;
  return umbra_storage_write(out->file, out->text, used);
}

static umbra_status write_text(void *argument) {
  enum { LONGEST_FIELD = 32 };
  csv_output *out = argument;
  const umbra_table *table = out->table;
  for (size_t i = 0; i < table->rows * table->columns; i++) {
    if (out->used > sizeof out->text - LONGEST_FIELD) UMBRA_TRY(flush(out));
    out->used += (size_t)snprintf(out->text + out->used, LONGEST_FIELD, "%.17g%c", table->values[i],
                                  (i + 1) % table->columns ? ',' : '\n');
  }
  return flush(out);
}

umbra_status umbra_csv_write(int file, const umbra_table *table) {
  csv_output out = {.file = file, .table = table};
  const umbra_status status = umbra_in_c_locale(write_text, &out);
  sodium_memzero(&out, sizeof out); /* decrypted values are written so, too */
  return status;
}
