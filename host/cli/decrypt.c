/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "model_file.h"
#include "network.h"
#include "opened.h"
#include "owners.h"
#include "private.h"
#include "progress.h"
#include "publish.h"
#include "ranges.h"
#include "sigmoid.h"
#include "target.h"
#include "training.h"

typedef struct decrypt_options {
  const char *keys, *in, *out;
  const char *private_plan; /* NULL: nothing is promised of the records */
  const char *scaling;      /* of the training that it is to be of; of weights also names */
  cli_secret secret;
  double threshold; /* probability; 0: not given */
  bool weights, names, json;
  cli_publish publish;
  cli_engine engine;
  cli_network_options network; /* plan NULL: there is none */
} decrypt_options;

typedef struct decrypt_job {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_matrix *matrix;
  umbra_logistic *model;
  umbra_logistic_info about; /* of the model */
  umbra_scaling *scaling;    /* of the training that it is to be of; NULL: any */
  umbra_table table;
  cli_publish publish; /* as it was asked for, and with what a private plan says */
  umbra_privacy promise;
  cli_journal journal; /* of values that are for others, too */
  umbra_disclosure told;
} decrypt_job;

/* Scores are a column in the stride of the records; what was encrypted as one column is as narrow as that. */
static bool is_scores(const umbra_matrix *matrix) {
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  return umbra_matrix_columns(matrix) == 1 && umbra_matrix_layout_of(matrix, &layout) == UMBRA_OK && !layout.ones &&
         layout.stride > 1;
}

/* The polynomial is near the sigmoid, in [0, 1], as long as logits are in its range, and grows fast outside. */
static void judge_scores(const umbra_table *scores, cli_report *report) {
  static const char warning[] = "values lie outside what the computation allows: a record left --range, or was far "
                                "larger than the others; no value of the file can be trusted";
  for (size_t i = 0; i < scores->rows; i++) {
    if (scores->values[i] >= -1 && scores->values[i] <= 2) continue;
    cli_report_warning(report, warning);
    return;
  }
}

static bool make_table(umbra_table *table, size_t rows, size_t columns) {
  *table = (umbra_table){.rows = rows, .columns = columns, .values = calloc(rows, columns * sizeof(double))};
  return table->values || cli_error("out of memory");
}

/* With --scaling: what does not say of which training it is, is not known to be of this one. */
static bool is_of_training(const decrypt_job *j, const cli_training *found) {
  if (!j->scaling) return true;
  if (!found->known) return cli_error("--in: it does not say of which training it is, so --scaling cannot confirm it");
  return cli_training_fits(found, j->scaling, "--in");
}

/* Weights may be of a model that somebody encrypted. */
static bool weights_fit(const decrypt_job *j, cli_report *report) {
  cli_training training;
  training.known = umbra_logistic_training(j->model, training.id);
  if (j->scaling && !training.known)
    cli_report_warning(report, "the model does not say of which training it is, so nothing says that it is that of "
                               "--scaling");
  return !training.known || is_of_training(j, &training);
}

/* Records and answers of a network are in the plan's scales, which keys do not know. */
static bool may_decrypt(const decrypt_job *j) {
  cli_training training;
  const umbra_matrix_role role = umbra_matrix_plan(j->matrix, training.id);
  training.known = role >= UMBRA_MATRIX_SCALED;
  if (role == UMBRA_MATRIX_RECORDS || role == UMBRA_MATRIX_RESULTS)
    return cli_error(
        "--in: these are values of a network, in the scales of its plan: give --plan FILE instead of --keys");
  return is_of_training(j, &training);
}

static bool load_in(decrypt_job *j, const decrypt_options *o, cli_report *report) {
  if (!o->weights) return cli_matrix_load(&j->matrix, j->context, "--in", o->in, "load", report) && may_decrypt(j);
  umbra_logistic_info_init(&j->about);
  if (!cli_check(umbra_logistic_load(&j->model, j->context, o->in, NULL), "--in") ||
      !cli_check(umbra_logistic_inspect(j->model, &j->about), "--in"))
    return false;
  cli_report_step(report, "load", o->in);
  return weights_fit(j, report);
}

