/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
#include "commands.h"
#include "engine.h"
#include "progress.h"
#include "serve/http.h"
#include "target.h"

typedef struct serve_options {
  const char *state, *socket, *add, *remove;
  uint32_t port, jobs, client_jobs, threads, connections, idle;
  uint64_t quota, memory;
  double seconds, keep;
  bool is_operator, json;
  bool port_given;
} serve_options;

/* ---- the folder ---- */

/* For this user alone, and no link. */
static int open_state(const char *path) {
  struct stat about;
  const bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
  const int state = made ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (state < 0 || fstat(state, &about) != 0) cli_error("--state: %s: %s", path, strerror(errno));
  else if (about.st_uid != geteuid() || (about.st_mode & 077))
    cli_error("--state: %s may be entered by others than its owner, who runs the server: chmod 700", path);
  else if (!serve_make(state, SERVE_CLIENTS) || !serve_make(state, SERVE_NETWORKS))
    cli_error("--state: %s: %s", path, strerror(errno));
  else return state;
  if (state >= 0) close(state);
  return -1;
}

/* ---- clients ---- */

static bool add_client(int state, const serve_options *o) {
  char token[SERVE_TOKEN];
  if (!serve_client_add(token, state, o->add, o->quota, o->is_operator)) return false;
  if (!o->json) {
    puts(token);
    return true;
  }
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "client", o->add);
  cJSON_AddStringToObject(json, "token", token);
  return cli_print_json(json);
}

/* ---- descriptors ---- */

/* What is opened later must not be taken for a standard stream. */
static bool open_standard_streams(void) {
  int opened;
  do opened = open("/dev/null", O_RDWR);
  while (opened >= 0 && opened <= STDERR_FILENO);
  if (opened >= 0) close(opened);
  return opened >= 0 || cli_error("/dev/null: %s", strerror(errno));
}

/* As many as the system allows, and enough for that many connections: each has its socket, its client and an upload. */
static bool allow_descriptors(uint32_t connections) {
  enum { EACH = 4, OTHERS = 64 };
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return cli_error("the limit of open files: %s", strerror(errno));
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) return cli_error("the limit of open files: %s", strerror(errno));
  const uint64_t most = files.rlim_max > OTHERS ? (files.rlim_max - OTHERS) / EACH : 0;
  return connections <= most ||
         cli_error("--connections: %" PRIu32 " need more open files than the limit (ulimit -Hn), which lets %" PRIu64
                   " be served",
                   connections, most);
}

/* ---- serving ---- */

static bool tell_place(const serve_http *http, const serve_options *o) {
  char place[CLI_PATH];
  if (o->socket) snprintf(place, sizeof place, "unix:%s", o->socket);
  else snprintf(place, sizeof place, "http://127.0.0.1:%d", serve_http_port(http));
  if (o->json) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "listening", place);
    if (!cli_print_json(json)) return false;
  } else {
    printf("listening at %s\n", place);
  }
  return fflush(stdout) == 0;
}

static void work(serve_server *server) {
  static const double often = 10; /* seconds */
  double swept = -often;
  while (!cli_interrupted()) {
    serve_workers_run(&server->workers);
    serve_connections_sweep(&server->connections);
    if (cli_seconds() - swept < often) continue;
    serve_workers_sweep(&server->workers);
    swept = cli_seconds();
  }
}

static bool serve(int state, const serve_options *o) {
  static serve_server server;
  const serve_limits limits = {o->jobs, o->client_jobs, o->threads, o->memory, o->seconds, o->keep * 86400};
  const serve_place place = {o->socket, (uint16_t)o->port, o->connections, o->idle};
  server.state = state;
  serve_connections_open(&server.connections, o->idle);
  serve_metrics_open(&server.metrics);
  bool served = serve_workers_open(&server.workers, state, &limits);
  serve_http *http = served ? serve_http_open(&server, &place) : NULL;
  served = http && tell_place(http, o);
  if (served) work(&server);
  if (http) serve_http_quiet(http);
  serve_workers_stop(&server.workers);
  serve_http_close(http);
  serve_workers_close(&server.workers);
  serve_metrics_close(&server.metrics);
  serve_connections_close(&server.connections);
  return served;
}

