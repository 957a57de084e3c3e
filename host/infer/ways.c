/* SPDX-License-Identifier: Apache-2.0 */
/* All ways to compute a program that this version knows. Each runs dry, by the same code as a real run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <umbra/matrix_ops.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/dry.h"
#include "../linalg/matrix.h"
#include "../nn/feature_map.h"
#include "network.h"
#include "plan.h"

enum {
  MOST_WAYS = 96,
  MOST_KEYLESS = 2,
  HALVINGS = 2,
  WHY = 256,
  MOST_BITS = 1 << 12, /* of a modulus; the largest ring has fewer */
  MOST_LEVELS = 24     /* of a network beyond which refreshes are tried, too */
};

void umbra_way_clear(umbra_way *way) {
  umbra_key_needs_destroy(way->needs);
  umbra_params_destroy(way->params);
  umbra_free(way->levels);
  *way = (umbra_way){0};
}

size_t umbra_way_columns(const umbra_way *way, size_t elements) {
  return way->image.channels ? (size_t)umbra_feature_positions(&way->image) : elements;
}

/* ---- one way ---- */

/* How often a run does the same: images come one after the other, so that one stands for all. */
static size_t repeats_of(const umbra_way *way) { return way->image.channels ? way->report.records : 1; }

typedef struct trial {
  umbra_way *way;
  umbra_inference_layer *layers; /* of each step, whose levels and seconds are set; or NULL */
  double seconds;                /* of those before */
  umbra_context *context;
  umbra_evaluator *evaluator;
  umbra_inference *network;
  umbra_matrix *values;
} trial;

static umbra_status open_trial(trial *t, const umbra_program *program, const char *machine) {
  const umbra_way *way = t->way;
  UMBRA_TRY(umbra_dry_open(&t->context, way->params, way->target));
  if (machine) UMBRA_TRY(umbra_context_cost_machine(t->context, machine));
  UMBRA_TRY(umbra_evaluator_create(&t->evaluator, t->context, NULL));
  UMBRA_TRY(umbra_network_make(&t->network, t->context, program, way, NULL));
  return umbra_dry_matrix(&t->values, t->context, way->report.records / repeats_of(way),
                          umbra_way_columns(way, program->input_count), UMBRA_TOP_LEVEL, 1, &way->layout);
}

static void close_trial(trial *t) {
  umbra_matrix_destroy(t->values);
  umbra_inference_destroy(t->network);
  umbra_evaluator_destroy(t->evaluator);
  umbra_context_destroy(t->context);
}

static umbra_status note_layer(void *user, size_t step, int refreshed, uint32_t level) {
  trial *t = user;
  umbra_inference_layer *layer = &t->layers[step];
  umbra_cost cost = {UMBRA_COST_INIT};
  UMBRA_TRY(umbra_context_cost(t->context, &cost));
  *(refreshed ? &layer->refreshed_level : &layer->result_level) = level;
  *(refreshed ? &layer->refresh_seconds : &layer->seconds) = cost.seconds - t->seconds;
  t->seconds = cost.seconds;
  return UMBRA_OK;
}

/* The values become the results. */
static umbra_status run_trial(trial *t, umbra_cost *cost) {
  umbra_inference_report *report = &t->way->report;
  const umbra_step_observer observer = {.told = note_layer, .user = t};
  report->ciphertexts = umbra_matrix_ciphertexts(t->values);
  report->batch_bytes = umbra_matrix_bytes(t->values);
  report->weight_bytes = umbra_inference_bytes(t->network);
  UMBRA_TRY(umbra_context_cost_begin(t->context));
  UMBRA_TRY(umbra_network_run(t->evaluator, &t->values, t->values, t->network, t->layers ? &observer : NULL));
  t->way->results = umbra_matrix_ciphertexts(t->values) * repeats_of(t->way);
  t->way->result_level = umbra_matrix_level(t->values);
  t->way->result_slots = t->values->layout.slots;
  UMBRA_TRY(umbra_context_cost(t->context, cost));
  UMBRA_TRY(umbra_context_reference_seconds(t->context, &report->seconds, t->way->target));
  if (!t->way->needs) UMBRA_TRY(umbra_key_needs_create(&t->way->needs, t->way->params));
  return umbra_context_needs(t->context, t->way->needs);
}

