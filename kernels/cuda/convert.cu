/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base conversion as a product of matrices over the integers. A block takes a stretch of coefficients through all
 * targets: it reads and centres each source once, into shared memory, where an exact conversion's v is one more row;
 * then each thread forms sums for 4 coefficients and 4 targets at a time, 64 bits wide, one multiplication for each
 * source, and reduces them at the end. So v costs one product per coefficient and source, whatever the targets.
 *
 * Ranges. Centred sources and centred constants are below 2^30, so at least 6 products fit a sum that begins below
 * 2^61 + 2^32; after as many as the conversion's primes allow (`run`, 14 from primes below 2^31 to primes below 2^30),
 * the sum's high word is multiplied by 2^32 mod m.
 */
#include <stdlib.h>

#include "entries.h"
#include "ntt.cuh"
#include "runtime.h"

enum {
  THREADS = UMBRA_CUDA_THREADS,
  LOG_TILE = 2,
  TILE = 1 << LOG_TILE,  /* coefficients, and targets, of a thread at a time */
  LOG_WIDE = 5,          /* threads side by side along the coefficients, if shared memory suffices for their sources */
  LOG_NARROW = 4,        /* otherwise: 161 rows are then 40 KiB */
  AHEAD = 4,             /* sources */
  MOST_SHARED = 48 << 10 /* bytes that every device gives a block */
};

/* Constants on the device. */
struct constants {
  const uint64_t *reciprocal; /* [sources]: floor(2^56 / d) */
  const int32_t *factor;      /* [rows][pitch]: centred residues of factor * R modulo m; those of -product come last */
  uint16_t sources, rows;     /* rows: one more than sources if exact */
  uint16_t pitch;             /* targets, and zeros up to a multiple of TILE */
  uint16_t run;               /* products that fit a sum */
};

struct umbra_conversion {
  const umbra_device *device;
  uint32_t targets;
  struct constants constants;
  void *memory; /* of the device: backing store of the constants */
  size_t bytes;
};

/* One conversion of a launch: from limbs of src's polynomial from `source` on, to targets [first, first + targets). */
struct job {
  struct constants constants;
  uint16_t poly, source, first, targets;
  uint16_t skip_first, skip_count; /* limbs of dst that are left out */
};

/* One for all polynomials, each from the same one of src, or one for each digit of each polynomial of src. */
template <int JOBS>
struct job_list {
  job of[JOBS];
};

/* ---- device ---- */

/* A limb of dst and the constants of its prime. */
struct __align__(16) target {
  uint32_t *data;
  uint32_t q, neg_inv;
  int32_t r; /* 2^32 mod q, centred */
};

static __device__ __forceinline__ int32_t centred(uint32_t x, uint32_t q) {
  return (int32_t)(x > (q - 1) / 2 ? x - q : x);
}

/* a * b. Said in one word, or the compiler makes more of it when it has widened b elsewhere. */
static __device__ __forceinline__ int64_t mul_wide(int32_t a, int32_t b) {
#ifdef __CUDA_ARCH__
  int64_t product;
  asm("mul.wide.s32 %0, %1, %2;" : "=l"(product) : "r"(a), "r"(b));
  return product;
#else
  return (int64_t)a * b;
#endif
}

/* The thread's place: groups of 2^log_lanes threads have the same coefficients. */
struct place {
  uint32_t log_lanes, lane, group, groups; /* groups share out the targets, also those of blocks beside each other */
  uint32_t poly, first;                    /* first coefficient of the block */
};

static __device__ __forceinline__ place place_of(uint32_t log_n, uint32_t log_lanes) {
  const uint32_t lanes = 1u << log_lanes, log_blocks = log_n - LOG_TILE - log_lanes;
  return {log_lanes,
          threadIdx.x & (lanes - 1),
          threadIdx.x >> log_lanes,
          blockDim.x >> log_lanes,
          blockIdx.x >> log_blocks,
          (blockIdx.x & ((1u << log_blocks) - 1)) << (LOG_TILE + log_lanes)};
}

/* Shared memory: rows of centred sources, TILE words for each lane; then the targets. */
static __device__ __forceinline__ int32_t *source_row(const place &p, uint32_t row) {
  UMBRA_SHARED(shared);
  return reinterpret_cast<int32_t *>(shared) + (row << (LOG_TILE + p.log_lanes));
}

static __device__ __forceinline__ target *targets_of(const place &p, const job &work) {
  return reinterpret_cast<target *>(source_row(p, work.constants.rows));
}

