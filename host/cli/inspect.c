/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "key_life.h"
#include "network.h"
#include "progress.h"
#include "ranges.h"
#include "target.h"
#include "training.h"

#define CLI_KEYS_FACT "keys"
#define CLI_FILES_FACT "files"

static bool has_owner(const umbra_file_info *info) {
  static const uint8_t nobody[UMBRA_OWNER_BYTES];
  return memcmp(info->owner, nobody, sizeof nobody) != 0;
}

/* ---- what needs parameters ---- */

static void add_digest(cJSON *facts, const char *name, const uint8_t bytes[UMBRA_DIGEST_BYTES]) {
  cli_hex_add(facts, name, bytes, UMBRA_DIGEST_BYTES);
}

/* Of which plan or training it is, if any. */
static void add_role(cJSON *facts, const umbra_matrix *matrix) {
  static const char *const roles[] = {
      [UMBRA_MATRIX_RECORDS] = "records", [UMBRA_MATRIX_RESULTS] = "results", [UMBRA_MATRIX_SCALED] = "scaled records",
      [UMBRA_MATRIX_SCORES] = "scores",   [UMBRA_MATRIX_LAYER] = "layer",     [UMBRA_MATRIX_LOSS] = "losses"};
  uint8_t plan[UMBRA_DIGEST_BYTES];
  const umbra_matrix_role role = umbra_matrix_plan(matrix, plan);
  if (role == UMBRA_MATRIX_OF_NO_PLAN) return;
  cJSON_AddStringToObject(facts, "role", roles[role]);
  add_digest(facts, role >= UMBRA_MATRIX_SCALED ? "training" : "plan_digest", plan);
}

static void add_matrix(cJSON *facts, const umbra_context *context, const char *file) {
  umbra_matrix *matrix = NULL;
  if (!cli_check(umbra_matrix_load(&matrix, context, file, NULL), NULL)) return;
  cJSON_AddNumberToObject(facts, "rows", (double)umbra_matrix_rows(matrix));
  cJSON_AddNumberToObject(facts, "columns", (double)umbra_matrix_columns(matrix));
  add_role(facts, matrix);
  umbra_range range = {UMBRA_RANGE_INIT};
  if (cli_check(umbra_matrix_range(matrix, &range), NULL)) cli_range_add(facts, &range);
  umbra_matrix_destroy(matrix);
}

static void add_feature_map(cJSON *facts, const umbra_context *context, const char *file) {
  umbra_feature_map *map = NULL;
  umbra_range range = {UMBRA_RANGE_INIT};
  umbra_feature_layout layout = {UMBRA_FEATURE_LAYOUT_INIT};
  if (!cli_check(umbra_feature_map_load(&map, context, file, NULL), NULL)) return;
  if (cli_check(umbra_feature_map_layout(map, &layout), NULL)) {
    cJSON_AddNumberToObject(facts, "channels", layout.channels);
    cJSON_AddNumberToObject(facts, "height", layout.height);
    cJSON_AddNumberToObject(facts, "width", layout.width);
  }
  cJSON_AddNumberToObject(facts, "level", umbra_feature_map_level(map));
  if (cli_check(umbra_feature_map_range(map, &range), NULL)) cli_range_add(facts, &range);
  umbra_feature_map_destroy(map);
}

static void add_logistic(cJSON *facts, const umbra_context *context, const char *file) {
  umbra_logistic *model = NULL;
  if (!cli_check(umbra_logistic_load(&model, context, file, NULL), NULL)) return;
  umbra_logistic_info info = {UMBRA_LOGISTIC_INFO_INIT};
  if (cli_check(umbra_logistic_inspect(model, &info), NULL)) {
    cJSON_AddNumberToObject(facts, "features", (double)info.features);
    cJSON_AddNumberToObject(facts, "level", info.level);
    cJSON_AddNumberToObject(facts, "degree", info.degree);
    cJSON_AddNumberToObject(facts, "range", info.range);
    cJSON_AddNumberToObject(facts, "sigmoid_error", info.error);
  }
  uint8_t training[UMBRA_DIGEST_BYTES];
  if (umbra_logistic_training(model, training)) add_digest(facts, "training", training);
  umbra_range range = {UMBRA_RANGE_INIT};
  if (cli_check(umbra_logistic_range(model, &range), NULL)) cli_range_add(facts, &range);
  umbra_logistic_destroy(model);
}

