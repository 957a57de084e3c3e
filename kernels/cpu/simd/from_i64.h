/* SPDX-License-Identifier: Apache-2.0 */
/* Residues of signed integers. What does not depend on the prime is computed once for several limbs. */
#include "integers.h"

enum {
  TOGETHER = 4,      /* limbs */
  STRETCH = 1 << 12, /* integers that are lifted at a time */
  WORDS_AHEAD = 512  /* of the prefetch: what is written is seldom in a cache */
};

typedef struct lifted {
  uint32_t *data;
  lifting by;
} lifted;

/* Integers [first, end) to a number of limbs. */
UMBRA_INLINE void lift(const lifted *to, const int limbs, const int shifted, const int64_t *value, size_t first,
                       size_t end) {
  for (size_t i = first; i < end; i += VEC_WORDS) {
    const integers v = integers_load(value + i);
    UMBRA_UNROLL
    for (int l = 0; l < limbs; l++) {
      __builtin_prefetch(to[l].data + i + WORDS_AHEAD, 1);
      vec_store(to[l].data + i, integers_lift(v, &to[l].by, shifted));
    }
  }
}

typedef struct lift_job {
  const umbra_device *device;
  const umbra_view *dst;
  const int64_t *value;
  uint32_t shift, limbs, groups, stretches; /* groups: of limbs */
} lift_job;

static void lift_group(const lift_job *job, uint32_t poly, uint32_t limb, size_t first, size_t end) {
  const int64_t *value = job->value + (size_t)poly * job->device->n;
  const int count = job->limbs - limb < TOGETHER ? (int)(job->limbs - limb) : TOGETHER;
  lifted to[TOGETHER];
  for (int l = 0; l < count; l++) {
    const umbra_cpu_limb at = umbra_cpu_limb_at(job->device, job->dst, poly, limb + (uint32_t)l);
    to[l] = (lifted){at.data, lifting_set(at.prime->q, job->shift)};
  }
  if (job->shift) {
    for (int l = 0; l < count; l++) lift(&to[l], 1, 1, value, first, end);
    return;
  }
  switch (count) {
    case 1: lift(to, 1, 0, value, first, end); break;
    case 2: lift(to, 2, 0, value, first, end); break;
    case 3: lift(to, 3, 0, value, first, end); break;
    case 4: lift(to, 4, 0, value, first, end); break;
  }
}

static void lift_item(const void *data, uint32_t item) {
  const lift_job *job = data;
  const size_t size = job->device->n / job->stretches, first = item % job->stretches * size;
  const uint32_t group = item / job->stretches;
  lift_group(job, group / job->groups, group % job->groups * TOGETHER, first, first + size);
}

void UMBRA_CPU_NAME(from_i64)(umbra_stream *stream, const umbra_view *dst, const int64_t *value, uint32_t shift) {
  const umbra_device *device = stream->device;
  const uint32_t limbs = umbra_view_limbs(dst), groups = (limbs + TOGETHER - 1) / TOGETHER;
  const uint32_t stretches = device->n > STRETCH ? device->n / STRETCH : 1;
  umbra_cpu_parallel(device, dst->polys * groups * stretches, (size_t)device->n * dst->polys * limbs, lift_item,
                     &(lift_job){device, dst, value, shift, limbs, groups, stretches});
}
