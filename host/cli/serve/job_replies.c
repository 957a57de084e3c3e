/* SPDX-License-Identifier: Apache-2.0 */
/* What requests do to jobs, and are told of them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workers.h"

/* ---- what a job is ---- */

static cJSON *read_outcome(const serve_client *client, const char *name) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_OUTCOME_FILE, name);
  char *text = serve_read_text(client->folder, path, SERVE_LARGEST_TEXT);
  cJSON *outcome = text ? cJSON_Parse(text) : NULL;
  free(text);
  return outcome;
}

/* NULL also if it is there, and is damaged. */
static cJSON *read_request(const serve_client *client, const char *name) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_REQUEST_FILE, name);
  char *text = serve_read_text(client->folder, path, SERVE_LARGEST_TEXT);
  cJSON *request = text ? serve_request_read(text) : NULL;
  free(text);
  return request;
}

static bool is_there(const serve_client *client, const char *name) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_REQUEST_FILE, name);
  return serve_is_there(client->folder, path);
}

static void tell_active(cJSON *json, const serve_job *job) {
  cJSON_AddStringToObject(json, "state", job->process ? "running" : "queued");
  if (*job->step) cJSON_AddStringToObject(json, "step", job->step);
  if (job->process) cJSON_AddNumberToObject(json, "progress", job->fraction);
}

/* Without an outcome, and not under way: its outcome could not be written. */
static void tell_ended(cJSON *json, const serve_client *client, const char *name) {
  cJSON *outcome = read_outcome(client, name);
  if (!outcome) cJSON_AddStringToObject(json, "state", "interrupted");
  const cJSON *item;
  cJSON_ArrayForEach(item, outcome) cJSON_AddItemToObject(json, item->string, cJSON_Duplicate(item, true));
  cJSON_Delete(outcome);
}

/* Nobody knows what was asked for. */
static void tell_damaged(cJSON *json) {
  cJSON_AddStringToObject(json, "state", "failed");
  cJSON_AddStringToObject(json, "message",
                          "the request is damaged in the server's folder; remove the job and ask again");
}

/* NULL if there is no such job. */
static cJSON *describe(const serve_workers *w, const serve_client *client, const char *name) {
  if (!is_there(client, name)) return NULL;
  cJSON *request = read_request(client, name), *json = cJSON_CreateObject();
  const serve_job *job = serve_workers_find(w, client->name, name);
  cJSON_AddStringToObject(json, "name", name);
  if (request) cJSON_AddItemToObject(json, "request", request);
  if (job) tell_active(json, job);
  else if (request) tell_ended(json, client, name);
  else tell_damaged(json);
  return json;
}

static bool list_file(void *user, int folder, const char *name, const struct stat *about) {
  (void)folder;
  if (!S_ISREG(about->st_mode)) return true;
  cJSON *file = cJSON_CreateObject();
  cJSON_AddStringToObject(file, "name", name);
  cJSON_AddNumberToObject(file, "bytes", (double)about->st_size);
  cJSON_AddItemToArray(user, file);
  return true;
}

static serve_reply answer(const serve_workers *w, const serve_client *client, const char *name, int status) {
  char path[SERVE_PATH];
  cJSON *json = describe(w, client, name);
  if (!json) return serve_nothing_there();
  serve_path(path, SERVE_JOBS "/%s/" SERVE_OUT, name);
  serve_each(client->folder, path, list_file, cJSON_AddArrayToObject(json, "files"));
  return serve_answer(status, json);
}

/* ---- new ones ---- */

static void touch(void *user, const char *folder) {
  const serve_client *client = user;
  char path[SERVE_PATH];
  serve_path(path, SERVE_OBJECTS "/%s", folder);
  (void)utimensat(client->folder, path, NULL, AT_SYMLINK_NOFOLLOW);
}

static uint32_t under_way(const serve_workers *w, const serve_client *client) {
  uint32_t count = 0;
  for (const serve_job *job = w->first; job; job = job->next) count += strcmp(job->client, client->name) == 0;
  return count;
}

static bool may_add(serve_reply *refusal, const serve_workers *w, const serve_client *client) {
  if (w->ending) *refusal = serve_refuse(SERVE_UNAVAILABLE, "the server stops");
  else if (under_way(w, client) >= w->limits.per_client)
    *refusal = serve_refuse(SERVE_TOO_MANY, "%u jobs are under way, and no more may be", w->limits.per_client);
  else if (!serve_client_left(client->folder, client->quota))
    *refusal = serve_refuse(SERVE_TOO_LARGE, "nothing of the quota is left for what the job writes");
  return !refusal->status;
}

/* The request is the last to be written: without it there is no job. */
static bool write_job(const serve_client *client, const char *name, const char *text) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s", name);
  if (!serve_remove(client->folder, path)) return false;
  serve_path(path, SERVE_JOBS "/%s/" SERVE_OUT, name);
  if (!serve_make(client->folder, path)) return false;
  serve_path(path, SERVE_JOBS "/%s/" SERVE_REQUEST_FILE, name);
  return serve_write_text(client->folder, path, text);
}

static serve_reply put_new(serve_workers *w, const serve_client *client, const char *name, cJSON **request,
                           const char *text) {
  serve_reply refusal = {.file = -1};
  serve_client toucher = *client;
  if (!serve_request_check(&refusal, *request, client, w->state) || !may_add(&refusal, w, client)) return refusal;
  serve_request_each_folder(*request, touch, &toucher);
  if (!write_job(client, name, text)) return serve_system_failure();
  const bool added = serve_workers_add(w, client->name, name, *request);
  *request = NULL;
  return added ? answer(w, client, name, SERVE_ACCEPTED) : serve_refuse(SERVE_FAILED, "the server is out of memory");
}

