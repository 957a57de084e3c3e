/* SPDX-License-Identifier: Apache-2.0 */
/* One object of every kind on a small ring, and its file functions behind one signature. */
#ifndef UMBRA_TESTS_FILE_OBJECTS_H
#define UMBRA_TESTS_FILE_OBJECTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <umbra/umbra.h>

#include "host/base/memory.h"
#include "host/ckks/ciphertext_internal.h"
#include "host/infer/encrypted.h"
#include "host/params/params.h"
#include "host/train/checkpoint.h"
#include "host/train/dataset_file.h"
#include "tests/container_bytes.h"

#define assert_ok(call)                                                                                       \
  do {                                                                                                        \
    umbra_status status_ = (call);                                                                            \
    if (status_ != UMBRA_OK) fail_msg("%s: %s: %s", #call, umbra_status_string(status_), umbra_last_error()); \
  } while (0)

/* ---- the functions of a kind, with the type erased ---- */

typedef struct file_kind {
  const char *name;
  umbra_kind kind;
  umbra_status (*save)(const void *object, const char *path);
  umbra_status (*write)(const void *object, void *buffer, size_t *size);
  umbra_status (*load)(void **object, const umbra_context *context, const char *path);
  umbra_status (*read)(void **object, const umbra_context *context, const void *buffer, size_t size);
  void (*destroy)(void *object);
  umbra_status (*send)(const void *object, umbra_write_fn write, void *user); /* NULL, as the next: not offered */
  umbra_status (*receive)(void **object, const umbra_context *context, umbra_read_fn read, void *user, uint64_t most);
} file_kind;

/* The dots: what comes after the others' arguments. */
#define FILE_KIND_FUNCTIONS(type, ...)                                                                            \
  static umbra_status type##_save(const void *object, const char *path) {                                         \
    return umbra_##type##_save(object, path __VA_ARGS__);                                                         \
  }                                                                                                               \
  static umbra_status type##_write(const void *object, void *buffer, size_t *size) {                              \
    return umbra_##type##_write(object, buffer, size __VA_ARGS__);                                                \
  }                                                                                                               \
  static umbra_status type##_load(void **object, const umbra_context *context, const char *path) {                \
    umbra_##type *made = *object;                                                                                 \
    umbra_status status = umbra_##type##_load(&made, context, path __VA_ARGS__);                                  \
    *object = made;                                                                                               \
    return status;                                                                                                \
  }                                                                                                               \
  static umbra_status type##_read(void **object, const umbra_context *context, const void *buffer, size_t size) { \
    umbra_##type *made = *object;                                                                                 \
    umbra_status status = umbra_##type##_read(&made, context, buffer, size __VA_ARGS__);                          \
    *object = made;                                                                                               \
    return status;                                                                                                \
  }                                                                                                               \
  static void type##_destroy(void *object) { umbra_##type##_destroy(object); }

#define STREAMED_KIND_FUNCTIONS(type)                                                                             \
  FILE_KIND_FUNCTIONS(type, , NULL)                                                                               \
  static umbra_status type##_send(const void *object, umbra_write_fn write, void *user) {                         \
    return umbra_##type##_send(object, write, user, NULL);                                                        \
  }                                                                                                               \
  static umbra_status type##_receive(void **object, const umbra_context *context, umbra_read_fn read, void *user, \
                                     uint64_t most) {                                                             \
    umbra_##type *made = *object;                                                                                 \
    umbra_status status = umbra_##type##_receive(&made, context, read, user, most, NULL);                         \
    *object = made;                                                                                               \
    return status;                                                                                                \
  }

