/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP by libmicrohttpd: heads, bodies and replies of exchanges. The one file that knows the library is http.c. */
#ifndef UMBRA_CLI_SERVE_HTTP_H
#define UMBRA_CLI_SERVE_HTTP_H

#include "exchange.h"

typedef struct serve_http serve_http;

typedef struct serve_place {
  const char *socket;         /* path of a Unix socket; NULL: the port, on the loopback interface */
  uint16_t port;              /* 0: any */
  uint32_t connections, idle; /* most at once; seconds until one that says nothing is closed */
} serve_place;

/* Begins to answer, in threads of its own, which no signal reaches. NULL, with an error. */
serve_http *serve_http_open(serve_server *server, const serve_place *place);

/* The port that it has. */
uint16_t serve_http_port(const serve_http *http);

/* Takes no new connections, while the old ones go on. */
void serve_http_quiet(serve_http *http);

/* Ends all; NULL: nothing happens. */
void serve_http_close(serve_http *http);

#endif
