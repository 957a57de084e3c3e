/* SPDX-License-Identifier: Apache-2.0 */
#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../output.h"

enum { PROGRESS = 3, PATIENCE = 1000, SHORTLY = 10 }; /* the last two: milliseconds */
static const double grace = 10;                       /* seconds from SIGTERM to SIGKILL */

/* ---- the list ---- */

serve_job *serve_workers_find(const serve_workers *w, const char *client, const char *name) {
  for (serve_job *job = w->first; job; job = job->next)
    if (strcmp(job->client, client) == 0 && strcmp(job->name, name) == 0) return job;
  return NULL;
}

bool serve_workers_use(const serve_workers *w, const char *client, const char *folder) {
  for (const serve_job *job = w->first; job; job = job->next)
    if (strcmp(job->client, client) == 0 && serve_request_uses(job->request, folder)) return true;
  return false;
}

static void wake(const serve_workers *w) { (void)!write(w->wake[1], "", 1); }

/* Those who asked first are first. */
static bool insert(serve_workers *w, const char *client, const char *name, cJSON *request, double asked) {
  serve_job *job = calloc(1, sizeof *job), **at = &w->first;
  if (!job) {
    cJSON_Delete(request);
    return false;
  }
  *job = (serve_job){.request = request, .asked = asked, .pipe = -1};
  snprintf(job->client, sizeof job->client, "%s", client);
  snprintf(job->name, sizeof job->name, "%s", name);
  while (*at && (*at)->asked <= asked) at = &(*at)->next;
  job->next = *at;
  *at = job;
  return true;
}

static double calendar(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool serve_workers_add(serve_workers *w, const char *client, const char *name, cJSON *request) {
  const bool added = insert(w, client, name, request, calendar());
  wake(w);
  return added;
}

static void drop(serve_workers *w, serve_job *job) {
  serve_job **at = &w->first;
  while (*at != job) at = &(*at)->next;
  *at = job->next;
  if (job->pipe >= 0) close(job->pipe);
  cJSON_Delete(job->request);
  free(job);
}

/* ---- ends ---- */

static int open_client(const serve_workers *w, const char *client) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_CLIENTS "/%s", client);
  return serve_open(w->state, path, O_RDONLY | O_DIRECTORY);
}

static void write_outcome(const serve_workers *w, const serve_job *job, const char *state, const char *message) {
  char path[SERVE_PATH];
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "state", state);
  if (message) cJSON_AddStringToObject(json, "message", message);
  if (job->process) cJSON_AddNumberToObject(json, "seconds", cli_seconds() - job->started);
  char *text = cJSON_PrintUnformatted(json);
  cJSON_Delete(json);
  const int folder = open_client(w, job->client);
  serve_path(path, SERVE_JOBS "/%s/" SERVE_OUTCOME_FILE, job->name);
  if (folder < 0 || !text || !serve_write_text(folder, path, text))
    cli_warn("job %s of client %s: its outcome, %s, cannot be written: %s", job->name, job->client, state,
             strerror(errno));
  if (folder >= 0) close(folder);
  cJSON_free(text);
}

/* What lasts, what is counted, and no more of it here. */
static void end(serve_workers *w, serve_job *job, const char *state, uint64_t *count, const char *message) {
  write_outcome(w, job, state, message);
  ++*count;
  if (job->process) w->counts.seconds += cli_seconds() - job->started;
  drop(w, job);
}

bool serve_workers_forget(int jobs, const char *name) {
  char path[SERVE_PATH];
  serve_path(path, "%s/" SERVE_REQUEST_FILE, name);
  return serve_remove(jobs, path) && serve_remove(jobs, name);
}

void serve_workers_cancel(serve_workers *w, serve_job *job) {
  if (!job->process) {
    end(w, job, "cancelled", &w->counts.cancelled, NULL);
    return;
  }
  job->cancelled = true;
  if (!job->stopping) job->stopping = cli_seconds();
  kill(job->process, SIGTERM);
}

/* What the program's report says of a failure, in `text`. */
static void read_message(const serve_workers *w, const serve_job *job, char *text, size_t size) {
  char path[SERVE_PATH];
  const int folder = open_client(w, job->client);
  serve_path(path, SERVE_JOBS "/%s/" SERVE_REPORT_FILE, job->name);
  char *report = folder >= 0 ? serve_read_text(folder, path, SERVE_LARGEST_TEXT) : NULL;
  cJSON *json = report ? cJSON_Parse(report) : NULL;
  const char *message = cJSON_GetStringValue(cJSON_GetObjectItem(json, "message"));
  snprintf(text, size, "%s", message ? message : "it failed without a message");
  cJSON_Delete(json);
  free(report);
  if (folder >= 0) close(folder);
}

static const char over_quota[] = "its files take more than the client's quota";

