/* SPDX-License-Identifier: Apache-2.0 */
/* umbra plan MODEL.onnx: from a model and samples to the two bundles, the server's and the client's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approximation.h"
#include "bill.h"
#include "estimate.h"
#include "machine.h"
#include "network.h"
#include "network_svg.h"
#include "progress.h"
#include "target.h"
#include "visible.h"

typedef struct plan_options {
  const char *model, *samples, *output, *target, *machine, *server, *client, *svg;
  cli_approximation approximation;
  cli_bill bill;
  uint32_t records, scale_bits;
  uint64_t memory, publish; /* publish 0: results are their owner's alone */
  double statistical, least_bits;
  bool symmetric, encrypted_weights, without_refreshes, explain, no_estimate, coarse, explain_visible, json;
} plan_options;

typedef struct plan_job {
  umbra_model *model;
  umbra_ndarray samples;
  size_t output;
  umbra_inference_plan *plan, *client;
  umbra_disclosure_options disclosure;
  umbra_cost cost; /* of the machine that was named, or this one */
  umbra_inference_layer *layers;
  size_t layer_count;
} plan_job;

/* ---- planning ---- */

static bool options_of(umbra_inference_options *wanted, const plan_job *j, const plan_options *o) {
  umbra_inference_options_init(wanted);
  if (o->records) wanted->records = o->records;
  if (o->memory) wanted->memory = o->memory;
  if (o->approximation.error > 0) wanted->error = o->approximation.error;
  if (o->approximation.margin > 0) wanted->margin = o->approximation.margin;
  wanted->scale_bits = o->scale_bits;
  wanted->symmetric = o->symmetric;
  wanted->weights = o->encrypted_weights ? UMBRA_WEIGHTS_ENCRYPTED : UMBRA_WEIGHTS_PLAIN;
  wanted->without_refreshes = o->without_refreshes;
  wanted->output = j->output;
  wanted->disclosure = o->publish ? &j->disclosure : NULL;
  wanted->coarse = o->coarse;
  return !o->target || cli_check(umbra_target_parse(&wanted->target, o->target), "--target");
}

static bool make_plan(plan_job *j, const plan_options *o, cli_report *report) {
  umbra_inference_options wanted;
  uint32_t degrees[CLI_MOST_DEGREES];
  const umbra_approximation_options approximation = cli_approximation_of(&o->approximation, degrees);
  cli_progress bar;
  j->disclosure = cli_disclosure(o->publish, o->statistical, o->least_bits);
  if (!options_of(&wanted, j, o)) return false;
  wanted.approximation = &approximation;
  const umbra_progress progress = cli_progress_open(&bar, "planning");
  umbra_status status = umbra_inference_plan_create(&j->plan, j->model, &j->samples, &wanted, &progress);
  if (!cli_progress_check(&bar, status, status == UMBRA_ERROR_MISMATCH ? "--samples" : NULL)) return false;
  cli_report_step(report, "plan", NULL);
  return true;
}

/* ---- what it says ---- */

/* machine NULL: this one. */
static bool predict(umbra_cost *cost, const plan_job *j, const char *machine, cJSON *list) {
  umbra_cost_init(cost);
  if (!cli_check(umbra_inference_plan_cost(j->plan, cost, machine), "--machine")) return false;
  cJSON *facts = cJSON_CreateObject();
  cJSON_AddStringToObject(facts, "machine", cost->machine);
  cJSON_AddNumberToObject(facts, "seconds", cost->seconds);
  cJSON_AddBoolToObject(facts, "measured", cost->measured);
  cJSON_AddItemToArray(list, facts);
  return true;
}

