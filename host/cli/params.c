/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "engine.h"
#include "progress.h"
#include "target.h"

typedef struct params_options {
  const char *preset, *file, *save;
  umbra_params_need need;
  uint32_t features, degree;
  bool list, json;
} params_options;

static bool print_presets(bool json) {
  cJSON *root = cJSON_CreateObject(), *names = cJSON_AddArrayToObject(root, "presets");
  for (const char *const *name = umbra_params_presets(); *name; name++) {
    cJSON_AddItemToArray(names, cJSON_CreateString(*name));
    if (!json) puts(*name);
  }
  if (json) return cli_print_json(root);
  cJSON_Delete(root);
  return true;
}

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
      {"list", NULL, "print the names of the presets", CLI_FLAG, &o.list, CLI_OPTIONAL},
      {"preset", "NAME", "this preset", CLI_TEXT, &o.preset, CLI_OPTIONAL},
      {"params", "FILE", "the set in this file", CLI_TEXT, &o.file, CLI_OPTIONAL},
      {"depth", "N", "the smallest set with N consecutive multiplications", CLI_COUNT, &o.need.depth,
       CLI_WITHIN(1, 64)},
      {"for-logistic", "FEATURES", "the smallest set that scores rows of so many features", CLI_COUNT, &o.features,
       CLI_WITHIN(1, CLI_MAX_FEATURES)},
      {"degree", "D", "of the sigmoid's polynomial, with --for-logistic (default 31)", CLI_COUNT, &o.degree,
       CLI_WITHIN(1, CLI_MAX_DEGREE)},
      {"scale", "BITS", "precision of a level: 20 to 30, or 35, 40, ..., 60 (default 40)", CLI_COUNT,
       &o.need.scale_bits, CLI_WITHIN(20, 60)},
      {"keyless", "N", "so many of the highest levels without switching keys", CLI_COUNT, &o.need.keyless_levels,
       CLI_WITHIN(1, 64)},
      {"slots", "N", "at least N slots", CLI_COUNT, &o.need.min_slots, CLI_WITHIN(1, CLI_MAX_FEATURES + 1)},
      {"security", "BITS", "128 (default), 192 or 256", CLI_COUNT, &o.need.security, CLI_WITHIN(128, 256)},
      {"log-n", "K", "a ring of exactly 2^K", CLI_COUNT, &o.need.log_n, CLI_WITHIN(11, 17)},
      {"save", "FILE", "write the set to a file", CLI_TEXT, &o.save, CLI_OPTIONAL},
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  check_usage(&o);
  if (o.list) return print_presets(o.json);

  umbra_params *params = NULL;
  bool done = may_save(&o) && open_params(&params, &o) &&
              (!o.save || (cli_goes_on() && cli_check(umbra_params_save(params, o.save), "--save"))) &&
              describe(params, o.json);
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
