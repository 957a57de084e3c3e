/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "commands.h"
#include "encrypt_data.h"
#include "estimate.h"
#include "excess.h"
#include "network.h"
#include "progress.h"
#include "sigmoid.h"
#include "target.h"

typedef struct encrypt_options {
  const char *keys, *records, *model, *out;
  cli_data_options data;       /* data.data: NULL if records or a model are encrypted */
  cli_network_options network; /* plan NULL: DATA is for a training */
  cli_secret secret;
  uint32_t degree;
  double range, bound;
  bool weights, drop_last, no_estimate, json;
  cli_engine engine;
} encrypt_options;

typedef struct encrypt_job {
  umbra_table table;
  umbra_scaling *scaling; /* of records, and of those that a model was trained with; NULL: none */
  cli_training training;  /* that it, or the model's file, is of */
  umbra_context *context;
  umbra_public_key *key;
  umbra_secret_key *secret; /* one of the two */
  umbra_matrix *matrix;
  umbra_logistic *model;
} encrypt_job;

/* ---- the table ---- */

/* As the table of the training was read, if the scaling says how; else numbers only. */
static bool read_records(encrypt_job *j, const encrypt_options *o, cli_report *report) {
  umbra_table_options how = cli_table_take(&o->data.table, report);
  const umbra_schema *schema = cli_schema_of(j->scaling);
  if (o->drop_last && !schema) how.without = "-1";
  return cli_check(schema ? umbra_schema_read_features(schema, &j->table, o->records, &how)
                          : umbra_table_read_with(&j->table, o->records, &how),
                   "--records");
}

/* Records are scaled as those that a model was trained by. */
static bool scale_records(encrypt_job *j, const encrypt_options *o, cli_report *report) {
  const umbra_table *t = &j->table;
  return !j->scaling ||
         (cli_values_within(t->values, t->rows, t->columns, j->scaling, o->network.clip, "--records", report) &&
          cli_check(umbra_scaling_values(j->scaling, t->values, t->values, t->rows, t->columns), "--scaling") &&
          cli_training_of(&j->training, j->scaling));
}

/* Weights say of which training they are, or the scaling does; both, of the same. */
static bool read_model(encrypt_job *j, const encrypt_options *o) {
  int known;
  if (!cli_check(umbra_weights_load(&j->table, &known, j->training.id, o->model), "--model")) return false;
  j->training.known = known;
  if (!j->scaling) return true;
  const size_t features = j->table.rows * j->table.columns - 1;
  if (umbra_scaling_columns(j->scaling) != features)
    return cli_error("--model: %s has %zu weights, and the scaling is of %zu columns", o->model, features,
                     umbra_scaling_columns(j->scaling));
  return cli_training_fits(&j->training, j->scaling, "--model") && cli_training_of(&j->training, j->scaling);
}

static bool read_table(encrypt_job *j, const encrypt_options *o, cli_report *report) {
  if (!cli_scaling_load(&j->scaling, o->data.scaling, NULL, report) ||
      !(o->records ? read_records(j, o, report) && scale_records(j, o, report) : read_model(j, o)))
    return false;
  cli_report_step(report, "read", o->records ? o->records : o->model);
  return true;
}

/* ---- encryption ---- */

static const umbra_matrix_layout for_scoring = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};

static bool load_key(encrypt_job *j, const encrypt_options *o, cli_report *report) {
  return cli_secret_fits(&o->secret, o->keys) && cli_secret_encrypts(&o->secret) &&
         cli_context_open_in(&j->context, o->keys, &o->engine, report) &&
         (!o->model || cli_degree_fits(umbra_context_params(j->context), o->degree)) &&
         (o->secret.file ? cli_secret_load(&j->secret, j->context, &o->secret, report)
                         : cli_public_key_load(&j->key, j->context, o->keys, report));
}

/* As a dry run has them. */
static umbra_status count_bytes(uint64_t *bytes, const encrypt_job *j, const encrypt_options *o) {
  umbra_context *dry = NULL;
  umbra_matrix *matrix = NULL;
  umbra_logistic *model = NULL;
  const umbra_table *t = &j->table;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = umbra_context_params(j->context),
                                   .device = "dry"};
  const umbra_sigmoid_options sigmoid = cli_sigmoid(o->range, o->degree);
  umbra_status status = umbra_context_create(&dry, &desc);
  if (status == UMBRA_OK)
    status = o->records ? umbra_dry_matrix(&matrix, dry, t->rows, t->columns, UMBRA_TOP_LEVEL, 1, &for_scoring)
                        : umbra_dry_logistic(&model, dry, t->rows * t->columns - 1, UMBRA_TOP_LEVEL, 1, &sigmoid);
  *bytes = matrix ? umbra_matrix_bytes(matrix) : model ? umbra_logistic_bytes(model) : 0;
  umbra_logistic_destroy(model);
  umbra_matrix_destroy(matrix);
  umbra_context_destroy(dry);
  return status;
}

