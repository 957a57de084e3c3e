/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <umbra/file.h>
#include <unistd.h>

#include "../engine.h"
#include "../target.h"
#include "../training.h"

/* ---- the commands ---- */

typedef enum input_how {
  A_FILE,         /* FOLDER/FILE */
  A_FOLDER,       /* FOLDER with `file` in it */
  FILE_OR_FOLDER, /* of files of that kind */
  A_NETWORK,      /* of those that the operator offers */
  A_COUNT,        /* 1 to 100000 */
  A_FLAG          /* true: the option names a file of the job's, `file` */
} input_how;

typedef struct input {
  const char *name, *option;
  input_how how;
  const char *kind, *file;
  bool required;
} input;

typedef struct job_command {
  const char *name;
  const input *inputs;
  const char *result; /* file that --out names; NULL: the folder */
} job_command;

static const input infer_inputs[] = {{"network", "--plan", A_NETWORK, .kind = CLI_KIND_NETWORK_PLAN},
                                     {"plan", "--plan", A_FILE, .kind = CLI_KIND_NETWORK_PLAN},
                                     {"keys", "--keys", A_FOLDER, CLI_KIND_EVAL_KEYS, CLI_EVAL_KEYS_FILE, true},
                                     {"weights", "--weights", A_FILE, .kind = CLI_KIND_NETWORK_WEIGHTS},
                                     {"in", "--in", FILE_OR_FOLDER, .kind = CLI_KIND_MATRIX, .required = true},
                                     {"digests", "--digests", A_FLAG, .file = "layers.jsonl"},
                                     {0}};
static const input score_inputs[] = {{"keys", "--keys", A_FOLDER, CLI_KIND_EVAL_KEYS, CLI_EVAL_KEYS_FILE, true},
                                     {"model", "--model", A_FILE, .kind = CLI_KIND_LOGISTIC, .required = true},
                                     {"records", "--records", A_FILE, .kind = CLI_KIND_MATRIX, .required = true},
                                     {"degree", "--degree", .how = A_COUNT},
                                     {0}};
static const input train_inputs[] = {{"keys", "--keys", A_FOLDER, CLI_KIND_EVAL_KEYS, CLI_EVAL_KEYS_FILE, true},
                                     {"data", "--data", A_FOLDER, CLI_KIND_PLAN, CLI_PLAN_FILE, true},
                                     {"keep", "--keep", .how = A_COUNT},
                                     {0}};
static const job_command commands[] = {
    {"infer", infer_inputs, "answer.umbra"}, {"score", score_inputs, "scores.umbra"}, {"train", train_inputs, NULL}};
enum { COMMANDS = sizeof commands / sizeof *commands, MOST_WORDS = 32 };

static const job_command *find_command(const char *name) {
  for (int i = 0; i < COMMANDS; i++)
    if (name && strcmp(name, commands[i].name) == 0) return &commands[i];
  return NULL;
}

static const char *text_of(const cJSON *request, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, name));
}

/* ---- requests ---- */

/* FOLDER of FOLDER or FOLDER/FILE; false for other texts. */
static bool parse_object(char folder[SERVE_NAME], const char **file, const char *text) {
  const char *slash = strchr(text, '/');
  const size_t length = slash ? (size_t)(slash - text) : strlen(text);
  *file = slash ? slash + 1 : NULL;
  if (length >= SERVE_NAME) return false;
  snprintf(folder, SERVE_NAME, "%.*s", (int)length, text);
  return serve_is_name(folder) && (!slash || serve_is_name(*file));
}

static bool fits(const input *in, const char *text) {
  char folder[SERVE_NAME];
  const char *file;
  if (in->how == A_NETWORK) return serve_is_name(text);
  if (!parse_object(folder, &file, text)) return false;
  return in->how == FILE_OR_FOLDER || (file != NULL) == (in->how == A_FILE);
}

static bool is_wellformed(serve_reply *refusal, const input *in, const cJSON *value) {
  static const char *const expected[] = {"\"FOLDER/FILE\"",
                                         "\"FOLDER\"",
                                         "\"FOLDER/FILE\" or \"FOLDER\"",
                                         "a network's name",
                                         "a whole number from 1 to 100000",
                                         "true or false"};
  bool right = true;
  if (in->how == A_COUNT) {
    const double count = cJSON_GetNumberValue(value);
    right = count >= 1 && count <= 100000 && floor(count) == count;
  } else if (in->how == A_FLAG) {
    right = cJSON_IsBool(value);
  } else {
    right = cJSON_IsString(value) && fits(in, value->valuestring);
  }
  if (!right) *refusal = serve_refuse(SERVE_MALFORMED, "\"%s\": %s is expected", in->name, expected[in->how]);
  return right;
}

