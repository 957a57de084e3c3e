/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that is registered, for the life of the process. */
typedef struct job {
  struct job *next;
  const bench_kernel *kernel;
  const bench_setting *setting;
  uint32_t shape;
} job;

static job *jobs;
static bench_kernel_rig current;

/* ---- the rig ---- */

static umbra_status side_open(bench_side *side, const char *backend, const bench_kernel_rig *rig) {
  side->kernels = umbra_kernels_get(backend);
  umbra_status status =
      side->kernels->device_open(&side->device, &rig->ring, &(umbra_device_options){.threads = rig->setting->threads});
  if (status == UMBRA_OK) status = side->kernels->stream_create(&side->stream, side->device);
  void *memory = NULL;
  if (status == UMBRA_OK) status = side->kernels->alloc(side->device, &memory, rig->capacity * sizeof(uint32_t));
  side->memory = memory;
  return status;
}

static void side_close(bench_side *side, size_t capacity) {
  if (side->memory) side->kernels->release(side->device, side->memory, capacity * sizeof(uint32_t));
  if (side->stream) side->kernels->stream_destroy(side->stream);
  if (side->device) side->kernels->device_close(side->device);
}

/* The largest call is the inner product: digits, keys, result and what it is added to. */
static size_t largest_call(const umbra_chain *chain) {
  const size_t polys = 3 * (size_t)chain->digits + 4;
  return polys * umbra_chain_primes(chain) << chain->log_n;
}

static void rig_close(void) {
  side_close(&current.tested, current.capacity);
  side_close(&current.oracle, current.capacity);
  umbra_params_destroy(current.params);
  current = (bench_kernel_rig){0};
}

void bench_kernels_close(void) {
  rig_close();
  while (jobs) {
    job *next = jobs->next;
    free(jobs);
    jobs = next;
  }
}

static umbra_status rig_open(const bench_setting *setting) {
  if (current.setting == setting) return UMBRA_OK;
  rig_close();
  current = (bench_kernel_rig){.setting = setting, .params = bench_params(setting)};
  const umbra_chain *chain = &current.params->chain;
  current.ring = (umbra_ring_desc){.log_n = chain->log_n, .primes = umbra_chain_primes(chain)};
  memcpy(current.ring.prime, chain->prime, sizeof current.ring.prime);
  current.capacity = largest_call(chain);
  umbra_status status = side_open(&current.tested, setting->backend, &current);
  if (status == UMBRA_OK) status = side_open(&current.oracle, "ref", &current);
  if (status != UMBRA_OK) current.setting = NULL; /* tried anew for the next benchmark */
  return status;
}

/* ---- operands ---- */

