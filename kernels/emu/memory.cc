/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device and pinned memory, and copies. Every allocation is a heap block of its own for AddressSanitizer; without it
 * pages of its own, which can be taken away while another device works.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <set>

#include "internal.h"
#include "sanitizers.h"

struct CUmemPoolHandle_st {
  int device;
  uint64_t used, used_high, reserved, reserved_high, threshold;
  uint64_t reuse[4]; /* hints; kept, not followed */
};

struct allocation {
  size_t bytes;
  cudaMemPool_t pool; /* NULL: none */
  int device;
};

typedef std::map<const void *, allocation> allocations;

/* Memory of one kind; what each device has of it in use. */
struct book {
  allocations blocks;
  size_t used[UMBRA_EMU_DEVICES_MAX];
};
static book device, pinned;
static size_t device_total = (size_t)80 << 30, pinned_total = SIZE_MAX;
static CUmemPoolHandle_st default_pool[UMBRA_EMU_DEVICES_MAX];

static std::set<cudaMemPool_t> &pools(void) {
  static std::set<cudaMemPool_t> all;
  for (int i = 0; all.size() < UMBRA_EMU_DEVICES_MAX; i++) {
    default_pool[i].device = i;
    all.insert(&default_pool[i]);
  }
  return all;
}

/* Bytes that pools of a device keep and nobody uses. */
static size_t kept_unused(int of) {
  size_t bytes = 0;
  for (cudaMemPool_t pool : pools()) bytes += pool->device == of ? pool->reserved - pool->used : 0;
  return bytes;
}

/* What a pool, or with NULL somebody else, can be given: not what other pools keep. */
static size_t available_to(cudaMemPool_t pool, int of) {
  const size_t taken = device.used[of] + kept_unused(of) - (pool ? pool->reserved - pool->used : 0);
  return device_total - std::min(device_total, taken);
}

size_t umbra_emu_memory_total(void) { return device_total; }

void umbra_emu_set_memory(size_t bytes) {
  umbra_emu_call call(false, false, false);
  device_total = bytes;
}

void umbra_emu_set_pinned(size_t bytes) {
  umbra_emu_call call(false, false, false);
  pinned_total = bytes;
}

int umbra_emu_pinned_has(const void *bytes, size_t count) {
  umbra_emu_call call(false, false, false);
  for (const auto &block : pinned.blocks) {
    if (memmem(block.first, block.second.bytes, bytes, count)) return 1;
  }
  return 0;
}

void umbra_emu_set_memory_left(size_t bytes) {
  umbra_emu_call call(false, false);
  const int of = umbra_emu_device();
  device_total = device.used[of] + kept_unused(of) + bytes;
}

size_t umbra_emu_memory_used(void) {
  umbra_emu_call call(false, false, false);
  size_t bytes = 0;
  for (int i = 0; i < UMBRA_EMU_DEVICES_MAX; i++) bytes += device.used[i] + pinned.used[i];
  return bytes;
}

/* ---- blocks, and whether the device at work can touch them ---- */

#ifdef UMBRA_EMU_ASAN
static void *take_block(size_t bytes) {
  void *block = nullptr;
  return posix_memalign(&block, 256, bytes) ? nullptr : block;
}

static void give_block(void *block, size_t) { free(block); }

static void set_there(const void *block, size_t bytes, bool there) {
  if (there) ASAN_UNPOISON_MEMORY_REGION(block, bytes);
  else ASAN_POISON_MEMORY_REGION(block, bytes);
}
#else
static void *take_block(size_t bytes) {
  void *block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return block == MAP_FAILED ? nullptr : block;
}

static void give_block(void *block, size_t bytes) { (void)munmap(block, bytes); }

static void set_there(const void *block, size_t bytes, bool there) {
  (void)mprotect(const_cast<void *>(block), bytes, there ? PROT_READ | PROT_WRITE : PROT_NONE);
}
#endif

static int at_work = -1; /* -1: all devices' memory is there */

void umbra_emu_expose(int of) {
  if (umbra_emu_settings_get()->devices == 1) of = -1;
  if (of == at_work) return;
  at_work = of;
  for (auto &block : device.blocks) {
    set_there(block.first, block.second.bytes, of < 0 || block.second.device == of);
  }
}

/* The allocation in which [memory, memory + bytes) lies; NULL: there is none. */
static const allocation *find(const book &where, const void *memory, size_t bytes) {
  auto next = where.blocks.upper_bound(memory);
  if (next == where.blocks.begin()) return nullptr;
  auto found = std::prev(next);
  size_t offset = (size_t)(static_cast<const char *>(memory) - static_cast<const char *>(found->first));
  return offset <= found->second.bytes && bytes <= found->second.bytes - offset ? &found->second : nullptr;
}