/* Members of the table, in its order, and no others. */
static cJSON *normalise(serve_reply *refusal, const job_command *command, const cJSON *sent) {
  cJSON *request = cJSON_CreateObject();
  int taken = 1;
  cJSON_AddStringToObject(request, "command", command->name);
  for (const input *in = command->inputs; in->name; in++) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(sent, in->name);
    if (value && is_wellformed(refusal, in, value)) {
      cJSON_AddItemToObject(request, in->name, cJSON_Duplicate(value, true));
      taken++;
    } else if (value || in->required) {
      if (!value) *refusal = serve_refuse(SERVE_MALFORMED, "\"%s\" is missing", in->name);
      cJSON_Delete(request);
      return NULL;
    }
  }
  if (taken == cJSON_GetArraySize(sent)) return request;
  cJSON_Delete(request);
  *refusal = serve_refuse(SERVE_MALFORMED, "umbra %s takes no others than what the documentation lists", command->name);
  return NULL;
}

/* A plan comes from the operator or from the client; digests of layers would tell of the operator's weights. */
static bool has_one_plan(serve_reply *refusal, const cJSON *request) {
  const bool theirs = text_of(request, "network"), own = text_of(request, "plan");
  const bool asks = strcmp(text_of(request, "command"), "infer") == 0;
  const bool digests = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request, "digests"));
  if (asks && theirs == own) *refusal = serve_refuse(SERVE_MALFORMED, "one of \"network\" and \"plan\" is expected");
  else if (theirs && digests)
    *refusal = serve_refuse(SERVE_FORBIDDEN, "\"digests\" are for a \"plan\" of the client's");
  return !refusal->status;
}

cJSON *serve_request_parse(serve_reply *refusal, const char *text) {
  cJSON *sent = cJSON_Parse(text), *request = NULL;
  const job_command *command = find_command(text_of(sent, "command"));
  if (!cJSON_IsObject(sent)) *refusal = serve_refuse(SERVE_MALFORMED, "a JSON object is expected");
  else if (!command) *refusal = serve_refuse(SERVE_MALFORMED, "\"command\": infer, score or train is expected");
  else request = normalise(refusal, command, sent);
  cJSON_Delete(sent);
  if (!request || has_one_plan(refusal, request)) return request;
  cJSON_Delete(request);
  return NULL;
}

cJSON *serve_request_read(const char *text) {
  serve_reply refusal = {.file = -1};
  cJSON *request = serve_request_parse(&refusal, text);
  serve_reply_clear(&refusal);
  return request;
}

/* ---- what a request names ---- */

static const char *kind_of(umbra_file_info *info, int file) {
  uint8_t head[UMBRA_HEADER_BYTES];
  umbra_file_info_init(info);
  return pread(file, head, sizeof head, 0) == sizeof head && umbra_buffer_inspect(info, head, sizeof head) == UMBRA_OK
             ? info->kind
             : "unknown";
}

/* After an open that failed. */
static serve_reply not_opened(const char *name) {
  return serve_is_absence(errno) ? serve_refuse(SERVE_NOT_FOUND, "there is no %s", name) : serve_system_failure();
}

/* name: as the client knows the file at that path. */
static bool check_kind(serve_reply *refusal, int folder, const char *path, const char *kind, const char *name) {
  umbra_file_info info;
  const int file = serve_open(folder, path, O_RDONLY);
  if (file < 0) {
    *refusal = not_opened(name);
    return false;
  }
  const char *found = kind_of(&info, file);
  const bool right = strcmp(found, kind) == 0;
  if (!right)
    *refusal = serve_refuse(SERVE_UNUSABLE, "%s: the file's kind is \"%s\", and \"%s\" is expected", name, found, kind);
  close(file);
  return right;
}