static bool describe_release(const plan_job *j, const plan_options *o, cli_report *report) {
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  if (!o->publish) return true;
  if (!cli_check(umbra_inference_plan_disclosure(j->plan, &told, &j->disclosure), "--publish")) return false;
  cli_publish_planned(&told, &j->disclosure, report->root);
  if (!o->json)
    printf("  %-18s %.1f bits of the largest output, whose noise is about %.2g; a batch is %llu of %llu releases\n",
           "published", told.bits, told.noise, (unsigned long long)told.ciphertexts, (unsigned long long)o->publish);
  return true;
}

/* On this machine, keys and records included. */
static bool estimate(const plan_job *j, const plan_options *o, cli_report *report) {
  cli_estimate found;
  if (o->no_estimate) return true;
  if (!cli_estimate_network(&found, j->plan, report)) return false;
  cli_estimate_tell(&found, report, o->json);
  return true;
}

/* What the server's process takes on a CPU: also the blocks that are kept for reuse, and the program with its tables. */
static void report_process(const umbra_cost *cost, cli_report *report) {
  const uint64_t program = UINT64_C(9) << 20;
  cli_report_number(report, "process_bytes", (double)(cost->device_bytes + program));
}

/* For this machine and the one that is asked for; elsewhere: for those whose tables come with the library. */
static bool predict_all(plan_job *j, const plan_options *o, cli_report *report) {
  static const char *const known[] = {"xeon-avx512", "xeon-avx2", "h200"};
  umbra_cost other;
  cJSON *list = cli_report_list(report, "predictions"), *elsewhere = cli_report_list(report, "elsewhere");
  if (!predict(&j->cost, j, NULL, list) ||
      (o->machine && !(cli_machine_find(umbra_inference_plan_params(j->plan), o->machine, report) &&
                       predict(&j->cost, j, o->machine, list))))
    return false;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (!predict(&other, j, known[i], elsewhere)) return false;
  return true;
}

static bool tell_bill(const plan_job *j, const plan_options *o, cli_report *report) {
  umbra_inference_report facts = {UMBRA_INFERENCE_REPORT_INIT};
  if (!cli_check(umbra_inference_plan_report(j->plan, &facts), NULL)) return false;
  cli_bill_tell(&o->bill, j->cost.seconds, (double)facts.records, "record", report, o->json);
  return true;
}

static bool find_layers(plan_job *j, const plan_options *o) {
  if (!cli_check(umbra_inference_plan_layers(j->plan, NULL, &j->layer_count, NULL), NULL)) return false;
  j->layers = calloc(j->layer_count, sizeof *j->layers);
  if (!j->layers) return cli_error("out of memory");
  for (size_t i = 0; i < j->layer_count; i++) umbra_inference_layer_init(&j->layers[i]);
  return cli_check(umbra_inference_plan_layers(j->plan, j->layers, &j->layer_count, o->machine), "--machine");
}

static void report_layers(const plan_job *j, cJSON *list) {
  for (size_t i = 0; i < j->layer_count; i++) {
    const umbra_inference_layer *layer = &j->layers[i];
    cJSON *facts = cJSON_CreateObject();
    cJSON_AddNumberToObject(facts, "layer", (double)i + 1);
    cJSON_AddStringToObject(facts, "what", layer->what);
    cJSON_AddNumberToObject(facts, "elements", (double)layer->elements);
    cJSON_AddNumberToObject(facts, "level", layer->level);
    cJSON_AddNumberToObject(facts, "result_level", layer->result_level);
    cJSON_AddNumberToObject(facts, "seconds", layer->seconds);
    if (layer->refreshed_level) {
      cJSON_AddNumberToObject(facts, "refreshed_level", layer->refreshed_level);
      cJSON_AddNumberToObject(facts, "refresh_seconds", layer->refresh_seconds);
    }
    cJSON_AddItemToArray(list, facts);
  }
}

/* ---- what others see ---- */

/* Lowest and highest of all elements, and how often the range differs from that of the element before: 1, where all are alike. */
typedef struct record_ranges {
  double lowest, highest;
  size_t kinds;
} record_ranges;

