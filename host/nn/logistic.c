/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row's product with the weights is summed into its first slot by log2(stride) rotations. The other slots then hold
 * sums that straddle two rows, which may lie outside the sigmoid's interval: one multiplication clears them and divides
 * by the range.
 */
#include "logistic.h"

#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/checks.h"
#include "../ckks/ciphertext_internal.h"
#include "../ckks/disclosure.h"
#include "../ckks/evaluator_internal.h"
#include "../ckks/key_needs.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"
#include "../linalg/array.h"
#include "../linalg/matrix.h"
#include "sigmoid.h"

/* Of records, and of weights: with the one, and the bias. */
static size_t stride_of(size_t features) { return umbra_power_above(features + 1); }

static umbra_status check_features(const umbra_params *params, size_t features) {
  const size_t slots = umbra_params_slots(params);
  if (!features) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a model needs at least one weight");
  if (features < slots) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "%zu features do not fit: these parameters take up to %zu", features, slots - 1);
}

/* Weights and bias of a model in the clear. */
typedef struct plain_weights {
  const double *weights;
  size_t features;
  double bias;
  double bound; /* that none of them is beyond; 0: nobody says */
} plain_weights;

static umbra_status encode_weights(umbra_plaintext **plaintext, const umbra_context *context, const plain_weights *w) {
  const size_t slots = umbra_params_slots(umbra_context_params(context)), stride = stride_of(w->features);
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.bound = w->bound;
  double *values;
  UMBRA_TRY(umbra_alloc(&values, slots, sizeof *values, "a model"));
  for (size_t row = 0; row < slots; row += stride) {
    memcpy(values + row, w->weights, w->features * sizeof *values);
    values[row + w->features] = w->bias;
  }
  umbra_status status = umbra_encode(plaintext, context, values, slots, &options);
  umbra_free(values);
  return status;
}

static umbra_status encrypt_weights(umbra_ciphertext **ciphertext, umbra_encryptor by, const plain_weights *w) {
  umbra_plaintext *plaintext = NULL;
  UMBRA_TRY(encode_weights(&plaintext, by.context, w));
  umbra_status status = umbra_encrypt_by(ciphertext, by, plaintext);
  umbra_plaintext_destroy(plaintext);
  return status;
}

/* With the sigmoid's polynomial. Takes the weights over. */
static umbra_status make_with(umbra_logistic **model, umbra_ciphertext *weights, size_t features,
                              const umbra_sigmoid_options *sigmoid) {
  double coefficient[UMBRA_SIGMOID_MAX_DEGREE + 1];
  umbra_status status = umbra_sigmoid_fit(coefficient, sigmoid);
  if (status != UMBRA_OK) {
    umbra_ciphertext_destroy(weights);
    return status;
  }
  return umbra_logistic_make(model, weights, features, sigmoid->range,
                             umbra_sigmoid_degree(coefficient, sigmoid->degree), coefficient);
}

static umbra_status take_sigmoid(umbra_sigmoid_options *own, const umbra_sigmoid_options *sigmoid) {
  *own = (umbra_sigmoid_options){UMBRA_SIGMOID_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_sigmoid_options, own, sigmoid));
  return umbra_sigmoid_options_check(own);
}

static umbra_status encrypt_model(umbra_logistic **model, umbra_encryptor by, const plain_weights *w,
                                  const umbra_sigmoid_options *sigmoid) {
  umbra_sigmoid_options wanted;
  umbra_ciphertext *encrypted = NULL;
  UMBRA_TRY(take_sigmoid(&wanted, sigmoid));
  UMBRA_TRY(check_features(umbra_context_params(by.context), w->features));
  UMBRA_TRY(encrypt_weights(&encrypted, by, w));
  return make_with(model, encrypted, w->features, &wanted);
}