static bool estimate(const encrypt_job *j, const encrypt_options *o, cli_report *report) {
  uint64_t bytes;
  return o->no_estimate || (cli_check(count_bytes(&bytes, j, o), o->records ? "--records" : "--model") &&
                            cli_estimate_encryption(bytes, j->key, j->secret, j->context, report, o->json));
}

static umbra_status matrix_range(const void *matrix, umbra_range *range) { return umbra_matrix_range(matrix, range); }
static umbra_status model_range(const void *model, umbra_range *range) { return umbra_logistic_range(model, range); }

/* What whoever gets it sees of how large values are. */
static bool report_bound(umbra_status (*range_of)(const void *object, umbra_range *range), const void *object,
                         const encrypt_options *o, cli_report *report) {
  umbra_range range = {UMBRA_RANGE_INIT};
  if (!cli_check(range_of(object, &range), NULL)) return false;
  cli_report_number(report, "bound", range.magnitude);
  if (o->bound == 0)
    cli_report_text(report, "bound_is",
                    "the power of two above the largest value, which all can see; --bound declares one");
  return true;
}

static bool encrypt_records(encrypt_job *j, const encrypt_options *o, cli_report *report) {
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = j->table.values, .rows = j->table.rows,
                              .columns = j->table.columns, .bound = o->bound};
  cli_progress encrypting;
  const umbra_progress watched = cli_progress_open(&encrypting, "records");
  umbra_status status = j->secret
                            ? umbra_matrix_encrypt_symmetric(&j->matrix, j->secret, &values, &for_scoring, &watched)
                            : umbra_matrix_encrypt_array(&j->matrix, j->key, &values, &for_scoring, &watched);
  if (!cli_progress_check(&encrypting, status, "--records") || !report_bound(matrix_range, j->matrix, o, report))
    return false;
  if (j->training.known) umbra_matrix_set_training(j->matrix, j->training.id);
  cli_report_number(report, "rows", (double)values.rows);
  cli_report_number(report, "columns", (double)values.columns);
  cli_report_step(report, "encrypt records", NULL);
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "saving");
  return cli_progress_check(&bar, umbra_matrix_save(j->matrix, o->out, &progress), "--out");
}

static bool encrypt_model(encrypt_job *j, const encrypt_options *o, cli_report *report) {
  const size_t features = j->table.rows * j->table.columns - 1;
  const umbra_array weights = {UMBRA_ARRAY_INIT, .data = j->table.values, .rows = 1, .columns = features + 1,
                               .bound = o->bound};
  const umbra_sigmoid_options sigmoid = cli_sigmoid(o->range, o->degree);
  umbra_status status = j->secret ? umbra_logistic_encrypt_array_symmetric(&j->model, j->secret, &weights, &sigmoid)
                                  : umbra_logistic_encrypt_array(&j->model, j->key, &weights, &sigmoid);
  if (!cli_check(status, "--model") || !report_bound(model_range, j->model, o, report)) return false;
  if (j->training.known) umbra_logistic_set_training(j->model, j->training.id);
  cli_report_number(report, "features", (double)features);
  cli_report_sigmoid(report, "sigmoid", sigmoid.degree, sigmoid.range, umbra_sigmoid_error(&sigmoid));
  cli_report_step(report, "encrypt model", NULL);
  return cli_goes_on() && cli_check(umbra_logistic_save(j->model, o->out, NULL), "--out");
}

static bool encrypt(encrypt_job *j, const encrypt_options *o, cli_report *report) {
  const char *kind = o->records ? CLI_KIND_MATRIX : CLI_KIND_LOGISTIC,
             *inputs[] = {o->records, o->model, o->secret.file, o->secret.passphrase_file};
  if (!cli_may_write("--out", o->out, kind, inputs, 4) || !read_table(j, o, report) || !load_key(j, o, report) ||
      !estimate(j, o, report))
    return false;
  if (o->records ? !encrypt_records(j, o, report) : !encrypt_model(j, o, report)) return false;
  cli_report_step(report, "save", o->out);
  return true;
}

static void clear(encrypt_job *j) {
  umbra_logistic_destroy(j->model);
  umbra_matrix_destroy(j->matrix);
  umbra_secret_key_destroy(j->secret);
  umbra_public_key_destroy(j->key);
  umbra_context_destroy(j->context);
  umbra_scaling_destroy(j->scaling);
  umbra_table_clear(&j->table);
}

