/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations, refreshes, scoring and a training, on a dry device or on one with values; scripts/dry_lines looks which
 * lines that takes. Usage: dry_lines DEVICE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umbra/umbra.h>

extern void __gcov_reset(void);
extern void __gcov_dump(void);

#define CHECK(call)                                                                             \
  do {                                                                                          \
    umbra_status status_ = (call);                                                              \
    if (status_ != UMBRA_OK) {                                                                  \
      fprintf(stderr, "%s: %s: %s\n", #call, umbra_status_string(status_), umbra_last_error()); \
      exit(1);                                                                                  \
    }                                                                                           \
  } while (0)

enum { ROWS = 700, COLUMNS = 3, STEPS = 3 };

/* A device with what it computes with. */
typedef struct side {
  umbra_context *context;
  umbra_secret_key *secret; /* NULL, as all keys: dry */
  umbra_public_key *public;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_ciphertext *x, *y, *low;
  umbra_matrix *records;
  umbra_logistic *model;
} side;

static umbra_params *params;
static umbra_bootstrap_plan *refresh;
static umbra_train_plan *plan;
static const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};

static void make_plans(void) {
  umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 14, .log_n = 11, .bootstrap = &shape};
  need.scale_bits = 40;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = ROWS, .columns = COLUMNS};
  need.flags = UMBRA_INSECURE_FOR_TESTS;
  options.iterations = STEPS;
  CHECK(umbra_params_from_need(&params, &need));
  CHECK(umbra_bootstrap_plan_create(&refresh, params, NULL));
  CHECK(umbra_train_plan_create(&plan, params, &options));
}

static umbra_ciphertext *input(const side *s, uint32_t level) {
  umbra_ciphertext *made = NULL;
  umbra_plaintext *plain = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  if (!s->secret) {
    CHECK(umbra_dry_ciphertext(&made, s->context, level, 0, 1));
    return made;
  }
  CHECK(umbra_encode(&plain, s->context, (const double[]){0.5}, 1, &options));
  CHECK(umbra_encrypt(&made, s->public, plain));
  umbra_plaintext_destroy(plain);
  return made;
}

/* Of a real device: a folder with records that all look alike. */
static void make_data(const side *s, const char *folder) {
  static double features[ROWS * COLUMNS], labels[ROWS];
  umbra_records *records = NULL;
  for (int i = 0; i < ROWS; i++) labels[i] = i % 2;
  CHECK(umbra_records_create(&records, features, labels, ROWS, COLUMNS));
  CHECK(umbra_train_encrypt(folder, plan, s->public, records, NULL, NULL));
  umbra_records_destroy(records);
}

static void make_matrix(side *s) {
  static const double values[ROWS * COLUMNS];
  if (!s->secret) {
    CHECK(umbra_dry_matrix(&s->records, s->context, ROWS, COLUMNS, UMBRA_TOP_LEVEL, 1, &layout));
    CHECK(umbra_dry_logistic(&s->model, s->context, COLUMNS, UMBRA_TOP_LEVEL, 1, NULL));
    return;
  }
  CHECK(umbra_matrix_encrypt(&s->records, s->public, values, ROWS, COLUMNS, &layout, NULL));
  CHECK(umbra_logistic_encrypt(&s->model, s->public, values, COLUMNS, 0, NULL));
}

/* needs: NULL: dry. */
static side side_open(const char *device, const umbra_key_needs *needs) {
  side s = {0};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device};
  CHECK(umbra_context_create(&s.context, &desc));
  if (needs) {
    CHECK(umbra_secret_key_generate(&s.secret, s.context));
    CHECK(umbra_public_key_generate(&s.public, s.secret));
    CHECK(umbra_eval_keys_generate(&s.keys, s.secret, needs, NULL));
  }
  CHECK(umbra_evaluator_create(&s.evaluator, s.context, s.keys));
  s.x = input(&s, UMBRA_TOP_LEVEL);
  s.y = input(&s, 9);
  s.low = input(&s, 0);
  make_matrix(&s);
  return s;
}

/* ---- what is computed ---- */

