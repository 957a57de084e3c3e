/* SPDX-License-Identifier: Apache-2.0 */
#include "dry.h"

#include <stdio.h>
#include <stdlib.h>
#include <threads.h>

#include "calls.h"
#include "traffic.h"

#define NAME(entry, shape, none) #entry,
static const char *const names[] = {UMBRA_EACH_KERNEL(NAME, )};

/*
 * Shared by all streams; behind pointers to const, only the lock and what it guards change, and how it is worked
 * on, before anything is done.
 */
struct umbra_device {
  uint32_t log_n, block_limbs, launch_limbs;
  mtx_t lock; /* of what follows */
  uintptr_t next;
  umbra_dry_accounts accounts;
  umbra_dry_calls calls;
  umbra_dry_traffic traffic;
  umbra_status failed; /* OUT_OF_MEMORY: a call was not counted */
};

struct umbra_stream {
  umbra_stream_head head;
  umbra_device *device;
};

struct umbra_conversion {
  uint32_t rows; /* products of each word, and its reduction */
};

/* ---- accounts ---- */

static umbra_device *unlocked(const umbra_device *device) { return (umbra_device *)device; }

void umbra_dry_accounts_read(umbra_dry_accounts *accounts, const umbra_device *device) {
  mtx_lock(&unlocked(device)->lock);
  *accounts = device->accounts;
  mtx_unlock(&unlocked(device)->lock);
}

void umbra_dry_calls_visit(const umbra_device *device, umbra_dry_visitor *visit, void *user) {
  mtx_lock(&unlocked(device)->lock);
  umbra_dry_calls_each(&device->calls, visit, user);
  mtx_unlock(&unlocked(device)->lock);
}

static void begin(umbra_device *device) {
  const uint64_t held = device->accounts.held;
  device->accounts = (umbra_dry_accounts){.held = held, .most_held = held};
  for (int i = 0; i < UMBRA_DRY_KERNELS; i++) device->accounts.kernel[i].name = names[i];
  umbra_dry_calls_clear(&device->calls);
  umbra_dry_traffic_clear(&device->traffic);
}

void umbra_dry_accounts_begin(const umbra_device *device) {
  mtx_lock(&unlocked(device)->lock);
  begin(unlocked(device));
  mtx_unlock(&unlocked(device)->lock);
}

static void count(umbra_stream *stream, const umbra_dry_call *call) {
  umbra_device *device = stream->device;
  mtx_lock(&device->lock);
  umbra_dry_kernel *account = &device->accounts.kernel[call->kernel];
  account->calls++;
  account->limbs += call->limbs;
  account->bytes += call->bytes;
  account->launches += call->launches;
  if (umbra_dry_calls_add(&device->calls, call) != UMBRA_OK) device->failed = UMBRA_ERROR_OUT_OF_MEMORY;
  mtx_unlock(&device->lock);
}

/* ---- what a launch touches, in one piece or several; then `launched` ends it ---- */

typedef umbra_status touch(umbra_dry_traffic *traffic, const void *data, size_t bytes);

static void touch_bytes(umbra_stream *stream, touch *how, const void *data, size_t bytes) {
  umbra_device *device = stream->device;
  mtx_lock(&device->lock);
  if (how(&device->traffic, data, bytes) != UMBRA_OK) device->failed = UMBRA_ERROR_OUT_OF_MEMORY;
  mtx_unlock(&device->lock);
}

/* A view, which may be NULL, whose limbs have so many words. */
static void touch_words(umbra_stream *stream, touch *how, const umbra_view *view, size_t words) {
  for (uint32_t p = 0; view && p < view->polys; p++)
    for (int r = 0; r < UMBRA_MAX_RUNS && view->run[r].count; r++)
      touch_bytes(stream, how, view->run[r].data + p * view->stride, view->run[r].count * words * sizeof(uint32_t));
}

static void reads(umbra_stream *stream, const umbra_view *view) {
  touch_words(stream, umbra_dry_traffic_read, view, (size_t)1 << stream->device->log_n);
}

static void streams(umbra_stream *stream, const umbra_view *view) {
  touch_words(stream, umbra_dry_traffic_stream, view, (size_t)1 << stream->device->log_n);
}

static void writes(umbra_stream *stream, const umbra_view *view) {
  touch_words(stream, umbra_dry_traffic_write, view, (size_t)1 << stream->device->log_n);
}

