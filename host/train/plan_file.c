/* SPDX-License-Identifier: Apache-2.0 */
/* Plans in files: the parameters, what was asked for, and the polynomial; all else follows from these once more. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "../io/format.h"
#include "../params/params.h"
#include "../params/params_file.h"
#include "kind.h"
#include "network.h"

/* The options as they are stored, and as the digest sees them. */
typedef struct options_record {
  uint64_t rows, batch, seed;
  uint32_t columns, iterations, whole_batches, shuffle, schedule, degree, fit, bootstrap_result;
  double rate, decay, momentum, l2, range, bound;
  uint32_t kind;
  uint16_t version;
  uint8_t target; /* plans without a version have no target either: 0 is the CPU */
  uint8_t rounds; /* of a refresh; 0: 1, as before there were more */
} options_record;

/*
 * What a plan of some version promises are the bits of everything that is computed by it: where these change, so does the
 * version, and the digest with it. Before there were versions, the field was 0. Since version 2 networks are expanded by
 * blocks and refreshed together, and refreshes have baby steps by the target: logistic models on a processor are as before.
 */
static uint16_t version_of(uint32_t kind, uint32_t target) {
  return umbra_train_is_network((umbra_train_kind)kind) || target == UMBRA_TARGET_GPU ? 2 : 1;
}

/*
 * Options that came later: a plan in which none of them says anything has no such record, and the digest that it always
 * had.
 */
enum { COUNTS_LOSS = 1, PUBLIC_FEATURES = 2 }; /* flags */
typedef struct learning_record {
  double hidden_range;
  uint32_t optimizer, loss, outputs, hidden[UMBRA_TRAIN_MAX_HIDDEN];
  uint16_t function, record_bound; /* 1 + its binary logarithm; 0: nobody says */
  uint16_t degree;
  uint8_t flags, start; /* of the two; start: minus its binary logarithm */
} learning_record;
_Static_assert(sizeof(learning_record) == 40, "no padding");

/* Of plans that promise privacy, which never take the optimizer of old: so it follows a learning_record. */
typedef struct privacy_record {
  double epsilon, delta, norm, label_limit;
  uint64_t noise_by;
} privacy_record;
_Static_assert(sizeof(privacy_record) == 40, "no padding");

typedef struct training_record {
  options_record options;
  uint8_t digest[UMBRA_DIGEST_BYTES]; /* of the plan */
} training_record;
_Static_assert(sizeof(training_record) == 144, "no padding");

/* Chebyshev coefficients of what stays near the sigmoid, between 0 and 1, are below 2. */
static const double most_coefficient = 4;

/* And those of what is at most as large as its range, the largest of activations. */
static const double most_of_activation = 4096;

static options_record record_of(const umbra_train_options *o) {
  return (options_record){.rows = o->rows,
                          .batch = o->batch,
                          .seed = o->seed,
                          .columns = (uint32_t)o->columns,
                          .iterations = o->iterations,
                          .whole_batches = o->whole_batches != 0,
                          .shuffle = (uint32_t)o->shuffle,
                          .schedule = (uint32_t)o->schedule,
                          .degree = o->sigmoid->degree,
                          .fit = (uint32_t)o->sigmoid->fit,
                          .bootstrap_result = o->bootstrap_result != 0,
                          .rate = o->rate,
                          .decay = o->decay,
                          .momentum = o->momentum,
                          .l2 = o->l2,
                          .range = o->sigmoid->range,
                          .bound = o->bound,
                          .kind = (uint32_t)o->kind,
                          .version = version_of((uint32_t)o->kind, (uint32_t)o->target),
                          .target = (uint8_t)o->target,
                          .rounds = (uint8_t)(o->rounds > 1 ? o->rounds : 0)};
}

