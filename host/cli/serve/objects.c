/* SPDX-License-Identifier: Apache-2.0 */
#include "objects.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <umbra/status.h>
#include <unistd.h>

#include "../output.h"
#include "../target.h"

/* What a server may have: nothing that decrypts or signs, and nothing in the clear. */
static bool may_be_here(const char *kind) {
  static const char *const kinds[] = {
      CLI_KIND_PARAMS,          CLI_KIND_PUBLIC_KEY, CLI_KIND_EVAL_KEYS, CLI_KIND_CIPHERTEXT,  CLI_KIND_MATRIX,
      CLI_KIND_LOGISTIC,        CLI_KIND_PLAN,       CLI_KIND_DATA,      CLI_KIND_FEATURE_MAP, CLI_KIND_NETWORK_PLAN,
      CLI_KIND_NETWORK_WEIGHTS, CLI_KIND_MANIFEST,   CLI_KIND_SIGNER,    CLI_KIND_RETIREMENT,  CLI_KIND_BLOCK};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kind, kinds[i]) == 0) return true;
  return false;
}

/* ---- uploads ---- */

static void name_files(serve_upload *u, const char *folder, const char *name) {
  uint8_t random[16];
  char hex[CLI_HEX];
  randombytes_buf(random, sizeof random);
  cli_hex(hex, random, sizeof random);
  serve_path(u->draft, SERVE_INCOMING "/%s", hex);
  serve_path(u->name, "%s/%s", folder, name);
  serve_path(u->folder_path, SERVE_OBJECTS "/%s", folder);
  serve_path(u->path, SERVE_OBJECTS "/%s", u->name);
}

static bool has_size(int folder, const char *path, uint64_t bytes) {
  struct stat about;
  const int file = serve_open(folder, path, O_RDONLY);
  const bool same = file >= 0 && fstat(file, &about) == 0 && (uint64_t)about.st_size == bytes;
  if (file >= 0) close(file);
  return same;
}

/* The quota has room for it; one that may be the file that has the name already takes that one's. */
static bool has_room(const serve_upload *u, serve_reply *refusal, const serve_client *client) {
  const uint64_t again = has_size(client->folder, u->path, u->bytes) ? u->bytes : 0;
  const uint64_t left = serve_client_left(client->folder, client->quota + again);
  if (u->bytes > left)
    *refusal =
        serve_refuse(SERVE_TOO_LARGE, "%" PRIu64 " bytes are left, and %" PRIu64 " more are too many", left, u->bytes);
  return !refusal->status;
}

bool serve_upload_begin(serve_upload *u, serve_reply *refusal, const serve_client *client, const char *folder,
                        const char *name, uint64_t bytes) {
  *u = (serve_upload){.folder = -1, .file = -1, .bytes = bytes};
  name_files(u, folder, name);
  if (bytes < UMBRA_HEADER_BYTES)
    *refusal =
        serve_refuse(SERVE_UNUSABLE, "%s/%s: a file of Umbra has %d bytes at least", folder, name, UMBRA_HEADER_BYTES);
  if (refusal->status || !has_room(u, refusal, client)) return false;
  u->folder = fcntl(client->folder, F_DUPFD_CLOEXEC, 0);
  u->file = serve_open(client->folder, u->draft, O_RDWR | O_CREAT | O_EXCL);
  if (u->folder >= 0 && u->file >= 0 && ftruncate(u->file, (off_t)bytes) == 0) return true;
  *refusal = serve_system_failure();
  serve_upload_end(u);
  return false;
}

static bool check_head(const serve_upload *u, serve_reply *refusal) {
  umbra_file_info info;
  umbra_file_info_init(&info);
  const umbra_status status = umbra_buffer_inspect(&info, u->head, sizeof u->head);
  if (status != UMBRA_OK) *refusal = serve_refuse(SERVE_UNUSABLE, "%s: %s", u->name, umbra_last_error());
  else if (!may_be_here(info.kind))
    *refusal =
        serve_refuse(SERVE_UNUSABLE, "%s: %s has no place on a server: keep it with its owner", u->name, info.kind);
  return !refusal->status;
}