#define FILE_KIND(type, number) \
  { #type, number, type##_save, type##_write, type##_load, type##_read, type##_destroy, NULL, NULL }
#define STREAMED_KIND(type, number) \
  { #type, number, type##_save, type##_write, type##_load, type##_read, type##_destroy, type##_send, type##_receive }

/* The kinds whose functions have other parameters. */
static inline umbra_status plain_params_load(umbra_params **params, const umbra_context *context, const char *path) {
  (void)context;
  return umbra_params_load(params, path);
}
static inline umbra_status plain_params_read(umbra_params **params, const umbra_context *context, const void *buffer,
                                             size_t size) {
  (void)context;
  return umbra_params_read(params, buffer, size);
}
static inline umbra_status plain_plan_load(umbra_train_plan **plan, const umbra_context *context, const char *path) {
  (void)context;
  return umbra_train_plan_load(plan, path);
}
static inline umbra_status plain_plan_read(umbra_train_plan **plan, const umbra_context *context, const void *buffer,
                                           size_t size) {
  (void)context;
  return umbra_train_plan_read(plan, buffer, size);
}
static inline umbra_status plain_inference_load(umbra_inference_plan **plan, const umbra_context *context,
                                                const char *path) {
  (void)context;
  return umbra_inference_plan_load(plan, path);
}
static inline umbra_status plain_inference_read(umbra_inference_plan **plan, const umbra_context *context,
                                                const void *buffer, size_t size) {
  (void)context;
  return umbra_inference_plan_read(plan, buffer, size);
}
static inline umbra_status plain_secret_save(const umbra_secret_key *key, const char *path) {
  return umbra_secret_key_save(key, path, NULL);
}
static inline umbra_status plain_secret_write(const umbra_secret_key *key, void *buffer, size_t *size) {
  return umbra_secret_key_write(key, buffer, size, NULL);
}
static inline umbra_status plain_secret_load(umbra_secret_key **key, const umbra_context *context, const char *path) {
  return umbra_secret_key_load(key, context, path, NULL);
}
static inline umbra_status plain_secret_read(umbra_secret_key **key, const umbra_context *context, const void *buffer,
                                             size_t size) {
  return umbra_secret_key_read(key, context, buffer, size, NULL);
}

#define umbra_params_load plain_params_load
#define umbra_params_read plain_params_read
#define umbra_train_plan_load plain_plan_load
#define umbra_train_plan_read plain_plan_read
#define umbra_inference_plan_load plain_inference_load
#define umbra_inference_plan_read plain_inference_read
#define umbra_secret_key_save plain_secret_save
#define umbra_secret_key_write plain_secret_write
#define umbra_secret_key_load plain_secret_load
#define umbra_secret_key_read plain_secret_read
FILE_KIND_FUNCTIONS(params, )
FILE_KIND_FUNCTIONS(train_plan, )
FILE_KIND_FUNCTIONS(inference_plan, )
FILE_KIND_FUNCTIONS(secret_key, )
#undef umbra_params_load
#undef umbra_params_read
#undef umbra_train_plan_load
#undef umbra_train_plan_read
#undef umbra_inference_plan_load
#undef umbra_inference_plan_read
#undef umbra_secret_key_save
#undef umbra_secret_key_write
#undef umbra_secret_key_load
#undef umbra_secret_key_read
STREAMED_KIND_FUNCTIONS(public_key)
STREAMED_KIND_FUNCTIONS(eval_keys)
STREAMED_KIND_FUNCTIONS(plaintext)
STREAMED_KIND_FUNCTIONS(ciphertext)
STREAMED_KIND_FUNCTIONS(matrix)
STREAMED_KIND_FUNCTIONS(logistic)
STREAMED_KIND_FUNCTIONS(feature_map)
STREAMED_KIND_FUNCTIONS(inference_weights)

/* The files of a training, which have no functions of their own: they are loaded for this plan, which has one block. */
enum { TRAINING_ROWS = 5, TRAINING_COLUMNS = 3, TRAINING_ITERATIONS = 2, TRAINING_SLOTS = 8 };
static umbra_plan_iteration training_iterations[TRAINING_ITERATIONS] = {{.level_after = 1}, {.level_after = 0}};
static umbra_train_plan training_plan = {
    .options = {.rows = TRAINING_ROWS,
                .columns = TRAINING_COLUMNS,
                .batch = TRAINING_ROWS,
                .iterations = TRAINING_ITERATIONS},
    .sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT},
    .digest = {1, 2, 3},
    .layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 4, .slots = TRAINING_SLOTS, .group = 1, .pairs = 1},
    .data_columns = TRAINING_COLUMNS,
    .state_slots = 4,
    .firsts = 1,
    .block_rows = TRAINING_ROWS + 3,
    .batches = 1,
    .blocks = 1,
    .data_level = 1,
    .record_level = 1,
    .iteration = training_iterations,
};
static uint8_t training_owner[UMBRA_OWNER_BYTES];
static const uint8_t training_data[UMBRA_DATASET_ID_BYTES] = {4, 5, 6};

