/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "engine.h"

enum { HEX = 2 * UMBRA_DIGEST_BYTES + 1 };

static void to_hex(char hex[HEX], const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static bool has_owner(const umbra_file_info *info) {
  static const uint8_t nobody[UMBRA_OWNER_BYTES];
  return memcmp(info->owner, nobody, sizeof nobody) != 0;
}

static void print_text(const umbra_file_info *info, const char *digest, const char *owner, const char *params) {
  printf("%-12s %s\n%-12s %" PRIu32 "\n%-12s %" PRIu64 "\n%-12s %s\n", "kind", info->kind, "version", info->version,
         "bytes", info->bytes, "parameters", digest);
  if (has_owner(info)) printf("%-12s %s\n", "owner", owner);
  if (params) printf("\n%s", params);
}

static bool print_json(const umbra_file_info *info, const char *digest, const char *owner, const char *params) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "kind", info->kind);
  cJSON_AddNumberToObject(root, "version", info->version);
  cJSON_AddNumberToObject(root, "bytes", (double)info->bytes);
  cJSON_AddStringToObject(root, "params_digest", digest);
  if (has_owner(info)) cJSON_AddStringToObject(root, "owner", owner);
  if (params) cJSON_AddRawToObject(root, "params", params);
  return cli_print_json(root);
}

/* A file of parameters is described in full, an insecure one too: its description says so. */
static bool describe(char **text, const umbra_file_info *info, const char *file, bool json) {
  if (strcmp(info->kind, "parameters") != 0) return true;
  umbra_params *params = NULL;
  if (!cli_check(umbra_params_load(&params, file), NULL)) return false;
  *text = cli_params_text(params, json);
  umbra_params_destroy(params);
  return *text != NULL;
}

static bool run(const cli_command *command, int argc, char **argv) {
  bool json = false;
  const cli_option options[] = {CLI_JSON_OPTION(json), {0}};
  const char *file = cli_parse(command, options, argc, argv);

  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  char digest[HEX], owner[HEX], *params = NULL;
  if (!cli_check(umbra_file_inspect(&info, file), NULL) || !describe(&params, &info, file, json)) return false;
  to_hex(digest, info.params_digest, sizeof info.params_digest);
  to_hex(owner, info.owner, sizeof info.owner);
  bool printed = true;
  if (json) printed = print_json(&info, digest, owner, params);
  else print_text(&info, digest, owner, params);
  free(params);
  return printed;
}

const cli_command cli_inspect = {
    .name = "inspect",
    .summary = "Says what a file is, and checks that it is whole.",
    .operand = "FILE",
    .details =
        "It reads the header and compares all checksums; it needs no key. The owner is the random identifier that\n"
        "a secret key shares with everything made from it.\n\n"
        "Example:\n"
        "  umbra inspect keys/eval.umbra --json",
    .run = run};