/* One that cannot be read holds nobody. */
static bool is_over_quota(const serve_workers *w, const serve_job *job) {
  uint64_t quota;
  const int folder = open_client(w, job->client);
  const bool over =
      folder >= 0 && serve_client_quota(&quota, w->state, job->client) && !serve_client_left(folder, quota);
  if (folder >= 0) close(folder);
  return over;
}

/* Of a server that ends, a job that was stopped is still to be done. */
static void finish(serve_workers *w, serve_job *job, int status) {
  char text[1024];
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    if (is_over_quota(w, job)) end(w, job, "failed", &w->counts.failed, over_quota);
    else end(w, job, "done", &w->counts.done, NULL);
  } else if (job->cancelled) {
    end(w, job, "cancelled", &w->counts.cancelled, NULL);
  } else if (w->ending) {
    drop(w, job);
  } else {
    if (job->stopped) snprintf(text, sizeof text, "%s", job->stopped);
    else if (WIFSIGNALED(status))
      snprintf(text, sizeof text, "it was ended by signal %d, %s", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else read_message(w, job, text, sizeof text);
    end(w, job, "failed", &w->counts.failed, text);
  }
}

/* ---- beginnings ---- */

typedef struct beginning {
  int folder, report, pipe[2], nothing; /* of the client; its stdout; from it; its stdin */
  char **words;
  rlim_t file_bytes; /* the largest file that it may write */
} beginning;

static void limit(int resource, rlim_t most) {
  const struct rlimit limits = {most, most};
  (void)setrlimit(resource, &limits);
}

/* The server's handlers for these would only note them. */
static const int ending[] = {SIGTERM, SIGINT, SIGHUP};

/* In the child, where nothing may be called but the system. It ends with the server, or by a signal from its first moment. */
__attribute__((noreturn)) static void become(const beginning *b, const serve_limits *limits, pid_t server) {
  sigset_t none;
  sigemptyset(&none);
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) signal(ending[i], SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* writing then fails */
  sigprocmask(SIG_SETMASK, &none, NULL);
  setpgid(0, 0);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != server || fchdir(b->folder) != 0 ||
      dup2(b->nothing, STDIN_FILENO) < 0 || dup2(b->report, STDOUT_FILENO) < 0 || dup2(b->pipe[1], PROGRESS) < 0)
    _exit(CLI_FAILURE);
  fcntl(PROGRESS, F_SETFD, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, b->file_bytes);
  if (limits->memory) limit(RLIMIT_DATA, limits->memory);
  execv("/proc/self/exe", b->words);
  _exit(CLI_FAILURE);
}

/* What goes on from a checkpoint needs what is there; else nothing is left of a run before, nor half a file. */
static bool clean(const serve_client *client, const char *job) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_OUT, job);
  if (serve_job_has_checkpoint(client, job)) return true;
  return errno == ENOENT && serve_remove(client->folder, path) && serve_make(client->folder, path);
}

static bool open_files(const serve_job *job, beginning *b) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_JOBS "/%s/" SERVE_REPORT_FILE, job->name);
  b->report = serve_open(b->folder, path, O_WRONLY | O_CREAT | O_TRUNC);
  if (b->report < 0) return false;
  b->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (b->nothing < 0 || pipe(b->pipe) != 0) return false;
  fcntl(b->pipe[0], F_SETFD, FD_CLOEXEC);
  fcntl(b->pipe[1], F_SETFD, FD_CLOEXEC);
  fcntl(b->pipe[0], F_SETFL, O_NONBLOCK);
  return true;
}

/* False, with errno. */
static bool prepare(const serve_workers *w, const serve_job *job, beginning *b) {
  serve_client client = {0};
  b->folder = client.folder = open_client(w, job->client);
  if (b->folder < 0 || !serve_client_quota(&client.quota, w->state, job->client) || !clean(&client, job->name) ||
      !open_files(job, b))
    return false;
  b->file_bytes = serve_client_left(b->folder, client.quota);
  b->words = serve_request_words(job->request, &client, job->name, w->limits.threads);
  if (!b->words) errno = ENOMEM;
  return b->words;
}

/* No signal comes to a child that still has the server's handlers. */
static pid_t begin(const beginning *b, const serve_limits *limits) {
  const pid_t server = getpid();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t process = fork();
  if (process == 0) become(b, limits, server);
  const int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = reason;
  return process;
}

static void forget(beginning *b) {
  const int files[] = {b->folder, b->report, b->nothing, b->pipe[0], b->pipe[1]};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    if (files[i] >= 0) close(files[i]);
  serve_words_free(b->words);
}

