/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <umbra/umbra.h>

#include "approximation.h"
#include "commands.h"
#include "network.h"
#include "progress.h"
#include "target.h"
#include "verified.h"

typedef struct infer_options {
  const char *model, *output, *calibrate;
  cli_network_options run; /* plan NULL: in the clear */
  bool clear, json;
  cli_approximation approximation;
} infer_options;

typedef struct infer_job {
  umbra_model *model;
  umbra_ndarray samples, records, results;
  size_t output;
} infer_job;

/* ---- in the clear ---- */

static bool approximate(infer_job *j, const infer_options *o, cli_report *report) {
  if (!o->calibrate) return true;
  return cli_samples_read(&j->samples, "--calibrate", o->calibrate, report) &&
         cli_approximate(&j->model, &j->samples, "--calibrate", &o->approximation, report);
}

static bool compute(infer_job *j, const infer_options *o, cli_report *report) {
  if (!cli_check(umbra_ndarray_read(&j->records, o->run.in), "--in")) return false;
  cli_report_step(report, "read records", o->run.in);
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "computing");
  umbra_status status = umbra_model_run(j->model, &j->results, &j->records, j->output, &progress);
  if (!cli_progress_check(&bar, status, "--in")) return false;
  cli_report_number(report, "records", (double)j->records.shape[0]);
  cli_report_step(report, "compute in the clear", NULL);
  return true;
}

static bool infer(infer_job *j, const infer_options *o, cli_report *report) {
  const char *inputs[] = {o->model, o->run.in, o->calibrate};
  if (!cli_is_table("--out", o->run.out) || !cli_may_write("--out", o->run.out, NULL, inputs, 3) ||
      !cli_model_import(&j->model, &j->output, o->model, o->output, report) || !approximate(j, o, report) ||
      !compute(j, o, report) || !cli_goes_on() || !cli_check(umbra_ndarray_write(&j->results, o->run.out), "--out"))
    return false;
  cli_report_step(report, "write results", o->run.out);
  return true;
}

static bool infer_clear(const infer_options *o, cli_report *report) {
  infer_job job = {0};
  const bool done = infer(&job, o, report);
  umbra_ndarray_clear(&job.results);
  umbra_ndarray_clear(&job.records);
  umbra_ndarray_clear(&job.samples);
  umbra_model_destroy(job.model);
  return done;
}

/* ---- usage ---- */

static void check_clear(const infer_options *o) {
  if (!o->model) cli_usage("MODEL is missing: what --clear computes");
  if (o->run.plan || o->run.keys || o->run.weights || o->run.repeat || o->run.digests || o->run.audit ||
      o->run.verify || o->run.sanitize > 0)
    cli_usage("--plan, --keys, --weights, --repeat, --sanitize, --digests, --audit and --verify are for encrypted "
              "records, and do not go with --clear");
  if (o->run.results || o->run.least_bits > 0) cli_usage("--results and --least-bits belong to --sanitize");
  if (o->run.engine.device || o->run.engine.threads || o->run.engine.trace)
    cli_usage("--device, --threads and --trace are for encrypted records, and do not go with --clear");
  if (!o->calibrate && cli_approximation_given(&o->approximation))
    cli_usage("--error, --degree, --relu, --levels and --margin need --calibrate");
  if (o->approximation.degree && o->approximation.error > 0) cli_usage("--degree and --error exclude each other");
  cli_approximation_check(&o->approximation);
}

static void check_encrypted(const infer_options *o) {
  if (o->run.least_bits > 0 && o->run.sanitize == 0) cli_usage("--least-bits belongs to --sanitize");
  if ((o->run.sanitize > 0) != (o->run.results > 0))
    cli_usage(
        "--sanitize S and --results N belong together: noise depends on how many ciphertexts of answers are given");
  if (o->run.sanitize > 0 && (o->run.digests || o->run.audit))
    cli_usage(
        "--sanitize goes without --digests and --audit: digests of layers tell of the weights, and noise cannot be "
        "repeated");
  if (!o->run.plan) cli_usage("--plan FILE, for encrypted records, or --clear is expected");
  if (!o->run.keys) cli_usage("--keys DIR is missing: folder with " CLI_EVAL_KEYS_FILE);
  if (o->run.digests && strcmp(o->run.digests, o->run.out) == 0) cli_usage("--digests and --out: two files are needed");
  if (o->model)
    cli_usage("\"%s\" is not expected: the plan has the network, and models are computed by --clear", o->model);
  if (o->output || o->calibrate || cli_approximation_given(&o->approximation))
    cli_usage("--output, --calibrate and what goes with it belong to --clear: the plan has decided");
}

#define WHEN "with --calibrate: "

