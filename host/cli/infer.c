/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <umbra/umbra.h>

#include "approximation.h"
#include "commands.h"
#include "engine.h"
#include "progress.h"

typedef struct infer_options {
  const char *model, *in, *out, *output;
  bool clear, json;
  cli_approximation approximation;
} infer_options;

typedef struct infer_job {
  umbra_model *model;
  umbra_ndarray records, results;
  size_t output;
} infer_job;

/* An output by its name or, if there is none of it, by its number from 0 on. */
static bool find_output(infer_job *j, const char *wanted) {
  if (!wanted) return true;
  const char *name;
  for (size_t i = 0; (name = umbra_model_output_name(j->model, i)); i++) {
    j->output = i;
    if (strcmp(name, wanted) == 0) return true;
  }
  char *end;
  unsigned long number = strtoul(wanted, &end, 10);
  j->output = number;
  if (*wanted >= '0' && *wanted <= '9' && !*end && number < umbra_model_outputs(j->model)) return true;
  return cli_error("--output: the model has %zu outputs and none is '%s'", umbra_model_outputs(j->model), wanted);
}

static bool infer(infer_job *j, const infer_options *o, cli_report *report) {
  if (!cli_check(umbra_model_import(&j->model, o->model), NULL) || !find_output(j, o->output)) return false;
  cli_report_step(report, "import model", o->model);
  if (o->approximation.samples && !cli_approximate(&j->model, &o->approximation, report)) return false;
  if (!cli_check(umbra_ndarray_read(&j->records, o->in), "--in")) return false;
  cli_report_step(report, "read records", o->in);
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "computing");
  umbra_status status = umbra_model_run(j->model, &j->results, &j->records, j->output, &progress);
  if (!cli_progress_check(&bar, status, "--in")) return false;
  cli_report_number(report, "records", (double)j->records.shape[0]);
  cli_report_number(report, "nodes", (double)umbra_model_nodes(j->model));
  cli_report_text(report, "output", umbra_model_output_name(j->model, j->output));
  cli_report_step(report, "compute in the clear", NULL);
  if (!cli_check(umbra_ndarray_write(&j->results, o->out), "--out")) return false;
  cli_report_step(report, "write results", o->out);
  return true;
}

static void clear(infer_job *j) {
  umbra_ndarray_clear(&j->results);
  umbra_ndarray_clear(&j->records);
  umbra_model_destroy(j->model);
}

static bool run(const cli_command *command, int argc, char **argv) {
  infer_options o = {0};
  const cli_option options[] = {
      {"clear", NULL, "compute in the clear, in doubles: nothing is encrypted", CLI_FLAG, &o.clear, CLI_OPTIONAL},
      {"in", "FILE", "records: .npy of (records, input's shape), or .csv with a row for each", CLI_TEXT, &o.in,
       CLI_REQUIRED},
      {"out", "FILE", "where the results go: .npy or .csv", CLI_TEXT, &o.out, CLI_REQUIRED},
      {"output", "NAME", "which output of the model, by name or number from 0 on; the first", CLI_TEXT, &o.output,
       CLI_OPTIONAL},
      CLI_APPROXIMATION_OPTIONS(o.approximation),
      CLI_JSON_OPTION(o.json),
      {0}};
  o.model = cli_parse(command, options, argc, argv);
  if (!o.clear) cli_usage("models are computed in the clear only: give --clear");
  cli_approximation_check(&o.approximation);

  infer_job job = {0};
  cli_report report = {0};
  cli_interrupts_hold();
  bool done = cli_report_open(&report) && infer(&job, &o, &report);
  clear(&job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_infer = {
    .name = "infer",
    .summary = "Computes a network from an ONNX file on records in the clear.",
    .details =
        "It is what an encrypted run will be compared with: the same graph, after normalisations and scalings have\n"
        "vanished into the weights, with the softmax, argmax or labels at its end. A model that cannot be computed on\n"
        "encrypted values is refused, with the node's name, and what could take its place.\n\n"
        "With --calibrate it is the polynomial network that is computed, and the report says how far it is from the\n"
        "exact one on the samples: the largest and median error of the outputs; samples with equal labels, with wrong\n"
        "ones, and those that are near ties; samples outside of intervals; how much of them values use; levels.\n\n"
        "Examples:\n"
        "  umbra infer --clear model.onnx --in x.npy --out y.npy\n"
        "  umbra infer --clear model.onnx --in x.npy --out y.npy --calibrate samples.npy --degree 7",
    .operand = "MODEL",
    .run = run};