/* The header waits until it is whole. */
static bool add_head(serve_upload *u, serve_reply *refusal, const uint8_t **bytes, size_t *size) {
  const size_t missing = sizeof u->head - u->received, taken = *size < missing ? *size : missing;
  memcpy(u->head + u->received, *bytes, taken);
  u->received += taken;
  *bytes += taken;
  *size -= taken;
  if (u->received < sizeof u->head) return true;
  if (!check_head(u, refusal)) return false;
  if (serve_write(u->file, u->head, sizeof u->head)) return true;
  *refusal = serve_system_failure();
  return false;
}

bool serve_upload_add(serve_upload *u, serve_reply *refusal, const void *bytes, size_t size) {
  const uint8_t *from = bytes;
  bool added = true;
  if (size > u->bytes - u->received) {
    *refusal = serve_refuse(SERVE_MALFORMED, "more bytes came than were announced");
    added = false;
  }
  if (added && u->received < sizeof u->head) added = add_head(u, refusal, &from, &size);
  if (added && size && !serve_write(u->file, from, size)) {
    *refusal = serve_system_failure();
    added = false;
  }
  u->received += size;
  if (!added) serve_upload_end(u);
  return added;
}

/* All sums of the file, which is nothing beside the container. */
static bool check_whole(const serve_upload *u, serve_reply *refusal) {
  umbra_file_info info;
  umbra_file_info_init(&info);
  void *map = mmap(NULL, u->bytes, PROT_READ, MAP_SHARED, u->file, 0);
  if (map == MAP_FAILED) {
    *refusal = serve_system_failure();
    return false;
  }
  if (umbra_buffer_inspect(&info, map, u->bytes) != UMBRA_OK)
    *refusal = serve_refuse(SERVE_UNUSABLE, "%s: %s", u->name, umbra_last_error());
  else if (info.bytes != u->bytes)
    *refusal = serve_refuse(SERVE_UNUSABLE, "%s: the file has %" PRIu64 " bytes, and its header says %" PRIu64, u->name,
                            u->bytes, info.bytes);
  munmap(map, u->bytes);
  return !refusal->status;
}

bool serve_upload_check(serve_upload *u, serve_reply *refusal) {
  if (u->received != u->bytes) *refusal = serve_refuse(SERVE_MALFORMED, "fewer bytes came than were announced");
  else if (check_whole(u, refusal) && fsync(u->file) != 0) *refusal = serve_system_failure();
  return !refusal->status;
}

static bool same_bytes(int a, int b) {
  enum { PIECE = 4096 };
  char left[PIECE], right[PIECE];
  for (off_t at = 0;; at += PIECE) {
    const ssize_t x = pread(a, left, sizeof left, at), y = pread(b, right, sizeof right, at);
    if (x != y || x < 0 || memcmp(left, right, (size_t)x) != 0) return false;
    if (x < PIECE) return true;
  }
}

static serve_reply describe(const serve_upload *u, int status) {
  umbra_file_info info;
  umbra_file_info_init(&info);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "name", u->name);
  if (umbra_buffer_inspect(&info, u->head, sizeof u->head) == UMBRA_OK)
    cJSON_AddStringToObject(json, "kind", info.kind);
  cJSON_AddNumberToObject(json, "bytes", (double)u->bytes);
  return serve_answer(status, json);
}

static serve_reply refuse_name(const serve_upload *u) {
  return serve_refuse(SERVE_CONFLICT, "%s: another file has this name; remove it first", u->name);
}

