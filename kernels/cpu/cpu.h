/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CPU backends share: the tables of a ring, and how work is cut into limbs.
 *
 * A backend is a umbra_kernels table; avx2/ and avx512/ override entries of ref/ and inherit the others.
 */
#ifndef UMBRA_KERNELS_CPU_H
#define UMBRA_KERNELS_CPU_H

#include "../kernels.h"
#include "../modarith.h"
#include "../parallel.h"

/* Constants of one prime. Twiddle tables have n entries: entry m + i is for block i of the stage with m blocks. */
typedef struct umbra_cpu_prime {
  uint32_t q;
  uint32_t neg_inv;    /* -q^-1 mod 2^32 */
  uint32_t r, r_shoup; /* 2^32 mod q: to Montgomery form by umbra_mod_mul_const */
  uint32_t n_inv;      /* n^-1 * R^-1 mod q: closing constant of the inverse transform, out of Montgomery form */
  uint32_t accept;     /* floor(2^32 / q) * q - 1: the largest word that expand accepts */
  uint32_t word_shoup; /* floor(2^32 / q): quotient estimate for reducing any word */
  const uint32_t *forward, *forward_shoup; /* psi^brev(m + i), plain, and Shoup companions */
  const uint32_t *inverse, *inverse_shoup; /* psi^-brev(m + i), plain, and Shoup companions */
} umbra_cpu_prime;

struct umbra_device {
  uint32_t log_n, n, primes, threads;
  umbra_cpu_prime *prime;
  void *tables;                    /* backing store of all tables */
  const double *fft_cos, *fft_sin; /* entry h + j: cos, sin of pi j / h; j < h for h <= 2^16, j < h / 2 for 2^17 */
};

struct umbra_stream {
  umbra_stream_head head;
  const umbra_device *device;
};

struct umbra_conversion {
  umbra_conversion_desc desc; /* arrays owned by the conversion */
  uint64_t *reciprocal;       /* floor(2^56 / d_i) */
  void *prepared;             /* constants in the backend's own arrangement, or NULL; released by free() */
};

/* A limb of a view: its words and the constants of its prime. */
typedef struct umbra_cpu_limb {
  uint32_t *data;
  const umbra_cpu_prime *prime;
} umbra_cpu_limb;

/* Limb `limb` of polynomial `poly`. */
static inline umbra_cpu_limb umbra_cpu_limb_at(const umbra_device *device, const umbra_view *view, uint32_t poly,
                                               uint32_t limb) {
  const umbra_run *run = view->run;
  while (limb >= run->count) limb -= (run++)->count;
  return (umbra_cpu_limb){run->data + poly * view->stride + (size_t)limb * device->n,
                          &device->prime[run->prime + limb]};
}

/* Threads for `items` independent pieces of work over `words` words in all: small work is not worth waking threads. */
static inline uint32_t umbra_cpu_team(const umbra_device *device, uint32_t items, size_t words) {
  size_t team = words >> 14;
  if (team > items) team = items;
  if (team > device->threads) team = device->threads;
  return team ? (uint32_t)team : 1;
}

/* A parallel loop over `items` pieces of work, which are over `words` words in all. */
static inline void umbra_cpu_parallel(const umbra_device *device, uint32_t items, size_t words,
                                      umbra_parallel_body *body, const void *data) {
  umbra_parallel(umbra_cpu_team(device, items, words), items, body, data);
}

/* What a kernel was called with; each uses the members that it needs. */
typedef struct umbra_cpu_job {
  const umbra_device *device;
  const umbra_view *dst, *a, *b;
  const uint32_t *c, *d; /* one constant per limb */
  const umbra_conversion *conversion;
  const uint8_t *seed;
  const int64_t *value;
  uint64_t number;
  void (*work)(const struct umbra_cpu_job *job, uint32_t limb, uint32_t poly);
} umbra_cpu_job;

/* Does the work of all limbs and polynomials of dst: the polynomials of one limb in a row, since they share tables. */
void umbra_cpu_run(const umbra_cpu_job *job);

/* The entries that all CPU backends have in common (device.c). */
umbra_device_count_entry umbra_cpu_device_count;
umbra_device_facts_entry umbra_cpu_device_facts;
umbra_device_open_entry umbra_cpu_device_open;
umbra_device_close_entry umbra_cpu_device_close;
umbra_block_limbs_entry umbra_cpu_block_limbs;
umbra_failure_entry umbra_cpu_failure;
umbra_stream_create_entry umbra_cpu_stream_create;
umbra_stream_destroy_entry umbra_cpu_stream_destroy;
umbra_check_entry umbra_cpu_check;
umbra_wait_entry umbra_cpu_wait;
umbra_alloc_entry umbra_cpu_alloc;
umbra_release_entry umbra_cpu_release;
umbra_upload_entry umbra_cpu_upload;
umbra_download_entry umbra_cpu_download;
umbra_event_create_entry umbra_cpu_event_create;
umbra_event_destroy_entry umbra_cpu_event_destroy;
umbra_signal_entry umbra_cpu_signal;
umbra_await_entry umbra_cpu_await;
umbra_peer_copy_entry umbra_cpu_peer_copy;
umbra_unary_kernel umbra_cpu_copy;
umbra_in_place_kernel umbra_cpu_zero;
umbra_conversion_create_entry umbra_cpu_conversion_create; /* leaves `prepared` NULL */
umbra_conversion_destroy_entry umbra_cpu_conversion_destroy;

/*
 * What their tables have in common.
 */
#define UMBRA_CPU_ENTRIES                                                                                            \
  .version = UMBRA_KERNELS_VERSION, .host_memory = 1,                                                                \
  .device = {umbra_cpu_device_count, umbra_cpu_device_facts, umbra_cpu_device_open,                                  \
             umbra_cpu_device_close, umbra_cpu_block_limbs,  umbra_cpu_failure},                                     \
  .stream = {umbra_cpu_stream_create, umbra_cpu_stream_destroy, umbra_cpu_check, umbra_cpu_wait},                    \
  .memory = {.alloc = umbra_cpu_alloc,                                                                               \
             .release = umbra_cpu_release,                                                                           \
             .upload = umbra_cpu_upload,                                                                             \
             .upload_public = umbra_cpu_upload,                                                                      \
             .download = umbra_cpu_download},                                                                        \
  .peer = {umbra_cpu_event_create, umbra_cpu_event_destroy, umbra_cpu_signal, umbra_cpu_await, umbra_cpu_peer_copy}, \
  .copy = umbra_cpu_copy, .zero = umbra_cpu_zero, .conversion_destroy = umbra_cpu_conversion_destroy

extern const umbra_kernels umbra_kernels_ref;
extern const umbra_kernels umbra_kernels_avx2;
extern const umbra_kernels umbra_kernels_avx512;

#endif
