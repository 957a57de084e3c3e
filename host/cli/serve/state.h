/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's folder. Everything in it is reached from a folder that is open, by a path without links: what somebody put
 * there in a folder's or file's place leads nowhere. Failures are in errno.
 *
 *   clients/NAME/client.json              token's hash, quota
 *   clients/NAME/incoming/                uploads on their way; emptied when the server starts
 *   clients/NAME/objects/FOLDER/FILE
 *   clients/NAME/jobs/JOB/request.json    what was asked; outcome.json when it has ended, report.json of the program
 *   clients/NAME/jobs/JOB/out/            what the job writes
 *   networks/NAME/server.umbra, client.umbra
 */
#ifndef UMBRA_CLI_SERVE_STATE_H
#define UMBRA_CLI_SERVE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define SERVE_CLIENTS "clients"
#define SERVE_CLIENT_FILE "client.json"
#define SERVE_INCOMING "incoming"
#define SERVE_OBJECTS "objects"
#define SERVE_JOBS "jobs"
#define SERVE_NETWORKS "networks"

/* Of names with their ends, and of paths from a folder that is open. */
enum { SERVE_NAME = 65, SERVE_PATH = 320 };

/* Names that clients choose have 1 to 64 of the characters A-Z a-z 0-9 . _ -, and a letter or a digit first. */
bool serve_is_name(const char *text);

/* path = A/B/C, by a format. */
__attribute__((format(printf, 2, 3))) void serve_path(char path[SERVE_PATH], const char *format, ...);

/* Whether something has that name, be it a link that leads nowhere. */
bool serve_is_there(int folder, const char *path);

/* Whether an errno says that nothing has that name, or only a link or something of another kind. */
bool serve_is_absence(int reason);

/* Whether an errno says that the system is out of something that comes back: descriptors, processes, memory. */
bool serve_is_shortage(int reason);

/* A descriptor of a regular file or, with O_DIRECTORY among the flags, of a folder; -1 if there is none. */
int serve_open(int folder, const char *path, int flags);

/* Makes a folder and those above it, for this user alone. True if it is there. */
bool serve_make(int folder, const char *path);

/* What all files beneath take, in whole blocks, and how many files and folders there are. */
enum { SERVE_BLOCK = 4096 };
typedef struct serve_usage {
  uint64_t bytes, files;
} serve_usage;
serve_usage serve_measure(int folder, const char *path);

/* A file, or a folder with all that is in it. True if nothing is there then. */
bool serve_remove(int folder, const char *path);

/* A small file as text, to be freed; NULL, with errno, if there is none, or it is larger. */
char *serve_read_text(int folder, const char *path, size_t most);

/* Whole on the disk, or as before. */
bool serve_write_text(int folder, const char *path, const char *text);

/* Writes all bytes. */
bool serve_write(int file, const void *bytes, size_t size);

/* Visits what has such a name in a folder, until a visit returns false. */
typedef bool (*serve_visit)(void *user, int folder, const char *name, const struct stat *about);
void serve_each(int folder, const char *path, serve_visit visit, void *user);

#endif