/* Several at a time, to have several loads under way. */
static __device__ __forceinline__ void read_sources(const umbra_cuda_tables &tables, const umbra_view &src,
                                                    uint32_t poly, const job &work, const place &p) {
  const uint32_t sources = work.constants.sources;
  for (uint32_t first = p.group; first < sources; first += AHEAD * p.groups) {
    uint4 x[AHEAD];
    uint32_t d[AHEAD];
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      const uint32_t i = first + k * p.groups;
      if (i >= sources) continue;
      const umbra_cuda_limb y = umbra_cuda_limb_at(src, tables.n, poly, work.source + i);
      d[k] = tables.prime[y.position].q;
      x[k] = umbra_cuda_stream4(y.data + p.first + TILE * p.lane);
    }
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      const uint32_t i = first + k * p.groups;
      if (i >= sources) continue;
      *reinterpret_cast<int4 *>(source_row(p, i) + TILE * p.lane) =
          make_int4(centred(x[k].x, d[k]), centred(x[k].y, d[k]), centred(x[k].z, d[k]), centred(x[k].w, d[k]));
    }
  }
}

static __device__ __forceinline__ void find_targets(const umbra_cuda_tables &tables, const umbra_view &dst,
                                                    uint32_t poly, const job &work, const place &p) {
  for (uint32_t t = threadIdx.x; t < work.targets; t += blockDim.x) {
    const uint32_t limb = t < work.skip_first ? t : t + work.skip_count;
    const umbra_cuda_limb to = umbra_cuda_limb_at(dst, tables.n, poly, limb);
    const umbra_cuda_prime &prime = tables.prime[to.position];
    targets_of(p, work)[t] = {to.data + p.first, prime.q, prime.neg_inv, centred(prime.r, prime.q)};
  }
}

/* The contract's v, one coefficient per thread, as the row after the sources. */
static __device__ __forceinline__ void find_overflow(const job &work, const place &p) {
  for (uint32_t j = threadIdx.x; j < (uint32_t)TILE << p.log_lanes; j += blockDim.x) {
    int64_t sum = (int64_t)1 << 55;
    for (uint32_t i = 0; i < work.constants.sources; i++) {
      sum += source_row(p, i)[j] * (int64_t)work.constants.reciprocal[i];
    }
    source_row(p, work.constants.sources)[j] = (int32_t)(sum >> 56);
  }
}

/* Sums of the thread: of[t][j] for target t of its tile and coefficient j. */
struct sums {
  int64_t of[TILE][TILE];
};

static __device__ __forceinline__ void add_row(sums &s, const int4 &c, const int4 &factor) {
  const int32_t of_c[TILE] = {c.x, c.y, c.z, c.w}, of_t[TILE] = {factor.x, factor.y, factor.z, factor.w};
#pragma unroll
  for (int t = 0; t < TILE; t++) {
#pragma unroll
    for (int j = 0; j < TILE; j++) s.of[t][j] += (int64_t)of_c[j] * of_t[t];
  }
}

/* The same residue in at most 2^61 + 2^32. */
static __device__ __forceinline__ int64_t shrink(int64_t s, int32_t r) {
  return mul_wide((int32_t)(s >> 32), r) + (uint32_t)s;
}

/* The canonical residue of s * R^-1: Montgomery's reduction of the shrunken sum is in (-q, q). */
static __device__ __forceinline__ uint32_t reduce(int64_t s, const target &to) {
  s = shrink(s, to.r);
  const int32_t u = (int32_t)((uint32_t)s * to.neg_inv);
  return umbra_mod_lift((uint32_t)((s + mul_wide(u, (int32_t)to.q)) >> 32), to.q);
}

/* Targets [tile, tile + TILE) of the conversion; those that the job does not want are not stored. */
static __device__ __forceinline__ void convert_tile(const job &work, const place &p, uint32_t tile) {
  const uint32_t rows = work.constants.rows, pitch = work.constants.pitch;
  const int32_t *factor = work.constants.factor + tile, *row = source_row(p, 0) + TILE * p.lane;
  const target *to = targets_of(p, work);
  sums s = {};
  for (uint32_t i = 0, until = work.constants.run; i < rows; until += work.constants.run) {
    for (const uint32_t end = min(until, rows); i < end; i++, factor += pitch, row += TILE << p.log_lanes) {
      add_row(s, *reinterpret_cast<const int4 *>(row), *reinterpret_cast<const int4 *>(factor));
    }
    if (i == rows) break;
#pragma unroll
    for (int t = 0; t < TILE; t++) {
      const uint32_t index = tile + t - work.first;
      const int32_t r = index < work.targets ? to[index].r : 0;
#pragma unroll
      for (int j = 0; j < TILE; j++) s.of[t][j] = shrink(s.of[t][j], r);
    }
  }
#pragma unroll
  for (int t = 0; t < TILE; t++) {
    const uint32_t index = tile + t - work.first;
    if (index >= work.targets) continue;
    const target at = to[index];
    umbra_cuda_store4(at.data + TILE * p.lane, make_uint4(reduce(s.of[t][0], at), reduce(s.of[t][1], at),
                                                          reduce(s.of[t][2], at), reduce(s.of[t][3], at)));
  }
}

