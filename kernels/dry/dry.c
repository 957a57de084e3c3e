/* SPDX-License-Identifier: Apache-2.0 */
#include "dry.h"

#include <stdio.h>
#include <stdlib.h>
#include <threads.h>

#define NUMBER(entry, shape, none) KERNEL_##entry,
#define NAME(entry, shape, none) #entry,
typedef enum kernel { UMBRA_EACH_KERNEL(NUMBER, ) KERNEL_COUNT } kernel;
static const char *const names[] = {UMBRA_EACH_KERNEL(NAME, )};
_Static_assert((int)KERNEL_COUNT == (int)UMBRA_DRY_KERNELS, "an account for each kernel");

/* Shared by all streams; behind pointers to const, only the lock and what it guards change. */
struct umbra_device {
  size_t limb_bytes;
  mtx_t lock; /* of what follows */
  uintptr_t next;
  umbra_dry_accounts accounts;
};

struct umbra_stream {
  umbra_stream_head head;
  umbra_device *device;
};

struct umbra_conversion {
  uint32_t sources;
};

/* ---- accounts ---- */

static umbra_device *unlocked(const umbra_device *device) { return (umbra_device *)device; }

void umbra_dry_accounts_read(umbra_dry_accounts *accounts, const umbra_device *device) {
  mtx_lock(&unlocked(device)->lock);
  *accounts = device->accounts;
  mtx_unlock(&unlocked(device)->lock);
}

static void begin(umbra_dry_accounts *accounts) {
  const uint64_t held = accounts->held;
  *accounts = (umbra_dry_accounts){.held = held, .most_held = held};
  for (int i = 0; i < UMBRA_DRY_KERNELS; i++) accounts->kernel[i].name = names[i];
}

void umbra_dry_accounts_begin(const umbra_device *device) {
  mtx_lock(&unlocked(device)->lock);
  begin(&unlocked(device)->accounts);
  mtx_unlock(&unlocked(device)->lock);
}

static void count(umbra_stream *stream, kernel called, uint64_t limbs, uint64_t bytes) {
  umbra_device *device = stream->device;
  mtx_lock(&device->lock);
  umbra_dry_kernel *account = &device->accounts.kernel[called];
  account->calls++;
  account->limbs += limbs;
  account->bytes += bytes;
  mtx_unlock(&device->lock);
}

/* In all polynomials of a view, which may be NULL. */
static uint64_t limbs_of(const umbra_view *view) { return view ? (uint64_t)view->polys * umbra_view_limbs(view) : 0; }

/* A kernel that writes dst and reads so many limbs. */
static void pass(umbra_stream *stream, kernel called, const umbra_view *dst, uint64_t read) {
  count(stream, called, limbs_of(dst), (limbs_of(dst) + read) * stream->device->limb_bytes);
}

/* ---- devices and streams ---- */

static uint32_t device_count(void) { return 1; }

static int device_facts(uint32_t i, umbra_device_facts *facts) {
  if (i) return 0;
  *facts = (umbra_device_facts){0};
  snprintf(facts->name, sizeof facts->name, "no device: it computes nothing");
  return 1;
}

static uint32_t block_limbs(const umbra_device *device) {
  (void)device;
  return 0;
}

/* Where no process has memory: beyond the halves that addresses have. */
static const uintptr_t nowhere = (uintptr_t)1 << (8 * sizeof(uintptr_t) - 10);

static umbra_status device_open(umbra_device **device, const umbra_ring_desc *ring,
                                const umbra_device_options *options) {
  if (options->ordinal || ring->log_n < UMBRA_MIN_LOG_N || ring->log_n > UMBRA_MAX_LOG_N)
    return UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_device *made = calloc(1, sizeof *made);
  if (!made) return UMBRA_ERROR_OUT_OF_MEMORY;
  if (mtx_init(&made->lock, mtx_plain) != thrd_success) {
    free(made);
    return UMBRA_ERROR_OUT_OF_MEMORY;
  }
  made->limb_bytes = sizeof(uint32_t) << ring->log_n;
  made->next = nowhere;
  begin(&made->accounts);
  *device = made;
  return UMBRA_OK;
}