static bool find_ranges(record_ranges *found, const plan_job *j) {
  const size_t elements = umbra_ndarray_count(&j->samples) / j->samples.shape[0];
  double before[2] = {NAN, NAN}, range[2];
  *found = (record_ranges){INFINITY, -INFINITY, 0};
  for (size_t k = 0; k < elements; k++) {
    if (!cli_check(umbra_inference_plan_record_range(j->plan, range, k), NULL)) return false;
    found->lowest = fmin(found->lowest, range[0]);
    found->highest = fmax(found->highest, range[1]);
    found->kinds += range[0] != before[0] || range[1] != before[1];
    memcpy(before, range, sizeof before);
  }
  return true;
}

static bool explain_visible(const plan_job *j, const plan_options *o, cli_report *report) {
  record_ranges records;
  double results[2];
  umbra_inference_report r = {UMBRA_INFERENCE_REPORT_INIT};
  if (!o->explain_visible) return true;
  if (!cli_check(umbra_inference_plan_report(j->plan, &r), NULL) || !find_ranges(&records, j) ||
      !cli_check(umbra_inference_plan_result_range(j->plan, results), NULL))
    return false;
  const char *values = o->coarse ? "the power of two that the samples are within, times the margin, of each element"
                                 : "what the samples are between, times the margin, of each element";
  const char *outputs = o->coarse ? "a power of two above the outputs on the samples, times the margin"
                                  : "the outputs on the samples, times the margin";
  const char *figure = o->coarse ? "a figure of the samples, as the next power of 16" : "a figure of the samples";
  const cli_visible facts[] = {
      {"samples", (double)r.samples, true, "how many there were"},
      {"lowest", records.lowest, true, values},
      {"highest", records.highest, true, values},
      {"ranges", (double)records.kinds, true, "that differ from one element to the next: one, where all are alike"},
      {"lowest result", results[0], true, outputs},
      {"highest result", results[1], true, outputs},
      {"largest", r.largest, true,
       o->coarse ? "a power of two above the largest output on the samples" : "the largest output on the samples"},
      {"labels_equal", (double)r.labels_equal, true,
       o->coarse ? "all samples but the next power of 16 of those whose labels differ" : figure},
      {"near_ties", (double)r.near_ties, true, figure},
      {"polynomials", r.approximation_error, true, figure},
      {"error", r.error, true, figure},
      {"scale_bits", umbra_params_scale_bits(umbra_inference_plan_params(j->plan)), !o->scale_bits,
       "the first that are exact enough on the samples, from a list that is the same for all"},
      {"layers", (double)j->layer_count, true,
       o->coarse
           ? "of the server's bundle: a power of two for the size of each value, and polynomials that follow from it"
           : "of the server's bundle: the size of each value, and polynomials near where the samples are"},
  };
  cli_visible_tell(facts, sizeof facts / sizeof *facts, "the samples", o->json, report);
  return true;
}

/* ---- all that it says ---- */

static bool describe(plan_job *j, const plan_options *o, cli_report *report) {
  if (!cli_network_describe(j->plan, report->root, o->explain, o->json)) return false;
  if (!describe_release(j, o, report) || !estimate(j, o, report)) return false;
  if (!o->json) putchar('\n');
  fflush(stdout);
  if (!predict_all(j, o, report) || !tell_bill(j, o, report)) return false;
  report_process(&j->cost, report);
  if (!o->explain && !o->svg && !o->explain_visible) return true;
  if (!find_layers(j, o) || !explain_visible(j, o, report)) return false;
  if (o->explain) report_layers(j, cli_report_list(report, "layers"));
  return true;
}

/* ---- what comes out ---- */

static bool may_write(const plan_options *o) {
  const char *inputs[] = {o->model, o->samples};
  return (!o->server || cli_may_write("--server", o->server, CLI_KIND_NETWORK_PLAN, inputs, 2)) &&
         (!o->client || cli_may_write("--client", o->client, CLI_KIND_NETWORK_PLAN, inputs, 2)) &&
         (!o->svg || cli_may_write("--svg", o->svg, NULL, inputs, 2));
}

