/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <umbra/version.h>

/* ---- the client, and what its operator has ---- */

static serve_reply tell_client(serve_exchange *x) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "client", x->client.name);
  cJSON_AddNumberToObject(json, "quota", (double)x->client.quota);
  cJSON_AddNumberToObject(json, "left", (double)serve_client_left(x->client.folder, x->client.quota));
  return serve_answer(SERVE_OK, json);
}

static serve_reply list_networks(serve_exchange *x) { return serve_networks_list(x->server->state); }

static serve_reply send_network(serve_exchange *x) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_NETWORKS "/%s/client.umbra", x->names[0]);
  return serve_send_file(serve_open(x->server->state, path, O_RDONLY));
}

static serve_reply tell_metrics(serve_exchange *x) {
  if (!x->client.is_operator) return serve_refuse(SERVE_FORBIDDEN, "metrics are for the operator");
  return serve_metrics_tell(&x->server->metrics, &x->server->workers, &x->server->connections);
}

/* ---- objects ---- */

static serve_reply list_objects(serve_exchange *x) { return serve_objects_list(&x->client); }

static serve_reply put_object(serve_exchange *x) {
  serve_workers *workers = &x->server->workers;
  serve_reply reply;
  bool decided;
  if (!serve_upload_check(&x->upload, &x->reply)) return x->reply;
  do {
    if (!serve_upload_compare(&x->upload, &x->reply)) return x->reply;
    pthread_mutex_lock(&workers->lock);
    decided = serve_upload_publish(&x->upload, &reply);
    if (decided) serve_upload_end(&x->upload);
    pthread_mutex_unlock(&workers->lock);
  } while (!decided);
  serve_metrics_received(&x->server->metrics, x->upload.bytes);
  return reply;
}

static serve_reply send_object(serve_exchange *x) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_OBJECTS "/%s/%s", x->names[0], x->names[1]);
  return serve_send_file(serve_open(x->client.folder, path, O_RDONLY));
}

static serve_reply remove_object(serve_exchange *x) {
  serve_workers *workers = &x->server->workers;
  pthread_mutex_lock(&workers->lock);
  const serve_reply reply = serve_workers_use(workers, x->client.name, x->names[0])
                                ? serve_refuse(SERVE_CONFLICT, "a job under way uses %s", x->names[0])
                                : serve_object_remove(&x->client, x->names[0], *x->names[1] ? x->names[1] : NULL);
  pthread_mutex_unlock(&workers->lock);
  return reply;
}

/* ---- jobs ---- */

static serve_reply list_jobs(serve_exchange *x) { return serve_jobs_list(&x->server->workers, &x->client); }

static serve_reply put_job(serve_exchange *x) {
  return serve_job_put(&x->server->workers, &x->client, x->names[0], x->text);
}

static serve_reply get_job(serve_exchange *x) { return serve_job_get(&x->server->workers, &x->client, x->names[0]); }

static serve_reply cancel_job(serve_exchange *x) {
  return serve_job_cancel(&x->server->workers, &x->client, x->names[0]);
}

static serve_reply resume_job(serve_exchange *x) {
  return serve_job_resume(&x->server->workers, &x->client, x->names[0]);
}

static serve_reply remove_job(serve_exchange *x) {
  return serve_job_remove(&x->server->workers, &x->client, x->names[0]);
}

/* What the program printed, which it does at its end. */
static serve_reply send_report(serve_exchange *x) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_REPORT_FILE, x->names[0]);
  serve_reply reply = serve_send_file(serve_open(x->client.folder, path, O_RDONLY));
  if (reply.file < 0 || reply.bytes) return reply;
  serve_reply_clear(&reply);
  return serve_nothing_there();
}

static serve_reply send_result(serve_exchange *x) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_OUT "/%s", x->names[0], x->names[1]);
  return serve_send_file(serve_open(x->client.folder, path, O_RDONLY));
}

/* ---- routes ---- */

typedef enum body { NO_BODY, A_TEXT, AN_OBJECT } body;

/* A star is a name. */
static const struct route {
  const char *method, *path;
  serve_reply (*call)(serve_exchange *x);
  body body;
} routes[] = {{"GET", "metrics", tell_metrics, NO_BODY},
              {"GET", "v1/client", tell_client, NO_BODY},
              {"GET", "v1/networks", list_networks, NO_BODY},
              {"GET", "v1/networks/*", send_network, NO_BODY},
              {"GET", "v1/objects", list_objects, NO_BODY},
              {"PUT", "v1/objects/*/*", put_object, AN_OBJECT},
              {"GET", "v1/objects/*/*", send_object, NO_BODY},
              {"DELETE", "v1/objects/*/*", remove_object, NO_BODY},
              {"DELETE", "v1/objects/*", remove_object, NO_BODY},
              {"GET", "v1/jobs", list_jobs, NO_BODY},
              {"PUT", "v1/jobs/*", put_job, A_TEXT},
              {"GET", "v1/jobs/*", get_job, NO_BODY},
              {"DELETE", "v1/jobs/*", remove_job, NO_BODY},
              {"POST", "v1/jobs/*/cancel", cancel_job, NO_BODY},
              {"POST", "v1/jobs/*/resume", resume_job, NO_BODY},
              {"GET", "v1/jobs/*/report", send_report, NO_BODY},
              {"GET", "v1/jobs/*/files/*", send_result, NO_BODY}};
