/* SPDX-License-Identifier: Apache-2.0 */
/* Files of clients: uploads, and what is there. */
#ifndef UMBRA_CLI_SERVE_OBJECTS_H
#define UMBRA_CLI_SERVE_OBJECTS_H

#include <umbra/file.h>

#include "clients.h"
#include "reply.h"

/*
 * An upload goes into a file of its own, which has its final size from the beginning, so that the quota counts all of it,
 * though the disk gives only what has come. Its header is looked at before anything is written: secrets never are.
 */
typedef struct serve_upload {
  int folder, file; /* the client's folder; file -1: it is over */
  char draft[SERVE_PATH], folder_path[SERVE_PATH], path[SERVE_PATH], name[SERVE_PATH];
  uint64_t bytes, received;
  struct stat other; /* the file that had the name when they were compared; st_nlink 0: none had it */
  bool same;         /* its bytes are the upload's */
  uint8_t head[UMBRA_HEADER_BYTES];
} serve_upload;

/* bytes: how many the client says that will come. False, with a refusal, if they may not. */
bool serve_upload_begin(serve_upload *upload, serve_reply *refusal, const serve_client *client, const char *folder,
                        const char *name, uint64_t bytes);

/* False, with a refusal; then the upload is over. */
bool serve_upload_add(serve_upload *upload, serve_reply *refusal, const void *bytes, size_t size);

/* All has come: whether it is a whole file. The reply is a refusal, unless it is; then publish it. */
bool serve_upload_check(serve_upload *upload, serve_reply *refusal);

/* Compares it with the file that has its name, if any: takes as long as reading both. False, with a refusal. */
bool serve_upload_compare(serve_upload *upload, serve_reply *refusal);

/*
 * The file appears under its name: CREATED, OK if the same file is there already, CONFLICT if another is. False, without a
 * reply, if that is none that was compared: then compare again.
 */
bool serve_upload_publish(serve_upload *upload, serve_reply *reply);

/* Takes back what is not published; also of one that never began, file -1. */
void serve_upload_end(serve_upload *upload);

/* {"objects": [{"name": "keys/eval.umbra", "kind": "evaluation keys", "bytes": 4718592}, ...]} */
serve_reply serve_objects_list(const serve_client *client);

/* A folder, or (file not NULL) a file in it. */
serve_reply serve_object_remove(const serve_client *client, const char *folder, const char *file);

/* {"networks": ["digits", ...]} */
serve_reply serve_networks_list(int state);

#endif