static void device_close(umbra_device *device) {
  mtx_destroy(&device->lock);
  free(device);
}

static umbra_status stream_create(umbra_stream **stream, const umbra_device *device) {
  umbra_stream *made = calloc(1, sizeof *made);
  if (!made) return UMBRA_ERROR_OUT_OF_MEMORY;
  made->device = unlocked(device);
  *stream = made;
  return UMBRA_OK;
}

static void stream_destroy(umbra_stream *stream) { free(stream); }

static umbra_status check(const umbra_stream *stream) {
  (void)stream;
  return UMBRA_OK;
}

static umbra_status wait_for(umbra_stream *stream) { return check(stream); }

static const char *failure(const umbra_device *device) {
  (void)device;
  return "";
}

/* ---- memory ---- */

static umbra_status alloc(const umbra_device *const_device, void **memory, size_t bytes) {
  umbra_device *device = unlocked(const_device);
  umbra_dry_accounts *accounts = &device->accounts;
  const size_t aligned = (bytes + 63) / 64 * 64;
  mtx_lock(&device->lock);
  *memory = (void *)device->next; /* an address that is never followed */
  device->next += aligned;
  accounts->held += bytes;
  if (accounts->held > accounts->most_held) accounts->most_held = accounts->held;
  mtx_unlock(&device->lock);
  return UMBRA_OK;
}

static void release(const umbra_device *device, void *memory, size_t bytes) {
  (void)memory;
  mtx_lock(&unlocked(device)->lock);
  unlocked(device)->accounts.held -= bytes;
  mtx_unlock(&unlocked(device)->lock);
}

static void upload(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes) {
  (void)device_dst, (void)host_src;
  mtx_lock(&stream->device->lock);
  stream->device->accounts.uploaded += bytes;
  mtx_unlock(&stream->device->lock);
}

/* There is nothing to be had: the host's memory stays as it is. */
static void download(umbra_stream *stream, void *host_dst, const void *device_src, size_t bytes) {
  (void)host_dst, (void)device_src;
  mtx_lock(&stream->device->lock);
  stream->device->accounts.downloaded += bytes;
  mtx_unlock(&stream->device->lock);
}

static umbra_status conversion_create(umbra_conversion **conversion, const umbra_device *device,
                                      const umbra_conversion_desc *desc) {
  (void)device;
  umbra_conversion *made = calloc(1, sizeof *made);
  if (!made) return UMBRA_ERROR_OUT_OF_MEMORY;
  made->sources = desc->sources;
  *conversion = made;
  return UMBRA_OK;
}

static void conversion_destroy(umbra_conversion *conversion) { free(conversion); }

/* ---- kernels ---- */

typedef const umbra_view *view;
typedef const uint32_t *constants;

