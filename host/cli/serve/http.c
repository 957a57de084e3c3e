/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../errors.h"

enum {
  THREADS = 4, /* that move bytes; jobs have processes of their own */
  BACKLOG = 128,
  SWALLOWED = 1 << 20 /* the body of a request that is refused, so that who sends it gets to read why */
};

/* ---- the library ---- */

/* Loaded by the server alone: with it come libraries for TLS, which the program's other commands need not wait for. */
#define EACH_FUNCTION(X)         \
  X(start_daemon)                \
  X(stop_daemon)                 \
  X(quiesce_daemon)              \
  X(get_connection_info)         \
  X(lookup_connection_value)     \
  X(create_response_from_buffer) \
  X(create_response_from_fd64) X(add_response_header) X(queue_response) X(destroy_response)

#define DECLARE(name) __typeof__(MHD_##name) *(name);
static struct { EACH_FUNCTION(DECLARE) } mhd;

static bool load_library(void) {
  static const char file[] = "libmicrohttpd.so.12";
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library) return cli_error("%s cannot be loaded: %s (Debian: libmicrohttpd12)", file, dlerror());
  bool found = true;
#define FIND(name) found = found && (*(void **)&mhd.name = dlsym(library, "MHD_" #name));
  EACH_FUNCTION(FIND)
  return found || cli_error("%s lacks a function: %s", file, dlerror());
}

struct serve_http {
  serve_server *server;
  struct MHD_Daemon *daemon;
  serve_place place;
  int socket; /* until the daemon has it */
};

/* ---- requests ---- */

static serve_connection *connection_of(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = mhd.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
  return mhd.lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* A body that comes in chunks has no length, whatever else it says. */
static serve_head head_of(struct MHD_Connection *connection, const char *method, const char *url) {
  serve_head head = {.method = method, .url = url, .authorization = header(connection, "Authorization")};
  const char *length = header(connection, "Content-Length");
  char *end;
  if (!length || !*length || strlen(length) > 18 || header(connection, "Transfer-Encoding")) return head;
  head.length = strtoull(length, &end, 10);
  head.has_length = !*end;
  return head;
}

static struct MHD_Response *response_of(serve_reply *reply) {
  struct MHD_Response *response;
  if (reply->file < 0) {
    response = mhd.create_response_from_buffer(strlen(reply->text), reply->text, MHD_RESPMEM_MUST_COPY);
  } else {
    response = mhd.create_response_from_fd64(reply->bytes, reply->file);
    if (response) reply->file = -1; /* it closes it */
  }
  if (!response) return NULL;
  const char *type = reply->type ? reply->type : reply->text ? "application/json" : "application/octet-stream";
  mhd.add_response_header(response, "Content-Type", type);
  mhd.add_response_header(response, "Cache-Control", "no-store");
  if (reply->status == SERVE_UNKNOWN_TOKEN) mhd.add_response_header(response, "WWW-Authenticate", "Bearer");
  return response;
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, serve_exchange *x) {
  serve_server *server = x->server;
  const uint64_t bytes = x->reply.bytes;
  struct MHD_Response *response = response_of(&x->reply);
  if (!response) return MHD_NO;
  serve_connection_allow(&server->connections, connection_of(connection), bytes);
  serve_metrics_answered(&server->metrics, x->reply.status, bytes);
  const enum MHD_Result queued = mhd.queue_response(connection, (unsigned int)x->reply.status, response);
  mhd.destroy_response(response);
  return queued;
}

static enum MHD_Result begin(serve_http *http, struct MHD_Connection *connection, const serve_head *head,
                             void **state) {
  serve_exchange *x = malloc(sizeof *x);
  if (!x) return MHD_NO;
  serve_exchange_begin(x, http->server, head);
  serve_connection_allow(&http->server->connections, connection_of(connection), x->reply.status ? 0 : head->length);
  *state = x;
  const bool is_long = head->length > SWALLOWED || (!head->has_length && header(connection, "Transfer-Encoding"));
  if (!x->reply.status && is_long && x->upload.file < 0)
    x->reply = serve_refuse(SERVE_TOO_LARGE, "no body is expected there");
  return x->reply.status && is_long ? send_reply(connection, x) : MHD_YES;
}

/* The library calls with the head, with each piece of the body, and once more. */
static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *bytes, size_t *size, void **state) {
  const serve_head head = *state ? (serve_head){0} : head_of(connection, method, url);
  serve_exchange *x = *state;
  (void)version;
  if (!x) return begin(user, connection, &head, state);
  if (*size) {
    serve_exchange_add(x, bytes, *size);
    *size = 0;
    return MHD_YES;
  }
  serve_exchange_end(x);
  return send_reply(connection, x);
}