static bool run(const cli_command *command, int argc, char **argv) {
  infer_options o = {0};
  const cli_option options[] = {
      {"plan", "FILE", "the server's bundle, as umbra plan --server writes it", CLI_TEXT, &o.run.plan, CLI_OPTIONAL},
      {"keys", "DIR", "with --plan: folder with " CLI_EVAL_KEYS_FILE, CLI_TEXT, &o.run.keys, CLI_OPTIONAL},
      {"weights", "FILE", "with the client's bundle, planned so: encrypted weights, of umbra encrypt --weights",
       CLI_TEXT, &o.run.weights, CLI_OPTIONAL},
      {"in", "FILE",
       "with --plan: encrypted records, or a folder of such files. Else .npy of (records, input's shape), or .csv",
       CLI_TEXT, &o.run.in, CLI_REQUIRED},
      {"out", "FILE", "with --plan: where the encrypted answer goes, or a folder. Else results: .npy or .csv", CLI_TEXT,
       &o.run.out, CLI_REQUIRED},
      {"repeat", "N", "with --plan: compute N times, and report the seconds of each, and of the processor (default 1)",
       CLI_COUNT, &o.run.repeat, CLI_WITHIN(1, 1000)},
      {"sanitize", "S",
       "with --plan: add noise to answers, so that whoever decrypts them has chances of 2^-S to learn about the "
       "weights from more than the values (default: no)",
       CLI_NUMBER, &o.run.sanitize, CLI_WITHIN(1, 128)},
      {"results", "N",
       "with --sanitize: ciphertexts of answers that are given in all, those to come too (default: none)", CLI_WHOLE,
       &o.run.results, CLI_OPTIONAL},
      {"least-bits", "B", "with --sanitize: refuse to leave fewer bits of the largest output (default 8)", CLI_NUMBER,
       &o.run.least_bits, CLI_WITHIN(1, 1000)},
      {"digests", "FILE", "with --plan: write a digest of each layer's result, as JSON, a line each", CLI_TEXT,
       &o.run.digests, CLI_OPTIONAL},
      {"audit", "FILE",
       "with --plan: compare each layer with such digests; a layer that comes out differently is an error, and no "
       "answer is written",
       CLI_TEXT, &o.run.audit, CLI_OPTIONAL},
      CLI_VERIFY_OPTION(o.run.verify, "the files of --plan and --weights"),
      CLI_ENGINE_OPTIONS(o.run.engine),
      {"clear", NULL, "compute MODEL in the clear, in doubles: nothing is encrypted", CLI_FLAG, &o.clear, CLI_OPTIONAL},
      {"output", "NAME", "with --clear: which output, by name or number from 0 on (default: the first)", CLI_TEXT,
       &o.output, CLI_OPTIONAL},
      {"calibrate", "FILE",
       "with --clear: records like those to come, .npy or .csv; polynomials for activations by their values", CLI_TEXT,
       &o.calibrate, CLI_OPTIONAL},
      CLI_APPROXIMATION_OPTIONS(o.approximation, WHEN),
      CLI_JSON_OPTION(o.json),
      {0}};
  o.model = cli_parse(command, options, argc, argv);
  (o.clear ? check_clear : check_encrypted)(&o);

  cli_report report = {0};
  cli_interrupts_hold();
  bool done = cli_report_open(&report) && (o.clear ? infer_clear(&o, &report) : cli_network_run(&o.run, &report));
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_infer = {
    .name = "infer",
    .summary = "Computes a network on encrypted records, what a server runs; or in the clear.",
    .operand_may_lack = true,
    .details =
        "With --plan it opens the bundle, the evaluation keys and the records, and no secret key: it sees neither\n"
        "records nor answers. The report has the time of each layer; --threads and --device say where it computes.\n\n"
        "With a folder of batches it computes one after the other, and there is never more than one in memory: each\n"
        "answer goes to a file of the batch's name in the folder --out.\n\n"
        "With --sanitize an encryption of zero and noise are added to each answer, for which --keys has the public\n"
        "key, " CLI_PUBLIC_KEY_FILE
        ", too: then nothing tells of the weights but the answers' values. Plan for it with --publish N.\n\n"
        "Digests are of exact integers: the same plan, keys and records give the same ones on every machine and\n"
        "backend. Reading layers back for them takes time. Each line also has a link, which stands for all layers\n"
        "up to it; the last one, in the report, goes to whoever may want an audit. --audit computes all once more,\n"
        "on any machine that has plan, keys and records, and finds the first layer that is not the same.\n\n"
        "With --verify a plan, and weights, that somebody else has made are loaded only if they are as that one\n"
        "signed them.\n\n"
        "--clear computes MODEL, an ONNX file, with doubles, for comparison: the same graph, after normalisations and\n"
        "scalings have vanished into the weights, with the softmax, argmax or labels at its end. What cannot be\n"
        "computed on encrypted values is refused, with the node's name, and what could take its place.\n\n"
        "With --calibrate it is the polynomial network that is computed, and the report says how far it is from the\n"
        "exact one on the samples: the largest and median error of the outputs; samples with equal labels, with wrong\n"
        "ones, and those that are near ties; samples outside of intervals; how much of them values use; levels.\n\n"
        "Examples:\n"
        "  umbra infer --plan server.umbra --keys keys --in batch.umbra --out answer.umbra\n"
        "  umbra infer --plan server.umbra --keys keys --in batch.umbra --out again.umbra --audit digests.jsonl\n"
        "  umbra infer --plan client.umbra --weights w.umbra --keys keys --in batch.umbra --out answer.umbra\n"
        "  umbra infer --clear model.onnx --in x.npy --out y.npy\n"
        "  umbra infer --clear model.onnx --in x.npy --out y.npy --calibrate samples.npy --degree 7",
    .operand = "MODEL",
    .run = run};
