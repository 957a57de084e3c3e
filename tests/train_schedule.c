/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Options of a training and what is refused, batches, rates and momentum, and the order of records. */
#include "../host/train/schedule.h"
#include "scheme.h"

static umbra_sigmoid_options sigmoid; /* of the options below */

static umbra_train_options options_of(size_t rows, size_t batch) {
  umbra_train_options o = {UMBRA_TRAIN_OPTIONS_INIT, .sigmoid = &sigmoid};
  umbra_sigmoid_options_init(&sigmoid);
  o.rows = rows;
  o.columns = 3;
  o.batch = batch;
  return o;
}

/* ---- options ---- */

#define assert_refused(words, ...)                                                    \
  do {                                                                                \
    umbra_train_options o = options_of(100, 10);                                      \
    __VA_ARGS__;                                                                      \
    assert_fails(umbra_train_options_check(&o), UMBRA_ERROR_INVALID_ARGUMENT, words); \
  } while (0)

#define assert_accepted(...)                     \
  do {                                           \
    umbra_train_options o = options_of(100, 10); \
    __VA_ARGS__;                                 \
    assert_ok(umbra_train_options_check(&o));    \
  } while (0)

static void refused_options(void **state) {
  (void)state;
  assert_refused("rows is 0", o.rows = 0);
  assert_refused("columns is 0", o.columns = 0);
  assert_refused("iterations is 0; it must be 1 to 100000", o.iterations = 0);
  assert_refused("iterations is 100001", o.iterations = 100001);
  assert_refused("batch is 101; it must be up to the 100 rows", o.batch = 101);
  assert_refused("whole_batches and bootstrap_result are 2 and 0", o.whole_batches = 2);
  assert_refused("shuffle is -1; it must be 0, 1 or 2", o.shuffle = -1);
  assert_refused("shuffle is 3", o.shuffle = 3);
  assert_refused("are 0 and 7", o.bootstrap_result = 7);
  assert_refused("whole_batches is 1 and batch is 0", o.whole_batches = 1, o.batch = 0);
  assert_refused("rate is 0; it must be above 0", o.rate = 0);
  assert_refused("rate is -1", o.rate = -1);
  assert_refused("rate is ", o.rate = NAN);
  assert_refused("rate is inf", o.rate = INFINITY);
  assert_refused("schedule is 3", o.schedule = (umbra_rate_schedule)3);
  assert_refused("decay is 0.5; it must be 0 with a constant rate", o.decay = 0.5);
  assert_refused("decay is -1; it must be 0 or above", o.schedule = UMBRA_RATE_INVERSE, o.decay = -1);
  assert_refused("decay is inf", o.schedule = UMBRA_RATE_INVERSE, o.decay = INFINITY);
  assert_refused("decay is 0; it must be above 0, and 1 at most", o.schedule = UMBRA_RATE_EXPONENTIAL);
  assert_refused("decay is 1.5", o.schedule = UMBRA_RATE_EXPONENTIAL, o.decay = 1.5);
  assert_refused("decay is ", o.schedule = UMBRA_RATE_EXPONENTIAL, o.decay = NAN);
  assert_refused("momentum is 0; it must be 0.001 to 1000", o.momentum = 0);
  assert_refused("momentum is -1", o.momentum = -1);
  assert_refused("momentum is 1e+06", o.momentum = 1e6);
  assert_refused("momentum is ", o.momentum = NAN);
  assert_refused("optimizer is 4, which is none", o.optimizer = (umbra_optimizer)4);
  assert_refused("momentum is 1; of this optimizer it must be 0 to 0.999", o.momentum = 1,
                 o.optimizer = UMBRA_OPTIMIZER_NESTEROV);
  assert_refused("momentum is -0.5; of this optimizer", o.momentum = -0.5, o.optimizer = UMBRA_OPTIMIZER_MOMENTUM);
  assert_refused("l2 is -1", o.l2 = -1);
  assert_refused("l2 is 0.5; it must be 0 or above, and below 1 / rate = 0.5", o.l2 = 0.5, o.rate = 2);
  assert_refused("l2 is ", o.l2 = NAN);
  assert_refused("degree is 0; it must be 1 to 63", sigmoid.degree = 0);
  assert_refused("degree is 64", sigmoid.degree = 64);
  assert_refused("fit is 2", sigmoid.fit = (umbra_fit)2);
  assert_refused("range is 0", sigmoid.range = 0);
  assert_refused("range is 1025; of a training it must be", sigmoid.range = 1025);
  assert_refused("range is ", sigmoid.range = NAN);
  assert_refused("bound is 3; it must be a power of two from 2^-19 to 128", o.bound = 3);
  assert_refused("bound is 512", o.bound = 512);
  assert_refused("bound is 0", o.bound = 0);
  assert_refused("bound is -8", o.bound = -8);
  assert_refused("bound is ", o.bound = NAN);
  assert_refused("bound is ", o.bound = 0x1p-20);
}

