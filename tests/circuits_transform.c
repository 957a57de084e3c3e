/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Linear maps of slots, hoisted and with few keys, against the sum of products in the clear, and against rotations,
 * products and sums of ciphertexts; and their plans. That all backends give the same bits is looked at in backends.c.
 */
#include "host/base/memory.h"
#include "transforms.h"

enum { MOST = 64, ROOM = 160, LOG_N = 11, DEPTH = 3 };

/* ---- sets of rotations ---- */

typedef struct rotation_set {
  int32_t rotation[ROOM];
  size_t count;
} rotation_set;

static rotation_set progression(int32_t first, int32_t last, int32_t stride) {
  rotation_set set = {.count = 0};
  for (int32_t i = first; i <= last; i++) set.rotation[set.count++] = i * stride;
  return set;
}

/* Distinct modulo slots. */
static rotation_set random_set(uint64_t *state, uint32_t slots, size_t count) {
  rotation_set set = {.count = 0};
  uint8_t *taken = calloc(slots, 1);
  assert_non_null(taken);
  while (set.count < count) {
    uint32_t rotation = below(state, slots);
    if (taken[rotation]++) continue;
    set.rotation[set.count++] = (int32_t)rotation - (int32_t)(below(state, 2) * slots);
  }
  free(taken);
  return set;
}

/* ---- plans ---- */

static umbra_transform_shape shape_of(const rotation_set *set, uint32_t slots, uint32_t level) {
  return (umbra_transform_shape){
      .slots = slots, .period = slots, .count = set->count, .rotation = set->rotation, .level = level};
}

/* Every diagonal has one cell, whose steps add up to its rotation. */
static void check_plan(const umbra_transform_plan *plan, const umbra_transform_shape *shape) {
  uint32_t *cells = calloc(shape->count, sizeof *cells);
  assert_non_null(cells);
  for (uint32_t i = 0; i < plan->babies * plan->giants; i++) {
    uint32_t k = plan->diagonal[i];
    if (k == UMBRA_NO_DIAGONAL) continue;
    int64_t sum = (int64_t)plan->baby[i % plan->babies] + plan->giant[i / plan->babies];
    assert_in_range(k, 0, shape->count - 1);
    assert_int_equal((sum - shape->rotation[k]) % (int64_t)shape->slots, 0);
    cells[k]++;
  }
  for (size_t k = 0; k < shape->count; k++) assert_int_equal(cells[k], 1);
  free(cells);
}

static umbra_transform_plan *make_plan(const umbra_params *params, const umbra_transform_shape *shape) {
  umbra_transform_plan *plan;
  assert_ok(umbra_transform_plan_create(&plan, &params->chain, shape));
  check_plan(plan, shape);
  return plan;
}

static void plans_cover_their_diagonals(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  uint64_t random = 5;
  for (int trial = 0; trial < 300; trial++) {
    uint32_t slots = 1u << (1 + below(&random, LOG_N - 1));
    size_t most = slots < MOST ? slots : MOST;
    rotation_set set = random_set(&random, slots, 1 + below(&random, (uint32_t)most));
    umbra_transform_shape shape = shape_of(&set, slots, 1 + below(&random, DEPTH));
    shape.min_key = trial % 2;
    shape.baby_steps = trial % 3 ? 0 : 1 + below(&random, 20);
    umbra_transform_plan_destroy(make_plan(params, &shape));
  }
  umbra_params_destroy(params);
}

static void plans_of_progressions(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  rotation_set full = progression(-31, 31, 16), few = progression(0, 3, 1);
  umbra_transform_shape shape = shape_of(&full, 1024, DEPTH);
  umbra_transform_plan *plan = make_plan(params, &shape);
  assert_int_equal(plan->stride, 16);
  assert_true(plan->giants > 1 && plan->babies > plan->giants); /* baby steps are the cheaper ones */
  assert_true(plan->key_switches < 30);
  umbra_transform_plan_destroy(plan);
  shape.baby_steps = 8;
  plan = make_plan(params, &shape);
  assert_int_equal(plan->key_switches, 14);
  umbra_transform_plan_destroy(plan);
  shape.min_key = 1;
  plan = make_plan(params, &shape);
  assert_int_equal(plan->key_switches, 7 + 7 + 1);
  umbra_transform_plan_destroy(plan);
  shape = shape_of(&few, 1024, DEPTH);
  plan = make_plan(params, &shape);
  assert_int_equal(plan->giants, 1);
  assert_int_equal(plan->key_switches, 3);
  umbra_transform_plan_destroy(plan);
  umbra_params_destroy(params);
}