umbra_status umbra_logistic_encrypt(umbra_logistic **model, const umbra_public_key *key, const double *weights,
                                    size_t features, double bias, const umbra_sigmoid_options *sigmoid) {
  if (!model || !key || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a model needs an output, a key and at least one weight");
  return encrypt_model(model, umbra_encryptor_of(key), &(plain_weights){weights, features, bias, 0}, sigmoid);
}

umbra_status umbra_logistic_encrypt_symmetric(umbra_logistic **model, const umbra_secret_key *key,
                                              const double *weights, size_t features, double bias,
                                              const umbra_sigmoid_options *sigmoid) {
  if (!model || !key || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a model needs an output, a secret key and at least one weight");
  return encrypt_model(model, umbra_encryptor_of_secret(key), &(plain_weights){weights, features, bias, 0}, sigmoid);
}

static umbra_status check_array(const umbra_array *weights) {
  const size_t count = weights->rows * weights->columns;
  if ((weights->rows == 1 || weights->columns == 1) && count > 1) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "a model of %zu x %zu: weights and then the bias are a row or a column of at least 2",
                    weights->rows, weights->columns);
}

static umbra_status encrypt_array(umbra_logistic **model, umbra_encryptor by, const umbra_array *given,
                                  const umbra_sigmoid_options *sigmoid) {
  umbra_array taken;
  double *values;
  UMBRA_TRY(umbra_array_take(&taken, given, 0, "the weights"));
  UMBRA_TRY(check_array(&taken));
  const size_t count = taken.rows * taken.columns;
  UMBRA_TRY(umbra_alloc(&values, count, sizeof *values, "a model"));
  for (size_t i = 0; i < count; i++) values[i] = umbra_array_at(&taken, i / taken.columns, i % taken.columns);
  const plain_weights w = {values, count - 1, values[count - 1], taken.bound};
  const umbra_status status = encrypt_model(model, by, &w, sigmoid);
  umbra_free(values);
  return status;
}

umbra_status umbra_logistic_encrypt_array(umbra_logistic **model, const umbra_public_key *key,
                                          const umbra_array *weights, const umbra_sigmoid_options *sigmoid) {
  if (!model || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_logistic_encrypt_array needs an output and a key");
  return encrypt_array(model, umbra_encryptor_of(key), weights, sigmoid);
}

umbra_status umbra_logistic_encrypt_array_symmetric(umbra_logistic **model, const umbra_secret_key *key,
                                                    const umbra_array *weights, const umbra_sigmoid_options *sigmoid) {
  if (!model || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_logistic_encrypt_array_symmetric needs an output and a key");
  return encrypt_array(model, umbra_encryptor_of_secret(key), weights, sigmoid);
}

umbra_status umbra_sim_logistic(umbra_logistic **model, const umbra_context *context, const double *weights,
                                size_t features, double bias, const umbra_sigmoid_options *sigmoid) {
  if (!model || !context || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a simulated model needs an output, a context and at least one weight");
  UMBRA_TRY(umbra_check_sim(context));
  const plain_weights w = {weights, features, bias, 0};
  return encrypt_model(model, (umbra_encryptor){.context = context}, &w, sigmoid);
}

umbra_status umbra_logistic_replace_sigmoid(const umbra_logistic *model, umbra_logistic **replaced,
                                            const umbra_sigmoid_options *sigmoid) {
  umbra_sigmoid_options wanted;
  umbra_ciphertext *weights = NULL;
  if (!model || !replaced)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "another polynomial needs a model and an output");
  const int trained = model->trained;
  uint8_t training[UMBRA_DIGEST_BYTES];
  memcpy(training, model->training, sizeof training); /* the model may be what is replaced */
  UMBRA_TRY(take_sigmoid(&wanted, sigmoid));
  UMBRA_TRY(umbra_ciphertext_copy(&weights, model->weights));
  UMBRA_TRY(make_with(replaced, weights, model->features, &wanted));
  if (trained) umbra_logistic_set_training(*replaced, training);
  return UMBRA_OK;
}

umbra_status umbra_dry_logistic(umbra_logistic **model, const umbra_context *context, size_t features, uint32_t level,
                                double bound, const umbra_sigmoid_options *sigmoid) {
  umbra_sigmoid_options wanted;
  umbra_ciphertext *weights = NULL;
  if (!model || !context) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a dry model needs an output and a context");
  UMBRA_TRY(take_sigmoid(&wanted, sigmoid));
  UMBRA_TRY(check_features(umbra_context_params(context), features));
  UMBRA_TRY(umbra_dry_ciphertext(&weights, context, level, 0, bound));
  return make_with(model, weights, features, &wanted);
}

umbra_status umbra_logistic_make(umbra_logistic **model, umbra_ciphertext *weights, size_t features, double range,
                                 uint32_t degree, const double *coefficient) {
  umbra_logistic *made = NULL;
  umbra_status status = umbra_alloc(&made, 1, sizeof *made, "a model");
  if (status != UMBRA_OK) {
    umbra_ciphertext_destroy(weights);
    return status;
  }
  *made = (umbra_logistic){.context = umbra_context_share(weights->context),
                           .features = features,
                           .range = range,
                           .degree = degree,
                           .weights = weights};
  memcpy(made->coefficient, coefficient, (degree + 1) * sizeof *coefficient);
  umbra_ciphertext_repeat(weights, umbra_params_slots(umbra_context_params(weights->context)));
  UMBRA_PUT(logistic, model, made);
  return UMBRA_OK;
}

/* key: NULL: of a simulation. */
static umbra_status open_weights(double *weights, double *bias, const umbra_logistic *model,
                                 const umbra_secret_key *key) {
  const size_t features = model->features;
  double *pairs;
  UMBRA_TRY(umbra_alloc(&pairs, 2 * (features + 1), sizeof *pairs, "a model"));
  umbra_status status = umbra_open_pairs(pairs, features + 1, model->weights, key);
  if (status == UMBRA_OK) {
    for (size_t i = 0; i < features; i++) weights[i] = pairs[2 * i];
    *bias = pairs[2 * features];
  }
  umbra_wipe_and_free(pairs, 2 * (features + 1) * sizeof *pairs);
  return status;
}

umbra_status umbra_logistic_decrypt(const umbra_logistic *model, double *weights, double *bias,
                                    const umbra_secret_key *key) {
  if (!weights || !bias || !model || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_logistic_decrypt needs a model, outputs for weights and bias, and a secret key");
  return open_weights(weights, bias, model, key);
}

/* weights, then the bias, flooded. */
static umbra_status disclose_weights(umbra_disclosure *disclosure, double *weights, double *bias,
                                     const umbra_logistic *model, const umbra_secret_key *key,
                                     const umbra_disclosure_options *options) {
  const size_t features = model->features, bytes = 2 * stride_of(features) * sizeof(double);
  const umbra_disclosure_form form = {(uint32_t)stride_of(features), 0, 1};
  double *pairs;
  UMBRA_TRY(umbra_alloc(&pairs, bytes, 1, "a model"));
  umbra_status status = umbra_disclosure_open(pairs, disclosure, model->weights, key, options, form);
  for (size_t i = 0; i < features && status == UMBRA_OK; i++) weights[i] = pairs[2 * i];
  if (status == UMBRA_OK) *bias = pairs[2 * features];
  umbra_wipe_and_free(pairs, bytes);
  return status;
}

umbra_status umbra_logistic_decrypt_public(const umbra_logistic *model, umbra_disclosure *disclosure, double *weights,
                                           double *bias, const umbra_secret_key *key,
                                           const umbra_disclosure_options *options) {
  umbra_disclosure_options o;
  umbra_disclosure made = {UMBRA_DISCLOSURE_INIT};
  if (!weights || !bias || !disclosure || !model || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_logistic_decrypt_public needs a model, outputs for weights, bias and a disclosure, and a "
                      "secret key");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  UMBRA_TRY(UMBRA_TAKE(umbra_disclosure, &made, disclosure));
  UMBRA_TRY(disclose_weights(&made, weights, bias, model, key, &o));
  return UMBRA_GIVE(umbra_disclosure, disclosure, &made);
}

umbra_status umbra_logistic_add_noise(umbra_evaluator *evaluator, umbra_logistic **out, const umbra_logistic *model,
                                      double noise) {
  umbra_ciphertext *weights = NULL;
  umbra_logistic *made = NULL;
  if (!out || !model)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_logistic_add_noise needs an output and a model");
  const uint32_t slots = (uint32_t)stride_of(model->features);
  UMBRA_TRY(umbra_add_noise(evaluator, &weights, model->weights, slots, noise));
  UMBRA_TRY(umbra_logistic_make(&made, weights, model->features, model->range, model->degree, model->coefficient));
  if (model->trained) umbra_logistic_set_training(made, model->training);
  UMBRA_PUT(logistic, out, made);
  return UMBRA_OK;
}

umbra_status umbra_sim_logistic_decode(double *weights, double *bias, const umbra_logistic *model) {
  if (!weights || !bias || !model)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_sim_logistic_decode needs outputs for weights and bias, and a model");
  return open_weights(weights, bias, model, NULL);
}

int umbra_logistic_training(const umbra_logistic *model, uint8_t training[UMBRA_DIGEST_BYTES]) {
  memcpy(training, model->training, UMBRA_DIGEST_BYTES);
  return model->trained;
}

void umbra_logistic_set_training(umbra_logistic *model, const uint8_t training[UMBRA_DIGEST_BYTES]) {
  memcpy(model->training, training, UMBRA_DIGEST_BYTES);
  model->trained = 1;
}

void umbra_logistic_destroy(umbra_logistic *model) {
  if (!model) return;
  umbra_ciphertext_destroy(model->weights);
  umbra_context_destroy(model->context);
  umbra_free(model);
}

uint32_t umbra_logistic_depth(uint32_t degree) { return 2 + umbra_chebyshev_depth(degree); }

/* The first slot of every row becomes (weights . row) / range, all others 0. */
static umbra_status linear(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_logistic *model,
                           const umbra_ciphertext *records, const umbra_plaintext *heads) {
  UMBRA_TRY(umbra_mul(evaluator, out, records, model->weights));
  UMBRA_TRY(umbra_add_rotations(evaluator, out, 1, stride_of(model->features), 1));
  return umbra_mul_plain(evaluator, out, *out, heads);
}

/* 1 / range in the first slot of every row, at the level after the first product. */
static umbra_status encode_heads(umbra_plaintext **heads, const umbra_logistic *model, size_t stride, uint32_t level) {
  size_t slots = umbra_params_slots(umbra_context_params(model->context));
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  double *values;
  UMBRA_TRY(umbra_alloc(&values, slots, sizeof *values, "a mask"));
  for (size_t row = 0; row < slots; row += stride) values[row] = 1 / model->range;
  umbra_status status = umbra_encode(heads, model->context, values, slots, &options);
  umbra_free(values);
  return status;
}

static umbra_status score_part(umbra_evaluator *evaluator, umbra_ciphertext **scores, const umbra_logistic *model,
                               const umbra_ciphertext *records, const umbra_plaintext *heads) {
  umbra_ciphertext *z = NULL;
  umbra_status status = linear(evaluator, &z, model, records, heads);
  /* The model's range is that of all logits, as its owner says. */
  if (status == UMBRA_OK) umbra_ciphertext_declare_by_plan(z, umbra_bound_within(z->estimate.bound, 1));
  if (status == UMBRA_OK) status = umbra_chebyshev_eval(evaluator, scores, z, model->coefficient, model->degree);
  umbra_ciphertext_destroy(z);
  return status;
}

static umbra_status score_parts(umbra_evaluator *evaluator, umbra_matrix *scores, const umbra_logistic *model,
                                const umbra_matrix *records, const umbra_plaintext *heads) {
  umbra_watch *watch = &evaluator->watch;
  umbra_status status = UMBRA_OK;
  umbra_watch_begin(watch);
  for (size_t i = 0; i < records->parts && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, records->parts);
    status = score_part(evaluator, &scores->part[i], model, records->part[i], heads);
    umbra_watch_leave(watch, part);
  }
  return status;
}

/* Who watches the evaluator does so again afterwards. */
static umbra_status score_watched(umbra_evaluator *evaluator, umbra_matrix *scores, const umbra_logistic *model,
                                  const umbra_matrix *records, const umbra_plaintext *heads,
                                  const umbra_progress *progress) {
  const umbra_progress before = evaluator->watch.progress;
  if (progress) umbra_evaluator_watch(evaluator, progress);
  umbra_status status = score_parts(evaluator, scores, model, records, heads);
  umbra_evaluator_watch(evaluator, &before);
  return status;
}

static umbra_status check_layout(const umbra_matrix *records) {
  const umbra_matrix_layout wanted = umbra_layout_of_records(umbra_context_params(records->context), records->columns);
  if (!records->layout.ones)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the records have no column of ones, which scoring needs for the bias: set `ones` in the layout "
                      "that umbra_matrix_encrypt gets. Results, such as scores, cannot be scored");
  if (!umbra_layout_same(&records->layout, &wanted))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the records are laid out otherwise than scoring takes them, such as for a training: set nothing "
                      "but `ones` in the layout that umbra_matrix_encrypt gets");
  return UMBRA_OK;
}

/* Both are of one training, or nobody says of which either is. */
static umbra_status check_training(const umbra_logistic *model, const umbra_matrix *records) {
  uint8_t training[UMBRA_DIGEST_BYTES];
  const int scaled = umbra_matrix_plan(records, training) == UMBRA_MATRIX_SCALED;
  if (model->trained && !scaled)
    return umbra_fail(
        UMBRA_ERROR_MISMATCH,
        "the model was trained with scaled records, and these are not known to be scaled so: encrypt them "
        "with the scaling that was written with the training's plan (--scaling)");
  if (scaled && !model->trained)
    return umbra_fail(
        UMBRA_ERROR_MISMATCH,
        "the records are scaled as those of a training, and the model does not say of which it is: encrypt "
        "its weights with the same scaling (--scaling)");
  if (!scaled || memcmp(training, model->training, sizeof training) == 0) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_MISMATCH,
      "the records are scaled as those of another training than the model's: its own scaling is the one that "
      "was written with its plan");
}