static void completed(void *user, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode why) {
  serve_http *http = user;
  (void)why;
  if (*state) serve_exchange_clear(*state);
  free(*state);
  *state = NULL;
  serve_connection_allow(&http->server->connections, connection_of(connection), 0);
}

static void note_connection(void *user, struct MHD_Connection *connection, void **context,
                            enum MHD_ConnectionNotificationCode what) {
  serve_http *http = user;
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    const union MHD_ConnectionInfo *info = mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = info ? serve_connection_add(&http->server->connections, info->connect_fd) : NULL;
  } else {
    serve_connection_remove(&http->server->connections, *context);
    *context = NULL;
  }
}

/* ---- sockets ---- */

static bool listen_at(serve_http *http, const struct sockaddr *address, socklen_t size) {
  const int yes = 1;
  http->socket = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (http->socket >= 0 && address->sa_family == AF_INET)
    setsockopt(http->socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  return http->socket >= 0 && bind(http->socket, address, size) == 0 && listen(http->socket, BACKLOG) == 0;
}

static bool open_port(serve_http *http) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(http->place.port)};
  socklen_t size = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!listen_at(http, (const struct sockaddr *)&address, size) ||
      getsockname(http->socket, (struct sockaddr *)&address, &size) != 0)
    return cli_error("--port: %s", strerror(errno));
  http->place.port = ntohs(address.sin_port);
  return true;
}

/* Nothing else is ever removed. */
static void remove_socket(const char *path) {
  struct stat about;
  if (lstat(path, &about) == 0 && S_ISSOCK(about.st_mode)) unlink(path);
}

/* A socket at which nobody listens any more is what a killed server has left. */
static bool remove_stale(const struct sockaddr_un *address) {
  struct stat about;
  if (lstat(address->sun_path, &about) != 0) return true;
  if (!S_ISSOCK(about.st_mode)) return cli_error("--socket: %s is there, and is no socket", address->sun_path);
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); /* who lives may be busy */
  if (probe < 0) return cli_error("--socket: %s", strerror(errno));
  if (connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED)
    remove_socket(address->sun_path);
  close(probe);
  return true;
}

/* Whoever may open the socket is who its folder lets in, whatever the umask. */
static bool open_socket(serve_http *http) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(http->place.socket) >= sizeof address.sun_path) return cli_error("--socket: the path is too long");
  strcpy(address.sun_path, http->place.socket);
  if (!remove_stale(&address)) return false;
  return (listen_at(http, (const struct sockaddr *)&address, sizeof address) && chmod(address.sun_path, 0666) == 0) ||
         cli_error("--socket: %s: %s", address.sun_path, strerror(errno));
}

/* ---- the server ---- */

/* By poll: with epoll, libmicrohttpd 0.9.75 does not see that a client has hung up. */
static bool start(serve_http *http) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  http->daemon = mhd.start_daemon(
      MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, http, MHD_OPTION_LISTEN_SOCKET, http->socket,
      MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)THREADS, MHD_OPTION_CONNECTION_LIMIT,
      (unsigned int)http->place.connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)http->place.idle,
      MHD_OPTION_NOTIFY_COMPLETED, completed, http, MHD_OPTION_NOTIFY_CONNECTION, note_connection, http,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!http->daemon) return cli_error("the server cannot start: %s", strerror(errno));
  http->socket = -1;
  return true;
}

serve_http *serve_http_open(serve_server *server, const serve_place *place) {
  serve_http *http = malloc(sizeof *http);
  if (!http) {
    cli_error("out of memory");
    return NULL;
  }
  *http = (serve_http){.server = server, .place = *place, .socket = -1};
  if (load_library() && (place->socket ? open_socket(http) : open_port(http)) && start(http)) return http;
  if (http->socket >= 0) close(http->socket);
  free(http);
  return NULL;
}

uint16_t serve_http_port(const serve_http *http) { return http->place.port; }

void serve_http_quiet(serve_http *http) { http->socket = mhd.quiesce_daemon(http->daemon); }

void serve_http_close(serve_http *http) {
  if (!http) return;
  mhd.stop_daemon(http->daemon);
  if (http->socket >= 0) close(http->socket);
  if (http->place.socket) remove_socket(http->place.socket);
  free(http);
}