static bool check_input(serve_reply *refusal, const input *in, const char *text, const serve_client *client,
                        int state) {
  char path[SERVE_PATH], name[SERVE_PATH];
  if (in->how == A_NETWORK) {
    serve_path(path, SERVE_NETWORKS "/%s/server.umbra", text);
    serve_path(name, "network %s", text);
    return check_kind(refusal, state, path, in->kind, name);
  }
  if (in->how == FILE_OR_FOLDER && !strchr(text, '/')) {
    serve_path(path, SERVE_OBJECTS "/%s", text);
    const int folder = serve_open(client->folder, path, O_RDONLY | O_DIRECTORY);
    if (folder < 0) *refusal = not_opened(text);
    else close(folder);
    return folder >= 0;
  }
  serve_path(name, "%s%s%s", text, in->how == A_FOLDER ? "/" : "", in->how == A_FOLDER ? in->file : "");
  serve_path(path, SERVE_OBJECTS "/%s", name);
  return check_kind(refusal, client->folder, path, in->kind, name);
}

bool serve_request_check(serve_reply *refusal, const cJSON *request, const serve_client *client, int state) {
  for (const input *in = find_command(text_of(request, "command"))->inputs; in->name; in++) {
    const char *text = text_of(request, in->name);
    if (text && !check_input(refusal, in, text, client, state)) return false;
  }
  return true;
}

/* ---- folders ---- */

void serve_request_each_folder(const cJSON *request, void (*call)(void *user, const char *folder), void *user) {
  const job_command *command = find_command(text_of(request, "command"));
  for (const input *in = command ? command->inputs : NULL; in && in->name; in++) {
    char folder[SERVE_NAME];
    const char *file, *text = text_of(request, in->name);
    if (text && in->how != A_NETWORK && parse_object(folder, &file, text)) call(user, folder);
  }
}

typedef struct search {
  const char *folder;
  bool found;
} search;

static void compare(void *user, const char *folder) {
  search *s = user;
  s->found |= strcmp(folder, s->folder) == 0;
}

bool serve_request_uses(const cJSON *request, const char *folder) {
  search s = {.folder = folder};
  serve_request_each_folder(request, compare, &s);
  return s.found;
}

/* ---- the command ---- */

typedef struct words {
  char **word;
  int count;
  bool failed;
} words;

__attribute__((format(printf, 2, 3))) static void add(words *w, const char *format, ...) {
  char path[SERVE_PATH];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(path, sizeof path, format, arguments);
  va_end(arguments);
  w->failed |= w->count + 1 >= MOST_WORDS || !(w->word[w->count++] = strdup(path));
}

static void add_input(words *w, const input *in, const cJSON *value, const char *job) {
  if (!value || cJSON_IsFalse(value)) return;
  add(w, "%s", in->option);
  if (in->how == A_COUNT) add(w, "%d", value->valueint);
  else if (in->how == A_FLAG) add(w, SERVE_JOBS "/%s/" SERVE_OUT "/%s", job, in->file);
  else if (in->how == A_NETWORK) add(w, "../../" SERVE_NETWORKS "/%s/server.umbra", value->valuestring);
  else add(w, SERVE_OBJECTS "/%s", value->valuestring);
}

bool serve_job_has_checkpoint(const serve_client *client, const char *job) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_OUT "/" CLI_CHECKPOINT_FILE, job);
  return serve_is_there(client->folder, path);
}

static void add_result(words *w, const job_command *command, const cJSON *request, const serve_client *client,
                       const char *job) {
  const char *in = text_of(request, "in");
  const bool in_folder = !command->result || (in && !strchr(in, '/'));
  add(w, "--out");
  add(w, SERVE_JOBS "/%s/" SERVE_OUT "%s%s", job, in_folder ? "" : "/", in_folder ? "" : command->result);
  if (command->result) return;
  add(w, "--no-estimate");
  if (serve_job_has_checkpoint(client, job)) add(w, "--resume");
}

char **serve_request_words(const cJSON *request, const serve_client *client, const char *job, uint32_t threads) {
  const job_command *command = find_command(text_of(request, "command"));
  words w = {.word = calloc(MOST_WORDS, sizeof *w.word)};
  if (!command || !w.word) {
    free(w.word);
    return NULL;
  }
  add(&w, "umbra");
  add(&w, "%s", command->name);
  for (const input *in = command->inputs; in->name; in++)
    add_input(&w, in, cJSON_GetObjectItemCaseSensitive(request, in->name), job);
  add_result(&w, command, request, client, job);
  add(&w, "--json");
  if (threads) add(&w, "--threads");
  if (threads) add(&w, "%" PRIu32, threads);
  if (!w.failed) return w.word;
  serve_words_free(w.word);
  return NULL;
}

void serve_words_free(char **list) {
  for (char **word = list; word && *word; word++) free(*word);
  free(list);
}