/* ---- what a private plan promises ---- */

/* The only layer of a network, or a logistic model. */
static bool has_shape(const decrypt_job *j, const umbra_train_options *planned) {
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  if (j->model) return planned->kind == UMBRA_TRAIN_LOGISTIC && j->about.features == planned->columns;
  return planned->kind == UMBRA_TRAIN_NETWORK && umbra_matrix_rows(j->matrix) == cli_plan_units(planned, 0) &&
         umbra_matrix_columns(j->matrix) == planned->columns + 1 &&
         umbra_matrix_layout_of(j->matrix, &layout) == UMBRA_OK && layout.order == UMBRA_MATRIX_WRAPPED;
}

static bool has_params(const decrypt_job *j, const umbra_train_plan *plan) {
  uint8_t digest[2][UMBRA_DIGEST_BYTES];
  umbra_params_digest(umbra_train_plan_params(plan), digest[0]);
  umbra_params_digest(umbra_context_params(j->context), digest[1]);
  return memcmp(digest[0], digest[1], sizeof digest[0]) == 0;
}

/* Whether the model says of which training it is. */
static bool tells_training(const decrypt_job *j, uint8_t id[UMBRA_DIGEST_BYTES]) {
  return j->model ? umbra_logistic_training(j->model, id) : umbra_matrix_plan(j->matrix, id) == UMBRA_MATRIX_LAYER;
}

static bool is_of_plan(const decrypt_job *j, const umbra_train_plan *plan) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  uint8_t id[2][UMBRA_DIGEST_BYTES];
  if (!cli_check(umbra_train_plan_options(plan, &planned), "--private")) return false;
  if (!has_params(j, plan) || !has_shape(j, &planned))
    return cli_error(
        "--private: this is no model of that plan, which is for other parameters, or for weights of another "
        "shape");
  const bool told = tells_training(j, id[0]), known = umbra_train_plan_training(plan, id[1]);
  return (told == known && (!told || memcmp(id[0], id[1], sizeof id[0]) == 0)) ||
         cli_error("--private: the model is of another training than that plan");
}

/* One release, unless more are planned for; and errors are hidden as well as the noise of the promise does it. */
static void take_noise(decrypt_job *j) {
  cli_publish *p = &j->publish;
  p->promise = &j->promise;
  p->error = j->promise.error_bound;
  if (p->releases == CLI_NOT_GIVEN) p->releases = j->promise.ciphertexts;
  const double more = log2((double)p->releases / (double)j->promise.ciphertexts);
  if (!(p->statistical > 0)) p->statistical = fmax(1, floor(10 * (j->promise.statistical - more)) / 10);
  if (!(p->least_bits > 0)) p->least_bits = 1;
}

static bool take_promise(decrypt_job *j, const decrypt_options *o) {
  umbra_train_plan *plan = NULL;
  j->publish = o->publish;
  if (!o->private_plan) return true;
  const bool taken = cli_plan_load(&plan, "--private", o->private_plan) && is_of_plan(j, plan) &&
                     cli_check(umbra_train_plan_privacy(plan, &j->promise), "--private");
  umbra_train_plan_destroy(plan);
  if (taken) take_noise(j);
  return taken;
}

/* For the file; *remark NULL: there is nothing to say. */
static bool promise_remark(char **remark, const decrypt_job *j) {
  *remark = j->publish.promise ? cli_private_line(j->publish.promise) : NULL;
  return *remark || !j->publish.promise;
}

/* ---- opening ---- */

static umbra_status open_matrix(decrypt_job *j, const umbra_progress *progress) {
  const umbra_disclosure_options options = cli_publish_options(&j->publish);
  return j->publish.wanted
             ? umbra_matrix_decrypt_public(j->matrix, &j->told, j->table.values, j->secret, &options, progress)
             : umbra_matrix_decrypt(j->matrix, j->table.values, j->secret, progress);
}

static umbra_status open_model(decrypt_job *j, size_t features) {
  double *weights = j->table.values, *bias = weights + features;
  const umbra_disclosure_options options = cli_publish_options(&j->publish);
  return j->publish.wanted ? umbra_logistic_decrypt_public(j->model, &j->told, weights, bias, j->secret, &options)
                           : umbra_logistic_decrypt(j->model, weights, bias, j->secret);
}