static inline umbra_dataset_place training_place(const umbra_context *context) {
  return (umbra_dataset_place){
      .origin = {.context = context, .plan = &training_plan, .owner = training_owner, .data = training_data}};
}

/* The argument of a block's format begins with that of the others. */
#define TRAINING_KIND_FUNCTIONS(type, format)                                                                     \
  static umbra_status type##_save(const void *object, const char *path) {                                         \
    return umbra_format_save(&(format), object, path, NULL);                                                      \
  }                                                                                                               \
  static umbra_status type##_write(const void *object, void *buffer, size_t *size) {                              \
    return umbra_format_write(&(format), object, buffer, size, NULL);                                             \
  }                                                                                                               \
  static umbra_status type##_load(void **object, const umbra_context *context, const char *path) {                \
    const umbra_dataset_place place = training_place(context);                                                    \
    const umbra_wanted wanted = {&place, umbra_context_params(context)->digest};                                  \
    return umbra_format_load(&(format), object, &wanted, path, NULL);                                             \
  }                                                                                                               \
  static umbra_status type##_read(void **object, const umbra_context *context, const void *buffer, size_t size) { \
    const umbra_dataset_place place = training_place(context);                                                    \
    const umbra_wanted wanted = {&place, umbra_context_params(context)->digest};                                  \
    return umbra_format_read(&(format), object, &wanted, buffer, size, NULL);                                     \
  }                                                                                                               \
  static umbra_status type##_send(const void *object, umbra_write_fn write, void *user) {                         \
    return umbra_format_send(&(format), object, write, user, NULL);                                               \
  }                                                                                                               \
  static umbra_status type##_receive(void **object, const umbra_context *context, umbra_read_fn read, void *user, \
                                     uint64_t most) {                                                             \
    const umbra_dataset_place place = training_place(context);                                                    \
    const umbra_wanted wanted = {&place, umbra_context_params(context)->digest};                                  \
    return umbra_format_receive(&(format), object, &wanted, read, user, most, NULL);                              \
  }                                                                                                               \
  static void type##_destroy(void *object) { (format).destroy(object); }

TRAINING_KIND_FUNCTIONS(train_data, umbra_dataset_index_format)
TRAINING_KIND_FUNCTIONS(train_block, umbra_dataset_block_format)
TRAINING_KIND_FUNCTIONS(checkpoint, umbra_checkpoint_format)

enum {
  PARAMS,
  TRAIN_PLAN,
  INFERENCE_PLAN,
  SECRET_KEY,
  PUBLIC_KEY,
  EVAL_KEYS,
  PLAINTEXT,
  CIPHERTEXT,
  SEEDED,
  MATRIX,
  LOGISTIC,
  FEATURE_MAP,
  INFERENCE_WEIGHTS,
  PUBLIC_OBJECTS, /* those before have public functions */
  TRAIN_DATA = PUBLIC_OBJECTS,
  TRAIN_BLOCK,
  CHECKPOINT,
  OBJECTS
};

