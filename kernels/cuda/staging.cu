/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads and downloads through pinned memory, so that neither waits for the device while there is room.
 *
 * The memory is a ring of segments. A segment fills from its start; the next one is entered when it has no more room,
 * once the copies that went through that one long ago are done. What may have held a message is wiped before it is used
 * again. Where there is no pinned memory to be had, copies go without, and wait.
 */
#include <stdlib.h>
#include <string.h>

#include "entries.h"
#include "runtime.h"

enum {
  SEGMENTS = 4,
  SEGMENT_BYTES = 4 << 20,
  LINE = 64,    /* pieces begin at multiples of this */
  LANDINGS = 64 /* downloads of one segment */
};

/* A piece of at most this size goes into one segment. */
static const size_t UNDIVIDED = 1 << 16;

/* A piece of a download, to be copied out when it has come. */
struct landing {
  unsigned char *dst;
  const unsigned char *src;
  size_t bytes;
};

struct segment {
  unsigned char *memory;
  size_t used;
  bool secret; /* what it holds, or some of it */
  int landings;
  struct landing landing[LANDINGS];
  cudaEvent_t left; /* recorded when the next segment is entered */
};

struct umbra_cuda_staging {
  umbra_cuda_staging *next; /* in the list of idle ones */
  unsigned char *memory;
  int current;
  struct segment segment[SEGMENTS];
};

static void wipe(segment *s) {
  if (s->secret) memset(s->memory, 0, s->used);
  s->secret = false;
  s->used = 0;
  s->landings = 0;
}

static void destroy(umbra_cuda_staging *staging) {
  for (int i = 0; i < SEGMENTS; i++) {
    if (staging->segment[i].left) (void)cudaEventDestroy(staging->segment[i].left);
  }
  if (staging->memory) (void)cudaFreeHost(staging->memory);
  free(staging);
}

static cudaError_t fill(umbra_cuda_staging *staging) {
  void *memory = NULL;
  cudaError_t error = cudaHostAlloc(&memory, (size_t)SEGMENTS * SEGMENT_BYTES, cudaHostAllocDefault);
  staging->memory = static_cast<unsigned char *>(memory);
  for (int i = 0; i < SEGMENTS && error == cudaSuccess; i++) {
    staging->segment[i].memory = staging->memory + (size_t)i * SEGMENT_BYTES;
    error = cudaEventCreateWithFlags(&staging->segment[i].left, cudaEventDisableTiming);
  }
  return error;
}

/* An idle one, or NULL. */
static umbra_cuda_staging *take_idle(umbra_device *device) {
  pthread_mutex_lock(&device->lock);
  umbra_cuda_staging *idle = device->idle;
  if (idle) device->idle = idle->next;
  pthread_mutex_unlock(&device->lock);
  return idle;
}

static umbra_cuda_staging *make() {
  umbra_cuda_staging *made = static_cast<umbra_cuda_staging *>(calloc(1, sizeof *made));
  if (!made || fill(made) == cudaSuccess) return made;
  destroy(made);
  return NULL;
}

/* The stream's; NULL if there is none to be had. That is asked for once. */
static umbra_cuda_staging *staging_of(umbra_stream *stream) {
  if (!stream->staging) stream->staging = take_idle(stream->device);
  if (!stream->staging && !stream->unpinned) stream->staging = make();
  stream->unpinned = !stream->staging;
  return stream->staging;
}

void umbra_cuda_staging_give_back(umbra_stream *stream) {
  umbra_cuda_staging *staging = stream->staging;
  umbra_device *device = stream->device;
  for (int i = 0; i < SEGMENTS; i++) wipe(&staging->segment[i]);
  pthread_mutex_lock(&device->lock);
  staging->next = device->idle;
  device->idle = staging;
  pthread_mutex_unlock(&device->lock);
  stream->staging = NULL;
}

void umbra_cuda_staging_destroy_all(umbra_device *device) {
  while (device->idle) destroy(take_idle(device));
}

