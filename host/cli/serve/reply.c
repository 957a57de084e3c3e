/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../output.h"
#include "state.h"

serve_reply serve_answer(int status, cJSON *json) {
  cli_make_shown(json);
  char *text = json ? cJSON_PrintUnformatted(json) : NULL;
  cJSON_Delete(json);
  if (!text) status = SERVE_FAILED;
  return (serve_reply){.status = status, .text = text ? text : strdup("{}"), .file = -1};
}

serve_reply serve_refuse(int status, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddNumberToObject(json, "status", status);
  cJSON_AddStringToObject(json, "error", text);
  return serve_answer(status, json);
}

serve_reply serve_nothing_there(void) { return serve_refuse(SERVE_NOT_FOUND, "there is no such thing"); }

serve_reply serve_system_failure(void) {
  const int reason = errno;
  if (reason == ENOSPC || reason == EDQUOT) return serve_refuse(SERVE_DISK_FULL, "the server's disk is full");
  if (serve_is_shortage(reason)) return serve_refuse(SERVE_UNAVAILABLE, "not now: %s", strerror(reason));
  return serve_refuse(SERVE_FAILED, "the server failed: %s", strerror(reason));
}

serve_reply serve_send_file(int file) {
  struct stat about;
  if (file < 0) return serve_is_absence(errno) ? serve_nothing_there() : serve_system_failure();
  if (fstat(file, &about) == 0)
    return (serve_reply){.status = SERVE_OK, .file = file, .bytes = (uint64_t)about.st_size};
  close(file);
  return serve_system_failure();
}

void serve_reply_clear(serve_reply *reply) {
  free(reply->text);
  if (reply->file >= 0) close(reply->file);
  *reply = (serve_reply){.file = -1};
}
