/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "engine.h"
#include "progress.h"

static const char default_preset[] = "boot-64k-40";

typedef struct bootstrap_options {
  const char *preset, *params, *order, *target;
  double bound;
  uint32_t slots, rounds;
  bool demo, plan_only, min_key, json, simulated; /* simulated: on device sim, without keys */
  cli_engine engine;
} bootstrap_options;

typedef struct bootstrap_job {
  umbra_params *params;
  umbra_bootstrap_options wanted;
  umbra_bootstrap_plan *plan;
  umbra_bootstrap_report report;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public_key;
  umbra_key_needs *needs;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_bootstrapper *bootstrapper;
  umbra_ciphertext *ciphertext;
  double *pairs, *opened; /* what goes in, and what comes out */
} bootstrap_job;

/* ---- the plan ---- */

/* With a sixteenth for what the plan does not count: tables, and blocks that are kept to be used again. */
static uint64_t bytes_needed(const umbra_bootstrap_report *report) {
  const uint64_t planned = report->key_bytes + report->plain_bytes + report->workspace_bytes;
  return planned + planned / 16;
}

/* 0 if the system does not say. */
static uint64_t bytes_of_machine(void) {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

static double log2_of(double x) { return x > 0 ? log2(x) : -INFINITY; }

static void print_plan(const bootstrap_job *j) {
  const umbra_bootstrap_report *r = &j->report;
  char keys[CLI_UNITS], plain[CLI_UNITS], work[CLI_UNITS], needed[CLI_UNITS], here[CLI_UNITS];
  printf("The plan of a refresh of %" PRIu32 " slots, parts of each within %g; errors in units of that bound\n",
         r->slots, j->wanted.bound);
  printf("  %-18s from %" PRIu32 " or above to %" PRIu32 "; %" PRIu32 " consumed\n", "levels", r->input_level,
         r->output_level, r->levels_consumed);
  printf("  %-18s %zu, of %s\n", "switching keys", r->keys, cli_bytes_text(keys, (double)r->key_bytes));
  printf("  %-18s %s\n", "matrices", cli_bytes_text(plain, (double)r->plain_bytes));
  printf("  %-18s %s\n", "work in progress", cli_bytes_text(work, (double)r->workspace_bytes));
  printf("  %-18s about %s of %s here\n", "memory in all", cli_bytes_text(needed, (double)bytes_needed(r)),
         cli_bytes_text(here, (double)bytes_of_machine()));
  printf("  %-18s %zu\n", "key switches", r->key_switches);
  printf("  %-18s 2^%.1f in the root mean square, from the polynomial 2^%.1f, from noise 2^%.1f\n", "error",
         log2_of(r->error), log2_of(r->error_polynomial), log2_of(r->error_noise));
  printf("  %-18s 2^%.1f, but with probability 2^%.0f\n", "worst error", log2_of(r->worst_error),
         r->log2_worst_failure);
  printf("  %-18s 2^%.1f more, from the bending of the sine\n", "if slots are alike", log2_of(r->error_sine));
  printf("  %-18s with probability 2^%.0f\n\n", "failure", r->log2_range_failure);
  fflush(stdout);
}

static void add_plan(cJSON *root, const umbra_bootstrap_report *r) {
  const struct {
    const char *name;
    double value;
  } facts[] = {
      {"slots", r->slots},
      {"input_level", r->input_level},
      {"output_level", r->output_level},
      {"levels_consumed", r->levels_consumed},
      {"keys", (double)r->keys},
      {"key_bytes", (double)r->key_bytes},
      {"plain_bytes", (double)r->plain_bytes},
      {"workspace_bytes", (double)r->workspace_bytes},
      {"memory_bytes", (double)bytes_needed(r)},
      {"key_switches", (double)r->key_switches},
      {"error", r->error},
      {"error_polynomial", r->error_polynomial},
      {"error_noise", r->error_noise},
      {"error_sine", r->error_sine},
      {"worst_error", r->worst_error},
      {"log2_worst_failure", r->log2_worst_failure},
      {"log2_range_failure", r->log2_range_failure},
  };
  cJSON *plan = cJSON_AddObjectToObject(root, "plan");
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
    cJSON_AddNumberToObject(plan, facts[i].name, facts[i].value);
}

static bool make_plan(bootstrap_job *j, const bootstrap_options *o, cli_report *report) {
  umbra_bootstrap_options_init(&j->wanted);
  j->wanted.slots = o->slots;
  j->wanted.min_key = o->min_key;
  if (o->bound > 0) j->wanted.bound = o->bound;
  if (o->rounds) j->wanted.rounds = o->rounds;
  if (o->target && !cli_check(umbra_target_parse(&j->wanted.target, o->target), "--target")) return false;
  if (o->order && strcmp(o->order, "stc-first") == 0) j->wanted.order = UMBRA_BOOTSTRAP_STC_FIRST;
  umbra_bootstrap_report_init(&j->report);
  if (!cli_check(umbra_bootstrap_plan_create(&j->plan, j->params, &j->wanted), NULL) ||
      !cli_check(umbra_bootstrap_plan_report(j->plan, &j->report), NULL))
    return false;
  add_plan(report->root, &j->report);
  cli_report_step(report, "plan", NULL);
  if (!o->json) print_plan(j);
  return true;
}

/* Before anything large is made. */
static bool memory_suffices(const bootstrap_job *j, const bootstrap_options *o) {
  char much[CLI_UNITS], most[CLI_UNITS];
  const uint64_t needed = bytes_needed(&j->report), here = bytes_of_machine();
  return o->simulated || !here || needed <= here ||
         cli_error("this refresh takes about %s of memory and this machine has %s%s",
                   cli_bytes_text(much, (double)needed), cli_bytes_text(most, (double)here),
                   j->wanted.min_key ? "" : "; --min-key takes less");
}

/* ---- one refresh ---- */

static bool make_keys(bootstrap_job *j, cli_report *report) {
  cli_progress bar;
  if (!cli_check(umbra_key_needs_create(&j->needs, j->params), NULL) ||
      !cli_check(umbra_bootstrap_plan_needs(j->plan, j->needs), NULL) ||
      !cli_check(umbra_secret_key_generate(&j->secret, j->context), NULL) ||
      !cli_check(umbra_public_key_generate(&j->public_key, j->secret), NULL))
    return false;
  umbra_progress progress = cli_progress_open(&bar, "keys");
  umbra_status status = umbra_eval_keys_generate(&j->keys, j->secret, j->needs, &progress);
  cli_progress_close(&bar);
  cli_report_step(report, "make keys", NULL);
  return cli_check(status, NULL);
}

static bool make_matrices(bootstrap_job *j, cli_report *report) {
  cli_progress bar;
  umbra_progress progress = cli_progress_open(&bar, "matrices");
  umbra_status status = umbra_bootstrapper_create(&j->bootstrapper, j->context, j->plan, &progress);
  cli_progress_close(&bar);
  cli_report_step(report, "encode matrices", NULL);
  return cli_check(status, NULL) && cli_check(umbra_evaluator_create(&j->evaluator, j->context, j->keys), NULL);
}

/* Evenly spread over [-bound, bound]; imaginary parts are 0 if refreshes drop them. */
static bool make_values(bootstrap_job *j) {
  const size_t count = 2 * (size_t)j->report.slots;
  const bool is_real = j->wanted.order == UMBRA_BOOTSTRAP_STC_FIRST;
  j->pairs = calloc(count, sizeof *j->pairs);
  j->opened = calloc(count, sizeof *j->opened);
  if (!j->pairs || !j->opened) return cli_error("out of memory");
  for (size_t i = 0; i < count; i++) {
    const double turns = (double)(i + 1) * 0.61803398874989485;
    j->pairs[i] = is_real && i % 2 ? 0 : j->wanted.bound * (2 * (turns - floor(turns)) - 1);
  }
  return true;
}

static umbra_status make_input(bootstrap_job *j, const umbra_plaintext *plaintext) {
  return j->public_key ? umbra_encrypt(&j->ciphertext, j->public_key, plaintext)
                       : umbra_sim_ciphertext(&j->ciphertext, plaintext);
}

static bool encrypt_numbers(bootstrap_job *j, cli_report *report) {
  umbra_encode_options options;
  umbra_encode_options_init(&options);
  options.level = j->report.input_level;
  options.slots = j->report.slots;
  umbra_plaintext *plaintext = NULL;
  bool done = make_values(j) &&
              cli_check(umbra_encode_complex(&plaintext, j->context, j->pairs, j->report.slots, &options), NULL) &&
              cli_check(make_input(j, plaintext), NULL);
  umbra_plaintext_destroy(plaintext);
  cli_report_step(report, "encrypt", NULL);
  return done;
}

static bool refresh(bootstrap_job *j, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "refresh");
  umbra_evaluator_watch(j->evaluator, &progress);
  umbra_status status = umbra_bootstrap(j->evaluator, &j->ciphertext, j->ciphertext, j->bootstrapper);
  if (status == UMBRA_OK) status = umbra_evaluator_wait(j->evaluator);
  umbra_evaluator_watch(j->evaluator, NULL);
  if (!cli_progress_check(&bar, status, NULL)) return false;
  cli_report_step(report, "refresh", NULL);
  return true;
}