#define DRY_UNARY(name) \
  static void name(umbra_stream *stream, view dst, view a) { pass(stream, KERNEL_##name, dst, limbs_of(a)); }
#define DRY_BINARY(name)                                             \
  static void name(umbra_stream *stream, view dst, view a, view b) { \
    pass(stream, KERNEL_##name, dst, limbs_of(a) + limbs_of(b));     \
  }
#define DRY_CONSTANT(name)                                                \
  static void name(umbra_stream *stream, view dst, view a, constants c) { \
    (void)c;                                                              \
    pass(stream, KERNEL_##name, dst, limbs_of(a));                        \
  }
#define DRY_CLOSE(name)                                                                        \
  static void name(umbra_stream *stream, view dst, view x, constants a, view z, constants b) { \
    (void)a, (void)b;                                                                          \
    pass(stream, KERNEL_##name, dst, limbs_of(x) + limbs_of(z));                               \
  }
#define DRY_TRANSFORM(name)                                                                        \
  static void name(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) { \
    (void)re, (void)im;                                                                            \
    const uint64_t values = 2 * (uint64_t)batch << log_m;                                          \
    count(stream, KERNEL_##name, 0, 2 * values * sizeof(double));                                  \
  }

DRY_UNARY(copy)
DRY_UNARY(negate)
DRY_BINARY(add)
DRY_BINARY(sub)
DRY_BINARY(mul)
DRY_CONSTANT(mul_const)
DRY_CONSTANT(add_const)
DRY_CONSTANT(ntt_inverse)
DRY_CLOSE(divide_close)
DRY_CLOSE(ntt_close)
DRY_TRANSFORM(fft)
DRY_TRANSFORM(ifft)
DRY_TRANSFORM(bulk_fft)
DRY_TRANSFORM(bulk_ifft)

static void zero(umbra_stream *stream, view dst) { pass(stream, KERNEL_zero, dst, 0); }

static void ntt_forward(umbra_stream *stream, view dst) { pass(stream, KERNEL_ntt_forward, dst, limbs_of(dst)); }

static void mul_add(umbra_stream *stream, view dst, view a, view b) {
  pass(stream, KERNEL_mul_add, dst, limbs_of(dst) + limbs_of(a) + limbs_of(b));
}

static void tensor(umbra_stream *stream, view dst, view a, view b, int accumulate) {
  pass(stream, KERNEL_tensor, dst, limbs_of(a) + limbs_of(b) + (accumulate ? limbs_of(dst) : 0));
}

static void automorphism(umbra_stream *stream, view dst, view src, uint32_t galois) {
  (void)galois;
  pass(stream, KERNEL_automorphism, dst, limbs_of(src));
}

static void convert(umbra_stream *stream, view dst, view src, const umbra_conversion *conversion, uint32_t first) {
  (void)conversion, (void)first;
  pass(stream, KERNEL_convert, dst, limbs_of(src));
}

static void inner_product(umbra_stream *stream, view dst, view digit, uint32_t digits, view key, view init, constants c,
                          uint32_t galois) {
  (void)c, (void)galois;
  pass(stream, KERNEL_inner_product, dst, digits * limbs_of(digit) + limbs_of(key) + limbs_of(init));
}

/* The keys have one shape; digits and init are read once. */
static void inner_products(umbra_stream *stream, view dst, view digit, uint32_t digits, view key, view init,
                           constants c, constants galois, uint32_t rotations) {
  (void)c, (void)galois;
  pass(stream, KERNEL_inner_products, dst, digits * limbs_of(digit) + rotations * limbs_of(key) + limbs_of(init));
}

static void plain_products(umbra_stream *stream, view dst, view plain, view a, uint32_t terms, uint32_t log_gap) {
  (void)terms;
  const uint64_t whole = limbs_of(dst) + limbs_of(a), limb_bytes = stream->device->limb_bytes;
  count(stream, KERNEL_plain_products, limbs_of(dst), whole * limb_bytes + (limbs_of(plain) * limb_bytes >> log_gap));
}

static void expand(umbra_stream *stream, view dst, const uint8_t seed[UMBRA_SEED_BYTES], uint64_t first) {
  (void)seed, (void)first;
  pass(stream, KERNEL_expand, dst, 0);
}

static void from_i64(umbra_stream *stream, view dst, const int64_t *value, uint32_t shift) {
  (void)value, (void)shift;
  const uint32_t limbs_of_a_value = sizeof(int64_t) / sizeof(uint32_t);
  pass(stream, KERNEL_from_i64, dst, (uint64_t)limbs_of_a_value * dst->polys);
}

static void extend_digits(umbra_stream *stream, view dst, view src, const umbra_digit *digit) {
  (void)digit;
  pass(stream, KERNEL_extend_digits, dst, limbs_of(src));
}

#define ENTRY(entry, shape, none) .entry = entry,
const umbra_kernels umbra_kernels_dry = {.version = UMBRA_KERNELS_VERSION,
                                         .name = "dry",
                                         .device.count = device_count,
                                         .device.facts = device_facts,
                                         .device.block_limbs = block_limbs,
                                         .device.open = device_open,
                                         .device.close = device_close,
                                         .stream.create = stream_create,
                                         .stream.destroy = stream_destroy,
                                         .stream.check = check,
                                         .stream.wait = wait_for,
                                         .device.failure = failure,
                                         .memory.alloc = alloc,
                                         .memory.release = release,
                                         .memory.upload = upload,
                                         .memory.upload_public = upload,
                                         .memory.download = download,
                                         .conversion_create = conversion_create,
                                         .conversion_destroy = conversion_destroy,
                                         UMBRA_EACH_KERNEL(ENTRY, )};