static bool decrypt_matrix(decrypt_job *j, cli_report *report) {
  cli_progress bar;
  size_t rows = umbra_matrix_rows(j->matrix), columns = umbra_matrix_columns(j->matrix);
  if (!make_table(&j->table, rows, columns)) return false;
  const umbra_progress opening = cli_progress_open(&bar, "decrypting");
  umbra_status status = open_matrix(j, &opening);
  if (!cli_progress_check(&bar, status, "--in")) return false;
  cli_report_number(report, "rows", (double)rows);
  cli_report_number(report, "columns", (double)columns);
  umbra_range range = {UMBRA_RANGE_INIT};
  if (!cli_check(umbra_matrix_range(j->matrix, &range), "--in")) return false;
  const bool scores = is_scores(j->matrix);
  if (!cli_range_judge(&range, report) && scores) judge_scores(&j->table, report);
  if (scores)
    cli_report_text(report, "sigmoid", "a polynomial, which umbra score named; umbra inspect says which a model has");
  cli_report_step(report, "decrypt", NULL);
  return true;
}

/* One row: the weights, and after them the bias, as umbra encrypt --model reads them. */
static bool decrypt_weights(decrypt_job *j, cli_report *report) {
  const size_t features = j->about.features;
  if (!make_table(&j->table, 1, features + 1)) return false;
  umbra_range range = {UMBRA_RANGE_INIT};
  if (!cli_check(open_model(j, features), "--in") || !cli_check(umbra_logistic_range(j->model, &range), "--in"))
    return false;
  (void)cli_range_judge(&range, report);
  cli_report_number(report, "features", (double)features);
  cli_report_sigmoid(report, "sigmoid", j->about.degree, j->about.range, j->about.error);
  cli_report_step(report, "decrypt", NULL);
  return true;
}

/* ---- weights with names ---- */

static void report_units(const cli_linear *linear, cli_report *report) {
  if (!linear->scaled) {
    cli_report_text(report, "units", "those of the records as the model was given them; --scaling undoes a scaling");
    return;
  }
  cli_report_text(report, "units", "those of the table, beside the weights as trained");
  if (linear->clipped) cli_report_number(report, "clipped_features", (double)linear->clipped);
}

static bool write_named(decrypt_job *j, const decrypt_options *o, cli_model_form form, cli_report *report) {
  cli_linear linear = {0};
  const cli_model_file file = {&linear, o->threshold > 0 ? o->threshold : 0.5, &j->about, j->publish.promise};
  bool written = cli_linear_open(&linear, j->table.values, j->about.features, j->scaling, cli_schema_of(j->scaling)) &&
                 cli_model_write(&file, form, "--out", o->out);
  if (written) report_units(&linear, report);
  cli_linear_clear(&linear);
  return written;
}

/* With the id of their training, and what is promised of its records. */
static bool write_row(const decrypt_job *j, const char *remark, const char *path) {
  uint8_t id[UMBRA_DIGEST_BYTES];
  const uint8_t *training = umbra_logistic_training(j->model, id) ? id : NULL;
  const double *weights = j->table.values;
  return cli_check(umbra_weights_save_remarked(weights, j->about.features, training, remark, path), "--out");
}

/* A layer's weights have the id of their training. */
static bool write_matrix(const decrypt_job *j, const char *remark, const char *path) {
  uint8_t id[UMBRA_DIGEST_BYTES];
  const bool layer = umbra_matrix_plan(j->matrix, id) == UMBRA_MATRIX_LAYER;
  return cli_check(
      layer ? umbra_layer_save(&j->table, id, remark, path) : umbra_table_write_remarked(&j->table, remark, path),
      "--out");
}

static bool write_table(const decrypt_job *j, const decrypt_options *o) {
  char *remark;
  if (!promise_remark(&remark, j)) return false;
  const bool written = o->weights ? write_row(j, remark, o->out) : write_matrix(j, remark, o->out);
  free(remark);
  return written;
}