static umbra_status check_score(const umbra_logistic *model, const umbra_matrix *records, uint32_t *level) {
  if (records->columns != model->features)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the records have %zu columns and the model %zu features",
                      records->columns, model->features);
  UMBRA_TRY(check_layout(records));
  UMBRA_TRY(umbra_check_context(model->context, records->context, "the records"));
  UMBRA_TRY(check_training(model, records));
  *level = umbra_min_u32(umbra_ciphertext_level(model->weights), umbra_matrix_level(records));
  uint32_t depth = umbra_logistic_depth(model->degree);
  if (*level >= depth) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_NO_LEVEL, "scoring with degree %u takes %u levels and the inputs are at level %u",
                    model->degree, depth, *level);
}

umbra_status umbra_logistic_check(const umbra_logistic *model, const umbra_matrix *records) {
  uint32_t level;
  if (!model || !records) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", model ? "records" : "model");
  return check_score(model, records, &level);
}

/* A matrix for a score of each record, in the first slot of its row. */
static umbra_status make_scores(umbra_matrix **scores, const umbra_logistic *model, const umbra_matrix *records) {
  umbra_matrix_layout layout = records->layout;
  layout.ones = 0;
  UMBRA_TRY(umbra_matrix_make(scores, records->context, records->rows, 1, &layout));
  if (model->trained) umbra_matrix_set_stamp(*scores, model->training, UMBRA_MATRIX_SCORES);
  return UMBRA_OK;
}