static const file_kind file_kinds[OBJECTS] = {
    [PARAMS] = FILE_KIND(params, UMBRA_KIND_PARAMS),
    [TRAIN_PLAN] = FILE_KIND(train_plan, UMBRA_KIND_TRAIN_PLAN),
    [INFERENCE_PLAN] = FILE_KIND(inference_plan, UMBRA_KIND_INFERENCE_PLAN),
    [SECRET_KEY] = FILE_KIND(secret_key, UMBRA_KIND_SECRET_KEY),
    [PUBLIC_KEY] = STREAMED_KIND(public_key, UMBRA_KIND_PUBLIC_KEY),
    [EVAL_KEYS] = STREAMED_KIND(eval_keys, UMBRA_KIND_EVAL_KEYS),
    [PLAINTEXT] = STREAMED_KIND(plaintext, UMBRA_KIND_PLAINTEXT),
    [CIPHERTEXT] = STREAMED_KIND(ciphertext, UMBRA_KIND_CIPHERTEXT),
    [SEEDED] = STREAMED_KIND(ciphertext, UMBRA_KIND_CIPHERTEXT),
    [MATRIX] = STREAMED_KIND(matrix, UMBRA_KIND_MATRIX),
    [LOGISTIC] = STREAMED_KIND(logistic, UMBRA_KIND_LOGISTIC),
    [FEATURE_MAP] = STREAMED_KIND(feature_map, UMBRA_KIND_FEATURE_MAP),
    [INFERENCE_WEIGHTS] = STREAMED_KIND(inference_weights, UMBRA_KIND_INFERENCE_WEIGHTS),
    [TRAIN_DATA] = STREAMED_KIND(train_data, UMBRA_KIND_TRAIN_DATA),
    [TRAIN_BLOCK] = STREAMED_KIND(train_block, UMBRA_KIND_TRAIN_BLOCK),
    [CHECKPOINT] = STREAMED_KIND(checkpoint, UMBRA_KIND_CHECKPOINT),
};

/* ---- the objects ---- */

typedef struct file_objects {
  umbra_context *context;
  void *object[OBJECTS];
  uint8_t *bytes[OBJECTS]; /* what write gives */
  size_t size[OBJECTS];
} file_objects;

/* Whether the objects are of parameters that refresh, and their keys those of a refresh, too. */
static inline int objects_refresh(void) { return getenv("UMBRA_TEST_REFRESHING") != NULL; }

/* Whether the highest level has no keys, and the ciphertext three parts. */
static inline int objects_keyless(void) { return getenv("UMBRA_TEST_KEYLESS") != NULL; }

/* Whether keys say when they were made, and expire. */
static inline int objects_dated(void) { return getenv("UMBRA_TEST_DATED") != NULL; }

static inline umbra_params *small_params(uint32_t depth) {
  umbra_params *params = NULL;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = depth, .log_n = 11, .flags = UMBRA_INSECURE_FOR_TESTS};
  const umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  if (objects_refresh()) need.bootstrap = &shape;
  if (objects_keyless()) need.keyless_levels = 1;
  assert_ok(umbra_params_from_need(&params, &need));
  return params;
}

static inline umbra_context *small_context(const umbra_params *params, uint64_t memory_limit) {
  umbra_context *context = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .threads = 1, .memory_limit = memory_limit};
  assert_ok(umbra_context_create(&context, &desc));
  return context;
}

static inline void square_without_key(umbra_ciphertext **ciphertext, const umbra_context *context) {
  umbra_evaluator *evaluator = NULL;
  assert_ok(umbra_evaluator_create(&evaluator, context, NULL));
  assert_ok(umbra_square(evaluator, ciphertext, *ciphertext));
  assert_int_equal(umbra_ciphertext_parts(*ciphertext), 3);
  umbra_evaluator_destroy(evaluator);
}

/* A layer of three inputs and two outputs, and its bias. */
static inline umbra_inference_weights *small_encrypted_weights(const umbra_context *context,
                                                               const umbra_public_key *public) {
  const double values[] = {0.5, -0.25, 1, 0.75, -1, 0.125};
  const umbra_matrix_layout diagonals = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_DIAGONALS, .stride = 8};
  const umbra_matrix_layout columns = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .slots = 64};
  umbra_inference_weights *weights = NULL;
  assert_ok(umbra_encrypted_open(&weights, context, 2));
  weights->plan[0] = 7;
  assert_ok(umbra_matrix_encrypt(&weights->matrix[0], public, values, 3, 2, &diagonals, NULL));
  assert_ok(umbra_matrix_encrypt(&weights->matrix[1], public, values, 1, 2, &columns, NULL));
  return weights;
}