static void launched(umbra_stream *stream, umbra_dry_entry called) {
  umbra_device *device = stream->device;
  uint64_t bytes;
  mtx_lock(&device->lock);
  if (umbra_dry_traffic_launch(&device->traffic, &bytes) != UMBRA_OK) device->failed = UMBRA_ERROR_OUT_OF_MEMORY;
  device->accounts.kernel[called].memory_bytes += bytes;
  mtx_unlock(&device->lock);
}

/* One that reads and writes the same. */
static void launched_in_place(umbra_stream *stream, umbra_dry_entry called, const umbra_view *view) {
  reads(stream, view);
  writes(stream, view);
  launched(stream, called);
}

/* ---- what calls cost ---- */

/* In all polynomials of a view, which may be NULL. */
static uint64_t limbs_of(const umbra_view *view) { return view ? (uint64_t)view->polys * umbra_view_limbs(view) : 0; }

static uint64_t bytes_of(const umbra_stream *stream, uint64_t limbs) {
  return limbs * sizeof(uint32_t) << stream->device->log_n;
}

static uint64_t words_of(const umbra_stream *stream, uint64_t limbs) { return limbs << stream->device->log_n; }

static uint64_t butterflies_of(const umbra_stream *stream, uint64_t limbs) {
  return words_of(stream, limbs) / 2 * stream->device->log_n;
}

/* A launch that writes and reads so many limbs; none if there are none to write. */
static umbra_dry_call call_of(const umbra_stream *stream, umbra_dry_entry called, uint64_t written, uint64_t read) {
  return (umbra_dry_call){
      .kernel = called, .launches = written > 0, .limbs = written, .bytes = bytes_of(stream, written + read)};
}

/* One that spends its time on so much of that. */
static void count_work(umbra_stream *stream, umbra_dry_call call, umbra_dry_work work, uint64_t amount) {
  call.work[work] = amount;
  count(stream, &call);
}

/* A kernel that works element by element on what it writes and reads; a, b, c may be NULL. */
static void pass(umbra_stream *stream, umbra_dry_entry called, const umbra_view *dst, const umbra_view *a,
                 const umbra_view *b, const umbra_view *c) {
  const umbra_dry_call call = call_of(stream, called, limbs_of(dst), limbs_of(a) + limbs_of(b) + limbs_of(c));
  reads(stream, a);
  reads(stream, b);
  reads(stream, c);
  writes(stream, dst);
  launched(stream, called);
  count_work(stream, call, UMBRA_WORK_STREAM, call.bytes);
}

/* ---- devices and streams ---- */

static uint32_t device_count(void) { return 1; }

static int device_facts(uint32_t i, umbra_device_facts *facts) {
  if (i) return 0;
  *facts = (umbra_device_facts){0};
  snprintf(facts->name, sizeof facts->name, "no device: it computes nothing");
  return 1;
}

static uint32_t block_limbs(const umbra_device *device) { return device->block_limbs; }
static uint32_t launch_limbs(const umbra_device *device) { return device->launch_limbs; }

void umbra_dry_be_processor(const umbra_device *device, uint32_t limbs) {
  unlocked(device)->launch_limbs = 0;
  unlocked(device)->block_limbs = limbs;
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
  made->log_n = ring->log_n;
  made->launch_limbs = (uint32_t)(UMBRA_CACHED_BYTES / (sizeof(uint32_t) << made->log_n));
  made->next = nowhere;
  begin(made);
  *device = made;
  return UMBRA_OK;
}

static void device_close(umbra_device *device) {
  umbra_dry_calls_clear(&device->calls);
  umbra_dry_traffic_clear(&device->traffic);
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
  mtx_lock(&stream->device->lock);
  const umbra_status failed = stream->device->failed;
  mtx_unlock(&stream->device->lock);
  return failed;
}

static umbra_status wait_for(umbra_stream *stream) { return check(stream); }

static const char *failure(const umbra_device *device) { return device ? "accounts: out of memory" : ""; }

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

/* Of a sum: it takes as long as so many products. What an exact conversion does more counts little. */
static const uint32_t reduction = 2;

static umbra_status conversion_create(umbra_conversion **conversion, const umbra_device *device,
                                      const umbra_conversion_desc *desc) {
  (void)device;
  umbra_conversion *made = calloc(1, sizeof *made);
  if (!made) return UMBRA_ERROR_OUT_OF_MEMORY;
  made->rows = desc->sources + reduction;
  *conversion = made;
  return UMBRA_OK;
}

static void conversion_destroy(umbra_conversion *conversion) { free(conversion); }

/* ---- kernels ---- */