static bool write_out(decrypt_job *j, const decrypt_options *o, cli_model_form form, cli_report *report) {
  return form == CLI_MODEL_ROW ? write_table(j, o) : write_named(j, o, form, report);
}

/* The kind of file, which is only of weights another one than a table. */
static bool find_form(cli_model_form *form, const decrypt_options *o) {
  *form = CLI_MODEL_ROW;
  if (!o->weights) return cli_is_table("--out", o->out);
  if (!cli_model_form_of(form, "--out", o->out, o->names)) return false;
  return *form != CLI_MODEL_ROW || !(o->threshold > 0) ||
         cli_error("--out: %s would be a row of the weights as trained; --threshold goes with --names, or with a name "
                   "that ends in .json or .onnx",
                   o->out);
}

static bool decrypt(decrypt_job *j, const decrypt_options *o, cli_report *report) {
  const char *inputs[] = {o->in, o->scaling, o->secret.file, o->secret.passphrase_file, o->private_plan};
  const cli_owned owned[] = {{"--secret", NULL, o->secret.file}, {"--in", NULL, o->in}};
  cli_model_form form;
  if (!find_form(&form, o) || !cli_may_write("--out", o->out, NULL, inputs, 5) ||
      (!o->publish.wanted && !cli_opened_prepare("--out", o->out)) || !cli_owners_agree(owned, 2) ||
      !cli_scaling_load(&j->scaling, o->scaling, NULL, report) ||
      !cli_context_open_in(&j->context, o->keys, &o->engine, report) || !load_in(j, o, report) || !take_promise(j, o) ||
      !cli_secret_load(&j->secret, j->context, &o->secret, report) ||
      (o->publish.wanted && !cli_journal_open(&j->journal, o->secret.file, j->secret, o->publish.new_journal)))
    return false;
  cli_interrupts_hold();
  if (!(o->weights ? decrypt_weights : decrypt_matrix)(j, report) || !cli_goes_on() ||
      (j->publish.wanted && !cli_publish_count(&j->publish, &j->journal, &j->told, report)))
    return false;
  j->promise.noise = fmax(j->promise.noise, j->told.noise); /* more of it where errors have to be hidden better */
  if (!write_out(j, o, form, report)) return false;
  if (j->publish.promise) cli_private_facts(cJSON_AddObjectToObject(report->root, "private"), j->publish.promise);
  cli_report_step(report, "write", o->out);
  return true;
}

static void clear(decrypt_job *j) {
  cli_journal_close(&j->journal);
  umbra_table_clear(&j->table);
  umbra_scaling_destroy(j->scaling);
  umbra_logistic_destroy(j->model);
  umbra_matrix_destroy(j->matrix);
  umbra_secret_key_destroy(j->secret);
  umbra_context_destroy(j->context);
}

static void check_usage(decrypt_options *o) {
  cli_network_options *n = &o->network;
  if (o->private_plan && o->publish.error > 0) cli_usage("--error goes without --private, whose plan says it");
  cli_publish_check(&o->publish, o->private_plan != NULL);
  cli_secret_check(&o->secret);
  if (o->private_plan && n->plan) cli_usage("--private goes with --keys, and is for models that were trained");
  if (o->publish.wanted && n->doubtful)
    cli_usage("--doubtful is for the owner: --publish shows nothing that is in doubt");
  if (!o->keys == !n->plan) cli_usage("exactly one of --keys DIR and, for a network, --plan FILE is expected");
  if (n->plan ? o->weights || o->scaling : n->values || n->doubtful)
    cli_usage("--weights and --scaling go with --keys, --values and --doubtful with --plan");
  if (!o->weights && (o->names || o->threshold > 0)) cli_usage("--names and --threshold belong to --weights");
  n->in = o->in;
  n->out = o->out;
  n->secret = o->secret;
  n->publish = o->publish;
  n->engine = o->engine;
}