static void operations(const side *s) {
  umbra_evaluator *e = s->evaluator;
  umbra_ciphertext *out = NULL, *many[3] = {0};
  const umbra_ciphertext *a[] = {s->x, s->y}, *b[] = {s->y, s->x};
  const double coefficients[] = {0.5, 0.25, 0, -0.125, 0, 0.0625};
  umbra_plaintext *plain = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = 9;
  CHECK(umbra_encode(&plain, s->context, coefficients, 6, &options));
  CHECK(umbra_add(e, &out, s->x, s->y));
  CHECK(umbra_sub(e, &out, s->x, s->y));
  CHECK(umbra_mul(e, &out, s->x, s->y));
  CHECK(umbra_square(e, &out, s->x));
  CHECK(umbra_negate(e, &out, s->x));
  CHECK(umbra_mul_i(e, &out, s->x));
  CHECK(umbra_conjugate(e, &out, s->x));
  CHECK(umbra_mul_integer(e, &out, s->x, -3));
  CHECK(umbra_add_constant(e, &out, s->x, 0.5, -0.25));
  CHECK(umbra_mul_constant(e, &out, s->x, 0.5, 0.75));
  CHECK(umbra_add_plain(e, &out, s->y, plain));
  CHECK(umbra_sub_plain(e, &out, s->y, plain));
  CHECK(umbra_mul_plain(e, &out, s->y, plain));
  CHECK(umbra_rotate(e, &out, s->x, 1));
  CHECK(umbra_rotate_many(e, many, s->x, (const int32_t[]){1, 0, -3}, 3));
  CHECK(umbra_level_drop(e, &out, s->x, 3));
  CHECK(umbra_dot(e, &out, a, b, 2));
  CHECK(umbra_mul_add(e, &out, s->x, s->y, s->x));
  CHECK(umbra_dot_constants(e, &out, a, (const double[]){0.5, 0, 0, -1}, 2));
  CHECK(umbra_dot_plain(e, &out, a, (const umbra_plaintext *[]){plain, plain}, 2));
  CHECK(umbra_chebyshev_eval(e, &out, s->x, coefficients, 5));
  for (int i = 0; i < 3; i++) umbra_ciphertext_destroy(many[i]);
  umbra_ciphertext_destroy(out);
  umbra_plaintext_destroy(plain);
}

static void refreshes(const side *s) {
  umbra_ciphertext *out = NULL, *other = NULL;
  umbra_bootstrapper *bootstrapper = NULL;
  CHECK(umbra_bootstrapper_create(&bootstrapper, s->context, refresh, NULL));
  CHECK(umbra_bootstrap(s->evaluator, &out, s->low, bootstrapper));
  CHECK(umbra_bootstrap_pair(s->evaluator, &out, &other, s->low, s->low, bootstrapper));
  CHECK(umbra_evaluator_bootstrap_with(s->evaluator, bootstrapper));
  CHECK(umbra_square(s->evaluator, &out, s->low));
  CHECK(umbra_evaluator_bootstrap_with(s->evaluator, NULL));
  umbra_ciphertext_destroy(out);
  umbra_ciphertext_destroy(other);
  umbra_bootstrapper_destroy(bootstrapper);
}

/* folder: NULL: dry. */
static void training(const side *s, const char *folder) {
  umbra_trainer *trainer = NULL;
  umbra_logistic *model = NULL;
  umbra_matrix *scores = NULL;
  umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = s->context, .keys = s->keys};
  desc.data = folder;
  CHECK(umbra_trainer_create(&trainer, &desc, NULL));
  CHECK(umbra_trainer_run(trainer, NULL, NULL));
  CHECK(umbra_trainer_logistic(trainer, &model));
  CHECK(umbra_logistic_score(s->evaluator, &scores, s->model, s->records, NULL));
  umbra_matrix_destroy(scores);
  umbra_logistic_destroy(model);
  umbra_trainer_destroy(trainer);
}

static void compute(const side *s, const char *folder) {
  operations(s);
  refreshes(s);
  training(s, folder);
}

int main(int argc, char **argv) {
  umbra_key_needs *needs = NULL;
  if (argc != 3) return 2;
  make_plans();
  const int is_dry = strcmp(argv[1], "dry") == 0;
  side dry = side_open("dry", NULL);
  if (!is_dry) {
    compute(&dry, NULL);
    CHECK(umbra_key_needs_create(&needs, params));
    CHECK(umbra_context_needs(dry.context, needs));
  }
  side s = is_dry ? dry : side_open(argv[1], needs);
  if (!is_dry) make_data(&s, argv[2]);
  __gcov_reset();
  compute(&s, is_dry ? NULL : argv[2]);
  __gcov_dump();
  _Exit(0); /* nothing is counted any more, and nothing freed */
}
