/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs under way: each is a process of this program, which computes with the client's folder as its own. What it needs is
 * gone when it ends, what kills it kills nothing else, and its files are what the command leaves anywhere. All that lasts is
 * in files: a job without an outcome is one that is still to be done, also by the next server.
 */
#ifndef UMBRA_CLI_SERVE_WORKERS_H
#define UMBRA_CLI_SERVE_WORKERS_H

#include <pthread.h>
#include <sys/types.h>

#include "jobs.h"

typedef struct serve_limits {
  uint32_t at_once;    /* jobs */
  uint32_t per_client; /* jobs under way, waiting ones too */
  uint32_t threads;    /* of each; 0: as the program has it */
  uint64_t memory;     /* bytes of each; 0: any */
  double seconds;      /* of each; 0: any */
  double keep;         /* seconds until what nobody has used goes; 0: it stays */
} serve_limits;

/* Counted since the server began. */
typedef struct serve_job_counts {
  uint64_t done, failed, cancelled;
  double seconds;
} serve_job_counts;

typedef struct serve_job {
  struct serve_job *next;
  char client[SERVE_NAME], name[SERVE_NAME];
  cJSON *request;
  pid_t process;                   /* 0: it waits */
  int pipe;                        /* what the process tells of its progress */
  double asked, started, stopping; /* seconds of clocks; stopping 0: it may go on */
  double fraction;
  char step[64];
  bool cancelled;
  const char *stopped; /* by the server: why; NULL: it is not */
} serve_job;

enum { SERVE_MOST_AT_ONCE = 256 }; /* jobs */

typedef struct serve_workers {
  int state;
  serve_limits limits;
  pthread_mutex_t lock; /* of jobs and of what lies in clients' folders under names of theirs */
  serve_job *first;     /* the one that waits longest */
  int wake[2];
  bool ending;
  serve_job_counts counts;
} serve_workers;

/* Takes up the jobs that an earlier server has left. False, with an error. */
bool serve_workers_open(serve_workers *w, int state, const serve_limits *limits);
void serve_workers_close(serve_workers *w);

/* ---- for the thread that began: processes are its children ---- */

/* Starts what can be, and waits for what happens, a second at most. True while a process runs. */
bool serve_workers_run(serve_workers *w);

/* Stops all processes; their jobs are still to be done. */
void serve_workers_stop(serve_workers *w);

/* Now and then: removes what nobody has used for so long, and stops jobs that write more than their client's quota. */
void serve_workers_sweep(serve_workers *w);

/* ---- for requests, in any thread ---- */

serve_reply serve_job_put(serve_workers *w, const serve_client *client, const char *name, const char *text);
serve_reply serve_job_get(serve_workers *w, const serve_client *client, const char *name);
serve_reply serve_job_cancel(serve_workers *w, const serve_client *client, const char *name);
serve_reply serve_job_resume(serve_workers *w, const serve_client *client, const char *name);
serve_reply serve_job_remove(serve_workers *w, const serve_client *client, const char *name);
serve_reply serve_jobs_list(serve_workers *w, const serve_client *client);

/* ---- for those who hold the lock ---- */

/* The job of that name that is under way; NULL if it is not. */
serve_job *serve_workers_find(const serve_workers *w, const char *client, const char *name);

/* Whether a job under way uses a folder of the client's. */
bool serve_workers_use(const serve_workers *w, const char *client, const char *folder);

/* A job whose request is on the disk is under way from here on, behind all others; it takes the request. */
bool serve_workers_add(serve_workers *w, const char *client, const char *name, cJSON *request);

/* Removes a job that has ended from a folder of jobs: the request first, so that no later server takes it up. */
bool serve_workers_forget(int jobs, const char *name);

/* Ends: at once if it waits, soon if it runs. */
void serve_workers_cancel(serve_workers *w, serve_job *job);

#endif