/* Records that wait, and their results, are there while one of them is computed. */
static void repeat(const trial *t, umbra_cost *cost, size_t steps) {
  umbra_inference_report *report = &t->way->report;
  const size_t count = repeats_of(t->way);
  const uint64_t waiting = (count - 1) * (report->batch_bytes + umbra_matrix_bytes(t->values));
  cost->key_switches *= count;
  cost->ephemeral_switches *= count;
  cost->products *= count;
  cost->kernel_calls *= count;
  cost->kernel_bytes *= count;
  cost->uploaded_bytes *= count;
  cost->downloaded_bytes *= count;
  cost->launches *= count;
  cost->memory_bytes *= count;
  cost->seconds *= (double)count;
  cost->working_bytes += waiting;
  cost->peak_bytes += waiting;
  cost->device_bytes += waiting;
  report->seconds *= (double)count;
  report->ciphertexts *= count;
  report->batch_bytes *= count;
  for (size_t i = 0; t->layers && i < steps; i++) {
    t->layers[i].seconds *= (double)count;
    t->layers[i].refresh_seconds *= (double)count;
  }
}

static void fill_report(trial *t, const umbra_cost *cost, const umbra_program *program) {
  umbra_inference_report *report = &t->way->report;
  report->depth = umbra_program_depth(program);
  report->refreshes = umbra_way_refreshes(t->way, program);
  report->stride = (uint32_t)umbra_layout_records(&t->way->layout);
  report->slots = t->way->layout.slots;
  report->symmetric = !umbra_params_has_public_key(t->way->params);
  report->keys = umbra_key_needs_count(t->way->needs);
  report->key_bytes = umbra_key_needs_bytes(t->way->needs);
  report->peak_bytes = cost->peak_bytes;
  report->weights = t->way->weights;
}

umbra_status umbra_way_measure(umbra_way *way, umbra_cost *cost, umbra_inference_layer *layers,
                               const umbra_program *program, const char *machine) {
  trial t = {.way = way, .layers = layers};
  *cost = (umbra_cost){UMBRA_COST_INIT};
  umbra_status status = way->levels ? UMBRA_OK : umbra_way_find_levels(way, program);
  if (status == UMBRA_OK) status = open_trial(&t, program, machine);
  if (status == UMBRA_OK) status = run_trial(&t, cost);
  if (status == UMBRA_OK) {
    repeat(&t, cost, program->step_count);
    fill_report(&t, cost, program);
  }
  close_trial(&t);
  return status;
}

/* ---- candidates ---- */

typedef struct list {
  umbra_way way[MOST_WAYS];
  size_t count;
  const umbra_program *program;
  const umbra_inference_options *options;
  double weight_bound;
} list;

static void add_way(list *l, const umbra_way *way) {
  if (l->count == MOST_WAYS) return;
  l->way[l->count] = *way;
  l->way[l->count].params = umbra_params_share(way->params);
  l->way[l->count].report = (umbra_inference_report){UMBRA_INFERENCE_REPORT_INIT, .records = l->options->records};
  l->way[l->count].order = l->count;
  l->count++;
}

static void add_layout(list *l, umbra_way way, umbra_matrix_order order, uint32_t stride, uint32_t slots) {
  way.layout =
      (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = order, .stride = stride, .slots = slots, .group = 1};
  if (umbra_layout_parts(&way.layout, l->options->records, l->program->input_count) <= UMBRA_WAY_MOST_CIPHERTEXTS)
    add_way(l, &way);
}

/*
 * A ciphertext an element, with one slot for a record or, if there are records for an eighth of all slots, with so many
 * that all are in use; and, where there are keys at the top, several elements in one.
 */
static void add_matrices(list *l, const umbra_way *way) {
  const umbra_params *params = way->params;
  const uint64_t most = umbra_params_slots(params), records = umbra_power_above(l->options->records);
  const uint32_t stride = umbra_max_u32(1, (uint32_t)(records < most ? records : most));
  add_layout(l, *way, UMBRA_MATRIX_BY_COLUMNS, stride, stride);
  if (way->weights == UMBRA_WEIGHTS_PLAIN && stride < most && most / stride <= UMBRA_MATRIX_MAX_GROUP)
    add_layout(l, *way, UMBRA_MATRIX_INTERLEAVED, (uint32_t)(most / stride), (uint32_t)most);
  if (umbra_params_keyed_level(params) < umbra_params_depth(params)) return;
  const uint64_t all = stride * umbra_power_above(l->program->input_count), widest = all < most ? all : most;
  for (int i = 0; i <= HALVINGS && widest >> i > stride; i++)
    add_layout(l, *way, UMBRA_MATRIX_BY_COLUMNS, stride, (uint32_t)(widest >> i));
}

/* Convolutions encoded beforehand or, if that takes too much memory, at use. */
static void add_images(list *l, umbra_way way) {
  const umbra_image *image = &l->program->image;
  way.image = (umbra_feature_layout){UMBRA_FEATURE_LAYOUT_INIT, .channels = image->channels, .height = image->height,
                                     .width = image->width};
  if (umbra_params_keyed_level(way.params) < umbra_params_depth(way.params) ||
      umbra_feature_layout_choose(&way.image, umbra_params_slots(way.params)) != UMBRA_OK)
    return;
  way.layout = umbra_feature_row_layout(&way.image);
  if (umbra_layout_parts(&way.layout, l->options->records, umbra_way_columns(&way, l->program->input_count)) >
      UMBRA_WAY_MOST_CIPHERTEXTS)
    return;
  add_way(l, &way);
  way.encode = UMBRA_TRANSFORM_AT_USE;
  add_way(l, &way);
}