static learning_record learning_of(const umbra_train_options *o) {
  learning_record r = {
      .hidden_range = o->hidden_range,
      .optimizer = (uint32_t)o->optimizer,
      .loss = (uint32_t)o->loss,
      .outputs = o->outputs,
      .function = (uint16_t)o->hidden_function,
      .record_bound = (uint16_t)(o->record_bound > 0 ? 1 + ilogb(o->record_bound) : 0),
      .degree = (uint16_t)o->hidden_degree,
      .flags = (uint8_t)((o->count_loss ? COUNTS_LOSS : 0) | (o->public_features ? PUBLIC_FEATURES : 0)),
      .start = (uint8_t)(o->start > 0 ? -ilogb(o->start) : 0)};
  memcpy(r.hidden, o->hidden, sizeof r.hidden);
  return r;
}

static privacy_record privacy_of(const umbra_privacy_options *p) {
  return (privacy_record){p->epsilon, p->delta, p->norm, p->label_limit, (uint64_t)p->noise_by};
}

/* Of its coefficients. */
static size_t activation_bytes(const learning_record *r) { return r->degree ? (r->degree + 1) * sizeof(double) : 0; }

static int says_nothing(const learning_record *r) {
  return r->hidden_range == 0 && !r->optimizer && !r->loss && !r->outputs && !r->hidden[0] && !r->hidden[1] &&
         !r->hidden[2] && !r->function && !r->record_bound && !r->degree && !r->flags && !r->start;
}

static umbra_sigmoid_options sigmoid_of(const options_record *r) {
  return (umbra_sigmoid_options){
      .struct_size = sizeof(umbra_sigmoid_options), .degree = r->degree, .fit = (umbra_fit)r->fit, .range = r->range};
}

static umbra_train_options options_of(const options_record *r, const learning_record *l,
                                      const umbra_sigmoid_options *sigmoid) {
  umbra_train_options o = {.struct_size = sizeof(umbra_train_options),
                           .kind = (umbra_train_kind)r->kind,
                           .iterations = r->iterations,
                           .rows = r->rows,
                           .columns = r->columns,
                           .batch = r->batch,
                           .whole_batches = (int)r->whole_batches,
                           .shuffle = (int)r->shuffle,
                           .seed = r->seed,
                           .rate = r->rate,
                           .decay = r->decay,
                           .schedule = (umbra_rate_schedule)r->schedule,
                           .bootstrap_result = (int)r->bootstrap_result,
                           .momentum = r->momentum,
                           .l2 = r->l2,
                           .bound = r->bound,
                           .sigmoid = sigmoid,
                           .target = (umbra_target)r->target,
                           .rounds = r->rounds,
                           .hidden_range = l->hidden_range,
                           .optimizer = (umbra_optimizer)l->optimizer,
                           .loss = (umbra_loss)l->loss,
                           .outputs = l->outputs,
                           .hidden_function = (umbra_function)l->function,
                           .hidden_degree = l->degree,
                           .record_bound = l->record_bound ? ldexp(1, l->record_bound - 1) : 0,
                           .count_loss = (l->flags & COUNTS_LOSS) != 0,
                           .public_features = (l->flags & PUBLIC_FEATURES) != 0,
                           .start = l->start ? ldexp(1, -l->start) : 0};
  memcpy(o.hidden, l->hidden, sizeof o.hidden);
  return o;
}

/* What follows from the options by this version's reckoning; and of networks, the choice of levels, and of sums that are refreshed. */
typedef struct derived_record {
  uint32_t stride, slots, group, pairs;
  double data_scale;
} derived_record;
_Static_assert(sizeof(derived_record) == 24, "no padding");

typedef struct levels_record {
  uint32_t data_level, expansion;
} levels_record;