enum { ROUTES = sizeof routes / sizeof *routes };

/* Whether a path without its first slash is of that form; its names. */
static bool matches(char names[2][SERVE_NAME], const char *pattern, const char *path) {
  memset(names, 0, 2 * sizeof *names);
  for (int name = 0; *pattern == '*' || (*pattern && *pattern == *path);) {
    if (*pattern != '*') {
      pattern++;
      path++;
      continue;
    }
    const size_t length = strcspn(path, "/");
    if (length >= SERVE_NAME) return false;
    memcpy(names[name], path, length);
    if (!serve_is_name(names[name++])) return false;
    path += length;
    pattern++;
  }
  return !*pattern && !*path;
}

/* HEAD is GET, of which the head is sent. */
static bool has_method(const serve_head *head, const char *method) {
  return strcmp(head->method, method) == 0 || (strcmp(head->method, "HEAD") == 0 && strcmp(method, "GET") == 0);
}

static serve_reply refuse_method(void) { return serve_refuse(SERVE_NO_METHOD, "this is not what can be done there"); }

static const struct route *find_route(serve_exchange *x, const serve_head *head) {
  bool is_path = false;
  for (int i = 0; i < ROUTES; i++) {
    if (*head->url != '/' || !matches(x->names, routes[i].path, head->url + 1)) continue;
    is_path = true;
    if (has_method(head, routes[i].method)) return &routes[i];
  }
  x->reply = is_path ? refuse_method() : serve_nothing_there();
  return NULL;
}

/* ---- from head to reply ---- */

/* Without a token: that somebody is here. */
static bool asks_for_health(serve_exchange *x, const serve_head *head) {
  if (strcmp(head->url, "/v1/health") != 0) return false;
  if (!has_method(head, "GET")) {
    x->reply = refuse_method();
    return true;
  }
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "status", "ok");
  cJSON_AddStringToObject(json, "version", UMBRA_VERSION_STRING);
  x->reply = serve_answer(SERVE_OK, json);
  return true;
}

static void expect_text(serve_exchange *x, uint64_t length) {
  if (length > SERVE_LARGEST_TEXT)
    x->reply = serve_refuse(SERVE_TOO_LARGE, "a request has %d bytes at most", SERVE_LARGEST_TEXT);
  else if (!(x->text = calloc(1, (size_t)length + 1)))
    x->reply = serve_refuse(SERVE_FAILED, "the server is out of memory");
  x->size = (size_t)length;
}

/* One after the other, since each takes of the quota what the others have left. */
static void begin_upload(serve_exchange *x, uint64_t length) {
  pthread_mutex_t *lock = &x->server->workers.lock;
  pthread_mutex_lock(lock);
  serve_upload_begin(&x->upload, &x->reply, &x->client, x->names[0], x->names[1], length);
  pthread_mutex_unlock(lock);
}

void serve_exchange_begin(serve_exchange *x, serve_server *server, const serve_head *head) {
  *x = (serve_exchange){
      .server = server, .client.folder = -1, .upload = {.folder = -1, .file = -1}, .reply = {.file = -1}};
  if (asks_for_health(x, head)) return;
  if (!serve_client_open(&x->client, &x->reply, server->state, head->authorization)) return;
  const struct route *route = find_route(x, head);
  if (!route) return;
  x->route = route->call;
  if (route->body == NO_BODY) return;
  if (!head->has_length) x->reply = serve_refuse(SERVE_NO_LENGTH, "the length of the body is expected");
  else if (route->body == A_TEXT) expect_text(x, head->length);
  else begin_upload(x, head->length);
}

void serve_exchange_add(serve_exchange *x, const void *bytes, size_t size) {
  if (x->reply.status) return;
  if (x->upload.file >= 0) {
    serve_upload_add(&x->upload, &x->reply, bytes, size);
  } else if (x->text) {
    if (size > x->size - x->received) x->reply = serve_refuse(SERVE_MALFORMED, "more bytes came than were announced");
    else memcpy(x->text + x->received, bytes, size);
    x->received += size;
  }
}

void serve_exchange_end(serve_exchange *x) {
  if (!x->reply.status) x->reply = x->route(x);
}

void serve_exchange_clear(serve_exchange *x) {
  serve_upload_end(&x->upload);
  serve_client_close(&x->client);
  serve_reply_clear(&x->reply);
  free(x->text);
}