static inline void make_values(file_objects *o, umbra_secret_key *secret, umbra_public_key *public) {
  enum { ROWS = 5, COLUMNS = 3 };
  double values[ROWS * COLUMNS] = {0.5, -1.25, 3, 0.125};
  umbra_plaintext *plaintext = NULL;
  umbra_ciphertext *ciphertext = NULL, *seeded = NULL;
  umbra_matrix *matrix = NULL;
  umbra_logistic *logistic = NULL;
  umbra_feature_map *map = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = 64};
  options.level = objects_keyless() ? 2 : 1;
  assert_ok(umbra_encode(&plaintext, o->context, values, 4, &options));
  assert_ok(umbra_encrypt(&ciphertext, public, plaintext));
  assert_ok(umbra_encrypt_symmetric(&seeded, secret, plaintext));
  if (objects_keyless()) square_without_key(&ciphertext, o->context);
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  const umbra_feature_layout places = {UMBRA_FEATURE_LAYOUT_INIT, 5, 1, 3, .gap_y = 2, .gap_x = 2, .interleave_x = 2};
  const umbra_sigmoid_options sigmoid = {.struct_size = sizeof sigmoid, .degree = 7, .range = 8};
  assert_ok(umbra_matrix_encrypt(&matrix, public, values, ROWS, COLUMNS, &layout, NULL));
  umbra_matrix_set_stamp(matrix, (const uint8_t[UMBRA_DIGEST_BYTES]){7, 8, 9}, UMBRA_MATRIX_RECORDS);
  assert_ok(umbra_logistic_encrypt(&logistic, public, values, COLUMNS, 0.25, &sigmoid));
  assert_ok(umbra_feature_map_encrypt_symmetric(&map, secret, values, &places, NULL));
  o->object[PLAINTEXT] = plaintext;
  o->object[CIPHERTEXT] = ciphertext;
  o->object[SEEDED] = seeded;
  o->object[MATRIX] = matrix;
  o->object[LOGISTIC] = logistic;
  o->object[FEATURE_MAP] = map;
  o->object[INFERENCE_WEIGHTS] = small_encrypted_weights(o->context, public);
}

/* Of parameters of its own, which refresh. */
static inline umbra_train_plan *small_plan(void) {
  umbra_params *params = NULL;
  umbra_train_plan *plan = NULL;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 5, .log_n = 11, .flags = UMBRA_INSECURE_FOR_TESTS};
  need.bootstrap = &(umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT};
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = TRAINING_ROWS, .columns = TRAINING_COLUMNS};
  assert_ok(umbra_params_from_need(&params, &need));
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  umbra_params_destroy(params);
  return plan;
}

/* A square between two layers, with everything that a plan can hold. */
static inline umbra_inference_plan *small_inference_plan(void) {
  enum { INPUTS = 3, HIDDEN = 2, LABELS = 2 };
  const double weights[INPUTS * HIDDEN] = {0.5, -1, 0.25, 1, 0.75, -0.5}, bias[HIDDEN] = {0.125, -0.25};
  const double square[] = {0, 0, 1}, labels[LABELS] = {7, 9}, values[] = {1, -1, 0.5, -0.5, 0.25, 0.75};
  const size_t inputs = INPUTS;
  const umbra_closing steps[] = {UMBRA_CLOSING_ARGMAX};
  const umbra_ndarray samples = {.rank = 2, .shape = {2, INPUTS}, .values = (double *)values};
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = small_params(3)};
  umbra_inference_plan *plan = NULL;
  umbra_model *model = NULL;
  uint32_t node = 0;
  assert_ok(umbra_model_create(&model, &inputs, 1));
  assert_ok(umbra_model_dense(model, &node, node, HIDDEN, weights, bias));
  assert_ok(umbra_model_polynomial(model, &node, node, square, 3));
  assert_ok(umbra_model_dense(model, &node, node, LABELS, weights, NULL));
  assert_ok(umbra_model_output(model, "label", node, steps, 1, labels));
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  umbra_model_destroy(model);
  umbra_params_destroy((umbra_params *)options.params);
  return plan;
}

static inline double training_element(umbra_element element, const void *source) {
  (void)source;
  if (element.column == TRAINING_COLUMNS) return element.row % 2 ? 1 : -1;
  return (double)element.row / (double)(element.column + 1);
}