umbra_status umbra_logistic_score(umbra_evaluator *evaluator, umbra_matrix **scores, const umbra_logistic *model,
                                  const umbra_matrix *records, const umbra_progress *progress) {
  UMBRA_TRACE(evaluator, "logistic_score", records ? records->part[0] : NULL);
  if (!evaluator || !scores || !model || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "scoring needs an evaluator, an output, a model and records");
  uint32_t level;
  UMBRA_TRY(check_score(model, records, &level));
  umbra_matrix *made = NULL;
  umbra_plaintext *heads = NULL;
  UMBRA_TRY(make_scores(&made, model, records));
  umbra_status status = encode_heads(&heads, model, records->layout.stride, level - 1);
  if (status == UMBRA_OK) status = score_watched(evaluator, made, model, records, heads, progress);
  umbra_plaintext_destroy(heads);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, scores, made);
  else umbra_matrix_destroy(made);
  return status;
}

/* ---- keys ---- */

/* What is scored: of the least degree, as others look for no other keys. */
typedef struct dry_score {
  umbra_context *context;
  umbra_evaluator *evaluator;
  umbra_logistic *model;
  umbra_matrix *records, *scores;
} dry_score;

static umbra_status run_dry(dry_score *d, const umbra_params *params, size_t features, uint32_t level) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry"};
  const umbra_matrix_layout layout = umbra_layout_of_records(params, features);
  umbra_sigmoid_options sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT};
  sigmoid.degree = 1;
  UMBRA_TRY(umbra_context_create(&d->context, &desc));
  UMBRA_TRY(umbra_evaluator_create(&d->evaluator, d->context, NULL));
  UMBRA_TRY(umbra_dry_logistic(&d->model, d->context, features, level, 1, &sigmoid));
  UMBRA_TRY(umbra_dry_matrix(&d->records, d->context, 1, features, level, 1, &layout));
  return umbra_logistic_score(d->evaluator, &d->scores, d->model, d->records, NULL);
}

