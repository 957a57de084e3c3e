/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "storage.h"

void umbra_bytes_clear(umbra_bytes *bytes) {
  umbra_wipe_and_free(bytes->at, bytes->size);
  *bytes = (umbra_bytes){0};
}

static umbra_status too_long(const char *path, uint64_t most) {
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "'%s' has more than %" PRIu64 " bytes uncompressed; --read-limit raises the limit, and .npy files "
                    "have none",
                    path, most);
}

/* Bytes of which nobody knows beforehand how many they are. */
typedef struct growing {
  umbra_bytes bytes;
  size_t room;
  uint64_t most;
  const char *path;
} growing;

static umbra_status make_room(growing *g) {
  if (g->bytes.size > g->most) return too_long(g->path, g->most);
  return umbra_make_room(&g->bytes.at, &g->room, g->room ? g->bytes.size + 1 : 0, 1, "the bytes of a file");
}

/* ---- unpacking ---- */

enum { GZIP = 15 + 16, RAW = -15, PIECE = 1 << 30 };

static umbra_status damaged(const char *path, const char *what) {
  return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is damaged: %s", path, what);
}

static uInt piece_of(size_t bytes) { return (uInt)(bytes < PIECE ? bytes : PIECE); }

/* One stream, up to its end; *from goes on behind it. */
static umbra_status inflate_stream(growing *to, z_stream *stream, const uint8_t **from, const uint8_t *end) {
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    UMBRA_TRY(make_room(to));
    stream->next_in = (z_const Bytef *)*from;
    stream->avail_in = piece_of((size_t)(end - *from));
    stream->next_out = to->bytes.at + to->bytes.size;
    stream->avail_out = piece_of(to->room - to->bytes.size - 1);
    code = inflate(stream, Z_NO_FLUSH);
    to->bytes.size = (size_t)(stream->next_out - to->bytes.at);
    *from = stream->next_in;
    if (code == Z_MEM_ERROR) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "out of memory for unpacking '%s'", to->path);
    if (code == Z_BUF_ERROR) return damaged(to->path, "the packed bytes end too early");
    if (code != Z_OK && code != Z_STREAM_END) return damaged(to->path, stream->msg ? stream->msg : "unpacking failed");
  }
  return to->bytes.size > to->most ? too_long(to->path, to->most) : UMBRA_OK;
}

/* zlib's memory has a window of what is unpacked. */
static voidpf take_memory(voidpf user, uInt items, uInt size) {
  void *block = NULL;
  (void)user;
  return umbra_alloc(&block, items, size, "unpacking") == UMBRA_OK ? block : NULL;
}

static void give_memory(voidpf user, voidpf memory) {
  (void)user;
  umbra_wipe_and_free(memory, malloc_usable_size(memory));
}

static umbra_status inflate_all(growing *to, int window, const uint8_t **from, const uint8_t *end) {
  z_stream stream = {.zalloc = take_memory, .zfree = give_memory};
  if (inflateInit2(&stream, window) != Z_OK)
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "out of memory for unpacking '%s'", to->path);
  umbra_status status = inflate_stream(to, &stream, from, end);
  inflateEnd(&stream);
  return status;
}

static int begins_gzip(const uint8_t *from, const uint8_t *end) {
  return end - from >= 2 && from[0] == 0x1f && from[1] == 0x8b;
}

/* One member after the other; zeros after the last one are padding. */
static umbra_status gunzip(growing *to, const umbra_bytes *packed) {
  const uint8_t *from = packed->at, *end = packed->at + packed->size;
  while (begins_gzip(from, end)) UMBRA_TRY(inflate_all(to, GZIP, &from, end));
  while (from < end && *from == 0) from++;
  if (from < end) return damaged(to->path, "something that is not gzip follows the packed bytes");
  return make_room(to);
}

static umbra_status unpack(umbra_bytes *bytes, const char *path, uint64_t most) {
  if (!begins_gzip(bytes->at, bytes->at + bytes->size)) return UMBRA_OK;
  growing made = {.most = most, .path = path};
  umbra_status status = gunzip(&made, bytes);
  umbra_bytes_clear(status == UMBRA_OK ? bytes : &made.bytes);
  if (status != UMBRA_OK) return status;
  made.bytes.at[made.bytes.size] = 0;
  *bytes = made.bytes;
  return UMBRA_OK;
}

/* ---- reading ---- */

static umbra_status read_stream(growing *g, int file) {
  for (;;) {
    UMBRA_TRY(make_room(g));
    const ssize_t got = read(file, g->bytes.at + g->bytes.size, g->room - g->bytes.size - 1);
    if (got < 0 && errno != EINTR) return umbra_fail(UMBRA_ERROR_IO, "cannot read '%s': %s", g->path, strerror(errno));
    if (got == 0) break;
    if (got > 0) g->bytes.size += (size_t)got;
  }
  g->bytes.at[g->bytes.size] = 0;
  return UMBRA_OK;
}

static umbra_status read_standard_input(umbra_bytes *bytes, uint64_t most) {
  growing made = {.most = most, .path = "-"};
  umbra_status status = read_stream(&made, STDIN_FILENO);
  if (status == UMBRA_OK) *bytes = made.bytes;
  else umbra_bytes_clear(&made.bytes);
  return status;
}

static umbra_status read_file(umbra_bytes *bytes, const char *path, uint64_t most) {
  int file;
  uint64_t size;
  umbra_bytes made = {0};
  UMBRA_TRY(umbra_storage_open(&file, &size, path));
  umbra_status status = size > most ? too_long(path, most) : umbra_alloc(&made.at, size + 1, 1, "the bytes of a file");
  made.size = size;
  if (status == UMBRA_OK) status = umbra_storage_read(file, made.at, size, path);
  close(file);
  if (status == UMBRA_OK) *bytes = made;
  else umbra_bytes_clear(&made);
  return status;
}

