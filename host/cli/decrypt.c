/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "engine.h"
#include "passphrase.h"
#include "target.h"

typedef struct decrypt_options {
  const char *keys, *secret, *passphrase_file, *in, *out;
  bool json;
  cli_engine engine;
} decrypt_options;

typedef struct decrypt_job {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_matrix *matrix;
  umbra_table table;
} decrypt_job;

static umbra_status load_sealed(decrypt_job *j, const decrypt_options *o, const char *passphrase) {
  return umbra_secret_key_load(&j->secret, j->context, o->secret, passphrase);
}

static bool load_with_passphrase(decrypt_job *j, const decrypt_options *o) {
  char passphrase[CLI_PASSPHRASE];
  bool loaded =
      (o->passphrase_file ? cli_passphrase_read(passphrase, o->passphrase_file)
                          : cli_passphrase_ask(passphrase, "Passphrase of the secret key")) &&
      cli_check(load_sealed(j, o, passphrase), o->passphrase_file ? "--secret, --passphrase-file" : "--secret");
  explicit_bzero(passphrase, sizeof passphrase);
  return loaded;
}

/* Asks only if the key turns out to be sealed. */
static bool load_secret(decrypt_job *j, const decrypt_options *o, cli_report *report) {
  umbra_status status = o->passphrase_file ? UMBRA_ERROR_PASSPHRASE : load_sealed(j, o, NULL);
  if (status == UMBRA_ERROR_PASSPHRASE ? !load_with_passphrase(j, o) : !cli_check(status, "--secret")) return false;
  cli_report_step(report, "load secret key", o->secret);
  return true;
}

/* Scores are a column in the stride of the records; what was encrypted as one column has a stride of 2. */
static bool is_scores(const umbra_matrix *matrix) {
  return umbra_matrix_columns(matrix) == 1 && umbra_matrix_stride(matrix) > 2;
}

/* The polynomial is near the sigmoid, in [0, 1], as long as logits are in its range, and grows fast outside. */
static void judge_scores(const umbra_table *scores, cli_report *report) {
  static const char warning[] = "values lie outside what the computation allows: a record left --range, or was far "
                                "larger than the others; no value of the file can be trusted";
  for (size_t i = 0; i < scores->rows; i++) {
    if (scores->values[i] >= -1 && scores->values[i] <= 2) continue;
    cli_error("warning: %s", warning);
    cli_report_text(report, "warning", warning);
    return;
  }
}

static bool decrypt_table(decrypt_job *j, cli_report *report) {
  size_t rows = umbra_matrix_rows(j->matrix), columns = umbra_matrix_columns(j->matrix);
  j->table = (umbra_table){.rows = rows, .columns = columns, .values = calloc(rows, columns * sizeof(double))};
  if (!j->table.values) return cli_error("out of memory");
  if (!cli_check(umbra_matrix_decrypt(j->table.values, j->matrix, j->secret), "--in")) return false;
  cli_report_number(report, "rows", (double)rows);
  cli_report_number(report, "columns", (double)columns);
  if (is_scores(j->matrix)) judge_scores(&j->table, report);
  cli_report_step(report, "decrypt", NULL);
  return true;
}

static bool is_table_name(const char *path) {
  const char *ending = strrchr(path, '.');
  return (ending && (strcmp(ending, ".csv") == 0 || strcmp(ending, ".npy") == 0)) ||
         cli_error("--out: %s: the names of tables end in .csv or .npy", path);
}

static bool decrypt(decrypt_job *j, const decrypt_options *o, cli_report *report) {
  const char *inputs[] = {o->in, o->secret, o->passphrase_file};
  if (!is_table_name(o->out) || !cli_may_write("--out", o->out, NULL, inputs, 3) ||
      !cli_context_open_in(&j->context, o->keys, &o->engine, report) || !load_secret(j, o, report))
    return false;
  if (!cli_check(umbra_matrix_load(&j->matrix, j->context, o->in), "--in")) return false;
  cli_report_step(report, "load", o->in);
  if (!decrypt_table(j, report) || !cli_check(umbra_table_write(&j->table, o->out), "--out")) return false;
  cli_report_step(report, "write", o->out);
  return true;
}

static void clear(decrypt_job *j) {
  free(j->table.values);
  umbra_matrix_destroy(j->matrix);
  umbra_secret_key_destroy(j->secret);
  umbra_context_destroy(j->context);
}

static bool run(const cli_command *command, int argc, char **argv) {
  decrypt_options o = {0};
  const cli_option options[] = {{"keys", "DIR", "folder with " CLI_PARAMS_FILE, CLI_TEXT, &o.keys, CLI_REQUIRED},
                                {"secret", "FILE", "secret key", CLI_TEXT, &o.secret, CLI_REQUIRED},
                                {"passphrase-file", "FILE", "its first line opens the secret key (default: ask)",
                                 CLI_TEXT, &o.passphrase_file, CLI_OPTIONAL},
                                {"in", "FILE", "encrypted scores or records", CLI_TEXT, &o.in, CLI_REQUIRED},
                                {"out", "FILE", "table to write, .csv or .npy", CLI_TEXT, &o.out, CLI_REQUIRED},
                                CLI_ENGINE_OPTIONS(o.engine),
                                CLI_JSON_OPTION(o.json),
                                {0}};
  cli_parse(command, options, argc, argv);

  umask(0077); /* the table is for the owner of the key alone */
  decrypt_job job = {0};
  cli_report report = {0};
  bool done = cli_report_open(&report) && decrypt(&job, &o, &report);
  clear(&job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_decrypt = {
    .name = "decrypt",
    .summary = "Decrypts scores or records; for the owner of the secret key.",
    .details =
        "The values hold the raw error of the computation, which tells about the key: round them before you show\n"
        "them to others. A new table has mode 0600; an existing one keeps its mode.\n\n"
        "Example:\n"
        "  umbra decrypt --keys keys --secret secret/key.umbra --in scores.umbra --out scores.csv",
    .run = run};