typedef const umbra_view *view;
typedef const uint32_t *constants;

#define DRY_UNARY(name) \
  static void name(umbra_stream *stream, view dst, view a) { pass(stream, UMBRA_DRY_##name, dst, a, NULL, NULL); }
#define DRY_BINARY(name) \
  static void name(umbra_stream *stream, view dst, view a, view b) { pass(stream, UMBRA_DRY_##name, dst, a, b, NULL); }
#define DRY_CONSTANT(name)                                                \
  static void name(umbra_stream *stream, view dst, view a, constants c) { \
    (void)c;                                                              \
    pass(stream, UMBRA_DRY_##name, dst, a, NULL, NULL);                   \
  }
#define DRY_CLOSE(name)                                                                        \
  static void name(umbra_stream *stream, view dst, view x, constants a, view z, constants b) { \
    (void)a, (void)b;                                                                          \
    pass(stream, UMBRA_DRY_##name, dst, x, z, NULL);                                           \
  }
#define DRY_COMPLEX(name)                                                                          \
  static void name(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) { \
    count_complex(stream, UMBRA_DRY_##name, re, im, log_m, batch);                                 \
  }

/* Every launch touches all. */
static void touch_complex(umbra_stream *stream, umbra_dry_entry called, double *re, double *im, size_t points) {
  double *const part[] = {re, im};
  for (int i = 0; i < 2; i++) {
    touch_bytes(stream, umbra_dry_traffic_read, part[i], points * sizeof(double));
    touch_bytes(stream, umbra_dry_traffic_write, part[i], points * sizeof(double));
  }
  launched(stream, called);
}

/* A bulk transform is that of another order, of so many points at once; the others take all. */
static void count_complex(umbra_stream *stream, umbra_dry_entry called, double *re, double *im, uint32_t log_m,
                          uint32_t batch) {
  const uint32_t log_tile = 10, log_most = 21; /* of one launch's tiles, of one bulk transform */
  const int bulk = called == UMBRA_DRY_bulk_fft || called == UMBRA_DRY_bulk_ifft;
  const uint64_t points = (uint64_t)batch << log_m, most = UINT64_C(1) << log_most;
  const uint64_t parts = bulk ? (points + most - 1) / most : 1;
  const umbra_dry_call call = {
      .kernel = called, .launches = parts * (log_m > log_tile ? 2 : 1), .bytes = 4 * points * sizeof(double)};
  for (uint64_t i = 0; i < call.launches; i++) touch_complex(stream, called, re, im, points);
  count_work(stream, call, UMBRA_WORK_COMPLEX, points / 2 * log_m);
}

DRY_UNARY(copy)
DRY_UNARY(negate)
DRY_BINARY(add)
DRY_BINARY(sub)
DRY_BINARY(mul)
DRY_CONSTANT(mul_const)
DRY_CONSTANT(add_const)
DRY_CLOSE(divide_close)
DRY_COMPLEX(fft)
DRY_COMPLEX(ifft)
DRY_COMPLEX(bulk_fft)
DRY_COMPLEX(bulk_ifft)

static void zero(umbra_stream *stream, view dst) { pass(stream, UMBRA_DRY_zero, dst, NULL, NULL, NULL); }

/* Two launches: columns, and rows. */
static void count_transform(umbra_stream *stream, umbra_dry_entry called, uint64_t written, uint64_t read) {
  umbra_dry_call call = call_of(stream, called, written, read);
  call.launches *= 2;
  count_work(stream, call, UMBRA_WORK_BUTTERFLIES, butterflies_of(stream, written));
}

static void touch_forward(umbra_stream *stream, umbra_dry_entry called, view view) {
  launched_in_place(stream, called, view);
  launched_in_place(stream, called, view);
}

static void ntt_forward(umbra_stream *stream, view dst) {
  touch_forward(stream, UMBRA_DRY_ntt_forward, dst);
  count_transform(stream, UMBRA_DRY_ntt_forward, limbs_of(dst), limbs_of(dst));
}

static void ntt_inverse(umbra_stream *stream, view dst, view src, constants c) {
  (void)c;
  reads(stream, src);
  writes(stream, dst);
  launched(stream, UMBRA_DRY_ntt_inverse);
  launched_in_place(stream, UMBRA_DRY_ntt_inverse, dst);
  count_transform(stream, UMBRA_DRY_ntt_inverse, limbs_of(dst), limbs_of(src));
}

static void ntt_close(umbra_stream *stream, view dst, view x, constants a, view z, constants b) {
  (void)a, (void)b;
  umbra_dry_call call = call_of(stream, UMBRA_DRY_ntt_close, limbs_of(dst), limbs_of(x) + limbs_of(z));
  launched_in_place(stream, UMBRA_DRY_ntt_close, z);
  reads(stream, x);
  reads(stream, z);
  writes(stream, dst);
  writes(stream, z);
  launched(stream, UMBRA_DRY_ntt_close);
  call.launches *= 2;
  call.work[UMBRA_WORK_STREAM] = call.bytes;
  count_work(stream, call, UMBRA_WORK_BUTTERFLIES, butterflies_of(stream, limbs_of(z)));
}

static void mul_add(umbra_stream *stream, view dst, view a, view b) { pass(stream, UMBRA_DRY_mul_add, dst, dst, a, b); }

static void add_multiple(umbra_stream *stream, view dst, view a, constants c) {
  (void)c;
  pass(stream, UMBRA_DRY_add_multiple, dst, dst, a, NULL);
}

static void count_products(umbra_stream *stream, uint32_t products) {
  mtx_lock(&stream->device->lock);
  stream->device->accounts.products += products;
  mtx_unlock(&stream->device->lock);
}

static void tensor(umbra_stream *stream, view dst, view a, view b, int accumulate) {
  const uint64_t read = limbs_of(a) + limbs_of(b) + (accumulate ? limbs_of(dst) : 0);
  const umbra_dry_call call = call_of(stream, UMBRA_DRY_tensor, limbs_of(dst), read);
  reads(stream, a);
  reads(stream, b);
  if (accumulate) reads(stream, dst);
  writes(stream, dst);
  launched(stream, UMBRA_DRY_tensor);
  count_products(stream, 1);
  count_work(stream, call, UMBRA_WORK_TENSOR, call.bytes);
}

static void automorphism(umbra_stream *stream, view dst, view src, uint32_t galois) {
  (void)galois;
  const umbra_dry_call call = call_of(stream, UMBRA_DRY_automorphism, limbs_of(dst), limbs_of(src));
  reads(stream, src);
  writes(stream, dst);
  launched(stream, UMBRA_DRY_automorphism);
  count_work(stream, call, UMBRA_WORK_PERMUTE, call.bytes);
}

static void convert(umbra_stream *stream, view dst, view src, const umbra_conversion *conversion, uint32_t first) {
  (void)first;
  umbra_dry_call call = call_of(stream, UMBRA_DRY_convert, limbs_of(dst), limbs_of(src));
  streams(stream, src);
  writes(stream, dst);
  launched(stream, UMBRA_DRY_convert);
  call.work[UMBRA_WORK_STREAM] = call.bytes;
  count_work(stream, call, UMBRA_WORK_CONVERSION, words_of(stream, limbs_of(dst)) * conversion->rows);
}

static void touch_inner_products(umbra_stream *stream, umbra_dry_entry called, view dst, view digit, uint32_t digits,
                                 view key, view init, uint32_t rotations) {
  for (uint32_t j = 0; j < digits; j++) reads(stream, &digit[j]);
  for (uint32_t r = 0; r < rotations; r++) streams(stream, &key[r]);
  reads(stream, init);
  writes(stream, dst);
  launched(stream, called);
}

/* The keys have one shape; digits and init are read once. */
static void count_inner_products(umbra_stream *stream, umbra_dry_call call, view dst, uint32_t digits) {
  count_work(stream, call, UMBRA_WORK_KEY, words_of(stream, limbs_of(dst)) * digits);
}

static void inner_product(umbra_stream *stream, view dst, view digit, uint32_t digits, view key, view init, constants c,
                          uint32_t galois, int accumulate) {
  (void)c, (void)galois;
  const uint64_t read = digits * limbs_of(digit) + limbs_of(key) + limbs_of(init) + (accumulate ? limbs_of(dst) : 0);
  if (accumulate) reads(stream, dst);
  touch_inner_products(stream, UMBRA_DRY_inner_product, dst, digit, digits, key, init, 1);
  count_inner_products(stream, call_of(stream, UMBRA_DRY_inner_product, limbs_of(dst), read), dst, digits);
}

/* The polynomials of a view from `first` on, at most so many. */
static umbra_view polys_of(view whole, uint32_t first, uint32_t most) {
  umbra_view part = *whole;
  for (int r = 0; r < UMBRA_MAX_RUNS && part.run[r].count; r++) part.run[r].data += first * whole->stride;
  part.polys = whole->polys - first < most ? whole->polys - first : most;
  return part;
}

static void inner_products(umbra_stream *stream, view dst, view digit, uint32_t digits, view key, view init,
                           constants c, constants galois, uint32_t rotations) {
  (void)c, (void)galois;
  const uint32_t held = 8, most = digits && digits <= held ? 16 : 1; /* rotations of one launch */
  const uint64_t read = digits * limbs_of(digit) + rotations * limbs_of(key) + limbs_of(init);
  umbra_dry_call call = call_of(stream, UMBRA_DRY_inner_products, limbs_of(dst), read);
  for (uint32_t first = 0; first < rotations; first += most) {
    const umbra_view part = polys_of(dst, 2 * first, 2 * most);
    touch_inner_products(stream, UMBRA_DRY_inner_products, &part, digit, digits, key + first, init, part.polys / 2);
  }
  call.launches *= (rotations + most - 1) / most;
  count_inner_products(stream, call, dst, digits);
}

static void touch_plain_products(umbra_stream *stream, view dst, view plain, view a, uint32_t terms, uint32_t log_gap,
                                 uint32_t first, uint32_t most) {
  const umbra_view to = polys_of(dst, 2 * first, 2 * most), of = polys_of(plain, first * terms, to.polys / 2 * terms);
  touch_words(stream, umbra_dry_traffic_read, &of, ((size_t)1 << stream->device->log_n) >> log_gap);
  reads(stream, a);
  writes(stream, &to);
  launched(stream, UMBRA_DRY_plain_products);
}

static void plain_products(umbra_stream *stream, view dst, view plain, view a, uint32_t terms, uint32_t log_gap) {
  const uint32_t most = 8; /* sums of one launch */
  umbra_dry_call call = call_of(stream, UMBRA_DRY_plain_products, limbs_of(dst), limbs_of(a));
  const uint64_t plaintexts = words_of(stream, limbs_of(plain)) >> log_gap;
  for (uint32_t first = 0; first < dst->polys / 2; first += most)
    touch_plain_products(stream, dst, plain, a, terms, log_gap, first, most);
  call.bytes += plaintexts * sizeof(uint32_t);
  call.launches *= (dst->polys / 2 + most - 1) / most;
  call.work[UMBRA_WORK_PLAINTEXTS] = plaintexts;
  count_work(stream, call, UMBRA_WORK_PLAIN, words_of(stream, limbs_of(dst)) * terms);
}

/* Blocks read what they share from the cache. */
static void gemm(umbra_stream *stream, view dst, view a, constants w, uint32_t parts) {
  const uint64_t rows = dst->polys / parts, columns = a->polys / parts;
  const size_t matrix = rows * columns * umbra_view_limbs(dst) * sizeof(uint32_t);
  umbra_dry_call call = call_of(stream, UMBRA_DRY_gemm, limbs_of(dst), limbs_of(a));
  touch_bytes(stream, umbra_dry_traffic_read, w, matrix);
  reads(stream, a);
  writes(stream, dst);
  launched(stream, UMBRA_DRY_gemm);
  call.bytes += matrix;
  count_work(stream, call, UMBRA_WORK_MATRIX, words_of(stream, limbs_of(dst)) * columns);
}

static void expand(umbra_stream *stream, view dst, const uint8_t seed[UMBRA_SEED_BYTES], uint64_t first) {
  (void)seed, (void)first;
  const umbra_dry_call call = call_of(stream, UMBRA_DRY_expand, limbs_of(dst), 0);
  writes(stream, dst);
  launched(stream, UMBRA_DRY_expand);
  count_work(stream, call, UMBRA_WORK_RANDOM, words_of(stream, call.limbs));
}

static void from_i64(umbra_stream *stream, view dst, const int64_t *value, uint32_t shift) {
  (void)shift;
  const uint32_t limbs_of_a_value = sizeof(int64_t) / sizeof(uint32_t);
  const uint64_t values = words_of(stream, dst->polys);
  const umbra_dry_call call =
      call_of(stream, UMBRA_DRY_from_i64, limbs_of(dst), (uint64_t)limbs_of_a_value * dst->polys);
  touch_bytes(stream, umbra_dry_traffic_read, value, values * sizeof *value);
  writes(stream, dst);
  launched(stream, UMBRA_DRY_from_i64);
  count_work(stream, call, UMBRA_WORK_LIFT, words_of(stream, call.limbs));
}

/* A call of extend_digits. */
typedef struct extension {
  view dst;
  const umbra_digit *digit;
  uint32_t digits, first;
} extension;

/* Whether the digit of polynomial p owns limb i of dst. */
static int is_own(const extension *e, uint32_t p, uint32_t i) {
  const umbra_digit *digit = &e->digit[p % e->digits];
  return e->first + i >= digit->first && e->first + i < (uint32_t)digit->first + digit->count;
}

/* What digits do not own. */
static void touch_extended(umbra_stream *stream, touch *how, const extension *e) {
  const size_t n = (size_t)1 << stream->device->log_n;
  for (uint32_t p = 0; p < e->dst->polys; p++)
    for (uint32_t r = 0, limb = 0; r < UMBRA_MAX_RUNS; r++)
      for (uint32_t i = 0; i < e->dst->run[r].count; i++, limb++)
        if (!is_own(e, p, limb))
          touch_bytes(stream, how, e->dst->run[r].data + p * e->dst->stride + i * n, n * sizeof(uint32_t));
}

static void touch_extend_digits(umbra_stream *stream, const extension *e, view src) {
  streams(stream, src);
  touch_extended(stream, umbra_dry_traffic_write, e);
  launched(stream, UMBRA_DRY_extend_digits);
  for (int pass = 0; pass < 2; pass++) {
    touch_extended(stream, umbra_dry_traffic_read, e);
    touch_extended(stream, umbra_dry_traffic_write, e);
    launched(stream, UMBRA_DRY_extend_digits);
  }
}

/* A conversion of all, and a transform of all that digits do not own. */
static void extend_digits(umbra_stream *stream, view dst, view src, const umbra_digit *digit, uint32_t digits,
                          uint32_t first) {
  const extension e = {dst, digit, digits, first};
  const uint32_t limbs = umbra_view_limbs(dst);
  uint64_t written = 0, products = 0;
  touch_extend_digits(stream, &e, src);
  for (uint32_t p = 0; p < dst->polys; p++) {
    uint64_t of_digit = 0;
    for (uint32_t i = 0; i < limbs; i++) of_digit += !is_own(&e, p, i);
    written += of_digit;
    products += words_of(stream, of_digit) * digit[p % digits].conversion->rows;
  }
  umbra_dry_call call = call_of(stream, UMBRA_DRY_extend_digits, written, limbs_of(src));
  call.launches *= 3;
  call.work[UMBRA_WORK_STREAM] = call.bytes;
  call.work[UMBRA_WORK_BUTTERFLIES] = butterflies_of(stream, written);
  count_work(stream, call, UMBRA_WORK_CONVERSION, products);
}

/* Launch i of a sum: arguments of one have room for so many. */
static void touch_sum(umbra_stream *stream, view dst, const umbra_sum_of *of, uint32_t i) {
  const uint32_t products = 2, multiples = 4;
  int multiplies = 0;
  for (uint32_t k = products * i; k < products * (i + 1) && k < of->products; k++) {
    reads(stream, &of->a[k]);
    reads(stream, &of->b[k]);
    multiplies = 1;
  }
  for (uint32_t k = multiples * i; k < multiples * (i + 1) && k < of->multiples; k++) reads(stream, &of->x[k]);
  const umbra_view to = polys_of(dst, 0, multiplies ? 3 : 2);
  if (i) reads(stream, &to);
  writes(stream, &to);
  launched(stream, UMBRA_DRY_sum);
}

static void sum(umbra_stream *stream, view dst, const umbra_sum_of *of) {
  const uint32_t of_products = (of->products + 1) / 2, of_multiples = (of->multiples + 3) / 4;
  const uint32_t most = of_products > of_multiples ? of_products : of_multiples, launches = most ? most : 1;
  const uint64_t pair = 2 * umbra_view_limbs(dst), read = (2 * (uint64_t)of->products + of->multiples) * pair;
  for (uint32_t i = 0; i < launches; i++) touch_sum(stream, dst, of, i);
  count_products(stream, of->products);
  umbra_dry_call call = call_of(stream, UMBRA_DRY_sum, limbs_of(dst), read);
  call.launches *= launches;
  count_work(stream, call, UMBRA_WORK_TENSOR, call.bytes);
}

#define ENTRY(entry, shape, none) .entry = (entry),
const umbra_kernels umbra_kernels_dry = {.version = UMBRA_KERNELS_VERSION,
                                         .name = "dry",
                                         .device.count = device_count,
                                         .device.facts = device_facts,
                                         .device.block_limbs = block_limbs,
                                         .device.launch_limbs = launch_limbs,
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