static void clear_dry(dry_score *d) {
  umbra_matrix_destroy(d->scores);
  umbra_matrix_destroy(d->records);
  umbra_logistic_destroy(d->model);
  umbra_evaluator_destroy(d->evaluator);
  umbra_context_destroy(d->context);
}

umbra_status umbra_logistic_needs(umbra_key_needs *needs, size_t features, uint32_t level) {
  if (!needs) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_logistic_needs needs key needs");
  size_t slots = umbra_params_slots(needs->params);
  if (!features || features >= slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu features: these parameters take 1 to %zu", features,
                      slots - 1);
  uint32_t records = level == UMBRA_TOP_LEVEL ? umbra_params_depth(needs->params) : level;
  if (records < umbra_logistic_depth(1))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "records at level %u: scoring takes at least %u levels", records,
                      umbra_logistic_depth(1));
  dry_score d = {0};
  umbra_status status = run_dry(&d, needs->params, features, records);
  if (status == UMBRA_OK) status = umbra_context_needs(d.context, needs);
  clear_dry(&d);
  return status;
}

/* ---- what is known of a model ---- */

umbra_status umbra_logistic_inspect(const umbra_logistic *model, umbra_logistic_info *info) {
  if (!model || !info)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_logistic_inspect needs a model and an info to fill");
  const umbra_logistic_info own = {.features = model->features,
                                   .level = umbra_ciphertext_level(model->weights),
                                   .degree = model->degree,
                                   .range = model->range,
                                   .error = umbra_sigmoid_fit_error(model->coefficient, model->degree, model->range)};
  return UMBRA_GIVE(umbra_logistic_info, info, &own);
}

size_t umbra_logistic_features(const umbra_logistic *model) { return model->features; }
uint64_t umbra_logistic_bytes(const umbra_logistic *model) { return umbra_ciphertext_bytes(model->weights); }

umbra_status umbra_logistic_range(const umbra_logistic *model, umbra_range *range) {
  if (!model || !range)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_logistic_range needs a model and a range to fill");
  return umbra_ciphertext_range(model->weights, range);
}

void umbra_logistic_owner(const umbra_logistic *model, uint8_t owner[UMBRA_OWNER_BYTES]) {
  umbra_ciphertext_owner(model->weights, owner);
}
