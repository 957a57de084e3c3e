/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../output.h"

enum { SECRET_BYTES = 32, HASH_BYTES = 32, LARGEST_FILE = 4096 };

static void hash_token(char hex[CLI_HEX], const char *token) {
  uint8_t hash[HASH_BYTES];
  crypto_generichash(hash, sizeof hash, (const uint8_t *)token, strlen(token), NULL, 0);
  cli_hex(hex, hash, sizeof hash);
}

/* ---- adding and removing ---- */

static bool write_client(int folder, const char *path, const char *token, uint64_t quota, bool is_operator) {
  char hash[CLI_HEX];
  hash_token(hash, token);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "token_hash", hash);
  cJSON_AddNumberToObject(json, "quota", (double)quota);
  cJSON_AddBoolToObject(json, "operator", is_operator);
  char *text = cJSON_PrintUnformatted(json);
  cJSON_Delete(json);
  const bool written = text && serve_write_text(folder, path, text);
  cJSON_free(text);
  return written;
}

static void make_token(char token[SERVE_TOKEN], const char *name) {
  uint8_t secret[SECRET_BYTES];
  char hex[CLI_HEX];
  randombytes_buf(secret, sizeof secret);
  cli_hex(hex, secret, sizeof secret);
  snprintf(token, SERVE_TOKEN, "%s.%s", name, hex);
  sodium_memzero(secret, sizeof secret);
  sodium_memzero(hex, sizeof hex);
}

/* The file is the last to come: without it there is no client. */
bool serve_client_add(char token[SERVE_TOKEN], int state, const char *name, uint64_t quota, bool is_operator) {
  static const char *const folders[] = {SERVE_INCOMING, SERVE_OBJECTS, SERVE_JOBS};
  char path[SERVE_PATH];
  if (!serve_is_name(name) || strchr(name, '.'))
    return cli_error(
        "--add-client: \"%s\": a name has 1 to 64 letters, digits, _ or -, and begins with one of the first", name);
  serve_path(path, SERVE_CLIENTS "/%s", name);
  if (serve_is_there(state, path))
    return cli_error("--add-client: there is a client %s, or what is left of one: see --remove-client", name);
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    serve_path(path, SERVE_CLIENTS "/%s/%s", name, folders[i]);
    if (!serve_make(state, path)) return cli_error("--add-client: %s: %s", path, strerror(errno));
  }
  make_token(token, name);
  serve_path(path, SERVE_CLIENTS "/%s/" SERVE_CLIENT_FILE, name);
  return write_client(state, path, token, quota, is_operator) ||
         cli_error("--add-client: %s: %s", path, strerror(errno));
}

/* The file is the first to go: from then on the token opens nothing. While the folder is there, it can be done again. */
bool serve_client_remove(int state, const char *name) {
  char file[SERVE_PATH], folder[SERVE_PATH];
  serve_path(file, SERVE_CLIENTS "/%s/" SERVE_CLIENT_FILE, name);
  serve_path(folder, SERVE_CLIENTS "/%s", name);
  if (!serve_is_name(name) || !serve_is_there(state, folder))
    return cli_error("--remove-client: there is no client \"%s\"", name);
  return (serve_remove(state, file) && serve_remove(state, folder)) ||
         cli_error("--remove-client: %s: %s", folder, strerror(errno));
}

/* ---- who is it ---- */

/* NAME of a text "Bearer NAME.SECRET", and where the token begins; false for other texts. */
static bool parse(char name[SERVE_NAME], const char **token, const char *authorization) {
  static const char scheme[] = "Bearer ";
  if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) return false;
  *token = authorization + sizeof scheme - 1;
  const size_t length = strcspn(*token, ".");
  if (length >= SERVE_NAME || strlen(*token) >= SERVE_TOKEN) return false;
  snprintf(name, SERVE_NAME, "%.*s", (int)length, *token);
  return serve_is_name(name);
}

/* NULL, with errno. */
static cJSON *read_client(int state, const char *name) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_CLIENTS "/%s/" SERVE_CLIENT_FILE, name);
  char *text = serve_read_text(state, path, LARGEST_FILE);
  cJSON *json = text ? cJSON_Parse(text) : NULL;
  if (text && !json) errno = EBADMSG;
  free(text);
  return json;
}

/* What is no number is nothing. */
static uint64_t quota_of(const cJSON *json) {
  const double quota = cJSON_GetNumberValue(cJSON_GetObjectItem(json, "quota"));
  return quota >= 0 && quota < 0x1p63 ? (uint64_t)quota : 0;
}

bool serve_client_quota(uint64_t *quota, int state, const char *name) {
  cJSON *json = read_client(state, name);
  if (!json) return false;
  *quota = quota_of(json);
  cJSON_Delete(json);
  return true;
}

uint64_t serve_client_left(int folder, uint64_t quota) {
  const serve_usage usage = serve_measure(folder, ".");
  return usage.files < SERVE_MOST_FILES && usage.bytes < quota ? quota - usage.bytes : 0;
}

/* The time that it takes tells nothing of the hash that is stored. */
static bool has_token(const cJSON *json, const char *token) {
  char hash[CLI_HEX];
  const char *stored = cJSON_GetStringValue(cJSON_GetObjectItem(json, "token_hash"));
  hash_token(hash, token);
  return stored && strlen(stored) == sizeof hash - 1 && sodium_memcmp(stored, hash, sizeof hash) == 0;
}

static bool refuse_token(serve_reply *refusal) {
  *refusal = serve_refuse(SERVE_UNKNOWN_TOKEN, "a client's token is expected");
  return false;
}

/* By errno: a client that is not there has no token; one that cannot be read may have it. */
static bool refuse_unread(serve_reply *refusal) {
  if (serve_is_absence(errno)) return refuse_token(refusal);
  *refusal = serve_refuse(SERVE_UNAVAILABLE, "the server cannot tell whose token it is: %s", strerror(errno));
  return false;
}

bool serve_client_open(serve_client *client, serve_reply *refusal, int state, const char *authorization) {
  const char *token;
  char path[SERVE_PATH];
  *client = (serve_client){.folder = -1};
  if (!parse(client->name, &token, authorization)) return refuse_token(refusal);
  cJSON *json = read_client(state, client->name);
  if (!json) return refuse_unread(refusal);
  const bool known = has_token(json, token);
  client->quota = quota_of(json);
  client->is_operator = cJSON_IsTrue(cJSON_GetObjectItem(json, "operator"));
  cJSON_Delete(json);
  if (!known) return refuse_token(refusal);
  serve_path(path, SERVE_CLIENTS "/%s", client->name);
  client->folder = serve_open(state, path, O_RDONLY | O_DIRECTORY);
  return client->folder >= 0 || refuse_unread(refusal);
}

void serve_client_close(serve_client *client) {
  if (client->folder >= 0) close(client->folder);
  client->folder = -1;
}