template <int JOBS>
static __global__ void __launch_bounds__(THREADS)
    convert(umbra_cuda_tables tables, umbra_view dst, umbra_view src, const __grid_constant__ job_list<JOBS> jobs,
            uint32_t log_lanes) {
  umbra_cuda_begin();
  const place p = place_of(tables.log_n, log_lanes);
  const job &work = jobs.of[JOBS > 1 ? p.poly : 0];
  read_sources(tables, src, JOBS > 1 ? work.poly : p.poly, work, p);
  find_targets(tables, dst, p.poly, work, p);
  __syncthreads();
  if (work.constants.rows > work.constants.sources) {
    find_overflow(work, p);
    __syncthreads();
  }
  const uint32_t end = work.first + work.targets;
  const uint32_t group = p.group + blockIdx.y * p.groups, step = TILE * p.groups * gridDim.y;
  for (uint32_t tile = work.first / TILE * TILE + TILE * group; tile < end; tile += step) {
    convert_tile(work, p, tile);
  }
}

/* ---- conversions ---- */

/* Bytes of the arrays in one block of memory; multiples of 16, because factors are read 4 at a time. */
static size_t reciprocal_bytes(const struct constants *k) { return (k->sources * sizeof(uint64_t) + 15) / 16 * 16; }
static size_t factor_bytes(const struct constants *k) { return (size_t)k->rows * k->pitch * sizeof(int32_t); }

static int32_t centred_constant(uint32_t x, const umbra_cuda_prime *m) {
  const uint32_t montgomery = umbra_mod_mul(x, m->r, m->q);
  return (int32_t)(montgomery > (m->q - 1) / 2 ? montgomery - m->q : montgomery);
}

static void fill_constants(const umbra_conversion *conversion, unsigned char *host, const umbra_conversion_desc *desc) {
  const struct constants *k = &conversion->constants;
  const umbra_cuda_prime *prime = conversion->device->host_prime;
  uint64_t *reciprocal = reinterpret_cast<uint64_t *>(host);
  int32_t *factor = reinterpret_cast<int32_t *>(host + reciprocal_bytes(k));
  for (uint32_t i = 0; i < desc->sources; i++) reciprocal[i] = (UINT64_C(1) << 56) / prime[desc->source[i]].q;
  for (uint32_t t = 0; t < desc->targets; t++) {
    const umbra_cuda_prime *m = &prime[desc->target[t]];
    for (uint32_t i = 0; i < desc->sources; i++) {
      factor[i * k->pitch + t] = centred_constant(desc->factor[(size_t)t * desc->sources + i], m);
    }
    if (desc->exact) {
      factor[desc->sources * k->pitch + t] = centred_constant(umbra_mod_neg(desc->product[t], m->q), m);
    }
  }
}

/* The largest absolute value of a centred residue of these primes. */
static uint64_t largest(const umbra_cuda_prime *prime, const uint16_t *position, uint32_t count) {
  uint32_t q = 1;
  for (uint32_t i = 0; i < count; i++) q = prime[position[i]].q > q ? prime[position[i]].q : q;
  return (q - 1) / 2;
}

/* How many products fit a sum after shrink, and at most all rows. */
static uint32_t find_run(const umbra_cuda_prime *prime, const umbra_conversion_desc *desc, uint32_t rows) {
  const uint64_t of_c = largest(prime, desc->source, desc->sources), of_t = largest(prime, desc->target, desc->targets);
  const uint64_t room = INT64_MAX - ((of_t << 31) + (UINT64_C(1) << 32));
  const uint64_t run = of_c && of_t ? room / (of_c * of_t) : rows;
  return run < rows ? (uint32_t)run : rows;
}

static umbra_status upload_constants(umbra_conversion *conversion, const unsigned char *host) {
  const umbra_device *device = conversion->device;
  umbra_status status = umbra_cuda_alloc(device, &conversion->memory, conversion->bytes);
  if (status != UMBRA_OK) return status;
  cudaError_t error =
      cudaMemcpyAsync(conversion->memory, host, conversion->bytes, cudaMemcpyHostToDevice, device->queue);
  if (error == cudaSuccess) error = cudaStreamSynchronize(device->queue);
  return umbra_cuda_status(device, "conversion_create", error);
}