static inline umbra_ciphertext *small_weights(file_objects *o, const umbra_public_key *public) {
  const double values[] = {0.5, -0.25, 1};
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = training_plan.data_level;
  options.slots = training_plan.layout.stride;
  umbra_plaintext *plaintext = NULL;
  umbra_ciphertext *weights = NULL;
  assert_ok(umbra_encode(&plaintext, o->context, values, 3, &options));
  assert_ok(umbra_encrypt(&weights, public, plaintext));
  umbra_plaintext_destroy(plaintext);
  return weights;
}

/* What umbra_alloc gives is destroyed by the formats. */
static inline void make_training(file_objects *o, const umbra_public_key *public) {
  umbra_dataset_index *index = NULL;
  umbra_dataset_block *block = NULL;
  umbra_checkpoint *checkpoint = NULL;
  const umbra_matrix_source source = {training_element, NULL, TRAINING_ROWS + 3};
  training_plan.params = o->object[PARAMS];
  umbra_public_key_owner(public, training_owner);
  assert_ok(umbra_alloc(&index, 1, sizeof *index, "an index"));
  assert_ok(umbra_alloc(&block, 1, sizeof *block, "a block"));
  assert_ok(umbra_alloc(&checkpoint, 1, sizeof *checkpoint, "a checkpoint"));
  index->stamp = umbra_train_stamp_of(&training_plan, training_data, training_plan.blocks);
  assert_ok(umbra_train_state_make(&index->weights, 1));
  index->weights.part[0] = small_weights(o, public);
  block->stamp = umbra_train_stamp_of(&training_plan, training_data, 0);
  assert_ok(umbra_matrix_encrypt_source(&block->held.records, umbra_encryptor_of(public), &source, TRAINING_ROWS,
                                        TRAINING_COLUMNS, &training_plan.layout, training_plan.record_level, NULL));
  checkpoint->stamp = umbra_train_stamp_of(&training_plan, training_data, 1);
  assert_ok(umbra_train_state_make(&checkpoint->state, 2));
  for (int i = 0; i < 2; i++) checkpoint->state.part[i] = small_weights(o, public);
  o->object[TRAIN_DATA] = index;
  o->object[TRAIN_BLOCK] = block;
  o->object[CHECKPOINT] = checkpoint;
}

static inline void make_objects(file_objects *o) {
  *o = (file_objects){0};
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_eval_keys *keys = NULL;
  const umbra_key_life life = {UMBRA_KEY_LIFE_INIT, .created = 1700000000, .expires = 1800000000};
  umbra_key_needs *needs = NULL;
  umbra_params *params = small_params(2);
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL));
  assert_ok(umbra_key_needs_conjugation(needs, 1));
  for (int32_t steps = -1; steps <= 1; steps++) assert_ok(umbra_key_needs_rotation(needs, steps, 1));
  if (objects_refresh()) assert_ok(umbra_key_needs_ephemeral(needs));
  o->context = small_context(params, 0);
  assert_ok(umbra_secret_key_generate_for(&secret, o->context, objects_dated() ? &life : NULL));
  assert_ok(umbra_public_key_generate(&public, secret));
  assert_ok(umbra_eval_keys_generate(&keys, secret, needs, NULL));
  umbra_key_needs_destroy(needs);
  o->object[PARAMS] = params;
  o->object[TRAIN_PLAN] = small_plan();
  o->object[INFERENCE_PLAN] = small_inference_plan();
  o->object[SECRET_KEY] = secret;
  o->object[PUBLIC_KEY] = public;
  o->object[EVAL_KEYS] = keys;
  make_values(o, secret, public);
  make_training(o, public);
  for (int k = 0; k < OBJECTS; k++) {
    assert_ok(file_kinds[k].write(o->object[k], NULL, &o->size[k]));
    o->bytes[k] = malloc(o->size[k]);
    assert_non_null(o->bytes[k]);
    assert_ok(file_kinds[k].write(o->object[k], o->bytes[k], &o->size[k]));
  }
}

static inline void destroy_objects(file_objects *o) {
  for (int k = OBJECTS; k-- > 0;) {
    free(o->bytes[k]);
    file_kinds[k].destroy(o->object[k]);
  }
  umbra_context_destroy(o->context);
}

#endif