void umbra_train_digest(uint8_t digest[UMBRA_DIGEST_BYTES], const umbra_train_plan *plan) {
  const options_record record = record_of(&plan->options);
  const learning_record learning = learning_of(&plan->options);
  const umbra_matrix_layout *l = &plan->layout;
  const derived_record derived = {l->stride, l->slots, l->group, (uint32_t)l->pairs, plan->data_scale};
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, UMBRA_DIGEST_BYTES);
  crypto_generichash_update(&state, plan->params->digest, sizeof plan->params->digest);
  crypto_generichash_update(&state, (const uint8_t *)&record, sizeof record);
  if (!says_nothing(&learning)) crypto_generichash_update(&state, (const uint8_t *)&learning, sizeof learning);
  crypto_generichash_update(&state, (const uint8_t *)plan->activation.value, activation_bytes(&learning));
  if (plan->options.privacy) {
    const privacy_record privacy = privacy_of(plan->options.privacy);
    crypto_generichash_update(&state, (const uint8_t *)&privacy, sizeof privacy);
  }
  crypto_generichash_update(&state, (const uint8_t *)plan->coefficient,
                            (plan->sigmoid.degree + 1) * sizeof *plan->coefficient);
  crypto_generichash_update(&state, (const uint8_t *)&derived, sizeof derived);
  if (umbra_train_is_network(plan->options.kind)) {
    const levels_record levels = {plan->data_level, plan->network.expansion};
    crypto_generichash_update(&state, (const uint8_t *)&levels, sizeof levels);
    if (plan->network.refreshed)
      crypto_generichash_update(&state, (const uint8_t *)&plan->network.refreshed, sizeof plan->network.refreshed);
  }
  crypto_generichash_final(&state, digest, UMBRA_DIGEST_BYTES);
}

/* ---- saving ---- */

static umbra_status save_learning(umbra_writer *writer, const umbra_train_plan *plan) {
  const learning_record learning = learning_of(&plan->options);
  if (says_nothing(&learning)) return UMBRA_OK;
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_LEARNING, &learning, sizeof learning));
  if (!learning.degree) return UMBRA_OK;
  return umbra_write_record(writer, UMBRA_SECTION_COEFFICIENTS, plan->activation.value, activation_bytes(&learning));
}

static umbra_status save_privacy(umbra_writer *writer, const umbra_train_plan *plan) {
  if (!plan->options.privacy) return UMBRA_OK;
  const privacy_record record = privacy_of(plan->options.privacy);
  return umbra_write_record(writer, UMBRA_SECTION_PRIVACY, &record, sizeof record);
}

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_train_plan *plan = object;
  training_record record = {.options = record_of(&plan->options)};
  memcpy(record.digest, plan->digest, sizeof record.digest);
  UMBRA_TRY(umbra_params_write_sections(writer, plan->params));
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_TRAINING, &record, sizeof record));
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_COEFFICIENTS, plan->coefficient,
                               (plan->sigmoid.degree + 1) * sizeof *plan->coefficient));
  UMBRA_TRY(save_learning(writer, plan));
  UMBRA_TRY(save_privacy(writer, plan));
  return plan->identified ? umbra_write_record(writer, UMBRA_SECTION_ORIGIN, plan->training, sizeof plan->training)
                          : UMBRA_OK;
}

/* ---- loading ---- */

/* What the options cannot say themselves, and what is relied on before they are checked. */
static umbra_status check_record(const umbra_reader *reader, const options_record *r) {
  const uint16_t version = version_of(r->kind, r->target);
  if (r->version != version)
    return umbra_reader_malformed(
        reader,
        "a plan of version %u; this library computes other bits, by plans of version %u: plan "
        "anew, and encrypt the records again",
        r->version, version);
  UMBRA_TRY(umbra_train_kind_check((umbra_train_kind)r->kind));
  if (r->whole_batches > 1 || r->shuffle > UMBRA_SHUFFLE_SECRET || r->bootstrap_result > 1)
    return umbra_reader_malformed(
        reader, "whole_batches, shuffle and bootstrap_result are %u, %u, %u: each is 0 or 1, or a shuffle 2",
        r->whole_batches, r->shuffle, r->bootstrap_result);
  if (r->degree < 1 || r->degree > UMBRA_SIGMOID_MAX_DEGREE)
    return umbra_reader_malformed(reader, "the polynomial's degree is %u: it must be 1 to %d", r->degree,
                                  UMBRA_SIGMOID_MAX_DEGREE);
  if (r->batch == 0) return umbra_reader_malformed(reader, "batch is 0: plans name the records of a batch");
  return UMBRA_OK;
}