static bool run(const cli_command *command, int argc, char **argv) {
  serve_options o = {
      .port = 8080, .jobs = 1, .client_jobs = 16, .connections = 256, .idle = 30, .quota = UINT64_C(64) << 30};
  const cli_option options[] = {
      {"state", "DIR", "folder for clients, their files and jobs; made if it is missing", CLI_TEXT, &o.state,
       CLI_REQUIRED},
      {"port", "N", "listen on this port of 127.0.0.1; 0: on any (default 8080)", CLI_COUNT, &o.port,
       CLI_TOLD_WITHIN(o.port_given, 0, 65535)},
      {"socket", "FILE", "listen on a Unix socket there, and on no port", CLI_TEXT, &o.socket, CLI_OPTIONAL},
      {"add-client", "NAME", "make a client, print its token, and end; a server may be running", CLI_TEXT, &o.add,
       CLI_OPTIONAL},
      {"quota", "BYTES", "with --add-client: what its files and results may take (default 64 GiB)", CLI_BYTES, &o.quota,
       CLI_OPTIONAL},
      {"operator", NULL, "with --add-client: it may see the metrics", CLI_FLAG, &o.is_operator, CLI_OPTIONAL},
      {"remove-client", "NAME", "remove a client with all that it has, and end", CLI_TEXT, &o.remove, CLI_OPTIONAL},
      {"jobs", "N", "jobs that run at once (default 1)", CLI_COUNT, &o.jobs, CLI_WITHIN(1, SERVE_MOST_AT_ONCE)},
      {"client-jobs", "N", "jobs of a client that run or wait (default 16)", CLI_COUNT, &o.client_jobs,
       CLI_WITHIN(1, 10000)},
      {"threads", "N", "most threads of a job (default 0: UMBRA_THREADS, or as many as it may use processors)",
       CLI_COUNT, &o.threads, CLI_OPTIONAL},
      {"job-memory", "BYTES", "end a job that needs more than that (default: any)", CLI_BYTES, &o.memory, CLI_OPTIONAL},
      {"job-seconds", "S", "end a job that takes longer (default: any time)", CLI_NUMBER, &o.seconds,
       CLI_WITHIN(1e-3, 1e9)},
      {"keep-days", "D", "remove files and jobs that nobody has used for so long (default: never)", CLI_NUMBER, &o.keep,
       CLI_WITHIN(1e-6, 1e5)},
      {"connections", "N", "most connections at once (default 256)", CLI_COUNT, &o.connections, CLI_WITHIN(4, 10000)},
      {"idle", "S", "seconds that a connection may say nothing (default 30)", CLI_COUNT, &o.idle, CLI_WITHIN(1, 86400)},
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  if (o.socket && o.port_given) cli_usage("--socket and --port exclude each other");
  if (o.add && o.remove) cli_usage("--add-client and --remove-client exclude each other");
  if (!o.add && o.is_operator) cli_usage("--operator belongs to --add-client");

  if (!open_standard_streams()) return false;
  if (sodium_init() < 0) return cli_error("there are no random numbers");
  const int state = open_state(o.state);
  if (state < 0) return false;
  const bool done = o.add ? add_client(state, &o)
                    : o.remove
                        ? serve_client_remove(state, o.remove)
                        : cli_claim_folder("--state", o.state) && allow_descriptors(o.connections) && serve(state, &o);
  close(state);
  return done;
}

const cli_command cli_serve = {
    .name = "serve",
    .summary = "Computes for others over HTTP, without a secret key: networks, scores and trainings.",
    .details =
        "A server without secrets: clients upload evaluation keys and encrypted records, and get encrypted results.\n"
        "It listens on the loopback interface or a Unix socket only; a proxy in front of it has the TLS. Each client\n"
        "has a token, and sees nothing of the others. All that lasts is in the folder: whatever ends the server, jobs\n"
        "go on when it starts again, trainings from their last checkpoint. docs/server.md has the protocol.\n\n"
        "Networks that are offered to all clients lie in the folder, as networks/NAME/server.umbra and client.umbra,\n"
        "the two bundles of umbra plan.\n\n"
        "Example:\n"
        "  umbra serve --state state --add-client hospital-a --quota 20G\n"
        "  umbra serve --state state --port 8080 --jobs 2 --threads 4 --keep-days 30\n",
    .run = run,
};