static void check_network(const encrypt_options *o) {
  if (cli_table_given(&o->data.table) || o->data.scaling || o->data.initial || o->data.other_records)
    cli_usage("--label, --scaling, --initial, --other-records and what says how to read a table are for trainings, and "
              "%s is the plan of a network",
              o->data.plan);
  if (o->weights && o->network.clip) cli_usage("--clip is for DATA, and does not go with --weights");
}

/* A plan has parameters; without one they are in the folder of keys. */
static void check_keys(const encrypt_options *o) {
  if ((o->secret.passphrase_file || o->secret.store) && !o->secret.file)
    cli_usage("--passphrase-file and --store go with --secret");
  cli_secret_check(&o->secret);
  if (o->keys) return;
  if (!o->data.plan)
    cli_usage("--keys DIR is missing: folder with " CLI_PARAMS_FILE ", and " CLI_PUBLIC_KEY_FILE " unless --secret "
              "encrypts");
  if (!o->secret.file) cli_usage("--keys DIR, with the public key, or --secret FILE is missing: what to encrypt with");
}

static void check_usage(const encrypt_options *o) {
  if (!o->records + !o->model + !o->weights + !o->data.data != 3)
    cli_usage("exactly one of --records, --model, --weights and DATA is expected");
  if ((o->data.table.columns || o->data.table.without) && o->drop_last)
    cli_usage("--drop-last-column and --columns or --without exclude each other; in lists the last column is -1");
  if (!o->model && (o->range > 0 || o->degree)) cli_usage("--range and --degree belong to --model");
  if (o->model && !(o->range > 0)) cli_usage("--model needs --range R above 0, the largest |logit| that is expected");
  if (!o->data.data &&
      ((o->data.plan && !o->weights) || o->data.table.label || o->data.table.positive || o->data.initial))
    cli_usage("--plan, --label, --positive and --initial belong to DATA");
  if ((o->model || o->weights) && (o->drop_last || cli_table_given(&o->data.table)))
    cli_usage("--drop-last-column, --columns and what says how to read a table belong to DATA and --records");
  if (o->bound > 0 && !o->records && !o->model)
    cli_usage("--bound belongs to --records and --model: of DATA and --weights the plan has it");
  if (o->weights && o->data.scaling) cli_usage("--scaling does not go with --weights");
  if (o->data.other_records && !o->data.data) cli_usage("--other-records belongs to DATA");
  if (o->network.clip && o->model) cli_usage("--clip is for records, and does not go with --model");
  if (!o->data.data && !o->weights) return;
  if (o->drop_last) cli_usage("--drop-last-column does not go with DATA");
  if (!o->data.plan)
    cli_usage("--plan FILE is missing: %s, as umbra plan writes it",
              o->weights ? "weights are encrypted for a network" : "DATA is encrypted for a training or a network");
}

/* A plan's file says what it is for. */
static void take_network(encrypt_options *o) {
  o->network.in = o->data.data;
  o->network.keys = o->keys;
  o->network.out = o->out;
  o->network.secret = o->secret;
  o->network.engine = o->engine;
  if (o->weights || (o->data.data && cli_is_kind(o->data.plan, CLI_KIND_NETWORK_PLAN))) o->network.plan = o->data.plan;
  check_keys(o);
  if (o->network.plan) check_network(o);
  else if (o->network.clip && !o->data.scaling)
    cli_usage("--clip needs ranges: of a network's plan, or of a training's --scaling");
}

static bool encrypt_for_plan(const encrypt_options *o, cli_report *report) {
  if (o->weights) return cli_network_encrypt_weights(&o->network, report);
  return o->network.plan ? cli_network_encrypt(&o->network, report) : cli_data_encrypt(&o->data, report);
}