static bool run(const cli_command *command, int argc, char **argv) {
  decrypt_options o = {.publish = CLI_PUBLISH_INIT};
  const cli_option options[] = {
      {"keys", "DIR", "folder with " CLI_PARAMS_FILE, CLI_TEXT, &o.keys, CLI_OPTIONAL},
      {"plan", "FILE", "instead of --keys: it is a network's answer, and this the client's bundle", CLI_TEXT,
       &o.network.plan, CLI_OPTIONAL},
      {"secret", "FILE", "secret key", CLI_TEXT, &o.secret.file, CLI_REQUIRED},
      CLI_PASSPHRASE_OPTIONS(o.secret),
      {"in", "FILE", "encrypted scores, records, weights or answers", CLI_TEXT, &o.in, CLI_REQUIRED},
      {"weights", NULL, "it is a model: its weights, then the bias", CLI_FLAG, &o.weights, CLI_OPTIONAL},
      {"names", NULL, "with --weights: a .csv with a line for each feature, by name, instead of a row", CLI_FLAG,
       &o.names, CLI_OPTIONAL},
      {"scaling", "FILE",
       "only what is of the training that umbra plan --scaling wrote this for; names and units of weights", CLI_TEXT,
       &o.scaling, CLI_OPTIONAL},
      CLI_THRESHOLD_OPTION(o.threshold),
      {"values", NULL, "of an answer what comes before softmax, argmax and labels: logits", CLI_FLAG, &o.network.values,
       CLI_OPTIONAL},
      {"doubtful", NULL, "also an answer with outputs far beyond what its plan expects", CLI_FLAG, &o.network.doubtful,
       CLI_OPTIONAL},
      {"out", "FILE", "table to write, .csv or .npy; answers also .json, weights also .json or .onnx", CLI_TEXT, &o.out,
       CLI_REQUIRED},
      CLI_PUBLISH_OPTIONS(o.publish),
      {"private", "PLAN",
       "it is the model of that plan, and is shown as private as the plan says; --releases and --statistical as the "
       "noise allows",
       CLI_TEXT, &o.private_plan, CLI_OPTIONAL},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  check_usage(&o);

  decrypt_job job = {.told = {UMBRA_DISCLOSURE_INIT}, .promise = {UMBRA_PRIVACY_INIT}};
  cli_report report = {0};
  bool done = cli_report_open(&report) &&
              (o.network.plan ? cli_network_decrypt(&o.network, &report) : decrypt(&job, &o, &report));
  clear(&job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_decrypt = {
    .name = "decrypt",
    .summary = "Decrypts scores, records, weights or a network's answers; for the owner of the secret key.",
    .details =
        "The values are the owner's: they hold the raw error of the computation, from which the secret key follows.\n"
        "Rounding does not hide it. Do not show them to whoever has the ciphertexts; SECURITY.md says more. The\n"
        "table has mode 0600, and lies in no folder with keys or data that are given away. With --publish they may\n"
        "be shown: noise hides the error, of so many ciphertexts as --releases says, and takes its bits. Each is\n"
        "counted in a journal beside the secret key, KEY.releases, which goes with it wherever it goes. The same\n"
        "release made again gives the same values and counts once. Answers of a network are labels or\n"
        "probabilities, as the model's last steps make them, which the owner computes here. Records unlike the\n"
        "samples of the plan can leave the ranges of values on the way; where outputs show it there is a warning,\n"
        "or nothing without --doubtful.\n\n"
        "Weights are one row, the bias last, as umbra evaluate and umbra encrypt --model read them. With --names,\n"
        "and in .json, they have names, label and classes, and stand both as trained and in the units of the table\n"
        "that --scaling remembers. In .onnx there is the model of that table: from unscaled features to the\n"
        "probability, by the sigmoid itself. Features that the training cut off are cut off there, too.\n\n"
        "Examples:\n"
        "  umbra decrypt --keys keys --secret secret/key.umbra --in scores.umbra --out scores.csv\n"
        "  umbra decrypt --keys keys --secret secret/key.umbra --weights --in model.umbra --out weights.csv\n"
        "  umbra decrypt --keys keys --secret secret/key.umbra --weights --in model.umbra --scaling scaling.csv \\\n"
        "    --out model.onnx\n"
        "  umbra decrypt --plan client.umbra --secret secret/key.umbra --in answer.umbra --out y.csv",
    .run = run};