/* False if the system is short of something: then it waits on. */
static bool start(serve_workers *w, serve_job *job) {
  beginning b = {.folder = -1, .report = -1, .pipe = {-1, -1}, .nothing = -1};
  const pid_t process = prepare(w, job, &b) ? begin(&b, &w->limits) : -1;
  const bool is_short = process < 0 && serve_is_shortage(errno);
  if (process > 0) {
    job->process = process;
    job->started = cli_seconds();
    job->pipe = b.pipe[0];
    b.pipe[0] = -1;
  } else if (!is_short) {
    end(w, job, "failed", &w->counts.failed, "the server could not start it");
  }
  forget(&b);
  return !is_short;
}

static uint32_t running(const serve_workers *w, const char *client) {
  uint32_t count = 0;
  for (const serve_job *job = w->first; job; job = job->next)
    count += job->process && (!client || strcmp(client, job->client) == 0);
  return count;
}

/* The one that waits longest, of the clients that have the fewest running. */
static serve_job *choose(const serve_workers *w) {
  serve_job *chosen = NULL;
  uint32_t fewest = UINT32_MAX;
  for (serve_job *job = w->first; job; job = job->next) {
    const uint32_t theirs = job->process ? UINT32_MAX : running(w, job->client);
    if (theirs >= fewest) continue;
    fewest = theirs;
    chosen = job;
  }
  return chosen;
}

static void start_all(serve_workers *w) {
  while (!w->ending && running(w, NULL) < w->limits.at_once) {
    serve_job *job = choose(w);
    if (!job || !start(w, job)) return;
  }
}

/* ---- what happens ---- */

/* The last of the lines that have come. A pipe that has ended is closed. */
static void hear(serve_job *job) {
  char text[4096];
  ssize_t size = 0;
  while (job->pipe >= 0 && (size = read(job->pipe, text, sizeof text - 1)) > 0) {
    text[size] = '\0';
    char *last = strrchr(text, '\n');
    if (!last) continue;
    *last = '\0';
    const char *line = strrchr(text, '\n');
    double fraction;
    if (sscanf(line ? line + 1 : text, "%lf %63[^\n]", &fraction, job->step) == 2) job->fraction = fraction;
  }
  if (job->pipe < 0 || (size < 0 && (errno == EAGAIN || errno == EINTR))) return;
  close(job->pipe);
  job->pipe = -1;
}

static void stop(serve_job *job, const char *why) {
  if (job->stopping) return;
  job->stopped = why;
  job->stopping = cli_seconds();
  kill(job->process, SIGTERM);
}

/* Those that take too long are stopped, and ended if they do not stop. */
static void keep_time(const serve_workers *w, serve_job *job) {
  const double now = cli_seconds();
  if (w->limits.seconds > 0 && now - job->started > w->limits.seconds)
    stop(job, "it took longer than the server lets a job take");
  if (job->stopping && now - job->stopping > grace) kill(job->process, SIGKILL);
}

static void look_after(serve_workers *w, serve_job *job) {
  int status;
  hear(job);
  keep_time(w, job);
  if (waitpid(job->process, &status, WNOHANG) == job->process) finish(w, job, status);
}

/* Wakes when a process tells something or ends, or a request has something to do. */
static void wait_for_news(serve_workers *w) {
  struct pollfd news[SERVE_MOST_AT_ONCE + 1] = {{.fd = w->wake[0], .events = POLLIN}};
  nfds_t count = 1;
  int patience = PATIENCE;
  char bytes[64];
  pthread_mutex_lock(&w->lock);
  for (const serve_job *job = w->first; job; job = job->next) {
    if (job->process && job->pipe < 0) patience = SHORTLY; /* it is about to end */
    if (job->pipe >= 0 && count <= SERVE_MOST_AT_ONCE)
      news[count++] = (struct pollfd){.fd = job->pipe, .events = POLLIN};
  }
  pthread_mutex_unlock(&w->lock);
  (void)poll(news, count, patience);
  while (read(w->wake[0], bytes, sizeof bytes) > 0) continue;
}

bool serve_workers_run(serve_workers *w) {
  pthread_mutex_lock(&w->lock);
  start_all(w);
  pthread_mutex_unlock(&w->lock);
  wait_for_news(w);
  pthread_mutex_lock(&w->lock);
  for (serve_job *job = w->first, *next; job; job = next) {
    next = job->next;
    if (job->process) look_after(w, job);
  }
  const bool any = running(w, NULL) > 0;
  pthread_mutex_unlock(&w->lock);
  return any;
}

void serve_workers_stop(serve_workers *w) {
  pthread_mutex_lock(&w->lock);
  w->ending = true;
  for (serve_job *job = w->first; job; job = job->next) {
    if (job->process) stop(job, NULL);
  }
  pthread_mutex_unlock(&w->lock);
  while (serve_workers_run(w)) continue;
}

/* ---- a server begins and ends ---- */

typedef struct visit {
  serve_workers *w;
  const char *client;
  bool failed;
} visit;