static bool run(const cli_command *command, int argc, char **argv) {
  encrypt_options o = {0};
  const cli_option options[] = {
      {"keys", "DIR", "folder with " CLI_PARAMS_FILE " and " CLI_PUBLIC_KEY_FILE, CLI_TEXT, &o.keys, CLI_OPTIONAL},
      {"secret", "FILE", "encrypt with the secret key, into half as many bytes; with --plan in place of --keys",
       CLI_TEXT, &o.secret.file, CLI_OPTIONAL},
      CLI_PASSPHRASE_OPTIONS(o.secret),
      {"plan", "FILE", "with DATA: the training, or the network (client's bundle), that it is for", CLI_TEXT,
       &o.data.plan, CLI_OPTIONAL},
      {"weights", NULL, "those of a network: --plan FILE is the server's bundle, planned with --encrypted-weights",
       CLI_FLAG, &o.weights, CLI_OPTIONAL},
      {"clip", NULL, "values outside of the ranges of a network, or of a training's records, become the nearest inside",
       CLI_FLAG, &o.network.clip, CLI_OPTIONAL},
      CLI_OTHER_RECORDS_OPTION(o.data.other_records, "with DATA: "),
      CLI_LABEL_OPTION(o.data.table),
      CLI_POSITIVE_OPTION(o.data.table),
      CLI_COLUMNS_OPTION(o.data.table),
      CLI_TABLE_OPTIONS(o.data.table),
      {"scaling", "FILE", "as umbra plan --scaling wrote it: with DATA, --records and --model (default: none)",
       CLI_TEXT, &o.data.scaling, CLI_OPTIONAL},
      {"initial", "FILE", "with DATA: first weights, then the bias (default: zeros)", CLI_TEXT, &o.data.initial,
       CLI_OPTIONAL},
      {"records", "FILE", "table of records", CLI_TEXT, &o.records, CLI_OPTIONAL},
      {"model", "FILE", "or a logistic model: weights and then the bias, .csv or .npy", CLI_TEXT, &o.model,
       CLI_OPTIONAL},
      {"out", "PATH", "where the encryption goes: a file, with DATA a folder", CLI_TEXT, &o.out, CLI_REQUIRED},
      {"bound", "B",
       "with --records and --model: no |value| is above B, or it is refused; what others see of sizes is this, up to a "
       "power of two (default: the power of two above the largest)",
       CLI_NUMBER, &o.bound, CLI_WITHIN(1e-300, 1e300)},
      {"drop-last-column", NULL, "all columns but the last, such as a label", CLI_FLAG, &o.drop_last, CLI_OPTIONAL},
      {"range", "R", "with --model: the sigmoid holds for logits in [-R, R] (default: none; --model needs it)",
       CLI_NUMBER, &o.range, CLI_WITHIN(1e-6, 1e6)},
      {"degree", "D", "with --model: of the sigmoid's polynomial (default 31)", CLI_COUNT, &o.degree,
       CLI_WITHIN(1, CLI_MAX_DEGREE)},
      CLI_NO_ESTIMATE_OPTION(o.no_estimate, "an encryption"),
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  o.data.data = cli_parse(command, options, argc, argv);
  check_usage(&o);
  take_network(&o);
  if (!o.degree) o.degree = CLI_DEGREE;
  o.data.keys = o.keys;
  o.data.out = o.out;
  o.data.secret = o.secret;
  o.data.engine = o.engine;
  o.data.clip = o.network.clip;
  o.network.no_estimate = o.data.no_estimate = o.no_estimate;
  o.network.json = o.data.json = o.json;

  encrypt_job job = {0};
  cli_report report = {0};
  cli_interrupts_hold();
  bool done = cli_report_open(&report) && (o.data.plan ? encrypt_for_plan(&o, &report) : encrypt(&job, &o, &report));
  clear(&job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_encrypt = {
    .name = "encrypt",
    .summary = "Encrypts a table of records, a logistic model, data for a training or a network, or its weights.",
    .operand = "DATA",
    .operand_may_lack = true,
    .details =
        "Whoever has the public key can encrypt; only the secret key decrypts. Its owner encrypts with --secret, into\n"
        "half as many bytes; for records and models --keys then says the parameters. The range and the degree of a\n"
        "model are public, and so are the shapes of records, model and data set. For a training DATA is a table of\n"
        "labelled records; the folder of its data set also gets the plan, and goes to the server with " CLI_PARAMS_FILE
        "\nand " CLI_EVAL_KEYS_FILE
        ". A plan that was made with a scaling is refused without it, and so are other records than\n"
        "those that it was made with. For a network DATA has records: .npy of (records, input's shape), or .csv.\n"
        "Values outside of the ranges of a network's plan, or beyond those of the records that --scaling was found\n"
        "from, are refused, or clipped with --clip, and the report says which and how many. --scaling marks records\n"
        "and models: umbra score refuses those that are not of one training.\n\n"
        "Examples:\n"
        "  umbra encrypt --keys keys --records records.csv --drop-last-column --out records.umbra\n"
        "  umbra encrypt --keys keys --model model.csv --range 12 --degree 31 --out model.umbra\n"
        "  umbra encrypt --keys keys train.csv --plan plan.umbra --scaling scaling.csv --out data\n"
        "  umbra encrypt --secret secret/key.umbra train.csv --plan plan.umbra --scaling scaling.csv --out data\n"
        "  umbra encrypt --keys keys x.npy --plan client.umbra --out batch.umbra\n"
        "  umbra encrypt --keys keys --weights --plan server.umbra --out weights.umbra",
    .run = run};