static bool holds(const book &where, const void *memory, size_t bytes) { return find(where, memory, bytes); }

/* Of a device's memory, `of`'s; pinned memory counts there, too. */
static cudaError_t allocate(book &where, int of, size_t available, void **memory, size_t bytes, cudaMemPool_t pool) {
  static uint64_t salt = 0;
  *memory = nullptr;
  umbra_emu_happened(UMBRA_EMU_ALLOCATIONS);
  if (umbra_emu_count(UMBRA_EMU_FAIL_ALLOC)) return cudaErrorMemoryAllocation;
  if (bytes == 0) return cudaSuccess;
  if (bytes > available) return cudaErrorMemoryAllocation;
  *memory = take_block(bytes);
  if (!*memory) return cudaErrorMemoryAllocation;
  umbra_emu_poison(*memory, bytes, ++salt);
  where.blocks[*memory] = {bytes, pool, of};
  where.used[of] += bytes;
  if (&where == &device && at_work >= 0) set_there(*memory, bytes, at_work == of);
  return cudaSuccess;
}

/* Takes the memory out of the book. */
static bool forget(book &where, const void *memory, allocation *found) {
  auto entry = where.blocks.find(memory);
  if (entry == where.blocks.end()) return false;
  *found = entry->second;
  where.used[found->device] -= found->bytes;
  where.blocks.erase(entry);
  if (&where == &device && at_work >= 0) set_there(memory, found->bytes, true);
  return true;
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  *total = device_total;
  *available = available_to(nullptr, umbra_emu_device());
  return cudaSuccess;
}

cudaError_t cudaMalloc(void **memory, size_t bytes) {
  umbra_emu_call call(true, true);
  if (call.error) return call.end(call.error);
  const int of = umbra_emu_device();
  return call.end(allocate(device, of, available_to(nullptr, of), memory, bytes, nullptr));
}

cudaError_t cudaMallocHost(void **memory, size_t bytes, unsigned) {
  umbra_emu_call call(true, true);
  if (call.error) return call.end(call.error);
  return call.end(allocate(pinned, umbra_emu_device(), pinned_total, memory, bytes, nullptr));
}

cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned flags) { return cudaMallocHost(memory, bytes, flags); }

static cudaError_t wait_and_free(book &where, void *memory) {
  umbra_emu_call call(false, true);
  if (!memory) return call.end(call.error);
  umbra_emu_flush();
  allocation found;
  if (!forget(where, memory, &found)) return call.end(cudaErrorInvalidValue);
  if (found.pool) found.pool->used -= found.bytes;
  give_block(memory, found.bytes);
  return call.end(call.error);
}

cudaError_t cudaFree(void *memory) { return wait_and_free(device, memory); }

cudaError_t cudaFreeHost(void *memory) { return wait_and_free(pinned, memory); }

/* ---- pools ---- */

cudaError_t cudaMallocFromPoolAsync(void **memory, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  /* CUDA would make a node of it; Umbra never allocates while recording. */
  if (umbra_emu_is_capturing(stream)) return call.end(cudaErrorStreamCaptureUnsupported);
  if (pool->device != umbra_emu_stream_device(stream)) return call.end(cudaErrorInvalidValue);
  cudaError_t error = allocate(device, pool->device, available_to(pool, pool->device), memory, bytes, pool);
  if (error || !*memory) return call.end(error);
  pool->used += bytes;
  pool->used_high = std::max(pool->used_high, pool->used);
  pool->reserved = std::max(pool->reserved, pool->used);
  pool->reserved_high = std::max(pool->reserved_high, pool->reserved);
  /* What is written before the allocation's place in the queue is lost. */
  void *block = *memory;
  return call.end(umbra_emu_enqueue(stream, UMBRA_EMU_OTHER, [=] {
    umbra_emu_poison(block, bytes, 0);
    return cudaSuccess;
  }));
}

cudaError_t cudaMallocAsync(void **memory, size_t bytes, cudaStream_t stream) {
  umbra_emu_call call(false, false);
  return cudaMallocFromPoolAsync(memory, bytes, &default_pool[umbra_emu_stream_device(stream)], stream);
}