umbra_status umbra_input_read(umbra_bytes *bytes, const char *path, uint64_t most) {
  umbra_bytes made = {0};
  UMBRA_TRY(strcmp(path, "-") == 0 ? read_standard_input(&made, most) : read_file(&made, path, most));
  umbra_status status = unpack(&made, path, most);
  if (status == UMBRA_OK) *bytes = made;
  else umbra_bytes_clear(&made);
  return status;
}

/* ---- zip ---- */

enum { END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30, MOST_MEMBERS = 4096, STORED = 0, DEFLATED = 8 };

static uint16_t u16(const uint8_t *b) { return (uint16_t)(b[0] | b[1] << 8); }
static uint32_t u32(const uint8_t *b) { return u16(b) | (uint32_t)u16(b + 2) << 16; }

/* The record at the end, before a comment of any length; NULL: there is none. */
static const uint8_t *find_end(const umbra_bytes *archive) {
  for (size_t back = END_BYTES; back <= archive->size && back <= END_BYTES + UINT16_MAX; back++) {
    const uint8_t *at = archive->at + archive->size - back;
    if (memcmp(at, "PK\5\6", 4) == 0) return at;
  }
  return NULL;
}

/* Takes an entry of the directory; 0 if there is no whole one. */
static int take_entry(umbra_zip_member *member, const uint8_t **at, size_t *left) {
  const uint8_t *b = *at;
  if (*left < ENTRY_BYTES || memcmp(b, "PK\1\2", 4) != 0) return 0;
  const size_t bytes = (size_t)ENTRY_BYTES + u16(b + 28) + u16(b + 30) + u16(b + 32);
  if (*left < bytes) return 0;
  *member = (umbra_zip_member){.name = (const char *)b + ENTRY_BYTES,
                               .name_length = u16(b + 28),
                               .method = u16(b + 10),
                               .crc = u32(b + 16),
                               .packed = u32(b + 20),
                               .unpacked = u32(b + 24),
                               .offset = u32(b + 42)};
  *at += bytes;
  *left -= bytes;
  return 1;
}

umbra_status umbra_zip_list(umbra_zip_member **members, size_t *count, const umbra_bytes *archive, const char *path) {
  const uint8_t *end = find_end(archive);
  if (!end) return damaged(path, "it has no directory at its end, as zip archives and npz files have");
  const size_t entries = u16(end + 10), offset = u32(end + 16);
  if (offset > archive->size || entries > MOST_MEMBERS) return damaged(path, "its directory is not where it should be");
  const uint8_t *at = archive->at + offset;
  size_t left = archive->size - offset;
  umbra_zip_member *made;
  UMBRA_TRY(umbra_alloc(&made, entries, sizeof *made, "the members of an archive"));
  size_t taken = 0;
  while (taken < entries && take_entry(&made[taken], &at, &left)) taken++;
  if (taken == entries) {
    *members = made;
    *count = entries;
    return UMBRA_OK;
  }
  umbra_free(made);
  return damaged(path, "its directory is not whole");
}

static umbra_status check_crc(const growing *made, const umbra_zip_member *member) {
  uLong crc = crc32(0, NULL, 0);
  for (size_t at = 0; at < made->bytes.size; at += piece_of(made->bytes.size - at))
    crc = crc32(crc, made->bytes.at + at, piece_of(made->bytes.size - at));
  return made->bytes.size == member->unpacked && crc == member->crc
             ? UMBRA_OK
             : damaged(made->path, "a member is not what its directory says");
}

/* Where the packed bytes of a member begin, or NULL. */
static const uint8_t *find_packed(const umbra_zip_member *member, const umbra_bytes *archive) {
  if (member->offset > archive->size || archive->size - member->offset < LOCAL_BYTES) return NULL;
  const uint8_t *local = archive->at + member->offset;
  if (memcmp(local, "PK\3\4", 4) != 0) return NULL;
  const size_t before = (size_t)LOCAL_BYTES + u16(local + 26) + u16(local + 28);
  const size_t left = archive->size - member->offset;
  return before <= left && member->packed <= left - before ? local + before : NULL;
}

static umbra_status copy_stored(growing *to, const uint8_t *from, size_t bytes) {
  if (bytes > to->most) return too_long(to->path, to->most);
  UMBRA_TRY(umbra_alloc(&to->bytes.at, bytes + 1, 1, "the member of an archive"));
  memcpy(to->bytes.at, from, bytes);
  to->bytes.size = bytes;
  return UMBRA_OK;
}

umbra_status umbra_zip_read(umbra_bytes *bytes, const umbra_zip_member *member, const umbra_bytes *archive,
                            const char *path, uint64_t most) {
  const uint8_t *from = find_packed(member, archive);
  growing made = {.most = most, .path = path};
  if (!from) return damaged(path, "a member is not where its directory says; files beyond 4 GiB cannot be read");
  if (member->method != STORED && member->method != DEFLATED)
    return umbra_fail(UMBRA_ERROR_FORMAT, "a member is packed in a way (%u) that cannot be read (in %s)",
                      member->method, path);
  umbra_status status = member->method == STORED ? copy_stored(&made, from, member->packed)
                                                 : inflate_all(&made, RAW, &from, from + member->packed);
  if (status == UMBRA_OK) status = check_crc(&made, member);
  if (status == UMBRA_OK) *bytes = made.bytes;
  else umbra_bytes_clear(&made.bytes);
  return status;
}
