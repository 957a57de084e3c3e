/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jobs are: requests of clients, and the command of this program that each becomes. A request is an object such as
 * {"command": "infer", "network": "digits", "keys": "keys", "in": "records/batch.umbra"}; the tables in jobs.c have all.
 */
#ifndef UMBRA_CLI_SERVE_JOBS_H
#define UMBRA_CLI_SERVE_JOBS_H

#include "clients.h"
#include "reply.h"

#define SERVE_REQUEST_FILE "request.json"
#define SERVE_REPORT_FILE "report.json"
#define SERVE_OUTCOME_FILE "outcome.json"
#define SERVE_OUT "out"

/* Bytes of a request, and of other texts that are read whole. */
enum { SERVE_LARGEST_TEXT = 1 << 16 };

/*
 * What a client sent, in one form: two requests for the same have the same text. NULL, with a refusal, if it is no
 * request. To be deleted.
 */
cJSON *serve_request_parse(serve_reply *refusal, const char *text);
cJSON *serve_request_read(const char *text); /* the same of what was kept */

/* False, with a refusal, if something that it names is not there, or not of the right kind. */
bool serve_request_check(serve_reply *refusal, const cJSON *request, const serve_client *client, int state);

/* Whether a request names a folder of the client's, or a file in it. */
bool serve_request_uses(const cJSON *request, const char *folder);

/* Calls it with each folder that a request names. */
void serve_request_each_folder(const cJSON *request, void (*call)(void *user, const char *folder), void *user);

/* Whether a job has a checkpoint to go on from. */
bool serve_job_has_checkpoint(const serve_client *client, const char *job);

/*
 * The command that does it, for a process whose working folder is the client's: NULL behind the last word, and to be
 * freed with its words. NULL if memory is out.
 */
char **serve_request_words(const cJSON *request, const serve_client *client, const char *job, uint32_t threads);
void serve_words_free(char **words);

#endif