static void bad_shapes_are_refused(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  rotation_set set = progression(0, 3, 1);
  umbra_transform_plan *plan = NULL;
  umbra_transform_shape good = shape_of(&set, 64, 1), bad = good;
  bad.level = 0;
  assert_fails(umbra_transform_plan_create(&plan, &params->chain, &bad), UMBRA_ERROR_NO_LEVEL, "takes a level");
  bad = good;
  bad.slots = 48;
  assert_fails(umbra_transform_plan_create(&plan, &params->chain, &bad), UMBRA_ERROR_INVALID_ARGUMENT, "powers of two");
  bad = good;
  bad.count = 0;
  assert_fails(umbra_transform_plan_create(&plan, &params->chain, &bad), UMBRA_ERROR_INVALID_ARGUMENT, "diagonals");
  assert_null(plan);
  umbra_params_destroy(params);
}

/* ---- maps ---- */

typedef struct map_case {
  rotation_set set;
  uint32_t slots, period, level, baby_steps;
  int min_key;
} map_case;

typedef struct map_rig {
  scheme s;
  umbra_diagonals diagonals;
  umbra_transform *transform;
  vector x, expected;
  umbra_ciphertext *in;
} map_rig;

static umbra_transform *encode_map(const map_rig *rig, const map_case *c, const umbra_context *context) {
  umbra_transform *made = NULL;
  umbra_transform_encoding desc = {.diagonals = &rig->diagonals,
                                   .level = c->level,
                                   .log_scale = umbra_context_chain(context)->log_scale[c->level],
                                   .min_key = c->min_key,
                                   .baby_steps = c->baby_steps};
  assert_ok(umbra_transform_encode(&made, context, &desc));
  return made;
}

/* Rotations that the map looks for; returns how many. */
static size_t keys_of(int32_t *key, const map_rig *rig, const map_case *c, const umbra_params *params) {
  scheme dry;
  umbra_ciphertext *x = NULL;
  scheme_open_dry(&dry, umbra_params_share(params));
  assert_ok(umbra_dry_ciphertext(&x, dry.context, c->level, c->slots, 1));
  umbra_transform *transform = encode_map(rig, c, dry.context);
  assert_ok(transform_ciphertext(dry.evaluator, &x, x, transform));
  umbra_key_needs *needs = scheme_needs(&dry);
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  const size_t count = umbra_key_needs_count(needs);
  assert_true(count <= (c->min_key ? 3 : 2 * ROOM));
  for (size_t i = 0; i < count; i++) {
    assert_ok(umbra_key_needs_get(needs, &need, i));
    assert_int_equal(need.kind, UMBRA_KEY_ROTATE);
    assert_in_range(need.steps, 1, c->slots - 1);
    key[i] = need.steps;
  }
  umbra_key_needs_destroy(needs);
  umbra_transform_destroy(transform);
  umbra_ciphertext_destroy(x);
  scheme_close(&dry);
  return count;
}

/* Keys: those of the map, but the last `missing` of them. */
static void rig_open(map_rig *rig, uint64_t *state, const map_case *c, const char *device, uint32_t missing) {
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  int32_t key[2 * ROOM];
  rig->diagonals = diagonals_random(state, c->slots, c->period, c->set.rotation, c->set.count);
  const size_t keys = keys_of(key, rig, c, params);
  scheme_open(&rig->s, params, device, key, keys - missing);
  rig->x = vector_random(state, c->slots, 1);
  rig->expected = mapped(&rig->diagonals, &rig->x);
  rig->in = encrypt_vector(&rig->s, &rig->x, c->level);
  rig->transform = encode_map(rig, c, rig->s.context);
}

static void rig_close(map_rig *rig) {
  umbra_transform_destroy(rig->transform);
  umbra_ciphertext_destroy(rig->in);
  vector_destroy(&rig->x);
  vector_destroy(&rig->expected);
  diagonals_destroy(&rig->diagonals);
  scheme_close(&rig->s);
}

static void check_near(const scheme *s, const umbra_ciphertext *result, const vector *expected) {
  double error = worst_error(s, result, expected), bound = 18 * result->estimate.bound.error;
  if (error > bound || error > 0x1p-14) fail_msg("error %g, tracked bound %g", error, bound);
  for (uint32_t j = 0; j < expected->slots; j++)
    assert_true(cabsl(expected->value[j]) <= result->estimate.bound.magnitude);
}

static void check_map(uint64_t *state, const map_case *c) {
  map_rig rig;
  umbra_ciphertext *out = NULL;
  rig_open(&rig, state, c, "cpu", 0);
  assert_ok(transform_ciphertext(rig.s.evaluator, &out, rig.in, rig.transform));
  assert_int_equal(umbra_ciphertext_level(out), c->level - 1);
  check_near(&rig.s, out, &rig.expected);
  umbra_ciphertext_destroy(out);
  rig_close(&rig);
}