static bool open_numbers(bootstrap_job *j, cli_report *report) {
  const uint32_t slots = j->report.slots;
  umbra_status status = j->secret ? umbra_decrypt_decode_complex(j->opened, slots, j->ciphertext, j->secret)
                                  : umbra_sim_decode_complex(j->opened, slots, j->ciphertext);
  cli_report_step(report, "decrypt", NULL);
  return cli_check(status, NULL);
}

/* What came out beside what went in, in units of the bound, and the promise kept or not. */
static bool judge(const bootstrap_job *j, cli_report *report) {
  const size_t count = 2 * (size_t)j->report.slots;
  double mean = 0, square = 0, worst = 0;
  for (size_t i = 0; i < count; i++) {
    const double error = fabs(j->opened[i] - j->pairs[i]) / j->wanted.bound;
    mean += error / (double)count;
    square += error * error / (double)count;
    worst = cli_larger(worst, error);
  }
  cli_report_number(report, "level", umbra_ciphertext_level(j->ciphertext));
  cli_report_number(report, "log2_error_mean", log2_of(mean));
  cli_report_number(report, "log2_error", log2_of(sqrt(square)));
  cli_report_number(report, "log2_error_planned", log2_of(j->report.error));
  cli_report_number(report, "log2_worst_error", log2_of(worst));
  cli_report_number(report, "log2_worst_error_planned", log2_of(j->report.worst_error));
  return worst <= j->report.worst_error + j->report.error_sine ||
         cli_error("the largest error, 2^%.1f, is beyond what the plan promises", log2_of(worst));
}

