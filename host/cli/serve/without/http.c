/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of ../http.c where there was no libmicrohttpd when the program was built. */
#include "../http.h"

#include <stddef.h>

#include "../../errors.h"

serve_http *serve_http_open(serve_server *server, const serve_place *place) {
  (void)server;
  (void)place;
  cli_error("this program was built without libmicrohttpd, which speaks HTTP: install it (Debian: libmicrohttpd-dev), "
            "and build "
            "again");
  return NULL;
}

uint16_t serve_http_port(const serve_http *http) {
  (void)http;
  return 0;
}

void serve_http_quiet(serve_http *http) { (void)http; }

void serve_http_close(serve_http *http) { (void)http; }
