/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may use the server. A token is NAME.SECRET with 256 random bits; of it the server's folder has the BLAKE2b-256 alone.
 */
#ifndef UMBRA_CLI_SERVE_CLIENTS_H
#define UMBRA_CLI_SERVE_CLIENTS_H

#include "state.h"

typedef struct serve_client {
  char name[SERVE_NAME];
  uint64_t quota;   /* bytes */
  bool is_operator; /* may see the metrics */
  int folder;
} serve_client;

/* What a client may have in number, so that counting it takes no time to speak of. */
enum { SERVE_MOST_FILES = 16384 };

/* A token with its end. */
enum { SERVE_TOKEN = SERVE_NAME + 1 + 64 };

/* Makes a client and its token. False, with an error, if there is such a client. */
bool serve_client_add(char token[SERVE_TOKEN], int state, const char *name, uint64_t quota, bool is_operator);

/* With all that it has. False, with an error, if there is none. */
bool serve_client_remove(int state, const char *name);

/* Opens the one that the text of an Authorization header ("Bearer TOKEN", or NULL) stands for. */
bool serve_client_open(serve_client *client, int state, const char *authorization);

/* Bytes that are left of a quota; 0 if there are too many files. */
uint64_t serve_client_left(int folder, uint64_t quota);

/* Of a client by its name; 0 if there is none. */
uint64_t serve_client_quota(int state, const char *name);
void serve_client_close(serve_client *client);

#endif
