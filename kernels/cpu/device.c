/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, streams, memory and conversions: what all CPU backends have in common. */
#define _DEFAULT_SOURCE /* madvise */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../tables.h"
#include "cpu.h"

/* ---- loops ---- */

static void run_item(const void *data, uint32_t item) {
  const umbra_cpu_job *job = data;
  job->work(job, item / job->dst->polys, item % job->dst->polys);
}

void umbra_cpu_run(const umbra_cpu_job *job) {
  const uint32_t items = umbra_view_limbs(job->dst) * job->dst->polys;
  umbra_cpu_parallel(job->device, items, (size_t)items * job->device->n, run_item, job);
}

/* ---- memory ---- */

enum { CACHE_LINE = 64, PAGE = 1 << 12, HUGE_PAGE = 1 << 21 };

static size_t alignment(size_t bytes) { return bytes >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE; }

/* Large blocks begin at a huge page and ask for such pages: transforms stride far, and would miss the TLB otherwise. */
static void *aligned_memory(size_t bytes) {
  const size_t align = alignment(bytes), size = (bytes + align - 1) / align * align;
  if (size < bytes) return NULL;
  void *memory = aligned_alloc(align, size ? size : align);
#ifdef MADV_HUGEPAGE
  if (memory && align == HUGE_PAGE) madvise(memory, size, MADV_HUGEPAGE); /* a hint: failure does not matter */
#endif
  return memory;
}

typedef struct stretch {
  char *memory;
  size_t bytes;
} stretch;

/* As much of a block as a huge page has, page by page, whichever the system gives. */
static void touch_huge_page(const void *data, uint32_t number) {
  const stretch *block = data;
  const size_t first = (size_t)number * HUGE_PAGE, left = block->bytes - first;
  const size_t end = first + (left < HUGE_PAGE ? left : HUGE_PAGE);
  for (size_t i = first; i < end; i += PAGE) *(volatile char *)(block->memory + i) = 0;
}

/* A page is cleared when it is first written to: here by all threads, and before one of them would do it alone. */
static void touch(const umbra_device *device, void *memory, size_t bytes) {
  const size_t pages = bytes / HUGE_PAGE + (bytes % HUGE_PAGE != 0);
  if (device->threads > 1 && bytes > HUGE_PAGE && pages <= INT32_MAX)
    umbra_cpu_parallel(device, (uint32_t)pages, bytes / sizeof(uint32_t), touch_huge_page, &(stretch){memory, bytes});
}

umbra_status umbra_cpu_alloc(const umbra_device *device, void **memory, size_t bytes) {
  void *block = aligned_memory(bytes);
  if (!block) return UMBRA_ERROR_OUT_OF_MEMORY;
  touch(device, block, bytes);
  *memory = block;
  return UMBRA_OK;
}

void umbra_cpu_release(const umbra_device *device, void *memory, size_t bytes) {
  (void)device, (void)bytes;
  free(memory);
}

void umbra_cpu_upload(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes) {
  (void)stream;
  memcpy(device_dst, host_src, bytes);
}

void umbra_cpu_download(umbra_stream *stream, void *host_dst, const void *device_src, size_t bytes) {
  (void)stream;
  memcpy(host_dst, device_src, bytes);
}

static void copy_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  uint32_t *to = umbra_cpu_limb_at(job->device, job->dst, poly, limb).data;
  const uint32_t *from = umbra_cpu_limb_at(job->device, job->a, poly, limb).data;
  if (to != from) memcpy(to, from, job->device->n * sizeof *to);
}

void umbra_cpu_copy(umbra_stream *stream, const umbra_view *dst, const umbra_view *src) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = src, .work = copy_limb});
}

static void zero_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  uint32_t *to = umbra_cpu_limb_at(job->device, job->dst, poly, limb).data;
  memset(to, 0, job->device->n * sizeof *to);
}

void umbra_cpu_zero(umbra_stream *stream, const umbra_view *dst) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .work = zero_limb});
}

/* ---- primes ---- */

static void powers(uint32_t *power, uint32_t *shoup, uint32_t base, uint32_t n, uint32_t q) {
  umbra_powers_reversed(power, base, n, q);
  for (uint32_t i = 0; i < n; i++) shoup[i] = umbra_shoup(power[i], q);
}