static bool demonstrate(bootstrap_job *j, const bootstrap_options *o, cli_report *report) {
  static const char note[] = "a demonstration: this process holds the secret key, and a server must not",
                    in_the_clear[] = "a simulation: in the clear, without keys, with the noise that is expected";
  cli_engine engine = o->engine;
  engine.memory_limit = bytes_needed(&j->report);
  cli_report_text(report, "note", o->simulated ? in_the_clear : note);
  return cli_context_open(&j->context, j->params, &engine, report) && (o->simulated || make_keys(j, report)) &&
         make_matrices(j, report) && encrypt_numbers(j, report) && refresh(j, report) && open_numbers(j, report) &&
         judge(j, report);
}

static void clear(bootstrap_job *j) {
  free(j->pairs);
  free(j->opened);
  umbra_ciphertext_destroy(j->ciphertext);
  umbra_bootstrapper_destroy(j->bootstrapper);
  umbra_evaluator_destroy(j->evaluator);
  umbra_eval_keys_destroy(j->keys);
  umbra_key_needs_destroy(j->needs);
  umbra_public_key_destroy(j->public_key);
  umbra_secret_key_destroy(j->secret);
  umbra_context_destroy(j->context);
  umbra_bootstrap_plan_destroy(j->plan);
  umbra_params_destroy(j->params);
}