/* Without refreshes or, if there are too few levels, with those of both orders. */
static void add_layouts(list *l, umbra_params *params) {
  const int enough = umbra_program_depth(l->program) <= umbra_params_depth(params);
  const int last = enough ? UMBRA_BOOTSTRAP_STANDARD : UMBRA_BOOTSTRAP_STC_FIRST;
  if (!enough && l->options->without_refreshes) return;
  for (int order = UMBRA_BOOTSTRAP_STANDARD; order <= last; order++) {
    const umbra_way way = {.params = params,
                           .refresh = (umbra_bootstrap_order)order,
                           .target = l->options->target,
                           .weights = l->options->weights,
                           .weight_bound = l->weight_bound};
    if (l->program->image.channels) add_images(l, way);
    else add_matrices(l, &way);
  }
}

/* With so many levels without keys, which let a ring be smaller. No such set: adds nothing. */
static umbra_status add_set(list *l, uint32_t scale_bits, uint32_t keyless) {
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = umbra_program_depth(l->program),
                            .keyless_levels = keyless};
  umbra_params *params = NULL;
  need.scale_bits = scale_bits;
  if ((uint64_t)need.depth * scale_bits > MOST_BITS) return UMBRA_OK;
  const umbra_status status = umbra_params_from_need(&params, &need);
  if (status == UMBRA_OK && (l->options->symmetric || umbra_params_has_public_key(params))) add_layouts(l, params);
  umbra_params_destroy(params);
  return status == UMBRA_ERROR_OUT_OF_MEMORY ? status : UMBRA_OK;
}

/* With refreshes between steps. */
static umbra_status add_presets(list *l) {
  static const char *const presets[] = {"boot-64k-40", "boot-64k-35", "boot-64k-50", "boot-32k"};
  const uint32_t wanted = l->options->scale_bits;
  for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
    umbra_params *params = NULL;
    UMBRA_TRY(umbra_params_from_preset(&params, presets[i]));
    if (!wanted || wanted == umbra_params_scale_bits(params)) add_layouts(l, params);
    umbra_params_destroy(params);
  }
  return UMBRA_OK;
}

static int is_deep(const list *l) { return umbra_program_depth(l->program) > MOST_LEVELS; }

static umbra_status add_all(list *l) {
  static const uint32_t usual[] = {25, 30, 35, 40, 45, 50}, precise[] = {35, 40, 45, 50, 55, 60};
  enum { SCALES = sizeof usual / sizeof *usual };
  const uint32_t *scales = l->options->disclosure ? precise : usual; /* noise hides errors above which bits are left */
  const uint32_t depth = umbra_program_depth(l->program), wanted = l->options->scale_bits;
  if (l->options->params) {
    umbra_params *params = umbra_params_share(l->options->params);
    add_layouts(l, params);
    umbra_params_destroy(params);
    return UMBRA_OK;
  }
  for (size_t i = 0; i < (wanted ? 1 : SCALES); i++)
    for (uint32_t keyless = 0; keyless <= MOST_KEYLESS && keyless < depth; keyless++)
      UMBRA_TRY(add_set(l, wanted ? wanted : scales[i], keyless));
  return is_deep(l) && !l->options->without_refreshes ? add_presets(l) : UMBRA_OK;
}

/* ---- which of them ---- */

/* Diagonals that are encoded ahead leave a sixteenth: what a process takes in all varies by a twenty-fifth. */
static uint64_t memory_to_fill(const list *l) { return l->options->memory - l->options->memory / 16; }

/*
 * Memory that is left is for diagonals that are encoded ahead, blocks that are kept for reuse counted. Products with
 * these may take more room than those that encode: then fewer are, or none.
 */
static umbra_status fill_memory(umbra_way *way, umbra_cost *cost, const list *l) {
  const uint64_t memory = memory_to_fill(l);
  way->ahead = memory - cost->device_bytes;
  for (int tries = 2; tries > 0; tries--) {
    UMBRA_TRY(umbra_way_measure(way, cost, NULL, l->program, NULL));
    if (cost->device_bytes <= memory) return UMBRA_OK;
    const uint64_t beyond = cost->device_bytes - memory;
    way->ahead -= beyond < way->ahead ? beyond : way->ahead;
  }
  way->ahead = 0;
  return umbra_way_measure(way, cost, NULL, l->program, NULL);
}