/* What the constants of the primes are made from, and where they go. */
typedef struct prime_job {
  umbra_cpu_prime *prime;
  uint32_t *tables; /* four of each prime, one after the other */
  const umbra_ring_desc *ring;
} prime_job;

static void prime_open(const void *data, uint32_t i) {
  const prime_job *job = data;
  const uint32_t n = 1u << job->ring->log_n, q = job->ring->prime[i];
  const uint32_t psi = umbra_ring_psi(q, n), r = (uint32_t)((UINT64_C(1) << 32) % q);
  const uint32_t words = (uint32_t)((UINT64_C(1) << 32) / q);
  uint32_t *forward = job->tables + (size_t)4 * n * i, *forward_shoup = forward + n, *inverse = forward_shoup + n,
           *inverse_shoup = inverse + n;
  powers(forward, forward_shoup, psi, n, q);
  powers(inverse, inverse_shoup, umbra_mod_inv(psi, q), n, q);
  job->prime[i] = (umbra_cpu_prime){.q = q,
                                    .neg_inv = umbra_mont_neg_inv(q),
                                    .r = r,
                                    .r_shoup = umbra_shoup(r, q),
                                    .n_inv = umbra_mod_inv(umbra_mod_mul(n, r, q), q),
                                    .accept = words * q - 1,
                                    .word_shoup = words,
                                    .forward = forward,
                                    .forward_shoup = forward_shoup,
                                    .inverse = inverse,
                                    .inverse_shoup = inverse_shoup};
}

/* ---- devices and streams ---- */

/* Few passes matter more than a small working set: each pass of a key switch reads all of its sources again. */
uint32_t umbra_cpu_block_limbs(const umbra_device *device) { return device->threads > 32 ? device->threads : 32; }

uint32_t umbra_cpu_device_count(void) { return 1; }

/* The value behind the first such name in a file of the system's, up to the end of its line; "" if there is none. */
static void read_fact(char *value, size_t size, const char *path, const char *name) {
  char line[256], *colon;
  FILE *file = fopen(path, "r");
  value[0] = 0;
  while (file && !value[0] && fgets(line, sizeof line, file)) {
    if (strncmp(line, name, strlen(name)) != 0 || !(colon = strchr(line, ':'))) continue;
    colon[1 + strcspn(colon + 1, "\n")] = 0;
    snprintf(value, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
  }
  if (file) fclose(file);
}

int umbra_cpu_device_facts(uint32_t i, umbra_device_facts *facts) {
  if (i) return 0;
  char available[32];
  *facts = (umbra_device_facts){0};
  read_fact(facts->name, sizeof facts->name, "/proc/cpuinfo", "model name");
  if (!facts->name[0]) snprintf(facts->name, sizeof facts->name, "this machine's processor");
  read_fact(available, sizeof available, "/proc/meminfo", "MemAvailable");
  facts->unused = strtoull(available, NULL, 10) << 10;
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0) facts->memory = (uint64_t)pages * (uint64_t)page;
  return 1;
}

/* One block holds all tables: those of fft, then four of each prime. */
umbra_status umbra_cpu_device_open(umbra_device **device, const umbra_ring_desc *ring,
                                   const umbra_device_options *options) {
  if (!umbra_ring_valid(ring) || options->ordinal) return UMBRA_ERROR_INVALID_ARGUMENT;
  const uint32_t n = 1u << ring->log_n, primes = ring->primes;
  umbra_device *opened = calloc(1, sizeof *opened);
  umbra_cpu_prime *prime = calloc(primes, sizeof *prime);
  const size_t fft_bytes = 2 * UMBRA_FFT_ENTRIES * sizeof(double);
  double *tables = aligned_memory(fft_bytes + (size_t)4 * primes * n * sizeof(uint32_t));
  if (!opened || !prime || !tables) {
    free(opened), free(prime), free(tables);
    return UMBRA_ERROR_OUT_OF_MEMORY;
  }
  double *cosine = tables, *sine = cosine + UMBRA_FFT_ENTRIES;
  uint32_t *twiddles = (uint32_t *)(sine + UMBRA_FFT_ENTRIES);
  *opened = (umbra_device){.log_n = ring->log_n,
                           .n = n,
                           .primes = primes,
                           .threads = options->threads ? options->threads : umbra_parallel_default(),
                           .prime = prime,
                           .tables = tables,
                           .fft_cos = cosine,
                           .fft_sin = sine};
  umbra_fft_tables(cosine, sine);
  umbra_cpu_parallel(opened, primes, (size_t)4 * primes * n, prime_open, &(prime_job){prime, twiddles, ring});
  *device = opened;
  return UMBRA_OK;
}