/* Ends a segment whose copies are done. What a failed device left there is not handed on. */
static void land(const umbra_device *device, segment *s) {
  for (int i = 0; i < s->landings && !umbra_cuda_failed(device); i++) {
    memcpy(s->landing[i].dst, s->landing[i].src, s->landing[i].bytes);
  }
  wipe(s);
}

void umbra_cuda_staging_drain(umbra_stream *stream) {
  umbra_cuda_staging *staging = stream->staging;
  for (int i = 1; staging && i <= SEGMENTS; i++) { /* the oldest first, the current one last */
    segment *s = &staging->segment[(staging->current + i) % SEGMENTS];
    if (s->used) land(stream->device, s);
  }
}

/* A segment with room for the next piece of a copy of `bytes` bytes. */
static segment *room(umbra_stream *stream, size_t bytes) {
  umbra_cuda_staging *staging = stream->staging;
  segment *s = &staging->segment[staging->current];
  const size_t least = bytes < UNDIVIDED ? bytes : UNDIVIDED;
  if (SEGMENT_BYTES - s->used >= least && s->landings < LANDINGS) return s;
  umbra_cuda_note(stream, "staging", cudaEventRecord(s->left, stream->queue));
  staging->current = (staging->current + 1) % SEGMENTS;
  s = &staging->segment[staging->current];
  if (s->used) {
    umbra_cuda_note(stream, "staging", cudaEventSynchronize(s->left));
    land(stream->device, s);
  }
  return s;
}

/* Takes the next piece of `bytes` bytes from the segment; *size: how much of it fits. */
static unsigned char *take(segment *s, size_t bytes, size_t *size) {
  unsigned char *piece = s->memory + s->used;
  *size = bytes < SEGMENT_BYTES - s->used ? bytes : SEGMENT_BYTES - s->used;
  s->used += (*size + LINE - 1) / LINE * LINE;
  return piece;
}

static void upload_piece(umbra_stream *stream, void *dst, const void *src, size_t bytes) {
  umbra_cuda_note(stream, "upload", cudaMemcpyAsync(dst, src, bytes, cudaMemcpyHostToDevice, stream->queue));
}

static void download_piece(umbra_stream *stream, void *dst, const void *src, size_t bytes) {
  umbra_cuda_note(stream, "download", cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDeviceToHost, stream->queue));
}

static void upload(umbra_stream *stream, unsigned char *dst, const unsigned char *src, size_t bytes, bool secret) {
  if (umbra_cuda_is_recording(stream)) return;
  if (!staging_of(stream)) {
    upload_piece(stream, dst, src, bytes);
    return umbra_cuda_note(stream, "upload", cudaStreamSynchronize(stream->queue)); /* the source may change now */
  }
  for (size_t size; bytes; dst += size, src += size, bytes -= size) {
    segment *s = room(stream, bytes);
    unsigned char *piece = take(s, bytes, &size);
    memcpy(piece, src, size);
    s->secret |= secret;
    upload_piece(stream, dst, piece, size);
  }
}

void umbra_cuda_upload(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes) {
  upload(stream, static_cast<unsigned char *>(device_dst), static_cast<const unsigned char *>(host_src), bytes, true);
}

void umbra_cuda_upload_public(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes) {
  upload(stream, static_cast<unsigned char *>(device_dst), static_cast<const unsigned char *>(host_src), bytes, false);
}

void umbra_cuda_download(umbra_stream *stream, void *host_dst, const void *device_src, size_t bytes) {
  unsigned char *dst = static_cast<unsigned char *>(host_dst);
  const unsigned char *src = static_cast<const unsigned char *>(device_src);
  if (umbra_cuda_is_recording(stream)) return;
  if (!staging_of(stream)) return download_piece(stream, dst, src, bytes);
  for (size_t size; bytes; dst += size, src += size, bytes -= size) {
    segment *s = room(stream, bytes);
    unsigned char *piece = take(s, bytes, &size);
    s->landing[s->landings++] = {dst, piece, size};
    s->secret = true;
    download_piece(stream, piece, src, size);
  }
}