static void add_ciphertext(cJSON *facts, const umbra_context *context, const char *file) {
  umbra_ciphertext *ciphertext = NULL;
  umbra_range range = {UMBRA_RANGE_INIT};
  if (!cli_check(umbra_ciphertext_load(&ciphertext, context, file, NULL), NULL)) return;
  cJSON_AddNumberToObject(facts, "level", umbra_ciphertext_level(ciphertext));
  cJSON_AddNumberToObject(facts, "slots", umbra_ciphertext_slots(ciphertext));
  if (cli_check(umbra_ciphertext_range(ciphertext, &range), NULL)) cli_range_add(facts, &range);
  umbra_ciphertext_destroy(ciphertext);
}

static const char *const key_kinds[] = {
    [UMBRA_KEY_RELINEARIZE] = "relinearization", [UMBRA_KEY_ROTATE] = "rotation",
    [UMBRA_KEY_CONJUGATE] = "conjugation",       [UMBRA_KEY_TO_SPARSE] = "to ephemeral",
    [UMBRA_KEY_TO_DENSE] = "from ephemeral",
};

static bool add_needs(cJSON *facts, const umbra_key_needs *needs) {
  cJSON_AddNumberToObject(facts, "key_bytes", (double)umbra_key_needs_bytes(needs));
  cJSON *keys = cJSON_AddArrayToObject(facts, CLI_KEYS_FACT);
  for (size_t i = 0; i < umbra_key_needs_count(needs); i++) {
    umbra_key_need need;
    umbra_key_need_init(&need);
    if (!cli_check(umbra_key_needs_get(needs, &need, i), NULL)) return false;
    cJSON *key = cJSON_CreateObject();
    cJSON_AddStringToObject(key, "kind", key_kinds[need.kind]);
    if (need.kind == UMBRA_KEY_ROTATE) cJSON_AddNumberToObject(key, "steps", need.steps);
    cJSON_AddNumberToObject(key, "level", need.level);
    cJSON_AddItemToArray(keys, key);
  }
  return true;
}

/* What they are for, without loading them. */
static void add_eval_keys(cJSON *facts, const umbra_context *context, const char *file) {
  umbra_key_needs *needs = NULL;
  if (cli_check(umbra_key_needs_create(&needs, umbra_context_params(context)), NULL) &&
      cli_check(umbra_key_needs_of_file(needs, file), NULL))
    add_needs(facts, needs);
  umbra_key_needs_destroy(needs);
}

static const struct {
  const char *kind;
  void (*add)(cJSON *facts, const umbra_context *context, const char *file);
} loaders[] = {{CLI_KIND_CIPHERTEXT, add_ciphertext},
               {CLI_KIND_MATRIX, add_matrix},
               {CLI_KIND_FEATURE_MAP, add_feature_map},
               {CLI_KIND_LOGISTIC, add_logistic},
               {CLI_KIND_EVAL_KEYS, add_eval_keys}};

/* Facts that only the object itself knows. */
static bool add_contents(cJSON *facts, const umbra_file_info *info, const char *file, const char *keys) {
  cli_report unused = {0};
  cli_engine engine = {0};
  umbra_context *context = NULL;
  bool opened = cli_report_open(&unused) && cli_context_open_in(&context, keys, &engine, &unused);
  int before = cJSON_GetArraySize(facts);
  for (size_t i = 0; opened && i < sizeof loaders / sizeof *loaders; i++) {
    if (strcmp(loaders[i].kind, info->kind) != 0) continue;
    loaders[i].add(facts, context, file);
    opened = cJSON_GetArraySize(facts) > before;
  }
  umbra_context_destroy(context);
  cJSON_Delete(unused.root);
  return opened;
}

/* ---- keys' lives, and what is signed ---- */

static const char *const secrets[] = {CLI_KIND_SECRET_KEY, CLI_KIND_SIGNING_KEY};
static const char *const keys_of_all_kinds[] = {CLI_KIND_SECRET_KEY, CLI_KIND_PUBLIC_KEY, CLI_KIND_EVAL_KEYS,
                                                CLI_KIND_SIGNING_KEY, CLI_KIND_SIGNER};

static bool is_one_of(const char *kind, const char *const *kinds, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(kinds[i], kind) == 0) return true;
  return false;
}

static bool add_signer(cJSON *facts, const char *file) {
  umbra_signer signer = {UMBRA_SIGNER_INIT};
  if (!cli_check(umbra_signer_load(&signer, file), NULL)) return false;
  add_digest(facts, "signer", signer.key);
  return true;
}

