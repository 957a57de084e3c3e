/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands.h"
#include "machine.h"
#include "product.h"
#include "quick.h"

static const char default_preset[] = "n16-d24-s50";
enum { HOISTED = 8 };

typedef struct bench_options {
  const char *device, *machine, *preset, *params, *svg;
  uint32_t threads;
  bool calibrate, quick, light, json;
  cli_product product;
} bench_options;

/* A dry run: inputs, and what the operations give. */
typedef struct bench_job {
  umbra_params *params;
  umbra_context *context;
  umbra_evaluator *evaluator;
  umbra_ciphertext *x, *out[HOISTED];
} bench_job;

/* ---- operations ---- */

static umbra_status add(bench_job *j) { return umbra_add(j->evaluator, j->out, j->x, j->x); }
static umbra_status product(bench_job *j) { return umbra_mul(j->evaluator, j->out, j->x, j->x); }
static umbra_status constant(bench_job *j) { return umbra_mul_constant(j->evaluator, j->out, j->x, 0.5, 0); }
static umbra_status rotation(bench_job *j) { return umbra_rotate(j->evaluator, j->out, j->x, 1); }

static umbra_status rotations(bench_job *j) {
  static const int32_t steps[HOISTED] = {1, 2, 3, 4, 5, 6, 7, 8};
  return umbra_rotate_many(j->evaluator, j->out, j->x, steps, HOISTED);
}

static umbra_status polynomial(bench_job *j) {
  static const double coefficients[16] = {[1] = 1, [3] = -0.25, [5] = 0.125, [15] = 0.0625};
  return umbra_chebyshev_eval(j->evaluator, j->out, j->x, coefficients, 15);
}

static const struct {
  const char *name, *what;
  umbra_status (*run)(bench_job *job);
  uint32_t levels; /* that it takes */
} operations[] = {{"add", "a sum", add, 0},
                  {"mul", "a product, relinearised and rescaled", product, 1},
                  {"mul_constant", "a product with a constant", constant, 1},
                  {"rotate", "a rotation", rotation, 0},
                  {"rotate_many", "eight rotations of one ciphertext", rotations, 0},
                  {"chebyshev", "a polynomial of degree 15", polynomial, 4}};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- reports ---- */

static void add_machine(cJSON *root, const umbra_cost *cost) {
  cJSON_AddStringToObject(root, "machine", cost->machine);
  cJSON_AddBoolToObject(root, "measured", cost->measured);
  if (*cost->note) cJSON_AddStringToObject(root, "note", cost->note);
}

static void print_machine(const umbra_cost *cost, const cJSON *root) {
  const cJSON *calibrated = cJSON_GetObjectItem(root, "calibrated");
  if (calibrated) printf("Calibrated: %s\n", calibrated->valuestring);
  printf("On %s, %s%s%s\n", cost->machine, cost->measured ? "as measured there" : "as predicted",
         *cost->note ? ": " : "", cost->note);
}

static void add_operation(cJSON *list, size_t i, const umbra_cost *cost) {
  cJSON *facts = cJSON_CreateObject();
  cJSON_AddStringToObject(facts, "name", operations[i].name);
  cJSON_AddNumberToObject(facts, "seconds", cost->seconds);
  cJSON_AddNumberToObject(facts, "launches", (double)cost->launches);
  cJSON_AddNumberToObject(facts, "kernel_bytes", (double)cost->kernel_bytes);
  cJSON_AddNumberToObject(facts, "memory_bytes", (double)cost->memory_bytes);
  cJSON_AddItemToArray(list, facts);
}

static void print_operation(size_t i, const umbra_cost *cost) {
  char seconds[CLI_UNITS], bytes[CLI_UNITS];
  printf("  %-38s %10s  %5zu launches  %12s moved\n", operations[i].what, cli_duration_text(seconds, cost->seconds),
         cost->launches, cli_bytes_text(bytes, (double)cost->kernel_bytes));
}

/* ---- the job ---- */

static bool open_job(bench_job *j, const bench_options *o, cli_report *report) {
  umbra_context_desc desc;
  umbra_context_desc_init(&desc);
  const char *preset = o->preset || o->params ? o->preset : default_preset;
  const char *machine = o->machine ? o->machine : o->device;
  if (!cli_params_open(&j->params, preset, o->params)) return false;
  desc.params = j->params;
  desc.device = "dry";
  desc.threads = o->threads;
  return cli_check(umbra_context_create(&j->context, &desc), NULL) &&
         cli_machine_know(j->context, machine, o->threads, report) &&
         cli_check(umbra_evaluator_create(&j->evaluator, j->context, NULL), NULL) &&
         cli_check(umbra_dry_ciphertext(&j->x, j->context, UMBRA_TOP_LEVEL, 0, 1), NULL);
}

static void close_job(bench_job *j) {
  umbra_ciphertext_destroy(j->x);
  for (int i = 0; i < HOISTED; i++) umbra_ciphertext_destroy(j->out[i]);
  umbra_evaluator_destroy(j->evaluator);
  umbra_context_destroy(j->context);
  umbra_params_destroy(j->params);
}

/* The second of two runs, which makes nothing that is kept. */
static bool state_cost(umbra_cost *cost, bench_job *j, size_t i) {
  for (int run = 0; run < 2; run++)
    if (!cli_check(umbra_context_cost_begin(j->context), NULL) || !cli_check(operations[i].run(j), operations[i].name))
      return false;
  umbra_cost_init(cost);
  return cli_check(umbra_context_cost(j->context, cost), NULL);
}