static void unknown_kinds(void **state) {
  (void)state;
  umbra_train_options o = options_of(100, 10);
  o.kind = (umbra_train_kind)4;
  assert_fails(umbra_train_options_check(&o), UMBRA_ERROR_UNSUPPORTED, "kind is 4: this version trains logistic");
}

static void accepted_options(void **state) {
  (void)state;
  assert_accepted(o.seed = 1);
  assert_accepted(o.batch = 0, o.shuffle = 1, o.bootstrap_result = 1);
  assert_accepted(o.batch = 100, o.whole_batches = 1, o.iterations = 100000);
  assert_accepted(o.schedule = UMBRA_RATE_INVERSE);
  assert_accepted(o.schedule = UMBRA_RATE_INVERSE, o.decay = 100);
  assert_accepted(o.schedule = UMBRA_RATE_EXPONENTIAL, o.decay = 1);
  assert_accepted(o.momentum = 1, o.l2 = 0.99, sigmoid.degree = 63, sigmoid.fit = UMBRA_FIT_CHEBYSHEV);
  assert_accepted(o.momentum = 0, o.optimizer = UMBRA_OPTIMIZER_NESTEROV);
  assert_accepted(o.momentum = 0.999, o.optimizer = UMBRA_OPTIMIZER_MOMENTUM);
  assert_accepted(o.momentum = NAN, o.optimizer = UMBRA_OPTIMIZER_PLAIN);
  assert_accepted(sigmoid.range = 1024, o.bound = 128);
  assert_accepted(sigmoid.range = 0x1p-10, o.bound = 0x1p-19);
}

/* What only networks have is refused for logistic models, and what no network can be for networks. */
static void options_of_networks(void **state) {
  (void)state;
  assert_refused("are of UMBRA_TRAIN_NETWORK", o.hidden[0] = 3);
  assert_refused("are of UMBRA_TRAIN_NETWORK", o.outputs = 2);
  assert_refused("are of UMBRA_TRAIN_NETWORK", o.loss = UMBRA_LOSS_SQUARED);
  assert_refused("are of UMBRA_TRAIN_NETWORK", o.hidden_range = 8);
  assert_refused("are of UMBRA_TRAIN_NETWORK", o.hidden_degree = 3);
  assert_refused("are of hidden layers, and there are none", o.kind = UMBRA_TRAIN_NETWORK, o.hidden_degree = 3,
                 o.hidden_function = UMBRA_FUNCTION_TANH);
  assert_refused("hidden_function is 7", o.kind = UMBRA_TRAIN_NETWORK, o.hidden[0] = 4, o.hidden_degree = 3,
                 o.hidden_function = UMBRA_FUNCTION_INVERSE);
  assert_refused("hidden_function is 0", o.kind = UMBRA_TRAIN_NETWORK, o.hidden[0] = 4, o.hidden_degree = 3);
  assert_refused("hidden_degree is 16; it must be 2 to 15", o.kind = UMBRA_TRAIN_NETWORK, o.hidden[0] = 4,
                 o.hidden_degree = 16, o.hidden_function = UMBRA_FUNCTION_GELU);
  assert_refused("loss is 3, which is none", o.kind = UMBRA_TRAIN_NETWORK, o.loss = (umbra_loss)3);
  assert_refused("outputs is 1; a softmax is of two or more", o.kind = UMBRA_TRAIN_NETWORK, o.loss = UMBRA_LOSS_SOFTMAX,
                 o.outputs = 1);
  assert_refused("hidden[1] is 4 after a 0", o.kind = UMBRA_TRAIN_NETWORK, o.hidden[1] = 4);
  assert_refused("hidden_range is -1", o.kind = UMBRA_TRAIN_NETWORK, o.hidden_range = -1);
  assert_refused("a hidden layer has 4 units and the next one 5", o.kind = UMBRA_TRAIN_NETWORK, o.hidden[0] = 4,
                 o.outputs = 5);
  assert_refused("the last layer has 4097 units; it must have 1 to 4096", o.kind = UMBRA_TRAIN_NETWORK,
                 o.outputs = 4097);
  assert_accepted(o.kind = UMBRA_TRAIN_NETWORK, o.hidden[0] = 5, o.hidden[1] = 5, o.hidden[2] = 5, o.outputs = 8);
}