/* The memory itself goes with this piece of work, done or dropped. */
cudaError_t cudaFreeAsync(void *memory, cudaStream_t stream) {
  umbra_emu_call call(false, false);
  if (!memory) return call.end(call.error);
  if (umbra_emu_is_capturing(stream)) return call.end(cudaErrorStreamCaptureUnsupported);
  allocation found;
  if (!forget(device, memory, &found)) return call.end(cudaErrorInvalidValue);
  if (found.pool) {
    found.pool->used -= found.bytes;
    found.pool->reserved = std::max(found.pool->used, std::min(found.pool->reserved, found.pool->threshold));
  }
  const size_t bytes = found.bytes;
  std::shared_ptr<void> block(memory, [bytes](void *given) { give_block(given, bytes); });
  cudaError_t error = umbra_emu_enqueue(stream, UMBRA_EMU_OTHER, [block] { return cudaSuccess; });
  return call.end(call.error ? call.error : error);
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t *pool, const cudaMemPoolProps *properties) {
  umbra_emu_call call(true, false, false);
  if (call.error) return call.end(call.error);
  if (properties->allocType != cudaMemAllocationTypePinned || properties->location.type != cudaMemLocationTypeDevice ||
      properties->location.id < 0 || properties->location.id >= umbra_emu_settings_get()->devices) {
    return call.end(cudaErrorInvalidValue);
  }
  *pool = new CUmemPoolHandle_st();
  (*pool)->device = properties->location.id;
  pools().insert(*pool);
  return cudaSuccess;
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  umbra_emu_call call(false, false);
  if (!pool || pool == &default_pool[pool->device]) return call.end(cudaErrorInvalidValue);
  for (auto &entry : device.blocks) {
    if (entry.second.pool == pool) entry.second.pool = nullptr;
  }
  pools().erase(pool);
  delete pool;
  return call.end(call.error);
}

/* Where an attribute is kept; NULL: there is none of that number. */
static uint64_t *pool_value(cudaMemPool_t pool, cudaMemPoolAttr attribute) {
  switch (attribute) {
    case cudaMemPoolAttrReleaseThreshold: return &pool->threshold;
    case cudaMemPoolAttrReservedMemCurrent: return &pool->reserved;
    case cudaMemPoolAttrReservedMemHigh: return &pool->reserved_high;
    case cudaMemPoolAttrUsedMemCurrent: return &pool->used;
    case cudaMemPoolAttrUsedMemHigh: return &pool->used_high;
    default: return nullptr;
  }
}

static bool is_reuse(cudaMemPoolAttr attribute) {
  return attribute >= cudaMemPoolReuseFollowEventDependencies && attribute <= cudaMemPoolReuseAllowInternalDependencies;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (is_reuse(attribute)) {
    pool->reuse[attribute] = (uint64_t) * static_cast<int *>(value);
    return cudaSuccess;
  }
  uint64_t *kept = pool_value(pool, attribute);
  uint64_t wanted = *static_cast<uint64_t *>(value);
  if (!kept || kept == &pool->used || kept == &pool->reserved) return call.end(cudaErrorInvalidValue);
  if (kept == &pool->threshold) *kept = wanted;
  else if (wanted) return call.end(cudaErrorInvalidValue);
  else *kept = kept == &pool->used_high ? pool->used : pool->reserved;
  return cudaSuccess;
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (is_reuse(attribute)) {
    *static_cast<int *>(value) = (int)pool->reuse[attribute];
    return cudaSuccess;
  }
  uint64_t *kept = pool_value(pool, attribute);
  if (!kept) return call.end(cudaErrorInvalidValue);
  *static_cast<uint64_t *>(value) = *kept;
  return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t bytes_to_keep) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  pool->reserved = std::max<uint64_t>(pool->used, std::min<uint64_t>(pool->reserved, bytes_to_keep));
  return cudaSuccess;
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int ordinal) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  const bool there = ordinal >= 0 && ordinal < umbra_emu_settings_get()->devices;
  if (there) *pool = &default_pool[ordinal];
  return call.end(there ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t *pool, int ordinal) {
  return cudaDeviceGetDefaultMemPool(pool, ordinal);
}

/* ---- copies ---- */

/* `height` rows of `width` bytes. */
struct area {
  char *start;
  size_t pitch, width, height;
};

static size_t span(const area &a) { return a.height ? (a.height - 1) * a.pitch + a.width : 0; }

static bool on_device(const area &a) { return span(a) == 0 || holds(device, a.start, span(a)); }

/* Of another device than the stream's, which has no access to it. */
static bool is_foreign(const area &a, cudaStream_t stream) {
  const allocation *found = find(device, a.start, 1);
  return found && found->device != umbra_emu_stream_device(stream);
}

/* Whether both ends are where `kind` says; what is no device memory counts as the host's. */
static bool fits(const area &dst, const area &src, cudaMemcpyKind kind) {
  bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (kind == cudaMemcpyDefault) {
    /* One byte decides, and then all of it must be there. */
    to_device = holds(device, dst.start, 1);
    from_device = holds(device, src.start, 1);
  }
  bool to = to_device ? on_device(dst) : !holds(device, dst.start, 1);
  bool from = from_device ? on_device(src) : !holds(device, src.start, 1);
  return span(dst) == 0 || (to && from);
}