umbra_status umbra_cuda_conversion_create(umbra_conversion **conversion, const umbra_device *device,
                                          const umbra_conversion_desc *desc) {
  umbra_conversion *created = static_cast<umbra_conversion *>(calloc(1, sizeof *created));
  if (!created) return umbra_cuda_status(device, "conversion_create", cudaErrorMemoryAllocation);
  struct constants *k = &created->constants;
  created->device = device;
  created->targets = desc->targets;
  k->sources = (uint16_t)desc->sources;
  k->rows = (uint16_t)(desc->sources + (desc->exact ? 1 : 0));
  k->pitch = (uint16_t)((desc->targets + TILE - 1) / TILE * TILE);
  k->run = (uint16_t)find_run(device->host_prime, desc, k->rows);
  created->bytes = reciprocal_bytes(k) + factor_bytes(k);
  unsigned char *host = static_cast<unsigned char *>(calloc(created->bytes, 1));
  if (host) fill_constants(created, host, desc);
  const umbra_status status = host ? upload_constants(created, host)
                                   : umbra_cuda_status(device, "conversion_create", cudaErrorMemoryAllocation);
  free(host);
  if (status != UMBRA_OK) {
    umbra_cuda_conversion_destroy(created);
    return status;
  }
  const unsigned char *memory = static_cast<const unsigned char *>(created->memory);
  k->reciprocal = reinterpret_cast<const uint64_t *>(memory);
  k->factor = reinterpret_cast<const int32_t *>(memory + reciprocal_bytes(k));
  *conversion = created;
  return UMBRA_OK;
}

void umbra_cuda_conversion_destroy(umbra_conversion *conversion) {
  if (!conversion) return;
  const umbra_cuda_visit visit(conversion->device);
  umbra_cuda_release(conversion->device, conversion->memory, conversion->bytes);
  free(conversion);
}

cudaError_t umbra_cuda_load_convert(void) { return umbra_cuda_load(convert<1>, convert<UMBRA_MAX_DIGITS>); }

/* ---- entries ---- */

static size_t shared_bytes(uint32_t rows, uint32_t targets, uint32_t log_lanes) {
  return ((size_t)rows << (LOG_TILE + log_lanes)) * sizeof(int32_t) + targets * sizeof(target);
}

/*
 * Blocks beside each other share out the targets where there would be too few of them to keep the device busy: each then
 * reads and centres the sources for itself.
 */
static uint32_t parts_of(uint32_t blocks, uint32_t targets, uint32_t log_lanes) {
  const uint32_t enough = 2048, tiles = TILE * (THREADS >> log_lanes);
  uint32_t parts = 1;
  while (parts * blocks < enough && 2 * parts * tiles <= targets) parts *= 2;
  return parts;
}

template <int JOBS>
static void launch(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, const job_list<JOBS> &jobs,
                   uint32_t count) {
  uint32_t rows = 0, targets = 0;
  for (uint32_t j = 0; j < count; j++) {
    rows = jobs.of[j].constants.rows > rows ? jobs.of[j].constants.rows : rows;
    targets = jobs.of[j].targets > targets ? jobs.of[j].targets : targets;
  }
  if (!targets) return;
  const uint32_t log_lanes = shared_bytes(rows, targets, LOG_WIDE) <= MOST_SHARED ? LOG_WIDE : LOG_NARROW;
  const uint32_t blocks = (stream->tables->n >> (LOG_TILE + log_lanes)) * dst->polys;
  umbra_cuda_launch(stream, "convert", convert<JOBS>, dim3(blocks, parts_of(blocks, targets, log_lanes)), THREADS,
                    shared_bytes(rows, targets, log_lanes), *stream->tables, *dst, *src, jobs, log_lanes);
}

void umbra_cuda_convert(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                        const umbra_conversion *conversion, uint32_t first) {
  job_list<1> jobs = {};
  jobs.of[0].constants = conversion->constants;
  jobs.of[0].first = (uint16_t)first;
  jobs.of[0].targets = (uint16_t)umbra_view_limbs(dst);
  launch(stream, dst, src, jobs, 1);
}

/* The conversion to limbs [first, first + limbs) of a digit. */
static job job_of(const umbra_digit *digit, uint32_t poly, uint32_t first, umbra_cuda_stretch own, uint32_t limbs) {
  job work = {};
  work.constants = digit->conversion->constants;
  work.poly = (uint16_t)poly;
  work.source = digit->first;
  work.first = (uint16_t)(first <= digit->first                  ? first
                          : first <= digit->first + digit->count ? digit->first
                                                                 : first - digit->count);
  work.targets = (uint16_t)(limbs - own.count);
  work.skip_first = own.first;
  work.skip_count = own.count;
  return work;
}

void umbra_cuda_convert_digits(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                               const umbra_digit *digit, uint32_t digits, uint32_t first, const umbra_cuda_skip &own) {
  job_list<UMBRA_MAX_DIGITS> jobs = {};
  for (uint32_t p = 0; p < dst->polys; p++) {
    jobs.of[p] = job_of(&digit[p % digits], p / digits, first, {own.first[p], own.count[p]}, umbra_view_limbs(dst));
  }
  launch(stream, dst, src, jobs, dst->polys);
}