/* ---- batches ---- */

static void assert_batches(umbra_train_options o, uint64_t count, uint64_t last_rows) {
  uint64_t at = 0;
  assert_int_equal(umbra_train_batches(&o), count);
  for (uint64_t batch = 0; batch < count; batch++) {
    uint64_t first, rows;
    umbra_train_batch(&first, &rows, &o, batch);
    assert_int_equal(first, at);
    assert_int_equal(rows, batch + 1 < count ? o.batch : last_rows);
    at += rows;
  }
}

static void batches(void **state) {
  (void)state;
  assert_batches(options_of(100, 0), 1, 100);
  assert_batches(options_of(100, 100), 1, 100);
  assert_batches(options_of(100, 99), 2, 1);
  assert_batches(options_of(100, 25), 4, 25);
  assert_batches(options_of(100, 30), 4, 10);
  umbra_train_options whole = options_of(100, 30);
  whole.whole_batches = 1;
  assert_batches(whole, 3, 30);
  assert_int_equal(umbra_train_batches(&(umbra_train_options){.rows = UINT64_MAX, .batch = UINT64_MAX - 1}), 2);
}

/* ---- steps ---- */

static void momentum_and_batches(void **state) {
  (void)state;
  enum { ITERATIONS = 9 };
  umbra_train_step step[ITERATIONS];
  umbra_train_options o = options_of(10, 4);
  const uint64_t rows[] = {4, 4, 2};
  o.iterations = ITERATIONS;
  o.rate = 0.75;
  umbra_train_schedule(step, &o);
  long double a = 0.01;
  for (uint32_t i = 0; i < ITERATIONS; i++) {
    long double next = (1 + sqrtl(1 + 4 * a * a)) / 2;
    assert_true(fabsl(step[i].eta - (1 - a) / next) < 1e-15L);
    assert_true(step[i].rate == 0.75);
    assert_int_equal(step[i].batch, i % 3);
    assert_int_equal(step[i].first, 4 * (i % 3));
    assert_int_equal(step[i].rows, rows[i % 3]);
    a = next;
  }
  o.momentum = 1; /* a plain first step */
  umbra_train_schedule(step, &o);
  assert_true(step[0].eta == 0 && fabs(step[1].eta + 0.28175) < 1e-5);
}