/* splitmix64 */
uint64_t bench_draw(bench_kernel_rig *rig) {
  uint64_t z = rig->random += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

static uint32_t draw_residue(bench_kernel_rig *rig, uint32_t q) {
  return (uint32_t)((bench_draw(rig) >> 32) * q >> 32);
}

uint32_t *bench_words(bench_kernel_rig *rig, size_t words) {
  uint32_t *memory = rig->oracle.memory + rig->used;
  rig->used += (words + 15) / 16 * 16;
  return memory;
}

/* Prime of a limb of a shape. */
static uint32_t prime_of(const bench_kernel_rig *rig, const umbra_view *shape, uint32_t limb) {
  const umbra_run *run = shape->run;
  for (; limb >= run->count; run++) limb -= run->count;
  return rig->ring.prime[run->prime + limb];
}

umbra_view bench_residues(bench_kernel_rig *rig, const umbra_view *shape, uint32_t polys) {
  const size_t n = (size_t)1 << rig->ring.log_n;
  const uint32_t limbs = umbra_view_limbs(shape);
  umbra_view view = *shape;
  view.polys = polys;
  view.stride = limbs * n;
  uint32_t *data = bench_words(rig, polys * view.stride);
  for (size_t i = 0; i < polys * limbs * n; i++)
    data[i] = draw_residue(rig, prime_of(rig, shape, (uint32_t)(i / n % limbs)));
  for (int r = 0; r < UMBRA_MAX_RUNS; data += view.run[r++].count * n) view.run[r].data = data;
  return view;
}

void bench_constants(bench_kernel_rig *rig, uint32_t *c, const umbra_view *shape) {
  for (uint32_t limb = 0; limb < umbra_view_limbs(shape); limb++)
    c[limb] = draw_residue(rig, prime_of(rig, shape, limb));
}

umbra_view bench_primes(uint32_t first, uint32_t count) {
  return (umbra_view){.run = {{.prime = (uint16_t)first, .count = (uint16_t)count}}};
}

umbra_view bench_shape(const bench_kernel_rig *rig, uint32_t shape) {
  const umbra_chain *chain = &rig->params->chain;
  const umbra_window top = chain->window[chain->levels - 1];
  if (shape == BENCH_ONE) return bench_primes(umbra_window_end(top) - 1, 1);
  if (shape == BENCH_AUX) return bench_primes(umbra_chain_aux(chain), chain->auxes);
  umbra_view view = bench_primes(top.first, top.count);
  if (shape == BENCH_KEY)
    view.run[1] = (umbra_run){.prime = (uint16_t)umbra_chain_aux(chain), .count = (uint16_t)chain->auxes};
  return view;
}

/* ---- both sides ---- */

static void move_view(umbra_view *view, const uint32_t *from, uint32_t *to) {
  for (int r = 0; r < UMBRA_MAX_RUNS; r++)
    if (view->run[r].count) view->run[r].data = to + (view->run[r].data - from);
}

/* The call with its operands at the same places of another memory. */
static void move_call(bench_call *call, const uint32_t *from, uint32_t *to) {
  move_view(&call->dst, from, to);
  move_view(&call->a, from, to);
  move_view(&call->b, from, to);
  move_view(&call->init, from, to);
  for (uint32_t j = 0; j < call->digits; j++) move_view(&call->digit[j], from, to);
  if (call->words) call->words = to + (call->words - from);
}

static umbra_status conversion_open(bench_side *side, const bench_call *call) {
  if (!call->desc.sources) return UMBRA_OK;
  return side->kernels->conversion_create(&side->conversion, side->device, &call->desc);
}

static void conversion_close(bench_side *side) {
  side->kernels->conversion_destroy(side->conversion);
  side->conversion = NULL;
}

/* Whether the used words of both sides are equal. */
static int equal_memory(const bench_kernel_rig *rig) {
  enum { WORDS = 1 << 14 };
  uint32_t part[WORDS];
  const bench_side *tested = &rig->tested;
  for (size_t at = 0; at < rig->used; at += WORDS) {
    const size_t bytes = (rig->used - at < WORDS ? rig->used - at : WORDS) * sizeof *part;
    tested->kernels->download(tested->stream, part, tested->memory + at, bytes);
    if (tested->kernels->wait(tested->stream) != UMBRA_OK) return 0;
    if (memcmp(part, rig->oracle.memory + at, bytes) != 0) return 0;
  }
  return 1;
}

/* The tested side gets the operands, which lie on the oracle's. */
static void upload(const bench_kernel_rig *rig) {
  const bench_side *side = &rig->tested;
  side->kernels->upload(side->stream, side->memory, rig->oracle.memory, rig->used * sizeof(uint32_t));
}

/* One more call on both sides, from the same operands. */
static int conforms(const bench_kernel_rig *rig, const bench_kernel *kernel, const bench_call *tested,
                    const bench_call *oracle) {
  const bench_side *side = &rig->tested;
  upload(rig);
  kernel->invoke(side, tested);
  kernel->invoke(&rig->oracle, oracle);
  return side->kernels->wait(side->stream) == UMBRA_OK && equal_memory(rig);
}

/* ---- one benchmark ---- */

static void count(bench_state *state, const bench_kernel_rig *rig, const bench_call *call) {
  double log_q = 0;
  for (uint32_t limb = 0; limb < umbra_view_limbs(&call->shape); limb++)
    log_q += log2(prime_of(rig, &call->shape, limb));
  bench_counter(state, "n", (double)(1u << rig->ring.log_n));
  bench_counter(state, "limbs", umbra_view_limbs(&call->shape));
  bench_counter(state, "log_q", log_q);
  bench_counter(state, "polys", call->dst.polys);
}

static void time_kernel(bench_state *state, bench_kernel_rig *rig, const bench_kernel *kernel, bench_call *oracle,
                        bench_call *tested) {
  const bench_side *side = &rig->tested;
  kernel->prepare(rig, oracle);
  *tested = *oracle;
  move_call(tested, rig->oracle.memory, side->memory);
  upload(rig);
  if (conversion_open(&rig->tested, oracle) == UMBRA_OK && conversion_open(&rig->oracle, oracle) == UMBRA_OK) {
    while (bench_next(state)) {
      kernel->invoke(side, tested);
      (void)side->kernels->wait(side->stream);
    }
    if (!conforms(rig, kernel, tested, oracle)) bench_fail(state, "the result differs from that of ref");
  } else {
    bench_fail(state, "no base conversion");
  }
  conversion_close(&rig->tested);
  conversion_close(&rig->oracle);
  count(state, rig, oracle);
}

static void run(bench_state *state, const void *argument) {
  const job *j = argument;
  if (rig_open(j->setting) != UMBRA_OK) {
    bench_fail(state, "no device");
    return;
  }
  bench_call *calls = calloc(2, sizeof *calls);
  if (!calls) {
    bench_fail(state, "out of memory");
    return;
  }
  current.used = 0;
  calls[0].shape = bench_shape(&current, j->shape);
  time_kernel(state, &current, j->kernel, &calls[0], &calls[1]);
  free(calls);
}

static void register_shape(const bench_kernel *kernel, const bench_setting *setting, uint32_t shape,
                           const char *shape_name) {
  char name[160];
  job *made = malloc(sizeof *made);
  if (!made) return;
  *made = (job){.next = jobs, .kernel = kernel, .setting = setting, .shape = shape};
  jobs = made;
  snprintf(name, sizeof name, "%s/params:%s/primes:%s/backend:%s/threads:%u", kernel->name, setting->params, shape_name,
           setting->backend, setting->threads);
  bench_register(name, run, made);
}

void bench_kernel_register(const bench_kernel *kernel, const bench_setting *setting) {
  static const char *const shape_name[BENCH_SHAPES] = {"one", "aux", "level", "key"};
  for (int i = 0; i < BENCH_SHAPES; i++)
    if (kernel->shapes >> i & 1) register_shape(kernel, setting, 1u << i, shape_name[i]);
}