static umbra_status read_coefficients(umbra_reader *reader, double *coefficient, uint32_t count, double most) {
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_COEFFICIENTS, coefficient, count * sizeof *coefficient));
  for (uint32_t i = 0; i < count; i++)
    if (!(fabs(coefficient[i]) <= most))
      return umbra_reader_malformed(reader, "coefficient %u of the polynomial is %g: it must be within [-%g, %g]", i,
                                    coefficient[i], most, most);
  return UMBRA_OK;
}

/* What sections may follow the first ones. */
typedef struct plan_rest {
  learning_record learning;
  double activation[UMBRA_ACTIVATION_TERMS];
  umbra_privacy_options privacy;
  int is_private; /* whether there is one; likewise */
  int is_known;
  uint8_t training[UMBRA_DIGEST_BYTES];
} plan_rest;

/* A plan that could not have been made is malformed. */
static umbra_status make(umbra_train_plan **plan, const umbra_reader *reader, const umbra_params *params,
                         const options_record *record, const plan_rest *rest, const double *coefficient) {
  const umbra_sigmoid_options sigmoid = sigmoid_of(record);
  const umbra_plan_given given = {
      .coefficient = coefficient, .activation = rest->activation, .training = rest->is_known ? rest->training : NULL};
  umbra_train_options options = options_of(record, &rest->learning, &sigmoid);
  if (rest->is_private) options.privacy = &rest->privacy;
  umbra_status status = umbra_train_plan_make(plan, params, &options, &given);
  if (status != UMBRA_ERROR_INVALID_ARGUMENT && status != UMBRA_ERROR_UNSUPPORTED && status != UMBRA_ERROR_RANGE)
    return status;
  return umbra_reader_malformed(reader, "%s", umbra_last_error());
}

static umbra_status check_learning(umbra_reader *reader, plan_rest *rest) {
  const learning_record *learning = &rest->learning;
  if (says_nothing(learning)) return umbra_reader_malformed(reader, "a record of options that says nothing");
  if (learning->flags > (COUNTS_LOSS | PUBLIC_FEATURES))
    return umbra_reader_malformed(reader, "flags of its options are %u, which this version does not know",
                                  learning->flags);
  if (!learning->degree) return UMBRA_OK;
  if (learning->degree > UMBRA_TRAIN_MAX_HIDDEN_DEGREE)
    return umbra_reader_malformed(reader, "an activation of degree %u: it must be up to %d", learning->degree,
                                  UMBRA_TRAIN_MAX_HIDDEN_DEGREE);
  return read_coefficients(reader, rest->activation, learning->degree + 1, most_of_activation);
}

static int is_at_end(const umbra_reader *reader) { return reader->section == reader->header.sections; }

/* The next section: of that type, or that which comes last. */
static umbra_status read_either(umbra_reader *reader, plan_rest *rest, umbra_section type, void *record, size_t bytes) {
  UMBRA_TRY(umbra_read_begin_either(reader, &rest->is_known, type, bytes, UMBRA_SECTION_ORIGIN, UMBRA_DIGEST_BYTES));
  if (rest->is_known) UMBRA_TRY(umbra_read_bytes(reader, rest->training, UMBRA_DIGEST_BYTES));
  else UMBRA_TRY(umbra_read_bytes(reader, record, bytes));
  return umbra_read_end(reader);
}