static void copy_rows(const area &dst, const area &src) {
  for (size_t i = 0; i < dst.height; i++) memcpy(dst.start + i * dst.pitch, src.start + i * src.pitch, dst.width);
}

/* Deferred, what CUDA does with pageable memory: the source is read now, and the target written before the return. */
static cudaError_t copy(const area &dst, const area &src, cudaMemcpyKind kind, cudaStream_t stream) {
  if (dst.pitch < dst.width || src.pitch < src.width || !fits(dst, src, kind)) return cudaErrorInvalidValue;
  if (is_foreign(dst, stream) || is_foreign(src, stream)) return cudaErrorInvalidValue;
  bool later = umbra_emu_settings_get()->queue != UMBRA_EMU_EAGER && !umbra_emu_is_capturing(stream);
  bool dst_pageable = !on_device(dst) && !holds(pinned, dst.start, span(dst));
  bool src_pageable = !on_device(src) && !holds(pinned, src.start, span(src));
  if (later && src_pageable) {
    auto kept = std::make_shared<std::vector<char>>(dst.width * dst.height);
    area middle = {kept->data(), dst.width, dst.width, dst.height};
    copy_rows(middle, src);
    return umbra_emu_enqueue(stream, UMBRA_EMU_COPY, [=] {
      copy_rows(dst, {kept->data(), dst.width, dst.width, dst.height});
      return cudaSuccess;
    });
  }
  cudaError_t error = umbra_emu_enqueue(stream, UMBRA_EMU_COPY, [=] {
    copy_rows(dst, src);
    return cudaSuccess;
  });
  return !error && later && dst_pageable ? umbra_emu_drain(stream) : error;
}

static area flat(const void *start, size_t bytes) {
  return {static_cast<char *>(const_cast<void *>(start)), bytes, bytes, bytes ? 1u : 0u};
}

static area rows(const void *start, size_t pitch, size_t width, size_t height) {
  return {static_cast<char *>(const_cast<void *>(start)), pitch, width, height};
}

cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  return call.end(copy(flat(dst, bytes), flat(src, bytes), kind, stream));
}

cudaError_t cudaMemcpy2DAsync(void *dst, size_t dst_pitch, const void *src, size_t src_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  return call.end(copy(rows(dst, dst_pitch, width, height), rows(src, src_pitch, width, height), kind, stream));
}

static bool is_of(const area &a, int of) {
  const allocation *found = find(device, a.start, span(a));
  return span(a) == 0 || (found && found->device == of);
}

/* The one kind of work that touches the memory of two devices. */
cudaError_t cudaMemcpyPeerAsync(void *dst, int dst_device, const void *src, int src_device, size_t bytes,
                                cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  const area to = flat(dst, bytes), from = flat(src, bytes);
  if (!is_of(to, dst_device) || !is_of(from, src_device)) return call.end(cudaErrorInvalidValue);
  const int own = umbra_emu_stream_device(stream);
  return call.end(umbra_emu_enqueue(stream, UMBRA_EMU_COPY, [=] {
    umbra_emu_expose(-1);
    copy_rows(to, from);
    umbra_emu_expose(own);
    return cudaSuccess;
  }));
}

cudaError_t cudaMemcpy(void *dst, const void *src, size_t bytes, cudaMemcpyKind kind) {
  umbra_emu_call call(true, true);
  if (call.error) return call.end(call.error);
  cudaError_t error = copy(flat(dst, bytes), flat(src, bytes), kind, nullptr);
  return call.end(error ? error : umbra_emu_drain(nullptr));
}

static cudaError_t set(const area &a, int value, cudaStream_t stream) {
  if (a.pitch < a.width || !on_device(a) || is_foreign(a, stream)) return cudaErrorInvalidValue;
  return umbra_emu_enqueue(stream, UMBRA_EMU_OTHER, [=] {
    for (size_t i = 0; i < a.height; i++) memset(a.start + i * a.pitch, value, a.width);
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  return call.end(set(flat(memory, bytes), value, stream));
}

cudaError_t cudaMemset2DAsync(void *memory, size_t pitch, int value, size_t width, size_t height, cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  return call.end(set(rows(memory, pitch, width, height), value, stream));
}

cudaError_t cudaMemset(void *memory, int value, size_t bytes) {
  umbra_emu_call call(true, true);
  if (call.error) return call.end(call.error);
  cudaError_t error = set(flat(memory, bytes), value, nullptr);
  return call.end(error ? error : umbra_emu_drain(nullptr));
}
