/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "engine.h"
#include "target.h"

typedef struct params_options {
  const char *preset, *file, *save;
  umbra_params_need need;
  uint32_t features, degree;
  bool list, json;
} params_options;

/* ---- the presets ---- */

/* A key is one that serves all levels outside of refreshes; those inside have keys of their own. */
typedef struct preset_facts {
  const char *name;
  uint32_t log_n, slots, depth, refreshed, scale_bits, security;
  double log_qp;
  uint64_t ciphertext_bytes, key_bytes;
} preset_facts;

static bool facts_of(preset_facts *facts, const char *name) {
  umbra_params *params = NULL;
  if (!cli_check(umbra_params_from_preset(&params, name), NULL)) return false;
  *facts = (preset_facts){.name = name,
                          .log_n = umbra_params_log_n(params),
                          .slots = umbra_params_slots(params),
                          .depth = umbra_params_depth(params),
                          .refreshed = umbra_params_bootstrapped_level(params),
                          .scale_bits = umbra_params_scale_bits(params),
                          .security = umbra_params_security(params),
                          .log_qp = umbra_params_log_qp(params),
                          .ciphertext_bytes = umbra_params_ciphertext_bytes(params, umbra_params_depth(params)),
                          .key_bytes = umbra_params_key_bytes(params, umbra_params_keyed_level(params))};
  umbra_params_destroy(params);
  return true;
}

static void add_preset(cJSON *list, const preset_facts *f) {
  cJSON *facts = cJSON_CreateObject();
  cJSON_AddStringToObject(facts, "name", f->name);
  cJSON_AddNumberToObject(facts, "log_n", f->log_n);
  cJSON_AddNumberToObject(facts, "slots", f->slots);
  cJSON_AddNumberToObject(facts, "depth", f->depth);
  if (f->refreshed) cJSON_AddNumberToObject(facts, "refreshed_level", f->refreshed);
  cJSON_AddNumberToObject(facts, "scale_bits", f->scale_bits);
  cJSON_AddNumberToObject(facts, "security", f->security);
  cJSON_AddNumberToObject(facts, "log_qp", f->log_qp);
  cJSON_AddNumberToObject(facts, "ciphertext_bytes", (double)f->ciphertext_bytes);
  cJSON_AddNumberToObject(facts, "key_bytes", (double)f->key_bytes);
  cJSON_AddItemToArray(list, facts);
}

static void print_preset(const preset_facts *f) {
  char refreshed[CLI_UNITS] = "-", ciphertext[CLI_UNITS], key[CLI_UNITS];
  if (f->refreshed) snprintf(refreshed, sizeof refreshed, "%" PRIu32, f->refreshed);
  printf("%-14s  2^%-3" PRIu32 "  %6" PRIu32 "  %6" PRIu32 "  %9s  %5" PRIu32 "  %8" PRIu32 "  %8.1f  %12s  %12s\n",
         f->name, f->log_n, f->slots, f->depth, refreshed, f->scale_bits, f->security, f->log_qp,
         cli_bytes_text(ciphertext, (double)f->ciphertext_bytes), cli_bytes_text(key, (double)f->key_bytes));
}

static bool list_presets(bool json) {
  preset_facts facts;
  cJSON *root = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(root, "presets");
  bool done = true;
  if (!json)
    printf("%-14s  %-5s  %6s  %6s  %9s  %5s  %8s  %8s  %12s  %12s\n", "preset", "ring", "slots", "depth", "refreshed",
           "scale", "security", "log2(QP)", "ciphertext", "key");
  for (const char *const *name = umbra_params_presets(); *name && (done = facts_of(&facts, *name)); name++)
    if (json) add_preset(list, &facts);
    else print_preset(&facts);
  if (done && !json)
    puts("\nscale, security and log2(QP) are bits; depth is the level of fresh ciphertexts, refreshed that after a\n"
         "refresh. A ciphertext of the highest level and a key for it take so much memory, a key's file half of it.");
  if (done && json) return cli_print_json(root);
  cJSON_Delete(root);
  return done;
}

/* ---- one set ---- */

/* What scoring takes: its depth, and slots for one row with its column of ones. */
static void need_logistic(umbra_params_need *need, uint32_t features, uint32_t degree) {
  uint32_t depth = umbra_logistic_depth(degree);
  if (need->depth < depth) need->depth = depth;
  if (need->min_slots <= features) need->min_slots = features + 1;
}