static bool save(const umbra_inference_plan *plan, const char *option, const char *path, cli_report *report) {
  if (!cli_goes_on() || !cli_check(umbra_inference_plan_save(plan, path), option)) return false;
  cli_report_step(report, option + strlen("--"), path);
  return true;
}

static bool save_bundles(plan_job *j, const plan_options *o, cli_report *report) {
  if (o->server && !save(j->plan, "--server", o->server, report)) return false;
  return !o->client || (cli_check(umbra_inference_plan_client(j->plan, &j->client), NULL) &&
                        save(j->client, "--client", o->client, report));
}

static bool draw(const plan_job *j, const plan_options *o, cli_report *report) {
  char title[256];
  umbra_inference_report facts;
  const umbra_params *params = umbra_inference_plan_params(j->plan);
  umbra_inference_report_init(&facts);
  if (!o->svg) return true;
  if (!cli_check(umbra_inference_plan_report(j->plan, &facts), NULL)) return false;
  snprintf(title, sizeof title, "N = 2^%u, scale 2^%u; records together: %zu; depth: %u; refreshes: %u",
           umbra_params_log_n(params), umbra_params_scale_bits(params), facts.records, facts.depth, facts.refreshes);
  const cli_network_drawing drawing = {.layers = j->layers,
                                       .count = j->layer_count,
                                       .levels = umbra_params_depth(params),
                                       .title = title,
                                       .machine = j->cost.machine};
  if (!cli_network_draw(&drawing, "--svg", o->svg)) return false;
  cli_report_step(report, "svg", o->svg);
  return true;
}

static bool plan(plan_job *j, const plan_options *o, cli_report *report) {
  return may_write(o) && cli_model_import(&j->model, &j->output, o->model, o->output, report) &&
         cli_samples_read(&j->samples, "--samples", o->samples, report) && make_plan(j, o, report) &&
         describe(j, o, report) && draw(j, o, report) && save_bundles(j, o, report);
}

static void clear(plan_job *j) {
  free(j->layers);
  umbra_inference_plan_destroy(j->client);
  umbra_inference_plan_destroy(j->plan);
  umbra_ndarray_clear(&j->samples);
  umbra_model_destroy(j->model);
}

bool cli_names_model(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *ending = strrchr(argv[i], '.');
    if (ending && strcmp(ending, ".onnx") == 0) return true;
  }
  return false;
}

