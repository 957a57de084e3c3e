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
  uint32_t rounds; /* of a batch of calls; 0: not chosen yet. All repetitions must have the same. */
} job;

/* Calls between two looks at the clock of a device: in one round at least, and in all for at least that long. */
enum { LEAST_CALLS = 8, MOST_ROUNDS = 64 };
static const double least_seconds = 4e-3;

static job *jobs;
static bench_kernel_rig current;
static bench_conversion conversion[UMBRA_MAX_DIGITS]; /* of the present call */

/* ---- the rig ---- */

static umbra_status side_open(bench_side *side, const char *backend, const bench_kernel_rig *rig, size_t words) {
  side->kernels = umbra_kernels_get(backend);
  side->words = words;
  umbra_status status =
      side->kernels->device.open(&side->device, &rig->ring, &(umbra_device_options){.threads = rig->setting->threads});
  if (status == UMBRA_OK) status = side->kernels->stream.create(&side->stream, side->device);
  void *memory = NULL;
  if (status == UMBRA_OK) status = side->kernels->memory.alloc(side->device, &memory, words * sizeof(uint32_t));
  side->memory = memory;
  return status;
}

static void side_close(bench_side *side) {
  if (side->memory) side->kernels->memory.release(side->device, side->memory, side->words * sizeof(uint32_t));
  if (side->stream) side->kernels->stream.destroy(side->stream);
  if (side->device) side->kernels->device.close(side->device);
}

/* Words of the largest call: inner_products with its digits, keys, results and what they are added to, a sum, or gemm. */
static size_t largest_call(const umbra_chain *chain) {
  const size_t digits = chain->digits, inner = digits + 2 * (digits + 1) * BENCH_ROTATIONS + 2, sum = 40;
  const size_t polys = inner > sum ? inner : sum, limbs = umbra_chain_primes(chain);
  const size_t matrix = BENCH_ROWS * BENCH_COLUMNS, gemm = BENCH_ROWS + BENCH_COLUMNS + (matrix >> chain->log_n) + 1;
  return (polys * limbs > gemm ? polys * limbs : gemm) << chain->log_n;
}