/* The same request again is the same job; another one is not. */
static serve_reply put_again(serve_workers *w, const serve_client *client, const char *name, const char *text) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_REQUEST_FILE, name);
  char *before = serve_read_text(client->folder, path, SERVE_LARGEST_TEXT);
  const bool same = before && strcmp(before, text) == 0;
  free(before);
  return same ? answer(w, client, name, SERVE_OK) : serve_refuse(SERVE_CONFLICT, "another job has the name %s", name);
}

serve_reply serve_job_put(serve_workers *w, const serve_client *client, const char *name, const char *sent) {
  serve_reply reply = {.file = -1};
  cJSON *request = serve_request_parse(&reply, sent);
  char *text = request ? cJSON_PrintUnformatted(request) : NULL;
  if (!text) return reply.status ? reply : serve_refuse(SERVE_FAILED, "the server is out of memory");
  pthread_mutex_lock(&w->lock);
  reply = is_there(client, name) ? put_again(w, client, name, text) : put_new(w, client, name, &request, text);
  pthread_mutex_unlock(&w->lock);
  cJSON_Delete(request);
  cJSON_free(text);
  return reply;
}

/* ---- those that are there ---- */

serve_reply serve_job_get(serve_workers *w, const serve_client *client, const char *name) {
  pthread_mutex_lock(&w->lock);
  const serve_reply reply = answer(w, client, name, SERVE_OK);
  pthread_mutex_unlock(&w->lock);
  return reply;
}

serve_reply serve_job_cancel(serve_workers *w, const serve_client *client, const char *name) {
  pthread_mutex_lock(&w->lock);
  serve_job *job = serve_workers_find(w, client->name, name);
  if (job) serve_workers_cancel(w, job);
  const serve_reply reply = answer(w, client, name, SERVE_OK);
  pthread_mutex_unlock(&w->lock);
  return reply;
}

static serve_reply resume(serve_workers *w, const serve_client *client, const char *name) {
  char path[SERVE_PATH];
  serve_reply refusal = {.file = -1};
  if (!is_there(client, name) || serve_workers_find(w, client->name, name)) return answer(w, client, name, SERVE_OK);
  cJSON *outcome = read_outcome(client, name);
  const char *state = cJSON_GetStringValue(cJSON_GetObjectItem(outcome, "state"));
  const bool done = state && strcmp(state, "done") == 0;
  cJSON_Delete(outcome);
  if (done) return serve_refuse(SERVE_CONFLICT, "job %s is done", name);
  cJSON *request = read_request(client, name);
  if (!request) return serve_refuse(SERVE_CONFLICT, "the request of job %s is damaged", name);
  serve_path(path, SERVE_JOBS "/%s/" SERVE_OUTCOME_FILE, name);
  if (!serve_request_check(&refusal, request, client, w->state) || !may_add(&refusal, w, client) ||
      !serve_remove(client->folder, path)) {
    cJSON_Delete(request);
    return refusal.status ? refusal : serve_system_failure();
  }
  return serve_workers_add(w, client->name, name, request) ? answer(w, client, name, SERVE_ACCEPTED)
                                                           : serve_refuse(SERVE_FAILED, "the server is out of memory");
}

serve_reply serve_job_resume(serve_workers *w, const serve_client *client, const char *name) {
  pthread_mutex_lock(&w->lock);
  const serve_reply reply = resume(w, client, name);
  pthread_mutex_unlock(&w->lock);
  return reply;
}

static serve_reply remove_job(serve_workers *w, const serve_client *client, const char *name) {
  if (!is_there(client, name)) return serve_nothing_there();
  if (serve_workers_find(w, client->name, name))
    return serve_refuse(SERVE_CONFLICT, "job %s is under way; cancel it first", name);
  const int jobs = serve_open(client->folder, SERVE_JOBS, O_RDONLY | O_DIRECTORY);
  const bool gone = jobs >= 0 && serve_workers_forget(jobs, name);
  const serve_reply reply = gone ? serve_answer(SERVE_OK, cJSON_CreateObject()) : serve_system_failure();
  if (jobs >= 0) close(jobs);
  return reply;
}

serve_reply serve_job_remove(serve_workers *w, const serve_client *client, const char *name) {
  pthread_mutex_lock(&w->lock);
  const serve_reply reply = remove_job(w, client, name);
  pthread_mutex_unlock(&w->lock);
  return reply;
}

typedef struct listing {
  serve_workers *w;
  const serve_client *client;
  cJSON *list;
} listing;

static bool list_job(void *user, int folder, const char *name, const struct stat *about) {
  const listing *l = user;
  (void)folder;
  (void)about;
  pthread_mutex_lock(&l->w->lock);
  cJSON *json = describe(l->w, l->client, name);
  pthread_mutex_unlock(&l->w->lock);
  if (json) cJSON_AddItemToArray(l->list, json);
  return true;
}

serve_reply serve_jobs_list(serve_workers *w, const serve_client *client) {
  cJSON *json = cJSON_CreateObject();
  listing l = {w, client, cJSON_AddArrayToObject(json, "jobs")};
  serve_each(client->folder, SERVE_JOBS, list_job, &l);
  return serve_answer(SERVE_OK, json);
}
