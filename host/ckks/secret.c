/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <sodium.h>

#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"

enum { BATCH = 8192 /* integers: few uploads */ };

/* Bytes as 64-bit integers, through a buffer that is wiped. */
static umbra_status widen(const umbra_context *context, umbra_stream *stream, int64_t *device, const int8_t *values,
                          size_t count) {
  int64_t *wide;
  UMBRA_TRY(umbra_alloc(&wide, BATCH, sizeof *wide, "small coefficients"));
  for (size_t done = 0; done < count; done += BATCH) {
    size_t batch = count - done < BATCH ? count - done : BATCH;
    for (size_t i = 0; i < batch; i++) wide[i] = values[done + i];
    umbra_ring_upload(context->ring, stream, device + done, wide, batch * sizeof *wide);
  }
  sodium_memzero(wide, BATCH * sizeof *wide);
  umbra_free(wide);
  return UMBRA_OK;
}

umbra_status umbra_small_integers(int64_t **integers, const umbra_context *context, umbra_stream *stream,
                                  const int8_t *values, uint32_t polys) {
  size_t count = (size_t)umbra_ring_n(context->ring) * polys;
  void *device;
  UMBRA_TRY(umbra_ring_take(context->ring, &device, count * sizeof(int64_t), "small coefficients"));
  umbra_status status = widen(context, stream, device, values, count);
  if (status == UMBRA_OK) *integers = device;
  else umbra_ring_give_secret(context->ring, stream, device, count * sizeof(int64_t));
  return status;
}

umbra_status umbra_small_expand(const umbra_view *dst, const umbra_context *context, umbra_stream *stream,
                                const int8_t *values) {
  int64_t *integers;
  UMBRA_TRY(umbra_small_integers(&integers, context, stream, values, dst->polys));
  umbra_ring_from_i64(context->ring, stream, dst, integers, 0);
  umbra_ring_give_secret(context->ring, stream, integers,
                         (size_t)umbra_ring_n(context->ring) * dst->polys * sizeof(int64_t));
  return UMBRA_OK;
}

enum { PARTS = 16 }; /* of a polynomial, sampled side by side; rings have at least that many coefficients */

typedef struct sample_job {
  int8_t *values;
  umbra_sampler sampler;
  size_t count; /* of a part */
  uint8_t seed[PARTS][sizeof((umbra_random *)NULL)->key];
} sample_job;

static void sample_part(const void *data, uint32_t part) {
  const sample_job *job = data;
  umbra_random own;
  umbra_random_open_seeded(&own, job->seed[part]);
  job->sampler(&own, job->values + part * job->count, job->count);
  umbra_random_close(&own);
}

/* Each part has a generator of its own, so that the values do not depend on the number of threads. */
static void sample_parts(int8_t *values, umbra_random *random, umbra_sampler sampler, size_t count, uint32_t threads) {
  sample_job job = {.values = values, .sampler = sampler, .count = count / PARTS};
  umbra_random_bytes(random, job.seed, sizeof job.seed);
  umbra_parallel(threads, PARTS, sample_part, &job);
  sodium_memzero(job.seed, sizeof job.seed);
}

umbra_status umbra_small_sample(int8_t **values, const umbra_context *context, umbra_random *random,
                                umbra_sampler sampler, uint32_t polys) {
  size_t count = (size_t)umbra_ring_n(context->ring) * polys;
  int8_t *memory = umbra_alloc_must_fail() ? NULL : sodium_malloc(count);
  if (!memory) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %zu bytes of guarded memory", count);
  sample_parts(memory, random, sampler, count, umbra_ring_threads(context->ring));
  *values = memory;
  return UMBRA_OK;
}

umbra_status umbra_small_fresh(const umbra_view *dst, const umbra_context *context, umbra_stream *stream,
                               umbra_random *random, umbra_sampler sampler) {
  int8_t *values;
  UMBRA_TRY(umbra_small_sample(&values, context, random, sampler, dst->polys));
  umbra_status status = umbra_small_expand(dst, context, stream, values);
  sodium_free(values);
  return status;
}