static void progressions(void **state) {
  (void)state;
  uint64_t random = 1;
  for (int min_key = 0; min_key < 2; min_key++) {
    check_map(&random, &(map_case){progression(-31, 31, 16), 1024, 1024, 3, 0, min_key});
    check_map(&random, &(map_case){progression(-31, 31, 1), 1024, 32, 2, 8, min_key});
    check_map(&random, &(map_case){progression(0, 31, 32), 1024, 512, 3, 8, min_key});
    check_map(&random, &(map_case){progression(0, 15, 1), 16, 16, 1, 4, min_key});
    check_map(&random, &(map_case){progression(0, 1, 1), 2, 2, 3, 0, min_key});
    check_map(&random, &(map_case){progression(5, 12, 3), 256, 1, 2, 4, min_key}); /* no giant step of 0 */
    check_map(&random, &(map_case){progression(0, 0, 1), 64, 64, 3, 0, min_key});
    check_map(&random, &(map_case){progression(7, 7, 1), 64, 8, 3, 0, min_key});
  }
}

static void random_sets(void **state) {
  (void)state;
  uint64_t random = 2;
  for (int trial = 0; trial < 16; trial++) {
    uint32_t log_slots = 1 + below(&random, LOG_N - 1), slots = 1u << log_slots;
    map_case c = {.slots = slots,
                  .period = 1u << below(&random, log_slots + 1),
                  .level = 1 + below(&random, DEPTH),
                  .baby_steps = trial % 2 ? 0 : 1 + below(&random, 20),
                  .min_key = trial % 4 == 3};
    c.set = random_set(&random, slots, 1 + below(&random, slots < 12 ? slots : 12));
    check_map(&random, &c);
  }
}

/* An input at a higher level is used as it is, less the limbs that the map does not have. */
static void input_may_be_higher(void **state) {
  (void)state;
  map_case c = {progression(-4, 4, 1), 1024, 64, 2, 3, 0};
  uint64_t random = 3;
  map_rig rig;
  rig_open(&rig, &random, &c, "cpu", 0);
  const umbra_chain *chain = &rig.s.params->chain;
  umbra_ciphertext *high = encrypt_vector(&rig.s, &rig.x, DEPTH);
  umbra_scaled x = {high->poly, DEPTH, chain->log_scale[DEPTH], high->estimate}, y;
  if (umbra_level_contains(chain, DEPTH, 2)) {
    assert_ok(umbra_transform_apply_scaled(rig.s.evaluator, &y, &x, rig.transform));
    assert_true(y.log_scale == umbra_transform_log_scale(rig.transform, x.log_scale));
    umbra_scaled_destroy(&y, rig.s.context);
  } else {
    assert_fails(umbra_transform_apply_scaled(rig.s.evaluator, &y, &x, rig.transform), UMBRA_ERROR_INVALID_ARGUMENT,
                 "level");
  }
  umbra_ciphertext_destroy(high);
  rig_close(&rig);
}

/* Encoded at use, in several parts if there are many, the result is the same, bit by bit. */
static void same_bits_at_use(void **state) {
  (void)state;
  uint64_t random = 8;
  for (int trial = 0; trial < 6; trial++) {
    const int many = trial < 2;
    map_case c = {.slots = 1024, .period = trial % 2 ? 1024 : 64, .level = 2, .min_key = trial == 5};
    c.set = many ? progression(0, 149, 1) : random_set(&random, 1024, 20);
    c.baby_steps = many ? 7 : 0;
    map_rig rig;
    umbra_ciphertext *out[2] = {NULL};
    rig_open(&rig, &random, &c, "cpu", 0);
    assert_ok(transform_ciphertext(rig.s.evaluator, &out[0], rig.in, rig.transform));
    umbra_transform_destroy(rig.transform);
    umbra_diagonals taken = diagonals_taken(&rig.diagonals);
    const size_t pairs = c.set.count * c.period;
    const umbra_transform_encoding desc = {.diagonals = &taken,
                                           .level = c.level,
                                           .log_scale = umbra_context_chain(rig.s.context)->log_scale[c.level],
                                           .min_key = c.min_key,
                                           .baby_steps = c.baby_steps,
                                           .at_use = &taken};
    assert_ok(umbra_transform_encode(&rig.transform, rig.s.context, &desc));
    assert_null(taken.value);
    assert_int_equal(umbra_transform_bytes(rig.transform), pairs * 2 * sizeof(double));
    assert_ok(transform_ciphertext(rig.s.evaluator, &out[1], rig.in, rig.transform));
    bytes expected = ciphertext_bytes(out[0]);
    assert_true(has_bytes(out[1], &expected));
    free(expected.data);
    for (int i = 0; i < 2; i++) umbra_ciphertext_destroy(out[i]);
    rig_close(&rig);
  }
}

