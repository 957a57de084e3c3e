/* SPDX-License-Identifier: Apache-2.0 */
/* Decrypted weights as tables, which say of which training they are. */
#include <math.h>

#include "../base/error.h"
#include "../io/remarks.h"
#include "../io/storage.h"
#include "../io/table_file.h"
#include "plan.h"

static const char training_mark[] = "# umbra training ";

/* ---- writing ---- */

typedef struct writing {
  const umbra_table *table;
  const uint8_t *training;
  const char *remark;
} writing;

static umbra_status write_weights(int file, void *argument) {
  const writing *w = argument;
  UMBRA_TRY(umbra_remark_write_bytes(file, training_mark, w->training, UMBRA_DIGEST_BYTES));
  if (w->remark) UMBRA_TRY(umbra_remark_write(file, "# ", w->remark));
  return umbra_csv_write(file, w->table);
}

static umbra_status check_weights(const umbra_table *t) {
  for (size_t i = 0; i < t->rows * t->columns; i++)
    if (!isfinite(t->values[i])) return umbra_fail(UMBRA_ERROR_RANGE, "weight %zu is not finite", i + 1);
  return UMBRA_OK;
}

umbra_status umbra_layer_save(const umbra_table *layer, const uint8_t *training, const char *remark, const char *path) {
  if (!layer || !layer->values || !layer->rows || !layer->columns || !path)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "saving weights needs some, and a path");
  writing w = {layer, training, remark};
  if (!training || !umbra_path_keeps_remarks(path)) return umbra_table_write_remarked(layer, remark, path);
  UMBRA_TRY(check_weights(layer));
  return umbra_storage_replace(path, 0, write_weights, &w);
}

umbra_status umbra_weights_save_remarked(const double *weights, size_t columns, const uint8_t *training,
                                         const char *remark, const char *path) {
  const umbra_table row = {columns ? 1 : 0, columns + 1, (double *)weights};
  return umbra_layer_save(&row, training, remark, path);
}

umbra_status umbra_weights_save(const double *weights, size_t columns, const uint8_t *training, const char *path) {
  return umbra_weights_save_remarked(weights, columns, training, NULL, path);
}

/* ---- reading ---- */

typedef struct reading {
  int known;
  uint8_t training[UMBRA_DIGEST_BYTES];
} reading;

static umbra_status take_line(void *user, const char *line) {
  reading *r = user;
  const char *text = umbra_remark_text(line, training_mark);
  if (!text) return UMBRA_OK;
  r->known = 1;
  return umbra_remark_bytes(r->training, sizeof r->training, text);
}

static umbra_status check_row(const umbra_table *table, const char *path) {
  if ((table->rows == 1 || table->columns == 1) && table->rows * table->columns >= 2) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT,
                    "%zu rows of %zu values, where one row or one column of weights, with the bias as its last value, "
                    "is expected (in %s)",
                    table->rows, table->columns, path);
}

static umbra_status load(umbra_table *weights, int *known, uint8_t training[UMBRA_DIGEST_BYTES], const char *path,
                         umbra_status (*check)(const umbra_table *table, const char *path)) {
  reading r = {0};
  umbra_table table = {0};
  if (!weights || !known || !training || !path)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "loading weights needs outputs and a path");
  UMBRA_TRY(umbra_table_read(&table, path));
  umbra_status status = umbra_remarks_read(path, take_line, &r);
  if (status == UMBRA_OK && check) status = check(&table, path);
  if (status != UMBRA_OK) {
    umbra_table_clear(&table);
    return status;
  }
  umbra_table_clear(weights);
  *weights = table;
  *known = r.known;
  for (size_t i = 0; i < sizeof r.training; i++) training[i] = r.training[i];
  return UMBRA_OK;
}

umbra_status umbra_weights_load(umbra_table *weights, int *known, uint8_t training[UMBRA_DIGEST_BYTES],
                                const char *path) {
  return load(weights, known, training, path, check_row);
}

umbra_status umbra_layer_load(umbra_table *layer, int *known, uint8_t training[UMBRA_DIGEST_BYTES], const char *path) {
  return load(layer, known, training, path, NULL);
}
