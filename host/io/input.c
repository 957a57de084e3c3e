/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <sodium.h>
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

/* ---- unpacking: once to count the bytes, in memory of a fixed size, and once into as many as there are ---- */

enum { GZIP = 15 + 16, RAW = -15, PIECE = 1 << 30, SCRATCH = 1 << 13 };

typedef struct unpacked {
  uint8_t *scratch; /* where counted bytes go; NULL: they are kept */
  umbra_bytes bytes;
  uint64_t most;
  const char *path;
} unpacked;

static umbra_status damaged(const char *path, const char *what) {
  return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is damaged: %s", path, what);
}

static uInt piece_of(size_t bytes) { return (uInt)(bytes < PIECE ? bytes : PIECE); }

/* Where the next bytes go: counted ones always to the same place. */
static uInt offer_room(z_stream *stream, const unpacked *to, size_t room) {
  stream->next_out = to->scratch ? to->scratch : to->bytes.at + to->bytes.size;
  stream->avail_out = to->scratch ? SCRATCH : piece_of(room - to->bytes.size);
  return stream->avail_out;
}

/* One stream, up to its end; *from goes on behind it. room: of the bytes that are kept. */
static umbra_status inflate_stream(unpacked *to, size_t room, z_stream *stream, const uint8_t **from,
                                   const uint8_t *end) {
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    const uInt offered = offer_room(stream, to, room);
    stream->next_in = (z_const Bytef *)*from;
    stream->avail_in = piece_of((size_t)(end - *from));
    code = inflate(stream, Z_NO_FLUSH);
    to->bytes.size += offered - stream->avail_out;
    *from = stream->next_in;
    if (to->bytes.size > to->most) return too_long(to->path, to->most);
    if (code == Z_MEM_ERROR) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "out of memory for unpacking '%s'", to->path);
    if (code == Z_BUF_ERROR) return damaged(to->path, "the packed bytes end too early");
    if (code != Z_OK && code != Z_STREAM_END) return damaged(to->path, stream->msg ? stream->msg : "unpacking failed");
  }
  return UMBRA_OK;
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

static umbra_status inflate_one(unpacked *to, size_t room, int window, const uint8_t **from, const uint8_t *end) {
  z_stream stream = {.zalloc = take_memory, .zfree = give_memory};
  if (inflateInit2(&stream, window) != Z_OK)
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "out of memory for unpacking '%s'", to->path);
  umbra_status status = inflate_stream(to, room, &stream, from, end);
  inflateEnd(&stream);
  return status;
}

static int begins_gzip(const uint8_t *from, const uint8_t *end) {
  return end - from >= 2 && from[0] == 0x1f && from[1] == 0x8b;
}

/* One member after the other; zeros after the last one are padding. */
static umbra_status gunzip(unpacked *to, size_t room, const uint8_t *from, const uint8_t *end) {
  while (begins_gzip(from, end)) UMBRA_TRY(inflate_one(to, room, GZIP, &from, end));
  while (from < end && *from == 0) from++;
  return from < end ? damaged(to->path, "something that is not gzip follows the packed bytes") : UMBRA_OK;
}

static umbra_status inflate_raw(unpacked *to, size_t room, const uint8_t *from, const uint8_t *end) {
  return inflate_one(to, room, RAW, &from, end);
}

typedef umbra_status unpacker(unpacked *to, size_t room, const uint8_t *from, const uint8_t *end);

/* A zero byte follows what is unpacked. */
static umbra_status unpack_by(unpacker *unpack, umbra_bytes *bytes, const umbra_bytes *packed, const char *path,
                              uint64_t most) {
  uint8_t scratch[SCRATCH];
  unpacked counted = {.scratch = scratch, .most = most, .path = path}, kept = {.most = most, .path = path};
  const uint8_t *end = packed->at + packed->size;
  umbra_status status = unpack(&counted, 0, packed->at, end);
  sodium_memzero(scratch, sizeof scratch);
  UMBRA_TRY(status);
  const size_t room = counted.bytes.size + 1;
  UMBRA_TRY(umbra_alloc(&kept.bytes.at, room, 1, "the bytes of a file"));
  status = unpack(&kept, room, packed->at, end);
  if (status == UMBRA_OK) *bytes = kept.bytes;
  else umbra_bytes_clear(&kept.bytes);
  return status;
}

static umbra_status unpack(umbra_bytes *bytes, const char *path, uint64_t most) {
  umbra_bytes made;
  if (!begins_gzip(bytes->at, bytes->at + bytes->size)) return UMBRA_OK;
  UMBRA_TRY(unpack_by(gunzip, &made, bytes, path, most));
  umbra_bytes_clear(bytes);
  *bytes = made;
  return UMBRA_OK;
}

/* ---- reading ---- */

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

static umbra_status check_crc(const umbra_bytes *made, const umbra_zip_member *member, const char *path) {
  uLong crc = crc32(0, NULL, 0);
  for (size_t at = 0; at < made->size; at += piece_of(made->size - at))
    crc = crc32(crc, made->at + at, piece_of(made->size - at));
  return made->size == member->unpacked && crc == member->crc
             ? UMBRA_OK
             : damaged(path, "a member is not what its directory says");
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

static umbra_status copy_stored(umbra_bytes *bytes, const umbra_bytes *stored, const char *path, uint64_t most) {
  if (stored->size > most) return too_long(path, most);
  UMBRA_TRY(umbra_alloc(&bytes->at, stored->size + 1, 1, "the member of an archive"));
  memcpy(bytes->at, stored->at, stored->size);
  bytes->size = stored->size;
  return UMBRA_OK;
}

umbra_status umbra_zip_read(umbra_bytes *bytes, const umbra_zip_member *member, const umbra_bytes *archive,
                            const char *path, uint64_t most) {
  const umbra_bytes packed = {(uint8_t *)find_packed(member, archive), member->packed};
  umbra_bytes made = {0};
  if (!packed.at) return damaged(path, "a member is not where its directory says; files beyond 4 GiB cannot be read");
  if (member->method != STORED && member->method != DEFLATED)
    return umbra_fail(UMBRA_ERROR_FORMAT, "a member is packed in a way (%u) that cannot be read (in %s)",
                      member->method, path);
  umbra_status status = member->method == STORED ? copy_stored(&made, &packed, path, most)
                                                 : unpack_by(inflate_raw, &made, &packed, path, most);
  if (status == UMBRA_OK) status = check_crc(&made, member, path);
  if (status == UMBRA_OK) *bytes = made;
  else umbra_bytes_clear(&made);
  return status;
}