void umbra_cpu_device_close(umbra_device *device) {
  if (!device) return;
  free(device->tables);
  free(device->prime);
  free(device);
}

umbra_status umbra_cpu_stream_create(umbra_stream **stream, const umbra_device *device) {
  umbra_stream *created = malloc(sizeof *created);
  if (!created) return UMBRA_ERROR_OUT_OF_MEMORY;
  *created = (umbra_stream){.device = device};
  *stream = created;
  return UMBRA_OK;
}

void umbra_cpu_stream_destroy(umbra_stream *stream) { free(stream); }

/* Every kernel has ended, and well, when its call returns. */
umbra_status umbra_cpu_check(const umbra_stream *stream) {
  (void)stream;
  return UMBRA_OK;
}

umbra_status umbra_cpu_wait(umbra_stream *stream) { return umbra_cpu_check(stream); }

const char *umbra_cpu_failure(const umbra_device *device) {
  (void)device;
  return "";
}

/* ---- other devices: theirs is the same memory, and their work has ended, too ---- */

struct umbra_event {
  char nothing;
};

umbra_status umbra_cpu_event_create(umbra_event **event, const umbra_device *device) {
  static umbra_event of_all;
  (void)device;
  *event = &of_all;
  return UMBRA_OK;
}

void umbra_cpu_event_destroy(umbra_event *event) { (void)event; }

void umbra_cpu_signal(umbra_stream *stream, umbra_event *event) { (void)stream, (void)event; }

void umbra_cpu_await(umbra_stream *stream, const umbra_event *event) { (void)stream, (void)event; }

void umbra_cpu_peer_copy(umbra_stream *stream, void *dst, const umbra_device *from, const void *src, size_t bytes) {
  (void)stream, (void)from;
  memcpy(dst, src, bytes);
}

/* ---- conversions ---- */

/* A copy of `count` objects of `size` bytes; zeros where there is nothing to copy. */
static void *duplicate(const void *objects, size_t count, size_t size) {
  void *copy = calloc(count, size);
  if (copy && objects) memcpy(copy, objects, count * size);
  return copy;
}

umbra_status umbra_cpu_conversion_create(umbra_conversion **conversion, const umbra_device *device,
                                         const umbra_conversion_desc *desc) {
  umbra_conversion *created = calloc(1, sizeof *created);
  if (!created) return UMBRA_ERROR_OUT_OF_MEMORY;
  created->desc = *desc;
  created->desc.source = duplicate(desc->source, desc->sources, sizeof *desc->source);
  created->desc.target = duplicate(desc->target, desc->targets, sizeof *desc->target);
  created->desc.factor = duplicate(desc->factor, (size_t)desc->sources * desc->targets, sizeof *desc->factor);
  created->desc.product = duplicate(desc->exact ? desc->product : NULL, desc->targets, sizeof *desc->product);
  created->reciprocal = calloc(desc->sources, sizeof *created->reciprocal);
  if (!created->desc.source || !created->desc.target || !created->desc.factor || !created->desc.product ||
      !created->reciprocal) {
    umbra_cpu_conversion_destroy(created);
    return UMBRA_ERROR_OUT_OF_MEMORY;
  }
  for (uint32_t i = 0; i < desc->sources; i++) {
    created->reciprocal[i] = (UINT64_C(1) << 56) / device->prime[desc->source[i]].q;
  }
  *conversion = created;
  return UMBRA_OK;
}

void umbra_cpu_conversion_destroy(umbra_conversion *conversion) {
  if (!conversion) return;
  free((void *)conversion->desc.source);
  free((void *)conversion->desc.target);
  free((void *)conversion->desc.factor);
  free((void *)conversion->desc.product);
  free(conversion->reciprocal);
  free(conversion->prepared);
  free(conversion);
}