static void missing_key_is_named(void **state) {
  (void)state;
  uint64_t random = 4;
  for (int min_key = 0; min_key < 2; min_key++) {
    map_case c = {progression(0, 11, 2), 1024, 1024, 2, 4, min_key};
    map_rig rig;
    umbra_ciphertext *out = NULL;
    rig_open(&rig, &random, &c, "cpu", 1);
    assert_fails(transform_ciphertext(rig.s.evaluator, &out, rig.in, rig.transform), UMBRA_ERROR_MISSING_KEY,
                 min_key ? "no key for rotation 8" : "no key for rotation 16");
    assert_null(out);
    rig_close(&rig);
  }
}

/* sum of rotate + mul_plain, one diagonal after the other. */
static umbra_ciphertext *slow_map(const map_rig *rig, uint32_t level) {
  const umbra_diagonals *d = &rig->diagonals;
  umbra_ciphertext *sum = NULL, *turned = NULL;
  for (size_t k = 0; k < d->count; k++) {
    vector value = vector_make(d->slots);
    for (uint32_t j = 0; j < d->slots; j++) {
      const double *pair = d->value + 2 * (k * d->period + j % d->period);
      value.value[j] = pair[0] + pair[1] * (number)I;
    }
    umbra_plaintext *plain = encode_vector(&rig->s, &value, level);
    assert_ok(umbra_rotate(rig->s.evaluator, &turned, rig->in, d->rotation[k]));
    assert_ok(umbra_mul_plain(rig->s.evaluator, &turned, turned, plain));
    if (sum) assert_ok(umbra_add(rig->s.evaluator, &sum, sum, turned));
    else assert_ok(umbra_ciphertext_copy(&sum, turned));
    umbra_plaintext_destroy(plain);
    vector_destroy(&value);
  }
  umbra_ciphertext_destroy(turned);
  return sum;
}

static void agrees_with_single_operations(void **state) {
  (void)state;
  map_case c = {progression(-3, 3, 5), 1024, 128, 3, 0, 0};
  uint64_t random = 6;
  map_rig rig;
  umbra_ciphertext *out = NULL;
  rig_open(&rig, &random, &c, "cpu", 0);
  umbra_ciphertext *slow = slow_map(&rig, c.level);
  assert_ok(transform_ciphertext(rig.s.evaluator, &out, rig.in, rig.transform));
  double error = worst_error(&rig.s, out, &rig.expected), slow_error = worst_error(&rig.s, slow, &rig.expected);
  assert_true(error <= 1.5 * slow_error); /* fewer roundings */
  umbra_ciphertext_destroy(slow);
  umbra_ciphertext_destroy(out);
  rig_close(&rig);
}

/* Whichever allocation fails, nothing is made and nothing is lost. */
static void failing_allocations_are_clean(void **state) {
  (void)state;
  uint64_t random = 7;
  for (int min_key = 0; min_key < 2; min_key++) {
    map_case c = {progression(1, 6, 1), 1024, 16, 2, 2, min_key};
    map_rig rig;
    rig_open(&rig, &random, &c, "cpu", 0);
    umbra_transform_encoding desc = {.diagonals = &rig.diagonals,
                                     .level = c.level,
                                     .log_scale = rig.transform->log_scale,
                                     .min_key = min_key,
                                     .baby_steps = c.baby_steps};
    umbra_scaled x = {rig.in->poly, c.level, desc.log_scale, rig.in->estimate}, y = {0};
    umbra_transform *made = NULL;
    umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
    for (long n = 0; status != UMBRA_OK; n++) {
      uint64_t before = umbra_context_memory(rig.s.context);
      umbra_alloc_fail_after(n);
      status = umbra_transform_encode(&made, rig.s.context, &desc);
      if (status == UMBRA_OK) status = umbra_transform_apply_scaled(rig.s.evaluator, &y, &x, made);
      umbra_alloc_fail_after(-1);
      if (status == UMBRA_OK) break;
      assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
      assert_null(y.poly.data);
      umbra_transform_destroy(made);
      made = NULL;
      assert_int_equal(umbra_context_memory(rig.s.context), before);
    }
    umbra_transform_destroy(made);
    umbra_scaled_destroy(&y, rig.s.context);
    rig_close(&rig);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_cover_their_diagonals),
      cmocka_unit_test(plans_of_progressions),
      cmocka_unit_test(bad_shapes_are_refused),
      cmocka_unit_test(progressions),
      cmocka_unit_test(random_sets),
      cmocka_unit_test(input_may_be_higher),
      cmocka_unit_test(same_bits_at_use),
      cmocka_unit_test(missing_key_is_named),
      cmocka_unit_test(agrees_with_single_operations),
      cmocka_unit_test(failing_allocations_are_clean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