static void rig_close(void) {
  side_close(&current.tested);
  side_close(&current.oracle);
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
  const size_t words = largest_call(chain), rotated = setting->rotate / sizeof(uint32_t);
  umbra_status status = side_open(&current.tested, setting->backend, &current, words + rotated);
  if (status == UMBRA_OK) status = side_open(&current.oracle, "ref", &current, words);
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

/* Positions of the limbs of a shape. */
static uint32_t positions_of(uint16_t *position, const umbra_view *shape) {
  uint32_t count = 0;
  for (const umbra_run *run = shape->run; run < shape->run + UMBRA_MAX_RUNS; run++)
    for (uint32_t i = 0; i < run->count; i++) position[count++] = (uint16_t)(run->prime + i);
  return count;
}

umbra_view bench_primes(uint32_t first, uint32_t count) {
  return (umbra_view){.run = {{.prime = (uint16_t)first, .count = (uint16_t)count}}, .polys = 1};
}

umbra_view bench_polys(const umbra_view *view, uint32_t first, uint32_t count) {
  umbra_view part = *view;
  part.polys = count;
  for (int r = 0; r < UMBRA_MAX_RUNS; r++)
    if (part.run[r].count) part.run[r].data += first * view->stride;
  return part;
}

void bench_convert_between(bench_kernel_rig *rig, const umbra_view *from, const umbra_view *to, int exact) {
  bench_conversion *c = &conversion[rig->conversions++];
  const uint32_t sources = positions_of(c->source, from), targets = positions_of(c->target, to);
  c->desc = (umbra_conversion_desc){sources, targets, c->source, c->target, c->factor, c->product, exact};
  for (uint32_t t = 0; t < targets; t++)
    for (uint32_t i = 0; i < sources; i++)
      c->factor[t * sources + i] = draw_residue(rig, rig->ring.prime[c->target[t]]);
  bench_constants(rig, c->product, to);
}

/* The largest power of two of limbs of the view that is at most 64, and as many polynomials as give 64 limbs in all. */
static umbra_view cut_to_64(umbra_view view) {
  uint32_t limbs = 64;
  while (limbs > umbra_view_limbs(&view)) limbs /= 2;
  view.polys = 64 / limbs;
  for (int r = 0; r < UMBRA_MAX_RUNS; r++) {
    if (view.run[r].count > limbs) view.run[r].count = (uint16_t)limbs;
    limbs -= view.run[r].count;
  }
  return view;
}

umbra_view bench_shape(const bench_kernel_rig *rig, uint32_t shape) {
  const umbra_chain *chain = &rig->params->chain;
  const umbra_window top = chain->window[chain->levels - 1];
  if (shape == BENCH_ONE) return bench_primes(umbra_window_end(top) - 1, 1);
  if (shape == BENCH_AUX) return bench_primes(umbra_chain_aux(chain), chain->auxes);
  umbra_view view = bench_primes(top.first, top.count);
  if (shape == BENCH_LEVEL) return view;
  view.run[1] = (umbra_run){.prime = (uint16_t)umbra_chain_aux(chain), .count = (uint16_t)chain->auxes};
  return shape == BENCH_64 ? cut_to_64(view) : view;
}

/* ---- both sides ---- */

static void move_view(umbra_view *view, const uint32_t *from, uint32_t *to) {
  for (int r = 0; r < UMBRA_MAX_RUNS; r++)
    if (view->run[r].count) view->run[r].data = to + (view->run[r].data - from);
}

/* The call's operands, which lie at `from`, are now those at the same places of other memory. */
static void move_call(bench_call *call, const uint32_t *from, uint32_t *to) {
  move_view(&call->dst, from, to);
  move_view(&call->a, from, to);
  move_view(&call->b, from, to);
  move_view(&call->init, from, to);
  for (uint32_t j = 0; j < call->digits; j++) move_view(&call->digit[j], from, to);
  for (uint32_t r = 0; r < call->rotations; r++) move_view(&call->key[r], from, to);
  if (call->words) call->words = to + (call->words - from);
}

static int conversions_open(bench_side *side, uint32_t count) {
  umbra_status status = UMBRA_OK;
  for (uint32_t j = 0; j < count && status == UMBRA_OK; j++)
    status = side->kernels->conversion_create(&side->conversion[j], side->device, &conversion[j].desc);
  return status == UMBRA_OK;
}

static void conversions_close(bench_side *side) {
  for (int j = 0; j < UMBRA_MAX_DIGITS; j++) {
    side->kernels->conversion_destroy(side->conversion[j]);
    side->conversion[j] = NULL;
  }
}

/* Whether the used words of both sides are equal. */
static int equal_memory(const bench_kernel_rig *rig) {
  enum { WORDS = 1 << 14 };
  uint32_t part[WORDS];
  const bench_side *tested = &rig->tested;
  for (size_t at = 0; at < rig->used; at += WORDS) {
    const size_t bytes = (rig->used - at < WORDS ? rig->used - at : WORDS) * sizeof *part;
    tested->kernels->memory.download(tested->stream, part, tested->memory + at, bytes);
    if (tested->kernels->stream.wait(tested->stream) != UMBRA_OK) return 0;
    if (memcmp(part, rig->oracle.memory + at, bytes) != 0) return 0;
  }
  return 1;
}

/* A copy of the operands, which lie on the oracle's side, for the tested one. */
static void upload(const bench_kernel_rig *rig, uint32_t *to) {
  const bench_side *side = &rig->tested;
  side->kernels->memory.upload(side->stream, to, rig->oracle.memory, rig->used * sizeof *to);
}

/* One more call on both sides, from the same operands. */
static int conforms(const bench_kernel_rig *rig, const bench_kernel *kernel, const bench_call *tested,
                    const bench_call *oracle) {
  const bench_side *side = &rig->tested;
  upload(rig, side->memory);
  kernel->invoke(side, tested);
  kernel->invoke(&rig->oracle, oracle);
  return side->kernels->stream.wait(side->stream) == UMBRA_OK && equal_memory(rig);
}

/* ---- time ---- */

static void time_calls(bench_state *state, const bench_side *side, const bench_kernel *kernel, const bench_call *call) {
  while (bench_next(state, 1)) {
    const double start = bench_clock();
    kernel->invoke(side, call);
    (void)side->kernels->stream.wait(side->stream);
    bench_time(state, bench_clock() - start);
  }
}

/* What is enqueued between two looks at the device's clock: `rounds` times `calls` calls, on one copy after another. */
typedef struct batch {
  const bench_kernel_rig *rig;
  const bench_kernel *kernel;
  bench_call *call; /* its operands are those of the first copy */
  uint32_t copies, calls, rounds;
  umbra_graph *graph; /* of one round; NULL: the device does not record */
} batch;

static uint32_t *copy_of(const batch *b, uint32_t i) { return b->rig->tested.memory + i % b->copies * b->rig->used; }

static void enqueue_round(const batch *b) {
  for (uint32_t i = 0; i < b->calls; i++) {
    b->kernel->invoke(&b->rig->tested, b->call);
    move_call(b->call, copy_of(b, i), copy_of(b, i + 1));
  }
}

static double lap_of_batch(const batch *b) {
  const bench_side *side = &b->rig->tested;
  (void)side->kernels->trace.lap(side->stream);
  for (uint32_t i = 0; i < b->rounds; i++) {
    if (b->graph) side->kernels->record.replay(side->stream, b->graph);
    else enqueue_round(b);
  }
  return side->kernels->trace.lap(side->stream);
}

static umbra_status record_round(batch *b) {
  const bench_side *side = &b->rig->tested;
  if (!side->kernels->record.begin) return UMBRA_OK;
  const umbra_status status = side->kernels->record.begin(side->stream);
  if (status != UMBRA_OK) return status;
  enqueue_round(b);
  return side->kernels->record.end(side->stream, &b->graph);
}

static uint32_t choose_rounds(const batch *b) {
  const double warm = lap_of_batch(b);
  uint32_t rounds = 1;
  while (rounds < MOST_ROUNDS && rounds * warm < least_seconds) rounds *= 2;
  return rounds;
}

static void time_batches(bench_state *state, batch *b, uint32_t *rounds) {
  const bench_side *side = &b->rig->tested;
  b->copies = 1 + (uint32_t)(b->rig->setting->rotate / sizeof(uint32_t) / b->rig->used);
  b->calls = (LEAST_CALLS + b->copies - 1) / b->copies * b->copies;
  b->rounds = 1;
  for (uint32_t i = 1; i < b->copies; i++) upload(b->rig, copy_of(b, i));
  b->kernel->invoke(side, b->call); /* whatever a first call sets up cannot be recorded */
  if (record_round(b) != UMBRA_OK) {
    bench_fail(state, "the call cannot be recorded");
    return;
  }
  if (!*rounds) *rounds = choose_rounds(b);
  b->rounds = *rounds;
  for (const double start = bench_clock(); bench_clock() - start < b->rig->setting->warm;) (void)lap_of_batch(b);
  while (bench_next(state, b->calls * b->rounds)) {
    bench_time(state, lap_of_batch(b));
    if (side->kernels->stream.check(side->stream) == UMBRA_OK) continue;
    bench_fail(state, side->kernels->device.failure(side->device));
    break;
  }
  if (b->graph) side->kernels->record.destroy(b->graph);
  bench_counter(state, "copies", b->copies);
}

static void time_kernel(bench_state *state, bench_kernel_rig *rig, job *j, bench_call *call) {
  upload(rig, rig->tested.memory);
  if (!rig->tested.kernels->trace.lap) time_calls(state, &rig->tested, j->kernel, call);
  else time_batches(state, &(batch){.rig = rig, .kernel = j->kernel, .call = call}, &j->rounds);
}

/* ---- one benchmark ---- */

static void count_if_any(bench_state *state, const char *name, double value) {
  if (value > 0) bench_counter(state, name, value);
}

static void count_conversions(bench_state *state, const bench_kernel_rig *rig) {
  double sources = 0, targets = 0, products = 0;
  for (uint32_t j = 0; j < rig->conversions; j++) {
    sources += conversion[j].desc.sources;
    targets += conversion[j].desc.targets;
    products += (double)conversion[j].desc.sources * conversion[j].desc.targets;
  }
  count_if_any(state, "sources", sources);
  count_if_any(state, "targets", targets);
  count_if_any(state, "products", products);
}

static void count(bench_state *state, const bench_kernel_rig *rig, const bench_call *call) {
  double log_q = 0;
  for (uint32_t limb = 0; limb < umbra_view_limbs(&call->shape); limb++)
    log_q += log2(prime_of(rig, &call->shape, limb));
  bench_counter(state, "n", (double)(1u << rig->ring.log_n));
  bench_counter(state, "limbs", umbra_view_limbs(&call->shape));
  bench_counter(state, "log_q", log_q);
  bench_counter(state, "polys", call->dst.polys);
  count_if_any(state, "digits", call->digits);
  count_if_any(state, "rotations", call->rotations);
  count_if_any(state, "terms", call->terms);
  count_if_any(state, "rows", call->rows);
  count_if_any(state, "columns", call->columns);
  count_if_any(state, "init_limbs", umbra_view_limbs(&call->init) * call->init.polys);
  count_conversions(state, rig);
}

static void measure(bench_state *state, bench_kernel_rig *rig, job *j, bench_call *oracle, bench_call *tested) {
  j->kernel->prepare(rig, oracle);
  *tested = *oracle;
  move_call(tested, rig->oracle.memory, rig->tested.memory);
  if (conversions_open(&rig->tested, rig->conversions) && conversions_open(&rig->oracle, rig->conversions)) {
    time_kernel(state, rig, j, tested);
    if (!conforms(rig, j->kernel, tested, oracle)) bench_fail(state, "the result differs from that of ref");
  } else {
    bench_fail(state, "no base conversion");
  }
  conversions_close(&rig->tested);
  conversions_close(&rig->oracle);
  count(state, rig, oracle);
}

static void run(bench_state *state, void *argument) {
  job *j = argument;
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
  current.conversions = 0;
  calls[0].shape = bench_shape(&current, j->shape);
  measure(state, &current, j, &calls[0], &calls[1]);
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

/* Whether the backend has the kernel: all have those that are not fused. */
static int has_entry(const umbra_kernels *kernels, size_t entry) {
  void (*function)(void);
  memcpy(&function, (const char *)kernels + entry, sizeof function);
  return !entry || function;
}

void bench_kernel_register(const bench_kernel *kernel, const bench_setting *setting) {
  static const char *const shape_name[BENCH_SHAPES] = {"one", "aux", "level", "key", "64"};
  if (!has_entry(umbra_kernels_get(setting->backend), kernel->entry)) return;
  for (int i = 0; i < BENCH_SHAPES; i++)
    if (kernel->shapes >> i & 1) register_shape(kernel, setting, 1u << i, shape_name[i]);
}