static umbra_status try_way(umbra_way *way, const list *l) {
  umbra_cost cost;
  const uint64_t memory = l->options->memory;
  UMBRA_TRY(umbra_way_measure(way, &cost, NULL, l->program, NULL));
  if (memory && cost.device_bytes < memory_to_fill(l) && way->encode == UMBRA_TRANSFORM_AT_USE)
    return fill_memory(way, &cost, l);
  if (!memory || cost.peak_bytes <= memory) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "a network of %zu records takes %" PRIu64 " bytes, and memory is %" PRIu64,
                    l->options->records, cost.peak_bytes, memory);
}

int umbra_way_is_left_out(umbra_status status) {
  return status == UMBRA_ERROR_NO_LEVEL || status == UMBRA_ERROR_RANGE || status == UMBRA_ERROR_MISSING_KEY ||
         status == UMBRA_ERROR_UNSUPPORTED;
}

/* Encoding at use is for what does not fit otherwise. */
static int is_needless(const list *l, size_t kept, size_t i) {
  return l->way[i].encode == UMBRA_TRANSFORM_AT_USE && kept && l->way[kept - 1].order + 1 == l->way[i].order;
}

/* Those that can be done take the place of all. If there is none, the first of them tells why. */
static umbra_status keep_possible(list *l, umbra_watch *watch) {
  umbra_status first = UMBRA_OK;
  char why[WHY] = "";
  size_t kept = 0;
  for (size_t i = 0; i < l->count; i++) {
    UMBRA_TRY(umbra_watch_step(watch, i, l->count));
    const umbra_status status = is_needless(l, kept, i) ? UMBRA_ERROR_UNSUPPORTED : try_way(&l->way[i], l);
    if (status != UMBRA_OK && !umbra_way_is_left_out(status)) return status;
    if (status != UMBRA_OK && first == UMBRA_OK) {
      first = status;
      snprintf(why, sizeof why, "%s", umbra_last_error());
    }
    umbra_way way = l->way[i];
    l->way[i] = (umbra_way){0};
    if (status == UMBRA_OK) l->way[kept++] = way;
    else umbra_way_clear(&way);
  }
  if (!kept)
    return umbra_fail(first, "no way to compute a network of %u levels: %s", umbra_program_depth(l->program), why);
  l->count = kept;
  return UMBRA_OK;
}

static int by_seconds(const void *left, const void *right) {
  const umbra_way *a = left, *b = right;
  if (a->report.seconds != b->report.seconds) return a->report.seconds < b->report.seconds ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

static umbra_status no_way(const list *l) {
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "the network takes %u levels, which no ring has at 128 bits of security, or %zu records of %zu "
                    "elements take more than %d ciphertexts",
                    umbra_program_depth(l->program), l->options->records, l->program->input_count,
                    UMBRA_WAY_MOST_CIPHERTEXTS);
}

static umbra_status keep_any(list *l, umbra_watch *watch) { return l->count ? keep_possible(l, watch) : no_way(l); }

/* Where no chain of primes has the levels, or none with room in memory, with refreshes. Both fail: why the first did. */
static umbra_status find_possible(list *l, umbra_watch *watch) {
  char why[2 * WHY];
  UMBRA_TRY(add_all(l));
  const size_t tried = l->count;
  const umbra_status first = keep_any(l, watch);
  if (l->options->params || l->options->without_refreshes || is_deep(l) || !umbra_way_is_left_out(first)) return first;
  snprintf(why, sizeof why, "%s", umbra_last_error());
  l->count = 0;
  UMBRA_TRY(add_presets(l));
  const umbra_status refreshed = keep_any(l, watch);
  return tried && umbra_way_is_left_out(refreshed) ? umbra_fail(first, "%s", why) : refreshed;
}

static umbra_status find(list *l, umbra_watch *watch) {
  UMBRA_TRY(find_possible(l, watch));
  qsort(l->way, l->count, sizeof *l->way, by_seconds);
  return UMBRA_OK;
}

umbra_status umbra_ways_find(umbra_way **ways, size_t *count, const umbra_program *program,
                             const umbra_inference_options *options, umbra_watch *watch) {
  list *l;
  UMBRA_TRY(umbra_alloc(&l, 1, sizeof *l, "ways to compute a network"));
  l->program = program;
  l->options = options;
  if (options->weights == UMBRA_WEIGHTS_ENCRYPTED) l->weight_bound = umbra_encrypted_bound(program);
  umbra_status status = find(l, watch);
  if (status == UMBRA_OK) status = umbra_copy_bytes(ways, l->way, l->count, sizeof *l->way);
  if (status == UMBRA_OK) *count = l->count;
  for (size_t i = 0; status != UMBRA_OK && i < l->count; i++) umbra_way_clear(&l->way[i]);
  umbra_free(l);
  return status;
}