static void check_usage(const bootstrap_options *o) {
  if (!o->demo) cli_usage("--demo is missing: refreshes are calls of the library, and the program only shows one");
  if (o->preset && o->params) cli_usage("--preset and --params exclude each other");
  if (o->order && strcmp(o->order, "standard") != 0 && strcmp(o->order, "stc-first") != 0)
    cli_usage("--order: \"%s\" is not standard or stc-first", o->order);
}

static bool run(const cli_command *command, int argc, char **argv) {
  bootstrap_options o = {0};
  const cli_option options[] = {
      {"demo", NULL, "make keys, refresh one ciphertext, and compare", CLI_FLAG, &o.demo, CLI_OPTIONAL},
      {"plan-only", NULL, "say what it would take, and stop", CLI_FLAG, &o.plan_only, CLI_OPTIONAL},
      {"preset", "NAME", "a preset whose name begins with boot (default: boot-64k-40)", CLI_TEXT, &o.preset,
       CLI_OPTIONAL},
      {"params", "FILE", "or the set in this file", CLI_TEXT, &o.params, CLI_OPTIONAL},
      {"slots", "N", "of the ciphertext, a power of two (default: half the ring)", CLI_COUNT, &o.slots,
       CLI_WITHIN(2, 65536)},
      {"order", "ORDER", "standard (default), or stc-first: real slots only", CLI_TEXT, &o.order, CLI_OPTIONAL},
      {"min-key", NULL, "few keys, and more time", CLI_FLAG, &o.min_key, CLI_OPTIONAL},
      {"rounds", "N", "2: refresh what the first refresh did wrong, too (default 1)", CLI_COUNT, &o.rounds,
       CLI_WITHIN(1, 2)},
      {"bound", "B", "parts of slots lie in [-B, B], a power of two (default 1)", CLI_NUMBER, &o.bound,
       CLI_WITHIN(0x1p-20, 0x1p20)},
      {"target", "NAME", "baby steps for cpu (default) or gpu: fewer kernels there, and more keys", CLI_TEXT, &o.target,
       CLI_OPTIONAL},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  check_usage(&o);
  o.simulated = o.engine.device && strcmp(o.engine.device, "sim") == 0;

  bootstrap_job job = {0};
  cli_report report = {0};
  const char *preset = o.preset || o.params ? o.preset : default_preset;
  bool ready = cli_params_open(&job.params, preset, o.params) && cli_report_open(&report) &&
               make_plan(&job, &o, &report) && (o.plan_only || memory_suffices(&job, &o));
  cli_interrupts_hold();
  bool done = ready && (o.plan_only || demonstrate(&job, &o, &report));
  clear(&job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_bootstrap = {
    .name = "bootstrap",
    .summary = "Shows one refresh of a ciphertext that has run out of levels, with its plan.",
    .details =
        "The plan comes first: levels, keys, memory, and errors. Then keys and matrices are made, random numbers\n"
        "are encrypted and refreshed, and what comes out is compared with the plan. All of it is one process,\n"
        "which holds the secret key: a demonstration. Nothing is written. With --device sim it is a simulation\n"
        "in the clear, without keys, which takes a second.\n\n"
        "Examples:\n"
        "  umbra bootstrap --demo --plan-only\n"
        "  umbra bootstrap --demo --preset boot-32k --min-key\n"
        "  umbra bootstrap --demo --device sim\n"
        "  umbra bootstrap --demo --slots 1024 --order stc-first --json",
    .run = run};
