/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may use the server. A token is NAME.SECRET with 256 random bits; of it the server's folder has the BLAKE2b-256 alone.
 */
#ifndef UMBRA_CLI_SERVE_CLIENTS_H
#define UMBRA_CLI_SERVE_CLIENTS_H

#include "reply.h"
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

/* Makes a client and its token. False, with an error, if there is such a client, or the rest of one. */
bool serve_client_add(char token[SERVE_TOKEN], int state, const char *name, uint64_t quota, bool is_operator);

/* With all that it has, or with the rest of it after a removal that broke off. False, with an error, if there is none. */
bool serve_client_remove(int state, const char *name);

/* Opens the one that the text of an Authorization header ("Bearer TOKEN", or NULL) stands for. False, with a refusal. */
bool serve_client_open(serve_client *client, serve_reply *refusal, int state, const char *authorization);

/* Bytes that are left of a quota; 0 if there are too many files. */
uint64_t serve_client_left(int folder, uint64_t quota);

/* Of a client by its name; false, with errno, if it cannot be read. */
bool serve_client_quota(uint64_t *quota, int state, const char *name);
void serve_client_close(serve_client *client);

#endif