static bool open_params(umbra_params **params, params_options *o) {
  if (o->preset || o->file) return cli_params_open(params, o->preset, o->file);
  umbra_params_need initial = {UMBRA_PARAMS_NEED_INIT};
  if (!o->need.scale_bits) o->need.scale_bits = initial.scale_bits;
  if (!o->need.security) o->need.security = initial.security;
  if (o->features) need_logistic(&o->need, o->features, o->degree ? o->degree : CLI_DEGREE);
  return cli_check(umbra_params_from_need(params, &o->need), NULL) && cli_params_secure(*params);
}

static bool describe(const umbra_params *params, bool json) {
  char *text = cli_params_text(params, json);
  if (text) fputs(text, stdout);
  if (text && json) putchar('\n'); /* the text for people ends its last line itself */
  free(text);
  return text != NULL;
}

static void check_usage(const params_options *o) {
  bool need = o->need.depth || o->features;
  if ((o->preset != NULL) + (o->file != NULL) + need + o->list != 1)
    cli_usage("exactly one of --preset, --params, --list, and a need (--depth or --for-logistic) is expected");
  if (!need && (o->need.scale_bits || o->need.min_slots || o->need.security || o->need.log_n || o->need.keyless_levels))
    cli_usage("--scale, --slots, --security, --log-n and --keyless belong to a need (--depth or --for-logistic)");
  if (o->degree && !o->features) cli_usage("--degree belongs to --for-logistic");
  if (o->list && o->save) cli_usage("--list and --save exclude each other");
}

/* Before the work, so that it is not lost. */
static bool may_save(const params_options *o) {
  return !o->save || cli_may_write("--save", o->save, CLI_KIND_PARAMS, &o->file, 1);
}

static bool run(const cli_command *command, int argc, char **argv) {
  params_options o = {.need = {.struct_size = sizeof o.need}};
  const cli_option options[] = {
      {"list", NULL, "list the presets: depth, slots, sizes of keys, security", CLI_FLAG, &o.list, CLI_OPTIONAL},
      {"preset", "NAME", "this preset", CLI_TEXT, &o.preset, CLI_OPTIONAL},
      {"params", "FILE", "the set in this file", CLI_TEXT, &o.file, CLI_OPTIONAL},
      {"depth", "N", "the smallest set with N consecutive multiplications (default: not asked for)", CLI_COUNT,
       &o.need.depth, CLI_WITHIN(1, 64)},
      {"for-logistic", "FEATURES", "the smallest set that scores rows of so many features (default: not asked for)",
       CLI_COUNT, &o.features, CLI_WITHIN(1, CLI_MAX_FEATURES)},
      {"degree", "D", "of the sigmoid's polynomial, with --for-logistic (default 31)", CLI_COUNT, &o.degree,
       CLI_WITHIN(1, CLI_MAX_DEGREE)},
      {"scale", "BITS", "precision of a level: 20, 21, ..., 30, or 35, 40, ..., 60 (default 40)", CLI_COUNT,
       &o.need.scale_bits, CLI_WITHIN(20, 60)},
      {"keyless", "N", "so many of the highest levels without switching keys (default: none)", CLI_COUNT,
       &o.need.keyless_levels, CLI_WITHIN(1, 64)},
      {"slots", "N", "at least N slots (default: any number)", CLI_COUNT, &o.need.min_slots,
       CLI_WITHIN(1, CLI_MAX_FEATURES + 1)},
      {"security", "BITS", "of security: 128 (default), 192 or 256", CLI_COUNT, &o.need.security, CLI_WITHIN(128, 256)},
      {"log-n", "K", "a ring of exactly 2^K (default: the smallest)", CLI_COUNT, &o.need.log_n, CLI_WITHIN(11, 17)},
      {"save", "FILE", "write the set to a file", CLI_TEXT, &o.save, CLI_OPTIONAL},
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  check_usage(&o);
  if (o.list) return list_presets(o.json);

  umbra_params *params = NULL;
  bool done = may_save(&o) && open_params(&params, &o) &&
              (!o.save || cli_check(umbra_params_save(params, o.save), "--save")) && describe(params, o.json);
  umbra_params_destroy(params);
  return done;
}

const cli_command cli_params = {.name = "params",
                                .summary = "Chooses, describes and saves a parameter set.",
                                .details = "Sets under 128-bit security (eprint 2024/463) are refused.\n\n"
                                           "Examples:\n"
                                           "  umbra params --list\n"
                                           "  umbra params --depth 7 --scale 40 --slots 4096 --json\n"
                                           "  umbra params --for-logistic 30 --degree 31 --save params.umbra",
                                .run = run};