static bool take_up(void *user, int folder, const char *name, const struct stat *about) {
  visit *v = user;
  char path[SERVE_PATH];
  struct stat asked;
  (void)about;
  serve_path(path, "%s/" SERVE_OUTCOME_FILE, name);
  if (serve_is_there(folder, path)) return true;
  serve_path(path, "%s/" SERVE_REQUEST_FILE, name);
  char *text = serve_read_text(folder, path, SERVE_LARGEST_TEXT);
  const int reason = text ? 0 : errno;
  if (reason == ENOENT) (void)serve_remove(folder, name); /* it never was one, or is one no more */
  else if (reason) cli_warn("job %s of client %s: its request cannot be read: %s", name, v->client, strerror(reason));
  cJSON *request = text ? serve_request_read(text) : NULL;
  if (text && !request) cli_warn("job %s of client %s: its request is damaged", name, v->client);
  free(text);
  if (!request || fstatat(folder, path, &asked, AT_SYMLINK_NOFOLLOW) != 0) {
    cJSON_Delete(request);
    return true;
  }
  v->failed |=
      !insert(v->w, v->client, name, request, (double)asked.st_mtim.tv_sec + 1e-9 * (double)asked.st_mtim.tv_nsec);
  return !v->failed;
}

static bool take_up_client(void *user, int folder, const char *name, const struct stat *about) {
  visit *v = user;
  char path[SERVE_PATH];
  (void)about;
  v->client = name;
  serve_path(path, "%s/" SERVE_INCOMING, name);
  v->failed |= !serve_remove(folder, path) || !serve_make(folder, path);
  serve_path(path, "%s/" SERVE_JOBS, name);
  serve_each(folder, path, take_up, v);
  return !v->failed;
}

bool serve_workers_open(serve_workers *w, int state, const serve_limits *limits) {
  *w = (serve_workers){.state = state, .limits = *limits, .wake = {-1, -1}};
  visit v = {.w = w};
  char number[16];
  snprintf(number, sizeof number, "%d", PROGRESS);
  pthread_mutex_init(&w->lock, NULL);
  if (pipe(w->wake) != 0) return cli_error("--state: %s", strerror(errno));
  for (int i = 0; i < 2; i++) {
    fcntl(w->wake[i], F_SETFD, FD_CLOEXEC);
    fcntl(w->wake[i], F_SETFL, O_NONBLOCK);
  }
  setenv("UMBRA_PROGRESS", number, 1);
  serve_each(state, SERVE_CLIENTS, take_up_client, &v);
  return !v.failed || cli_error("--state: jobs of an earlier server cannot be taken up: %s", strerror(errno));
}

void serve_workers_close(serve_workers *w) {
  while (w->first) drop(w, w->first);
  pthread_mutex_destroy(&w->lock);
  close(w->wake[0]);
  close(w->wake[1]);
}

/* ---- what nobody uses ---- */

static bool is_old(const serve_workers *w, const struct stat *about) {
  return calendar() - (double)about->st_mtim.tv_sec > w->limits.keep;
}

static bool sweep_folder(void *user, int folder, const char *name, const struct stat *about) {
  const visit *v = user;
  if (is_old(v->w, about) && !serve_workers_use(v->w, v->client, name)) (void)serve_remove(folder, name);
  return true;
}

static bool sweep_job(void *user, int folder, const char *name, const struct stat *about) {
  const visit *v = user;
  char path[SERVE_PATH];
  struct stat outcome;
  (void)about;
  serve_path(path, "%s/" SERVE_OUTCOME_FILE, name);
  if (!serve_workers_find(v->w, v->client, name) && fstatat(folder, path, &outcome, AT_SYMLINK_NOFOLLOW) == 0 &&
      is_old(v->w, &outcome))
    (void)serve_workers_forget(folder, name);
  return true;
}

static bool sweep_client(void *user, int folder, const char *name, const struct stat *about) {
  visit *v = user;
  char path[SERVE_PATH];
  (void)about;
  v->client = name;
  pthread_mutex_lock(&v->w->lock);
  serve_path(path, "%s/" SERVE_OBJECTS, name);
  serve_each(folder, path, sweep_folder, v);
  serve_path(path, "%s/" SERVE_JOBS, name);
  serve_each(folder, path, sweep_job, v);
  pthread_mutex_unlock(&v->w->lock);
  return true;
}

void serve_workers_sweep(serve_workers *w) {
  visit v = {.w = w};
  pthread_mutex_lock(&w->lock);
  for (serve_job *job = w->first; job; job = job->next)
    if (job->process && is_over_quota(w, job)) stop(job, over_quota);
  pthread_mutex_unlock(&w->lock);
  if (w->limits.keep > 0) serve_each(w->state, SERVE_CLIENTS, sweep_client, &v);
}