static void constant_momentum(void **state) {
  (void)state;
  enum { ITERATIONS = 4 };
  umbra_train_step step[ITERATIONS];
  umbra_train_options o = options_of(10, 0);
  o.iterations = ITERATIONS;
  o.momentum = 0.75;
  o.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  umbra_train_schedule(step, &o);
  for (uint32_t i = 0; i < ITERATIONS; i++) assert_true(step[i].eta == -0.75 && step[i].before == (i ? 1.75 : 1));
  o.optimizer = UMBRA_OPTIMIZER_MOMENTUM;
  umbra_train_schedule(step, &o);
  for (uint32_t i = 0; i < ITERATIONS; i++) assert_true(step[i].eta == 0 && step[i].before == 1);
  const umbra_train_mix mix = umbra_train_mix_of(&o, &step[1]);
  assert_true(mix.ww == 1 && mix.wu == 0.75 && mix.uw == 0 && mix.uu == 0.75);
  o.optimizer = UMBRA_OPTIMIZER_PLAIN;
  assert_true(umbra_train_mix_of(&o, &step[1]).uu == 0);
}

static void rates(void **state) {
  (void)state;
  enum { ITERATIONS = 50 };
  umbra_train_step step[ITERATIONS];
  umbra_train_options o = options_of(10, 0);
  o.iterations = ITERATIONS;
  o.rate = 2;
  o.schedule = UMBRA_RATE_INVERSE;
  o.decay = 0.25;
  umbra_train_schedule(step, &o);
  for (uint32_t i = 0; i < ITERATIONS; i++) assert_true(step[i].rate == 2 / (1 + 0.25 * i));
  o.schedule = UMBRA_RATE_EXPONENTIAL;
  o.decay = 0.9;
  umbra_train_schedule(step, &o);
  for (uint32_t i = 0; i < ITERATIONS; i++) assert_true(fabs(step[i].rate / (2 * pow(0.9, i)) - 1) < 1e-14);
  assert_true(step[0].rate == 2 && step[2].rate == 2 * 0.9 * 0.9);
}

/* ---- order ---- */

/* From a second implementation, in Python. */
static void known_orders(void **state) {
  (void)state;
  static const struct {
    uint64_t seed;
    size_t order[10];
  } cases[] = {{0, {6, 3, 2, 9, 8, 1, 4, 7, 0, 5}},
               {1, {4, 2, 8, 1, 9, 3, 0, 6, 7, 5}},
               {UINT64_MAX, {3, 4, 2, 7, 5, 0, 8, 1, 9, 6}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t order[10];
    umbra_train_options o = options_of(10, 3);
    o.shuffle = 1;
    o.seed = cases[i].seed;
    umbra_train_deal(order, &o);
    assert_memory_equal(order, cases[i].order, sizeof order);
    o.shuffle = 0;
    umbra_train_deal(order, &o);
    for (uint64_t k = 0; k < 10; k++) assert_int_equal(order[k], k);
  }
}

/* All records, and all places equally often. */
static void orders_are_fair(void **state) {
  (void)state;
  enum { ROWS = 7, TIMES = 70000 };
  static uint32_t seen[ROWS][ROWS];
  umbra_train_options o = options_of(ROWS, 0);
  o.shuffle = 1;
  for (o.seed = 0; o.seed < TIMES; o.seed++) {
    size_t order[ROWS];
    uint32_t mask = 0;
    umbra_train_deal(order, &o);
    for (int k = 0; k < ROWS; k++) {
      assert_true(order[k] < ROWS);
      mask |= 1u << order[k];
      seen[k][order[k]]++;
    }
    assert_int_equal(mask, (1u << ROWS) - 1);
  }
  for (int k = 0; k < ROWS; k++)
    for (int row = 0; row < ROWS; row++) /* standard deviation: 93 */
      assert_true(abs((int)seen[k][row] - TIMES / ROWS) < 450);
  umbra_train_options one = options_of(1, 0);
  size_t order = 7;
  one.shuffle = 1;
  umbra_train_deal(&order, &one);
  assert_int_equal(order, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refused_options),      cmocka_unit_test(unknown_kinds),
      cmocka_unit_test(accepted_options),     cmocka_unit_test(batches),
      cmocka_unit_test(momentum_and_batches), cmocka_unit_test(rates),
      cmocka_unit_test(options_of_networks),  cmocka_unit_test(constant_momentum),
      cmocka_unit_test(known_orders),         cmocka_unit_test(orders_are_fair),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