/* Those that the parameters have levels for. */
static bool state_costs(bench_job *j, cJSON *root, bool json) {
  cJSON *list = cJSON_AddArrayToObject(root, "operations");
  umbra_cost cost;
  for (size_t i = 0; i < OPERATIONS; i++) {
    if (operations[i].levels > umbra_params_depth(j->params)) continue;
    if (!state_cost(&cost, j, i)) return false;
    if (i == 0) add_machine(root, &cost);
    add_operation(list, i, &cost);
    if (i == 0 && !json) print_machine(&cost, root);
    if (!json) print_operation(i, &cost);
  }
  return true;
}

static bool explain_product(const bench_options *o) {
  umbra_params *params = NULL;
  if (o->json || o->calibrate || o->machine) cli_usage("--product goes with parameters, --plain, --level and --target");
  const bool done = cli_params_open(&params, o->preset || o->params ? o->preset : default_preset, o->params) &&
                    cli_explain_product(&o->product, params);
  umbra_params_destroy(params);
  return done;
}

static bool run_quick(const bench_options *o) {
  const cli_quick_options quick = {
      .device = o->device, .svg = o->svg, .threads = o->threads, .light = o->light, .json = o->json};
  if (o->preset || o->params || o->machine || o->calibrate || o->product.shape)
    cli_usage("--quick goes with --light, --svg, --device and --threads");
  return cli_quick(&quick);
}

static bool run(const cli_command *command, int argc, char **argv) {
  bench_options o = {.device = "cpu", .product.level = CLI_NOT_GIVEN};
  const cli_option options[] = {
      {"calibrate", NULL, "measure the device, also if it was measured before, and keep what was measured", CLI_FLAG,
       &o.calibrate, CLI_OPTIONAL},
      {"device", "NAME", "cpu (default), cuda, cuda:N or another name; see umbra devices", CLI_TEXT, &o.device,
       CLI_OPTIONAL},
      {"threads", "N", "of the processor (default 0: UMBRA_THREADS, or as many as it may use)", CLI_COUNT, &o.threads,
       CLI_OPTIONAL},
      {"machine", "NAME", "another machine, by its table: h200, xeon-avx512, xeon-avx2, xeon-ref", CLI_TEXT, &o.machine,
       CLI_OPTIONAL},
      {"preset", "NAME", "parameters of the operations (default: n16-d24-s50)", CLI_TEXT, &o.preset, CLI_OPTIONAL},
      {"params", "FILE", "or the set in this file", CLI_TEXT, &o.params, CLI_OPTIONAL},
      {"product", "RxKxC", "instead: all layouts for a product of R x K and K x C, the cheapest first", CLI_TEXT,
       &o.product.shape, CLI_OPTIONAL},
      {"plain", NULL, "its second matrix is known in the clear", CLI_FLAG, &o.product.plain, CLI_OPTIONAL},
      {"level", "N", "of the product (default: the highest)", CLI_WHOLE, &o.product.level, CLI_OPTIONAL},
      {"target", "NAME", "cpu (default) or gpu: by whose costs they are compared", CLI_TEXT, &o.product.target,
       CLI_OPTIONAL},
      {"quick", NULL, "instead: ten operations, measured here and beside machines that are known", CLI_FLAG, &o.quick,
       CLI_OPTIONAL},
      {"light", NULL, "of these the eight that need no keys of gigabytes", CLI_FLAG, &o.light, CLI_OPTIONAL},
      {"svg", "FILE", "and a drawing of them", CLI_TEXT, &o.svg, CLI_OPTIONAL},
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  if (o.preset && o.params) cli_usage("--preset and --params exclude each other");
  if (o.machine && o.calibrate) cli_usage("--machine and --calibrate exclude each other: only devices are measured");
  if (!o.product.shape && (o.product.plain || o.product.target || o.product.level != CLI_NOT_GIVEN))
    cli_usage("--plain, --level and --target are for --product");
  if (!o.quick && (o.light || o.svg)) cli_usage("--light and --svg are for --quick");
  if (o.quick) return run_quick(&o);
  if (o.product.shape) return explain_product(&o);
  bench_job job = {0};
  cJSON *root = cJSON_CreateObject();
  bool done = (!o.calibrate || cli_check(umbra_calibrate(o.device, o.threads), "--calibrate")) &&
              open_job(&job, &o, &(cli_report){.root = root}) && state_costs(&job, root, o.json);
  close_job(&job);
  if (done && o.json) return cli_print_json(root);
  cJSON_Delete(root);
  return done;
}

const cli_command cli_bench = {
    .name = "bench",
    .summary = "States how long operations take on this machine or another, and measures it.",
    .details =
        "Nothing is encrypted: the operations run dry, and their kernels are counted. What those take is as it was\n"
        "measured on the device, which needs a few seconds on a machine with nothing else to do; the user's cache\n"
        "folder keeps it. A device that was not measured is, once, by this command and by umbra plan and train,\n"
        "unless the environment variable UMBRA_CALIBRATE is 0; --calibrate measures it anew. Of other machines a\n"
        "table of the program predicts it. Plans never depend on it.\n\n"
        "With --quick keys are made, and ten operations are computed and checked: encryption and decryption, sums,\n"
        "products, rotations, a polynomial, a product of matrices, scores, a refresh and an iteration of a training.\n"
        "The last two take 3 GiB of memory. Of some calls the shortest counts.\n\n"
        "Examples:\n"
        "  umbra bench --calibrate\n"
        "  umbra bench --preset n15-d14-s40 --threads 1\n"
        "  umbra bench --machine h200 --json\n"
        "  umbra bench --quick --svg machine.svg\n"
        "  umbra bench --product 1000x784x128 --plain --preset n14-d7-s40 --level 3",
    .run = run};