static void add_file(void *user, const char *name, uint64_t bytes, const uint8_t digest[UMBRA_FILE_DIGEST_BYTES],
                     const char *kind) {
  cJSON *file = cJSON_CreateObject();
  cJSON_AddStringToObject(file, "name", name);
  cJSON_AddNumberToObject(file, "bytes", (double)bytes);
  if (*kind) cJSON_AddStringToObject(file, "kind", kind);
  add_digest(file, "digest", digest);
  cJSON_AddItemToArray(user, file);
}

/* By a signer whom nobody has said to trust. */
static bool add_manifest(cJSON *facts, const char *file) {
  char date[CLI_UNITS];
  umbra_manifest_info info = {UMBRA_MANIFEST_INFO_INIT};
  cJSON *files = cJSON_CreateArray();
  if (!cli_check(umbra_manifest_inspect(&info, file, add_file, files), NULL)) {
    cJSON_Delete(files);
    return false;
  }
  cJSON_AddStringToObject(facts, "date", cli_time_text(date, info.date));
  add_digest(facts, "signer", info.signer);
  cJSON_AddItemToObject(facts, CLI_FILES_FACT, files);
  return true;
}

/* ---- the report ---- */

/* Everything but the parameters' description. */
static cJSON *facts_of(const umbra_file_info *info, const char *file) {
  uint32_t flags = 0;
  cJSON *facts = cJSON_CreateObject();
  cJSON_AddStringToObject(facts, "kind", info->kind);
  cJSON_AddNumberToObject(facts, "version", info->version);
  cJSON_AddNumberToObject(facts, "bytes", (double)info->bytes);
  add_digest(facts, "params_digest", info->params_digest);
  if (has_owner(info)) cli_hex_add(facts, "owner", info->owner, sizeof info->owner);
  if (is_one_of(info->kind, secrets, 2) && cli_file_kind(file, &flags))
    cJSON_AddBoolToObject(facts, "sealed", (flags & (CLI_FLAG_SEALED | CLI_FLAG_STORED)) != 0);
  if (flags & CLI_FLAG_STORED) cJSON_AddStringToObject(facts, "sealed_by", "a key store");
  return facts;
}

/* What small objects say of themselves: until when a key serves, what was signed. False, with an error, if they cannot be read. */
static bool add_small(cJSON *facts, const char *kind, const char *file) {
  if (is_one_of(kind, keys_of_all_kinds, sizeof keys_of_all_kinds / sizeof *keys_of_all_kinds) &&
      !cli_life_add(facts, file))
    return false;
  if (strcmp(kind, CLI_KIND_SIGNER) == 0) return add_signer(facts, file);
  return strcmp(kind, CLI_KIND_MANIFEST) != 0 || add_manifest(facts, file);
}

static int level_of(const cJSON *key) { return (int)cJSON_GetNumberValue(cJSON_GetObjectItem(key, "level")); }

/* All rotations to one level, if the first of them is this one. */
static void print_rotations(const cJSON *keys, const cJSON *first) {
  const cJSON *key;
  bool is_first = true;
  cJSON_ArrayForEach(key, keys) {
    const cJSON *steps = cJSON_GetObjectItem(key, "steps");
    if (!steps || level_of(key) != level_of(first)) continue;
    if (is_first && key != first) return;
    if (is_first) printf("%-14s to level %d: %d", "rotations", level_of(key), steps->valueint);
    else printf(", %d", steps->valueint);
    is_first = false;
  }
  putchar('\n');
}

static void print_keys(const cJSON *keys) {
  const cJSON *key;
  cJSON_ArrayForEach(key, keys) {
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(key, "kind"));
    if (cJSON_GetObjectItem(key, "steps")) print_rotations(keys, key);
    else printf("%-14s to level %d\n", kind, level_of(key));
  }
}

static void print_files(const cJSON *files) {
  char bytes[CLI_UNITS];
  const cJSON *file;
  cJSON_ArrayForEach(file, files) {
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(file, "kind"));
    printf("%-14s %s, %s%s%s\n", "file", cJSON_GetStringValue(cJSON_GetObjectItem(file, "name")),
           cli_bytes_text(bytes, cJSON_GetNumberValue(cJSON_GetObjectItem(file, "bytes"))), kind ? ", " : "",
           kind ? kind : "");
  }
}

