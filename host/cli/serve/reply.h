/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is answered with: a status of HTTP, and JSON, text, or a file. */
#ifndef UMBRA_CLI_SERVE_REPLY_H
#define UMBRA_CLI_SERVE_REPLY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Statuses that are given. */
enum {
  SERVE_OK = 200,
  SERVE_CREATED = 201,
  SERVE_ACCEPTED = 202,
  SERVE_MALFORMED = 400,
  SERVE_UNKNOWN_TOKEN = 401,
  SERVE_FORBIDDEN = 403,
  SERVE_NOT_FOUND = 404,
  SERVE_NO_METHOD = 405,
  SERVE_CONFLICT = 409,
  SERVE_NO_LENGTH = 411,
  SERVE_TOO_LARGE = 413,
  SERVE_UNUSABLE = 422, /* a file that is damaged or of the wrong kind; a job that cannot be */
  SERVE_TOO_MANY = 429,
  SERVE_FAILED = 500,
  SERVE_UNAVAILABLE = 503,
  SERVE_DISK_FULL = 507
};

typedef struct serve_reply {
  int status;
  char *text;       /* JSON, or what `type` says; NULL: the file */
  const char *type; /* NULL: JSON */
  int file;         /* is closed by whoever sends it */
  uint64_t bytes;   /* of the file */
} serve_reply;

/* Takes the JSON; texts in it become UTF-8. */
serve_reply serve_answer(int status, cJSON *json);

/* {"status": 404, "error": "..."} */
__attribute__((format(printf, 2, 3))) serve_reply serve_refuse(int status, const char *format, ...);

/* For what is not there, and what is another's: nobody can tell which. */
serve_reply serve_nothing_there(void);

/* After a failure of the operating system, by errno; for the moment, if it is short of something. */
serve_reply serve_system_failure(void);

/* An open file, which it takes; -1: why there is none, by errno. */
serve_reply serve_send_file(int file);

void serve_reply_clear(serve_reply *reply);

#endif