bool serve_upload_compare(serve_upload *u, serve_reply *refusal) {
  const int other = serve_open(u->folder, u->path, O_RDONLY);
  u->other.st_nlink = 0;
  if (other >= 0) {
    u->same = fstat(other, &u->other) == 0 && same_bytes(u->file, other);
    close(other);
  } else if (errno != ENOENT && errno != ENOTDIR) {
    *refusal = serve_is_absence(errno) ? refuse_name(u) : serve_system_failure();
  }
  return !refusal->status;
}

/* Whether the name still has the file that was compared. */
static bool is_compared(const serve_upload *u) {
  struct stat now;
  return u->other.st_nlink && fstatat(u->folder, u->path, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
         now.st_dev == u->other.st_dev && now.st_ino == u->other.st_ino &&
         now.st_mtim.tv_sec == u->other.st_mtim.tv_sec && now.st_mtim.tv_nsec == u->other.st_mtim.tv_nsec;
}

bool serve_upload_publish(serve_upload *u, serve_reply *reply) {
  if (!serve_make(u->folder, u->folder_path)) *reply = serve_system_failure();
  else if (linkat(u->folder, u->draft, u->folder, u->path, 0) == 0) *reply = describe(u, SERVE_CREATED);
  else if (errno != EEXIST) *reply = serve_system_failure();
  else if (!is_compared(u)) return false;
  else if (u->same) *reply = describe(u, SERVE_OK);
  else *reply = refuse_name(u);
  return true;
}

void serve_upload_end(serve_upload *u) {
  if (u->file >= 0) {
    close(u->file);
    unlinkat(u->folder, u->draft, 0);
  }
  if (u->folder >= 0) close(u->folder);
  u->folder = u->file = -1;
}

/* ---- what is there ---- */

typedef struct listing {
  cJSON *list;
  const char *folder;
} listing;

static bool list_file(void *user, int folder, const char *name, const struct stat *about) {
  const listing *l = user;
  char path[SERVE_PATH];
  uint8_t head[UMBRA_HEADER_BYTES];
  umbra_file_info info;
  umbra_file_info_init(&info);
  const int file = serve_open(folder, name, O_RDONLY);
  if (file < 0) return true;
  serve_path(path, "%s/%s", l->folder, name);
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "name", path);
  if (read(file, head, sizeof head) == sizeof head && umbra_buffer_inspect(&info, head, sizeof head) == UMBRA_OK)
    cJSON_AddStringToObject(object, "kind", info.kind);
  cJSON_AddNumberToObject(object, "bytes", (double)about->st_size);
  cJSON_AddItemToArray(l->list, object);
  close(file);
  return true;
}

static bool list_folder(void *user, int folder, const char *name, const struct stat *about) {
  listing l = {.list = user, .folder = name};
  (void)about;
  serve_each(folder, name, list_file, &l);
  return true;
}

serve_reply serve_objects_list(const serve_client *client) {
  cJSON *json = cJSON_CreateObject();
  serve_each(client->folder, SERVE_OBJECTS, list_folder, cJSON_AddArrayToObject(json, "objects"));
  return serve_answer(SERVE_OK, json);
}

serve_reply serve_object_remove(const serve_client *client, const char *folder, const char *file) {
  char path[SERVE_PATH];
  serve_path(path, SERVE_OBJECTS "/%s%s%s", folder, file ? "/" : "", file ? file : "");
  if (!serve_is_there(client->folder, path)) return serve_nothing_there();
  if (!serve_remove(client->folder, path)) return serve_system_failure();
  return serve_answer(SERVE_OK, cJSON_CreateObject());
}

static bool list_network(void *user, int folder, const char *name, const struct stat *about) {
  (void)folder;
  if (S_ISDIR(about->st_mode)) cJSON_AddItemToArray(user, cJSON_CreateString(name));
  return true;
}

serve_reply serve_networks_list(int state) {
  cJSON *json = cJSON_CreateObject();
  serve_each(state, SERVE_NETWORKS, list_network, cJSON_AddArrayToObject(json, "networks"));
  return serve_answer(SERVE_OK, json);
}