static bool run(const cli_command *command, int argc, char **argv) {
  plan_options o = {0};
  const cli_option options[] = {
      {"samples", "FILE", "records like those to come: .npy of (records, input's shape), or .csv", CLI_TEXT, &o.samples,
       CLI_REQUIRED},
      {"output", "NAME", "which output of the model, by name or number from 0 on (default: the first)", CLI_TEXT,
       &o.output, CLI_OPTIONAL},
      {"records", "N", "that are computed together (default 1)", CLI_COUNT, &o.records, CLI_WITHIN(1, INT32_MAX)},
      CLI_APPROXIMATION_OPTIONS(o.approximation, ""),
      {"memory", "BYTES", "ways that take more at their peak are left out (default 4G)", CLI_BYTES, &o.memory,
       CLI_WITHIN(1, 0x1p63)},
      {"symmetric", NULL, "the owner encrypts with the secret key, and there may be no public one", CLI_FLAG,
       &o.symmetric, CLI_OPTIONAL},
      {"encrypted-weights", NULL, "the server has the client's bundle, and weights of umbra encrypt --weights",
       CLI_FLAG, &o.encrypted_weights, CLI_OPTIONAL},
      {"without-refreshes", NULL, "parameters have all levels, and nothing is refreshed on the way", CLI_FLAG,
       &o.without_refreshes, CLI_OPTIONAL},
      {"scale-bits", "BITS", "of the parameters (default: chosen by the error)", CLI_COUNT, &o.scale_bits,
       CLI_WITHIN(20, 60)},
      {"publish", "N",
       "plan for results that others may see, or that are sanitised: N ciphertexts in all (default: neither)",
       CLI_WHOLE, &o.publish, CLI_OPTIONAL},
      {"statistical", "S", "with --publish: as of umbra decrypt (default 30)", CLI_NUMBER, &o.statistical,
       CLI_WITHIN(1, 128)},
      {"least-bits", "B", "with --publish: so many of the largest output must be left (default 8)", CLI_NUMBER,
       &o.least_bits, CLI_WITHIN(1, 1000)},
      {"target", "KIND", "choose for this kind of device: cpu (default) or gpu; both can run it", CLI_TEXT, &o.target,
       CLI_OPTIONAL},
      {"machine", "NAME", "state the layers' times on h200 or others; see umbra bench", CLI_TEXT, &o.machine,
       CLI_OPTIONAL},
      CLI_BILL_OPTIONS(o.bill),
      CLI_NO_ESTIMATE_OPTION(o.no_estimate, "the machine, a key and a rotation"),
      CLI_VISIBLE_OPTIONS(
          o.coarse, o.explain_visible, "the samples",
          "ranges that are found from the samples become powers of two, figures powers of 16, and polynomials "
          "follow from these"),
      {"explain", NULL, "print the layers with their levels and times, and all ways that were tried", CLI_FLAG,
       &o.explain, CLI_OPTIONAL},
      {"svg", "FILE", "draw the layers with their levels, refreshes and times", CLI_TEXT, &o.svg, CLI_OPTIONAL},
      {"server", "FILE", "where the server's bundle goes: plan and weights", CLI_TEXT, &o.server, CLI_OPTIONAL},
      {"client", "FILE", "where the client's bundle goes: the plan without weights", CLI_TEXT, &o.client, CLI_OPTIONAL},
      CLI_JSON_OPTION(o.json),
      {0}};
  o.model = cli_parse(command, options, argc, argv);
  cli_approximation_check(&o.approximation);
  if (!o.publish && (o.statistical > 0 || o.least_bits > 0))
    cli_usage("--statistical and --least-bits belong to --publish");
  if (o.server && o.client && strcmp(o.server, o.client) == 0) cli_usage("--server and --client: two files are needed");

  plan_job job = {0};
  cli_report report = {0};
  cli_interrupts_hold();
  bool done = cli_report_open(&report) && plan(&job, &o, &report);
  clear(&job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_plan_network = {
    .name = "plan",
    .page = "plan-network",
    .summary = "Plans a network on encrypted records: polynomials, parameters, layout, keys and costs.",
    .operand = "MODEL.onnx",
    .details =
        "Activations become polynomials where the values of the samples are, and the report says how far that is from\n"
        "the exact network; the error of encryption comes on top of it, and is at most --error, too. Records to come\n"
        "may be --margin times as large as the samples: umbra encrypt refuses what is beyond, or clips it.\n\n"
        "The client's bundle tells ranges of the samples, scales and shapes; the server's has the weights besides.\n"
        "With --encrypted-weights that one stays with the model's owner, who encrypts the weights for the owner of\n"
        "the records; the server computes with these and the client's bundle, which then has layers and\n"
        "polynomials, too. --explain-visible lists what others see of the samples, and --coarse leaves little of it:\n"
        "polynomials are then less exact, or take more levels.\n\n"
        "--publish N chooses parameters so that umbra decrypt --publish, or umbra infer --sanitize, leaves\n"
        "--least-bits of results, of which N ciphertexts are shown in all, or says what would.\n\n"
        "Examples:\n"
        "  umbra plan model.onnx --samples samples.npy --server server.umbra --client client.umbra\n"
        "  umbra plan model.onnx --samples samples.npy --records 1000 --degree 7 --explain --machine h200",
    .run = run};