static void print_text(cJSON *facts) {
  char number[CLI_UNITS];
  const cJSON *item;
  cli_make_shown(facts);
  cJSON_ArrayForEach(item, facts) {
    if (strcmp(item->string, CLI_KEYS_FACT) == 0) {
      print_keys(item);
      continue;
    }
    if (strcmp(item->string, CLI_FILES_FACT) == 0) {
      print_files(item);
      continue;
    }
    if (cJSON_IsNumber(item)) {
      printf("%-14s %s\n", item->string, cli_fact_text(number, item->string, item->valuedouble));
      continue;
    }
    char *text = cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item);
    printf("%-14s %s\n", item->string, text ? text : item->valuestring);
    cJSON_free(text);
  }
}

/* ---- what describes itself in full ---- */

/* An insecure set too: its description says so. */
static bool describe_params(cJSON *facts, const char *file, bool json) {
  umbra_params *params = NULL;
  if (!cli_check(umbra_params_load(&params, file), NULL)) return false;
  char *text = cli_params_text(params, json);
  umbra_params_destroy(params);
  if (text && json) cJSON_AddRawToObject(facts, "params", text);
  else if (text) printf("\n%s", text);
  const bool done = text != NULL;
  free(text);
  return done;
}

static bool describe_training(cJSON *facts, const char *file, bool json) {
  umbra_train_plan *plan = NULL;
  if (!cli_check(umbra_train_plan_load(&plan, file), NULL)) return false;
  if (json) cJSON_AddItemToObject(facts, "plan", cli_plan_facts(plan));
  else putchar('\n');
  if (!json) cli_plan_print(plan);
  umbra_train_plan_destroy(plan);
  return true;
}

static bool describe_network(cJSON *facts, const char *file, bool json) {
  umbra_inference_plan *plan = NULL;
  if (!cli_check(umbra_inference_plan_load(&plan, file), NULL)) return false;
  if (!json) putchar('\n');
  const bool done = cli_network_describe(plan, facts, true, json);
  umbra_inference_plan_destroy(plan);
  return done;
}

static const struct {
  const char *kind;
  bool (*describe)(cJSON *facts, const char *file, bool json);
} describers[] = {
    {CLI_KIND_PARAMS, describe_params}, {CLI_KIND_PLAN, describe_training}, {CLI_KIND_NETWORK_PLAN, describe_network}};

static bool describe(cJSON *facts, const umbra_file_info *info, const char *file, bool json) {
  for (size_t i = 0; i < sizeof describers / sizeof *describers; i++)
    if (strcmp(describers[i].kind, info->kind) == 0) return describers[i].describe(facts, file, json);
  return true;
}

static bool inspect(cJSON *facts, const umbra_file_info *info, const char *file, const char *keys, bool json) {
  if (keys && !add_contents(facts, info, file, keys)) return false;
  if (!json) print_text(facts);
  return describe(facts, info, file, json) && (!json || cli_print_json(cJSON_Duplicate(facts, true)));
}

static bool run(const cli_command *command, int argc, char **argv) {
  bool json = false;
  const char *keys = NULL;
  const cli_option options[] = {
      {"keys", "DIR", "folder with " CLI_PARAMS_FILE ": opens the file and says more", CLI_TEXT, &keys, CLI_OPTIONAL},
      CLI_JSON_OPTION(json),
      {0}};
  const char *file = cli_parse(command, options, argc, argv);

  cli_progress bar;
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  const umbra_progress progress = cli_progress_open(&bar, "reading");
  if (!cli_progress_check(&bar, umbra_file_inspect(&info, file, &progress), NULL)) return false;
  cJSON *facts = facts_of(&info, file);
  bool done = add_small(facts, info.kind, file) && inspect(facts, &info, file, keys, json);
  cJSON_Delete(facts);
  return done;
}

const cli_command cli_inspect = {
    .name = "inspect",
    .summary = "Says what a file is, and checks that it is whole.",
    .operand = "FILE",
    .details =
        "It reads the header and compares all checksums; it needs no key. With --keys it also says how large a\n"
        "matrix or feature map is, how many features a model has and which polynomial stands for the sigmoid in it,\n"
        "which keys there are for which levels, and what is known of the size of values: the bound, which trusts\n"
        "what was declared, and the worst case. Plans are described in full. The owner is the random identifier\n"
        "that a secret key shares with everything made from it. Of keys it says when they were made and expire, and\n"
        "whether they are retired; of a manifest, who signed what and when, but not whether the files are there:\n"
        "see umbra verify.\n\n"
        "Example:\n"
        "  umbra inspect keys/eval.umbra --keys keys --json",
    .run = run};