static umbra_status read_privacy(umbra_reader *reader, plan_rest *rest) {
  privacy_record r = {0};
  if (is_at_end(reader)) return UMBRA_OK;
  UMBRA_TRY(read_either(reader, rest, UMBRA_SECTION_PRIVACY, &r, sizeof r));
  if (rest->is_known) return UMBRA_OK;
  rest->is_private = 1;
  rest->privacy = (umbra_privacy_options){UMBRA_PRIVACY_OPTIONS_INIT};
  rest->privacy.epsilon = r.epsilon;
  rest->privacy.delta = r.delta;
  rest->privacy.norm = r.norm;
  rest->privacy.label_limit = r.label_limit;
  if (r.noise_by > UMBRA_NOISE_BY_BOTH)
    return umbra_reader_malformed(reader, "noise of a private model by %llu, which is nobody",
                                  (unsigned long long)r.noise_by);
  rest->privacy.noise_by = (umbra_noise_by)r.noise_by;
  return UMBRA_OK;
}

static umbra_status read_rest(umbra_reader *reader, plan_rest *rest) {
  *rest = (plan_rest){0};
  if (is_at_end(reader)) return UMBRA_OK;
  UMBRA_TRY(read_either(reader, rest, UMBRA_SECTION_LEARNING, &rest->learning, sizeof rest->learning));
  if (rest->is_known) return UMBRA_OK;
  UMBRA_TRY(check_learning(reader, rest));
  UMBRA_TRY(read_privacy(reader, rest));
  if (rest->is_known || is_at_end(reader)) return UMBRA_OK;
  rest->is_known = 1;
  return umbra_read_record(reader, UMBRA_SECTION_ORIGIN, rest->training, UMBRA_DIGEST_BYTES);
}

static umbra_status read_plan(umbra_reader *reader, const umbra_params *params, umbra_train_plan **plan) {
  training_record record;
  plan_rest rest;
  double coefficient[UMBRA_SIGMOID_MAX_DEGREE + 1];
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_TRAINING, &record, sizeof record));
  UMBRA_TRY(check_record(reader, &record.options));
  UMBRA_TRY(read_coefficients(reader, coefficient, record.options.degree + 1, most_coefficient));
  UMBRA_TRY(read_rest(reader, &rest));
  umbra_train_plan *made = NULL;
  UMBRA_TRY(make(&made, reader, params, &record.options, &rest, coefficient));
  *plan = made;
  if (memcmp(made->digest, record.digest, sizeof record.digest) != 0)
    return umbra_reader_malformed(reader,
                                  "the digest is not that of the plan as this version makes it: make the plan again");
  return UMBRA_OK;
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  (void)argument;
  umbra_params *params = NULL;
  umbra_train_plan *made = NULL;
  umbra_status status = umbra_params_read_sections(reader, &params);
  if (status == UMBRA_OK) status = read_plan(reader, params, &made);
  umbra_params_destroy(params);
  *object = made;
  return status;
}

static void destroy(void *object) { umbra_train_plan_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_TRAIN_PLAN, .save = save, .load = load, .destroy = destroy};

/* ---- public calls ---- */

umbra_status umbra_train_plan_save(const umbra_train_plan *plan, const char *path) {
  return umbra_format_save(&format, plan, path, NULL);
}

umbra_status umbra_train_plan_write(const umbra_train_plan *plan, void *buffer, size_t *size) {
  return umbra_format_write(&format, plan, buffer, size, NULL);
}

umbra_status umbra_train_plan_load(umbra_train_plan **plan, const char *path) {
  void *made = NULL;
  UMBRA_TRY(umbra_format_load(&format, plan ? &made : NULL, &(umbra_wanted){0}, path, NULL));
  UMBRA_PUT(train_plan, plan, made);
  return UMBRA_OK;
}

umbra_status umbra_train_plan_read(umbra_train_plan **plan, const void *buffer, size_t size) {
  void *made = NULL;
  UMBRA_TRY(umbra_format_read(&format, plan ? &made : NULL, &(umbra_wanted){0}, buffer, size, NULL));
  UMBRA_PUT(train_plan, plan, made);
  return UMBRA_OK;
}
