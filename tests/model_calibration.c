/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Behind calibration and polynomial networks: samples that are even, the same ranges whatever the threads, copies of
 * all kinds of nodes, and allocations that fail one after the other.
 */
#include "networks.h"

#include "host/base/memory.h"
#include "host/model/ranges.h"

/* ---- samples ---- */

/* A model whose input is an activation's, and records whose elements are 0, 1, 2, ... */
static umbra_model_ranges *counted(size_t count, size_t width) {
  umbra_model *model = NULL;
  umbra_model_ranges *ranges = NULL;
  uint32_t node;
  umbra_ndarray records = random_batch(count, width, 0, 1);
  for (size_t i = 0; i < count * width; i++) records.values[i] = (double)i;
  assert_ok(umbra_model_create(&model, &width, 1));
  assert_ok(umbra_model_activation(model, &node, 0, UMBRA_FUNCTION_RELU));
  assert_ok(umbra_model_calibrate(model, &ranges, &records, NULL));
  umbra_ndarray_clear(&records);
  umbra_model_destroy(model);
  return ranges;
}

/* Of each `stride` values one, and all elements of records about equally often. */
static void check_sample(size_t count, size_t width, size_t stride) {
  umbra_model_ranges *ranges = counted(count, width);
  const umbra_sample *s = &ranges->samples[0];
  size_t *of_element = calloc(width, sizeof *of_element), expected = s->count / width;
  assert_true(s->stride == stride && s->count == (count * width + stride - 1) / stride);
  for (size_t i = 0; i < s->count; i++) {
    assert_true((size_t)s->values[i] / stride == i);
    of_element[(size_t)s->values[i] % width]++;
  }
  for (size_t k = 0; k < width; k++)
    if (of_element[k] < expected / 2 || of_element[k] > 2 * expected + 2)
      fail_msg("element %zu: %zu times, not about %zu", k, of_element[k], expected);
  assert_true(ranges->samples[1].count == 0 && !ranges->samples[1].values);
  free(of_element);
  umbra_model_ranges_destroy(ranges);
}

static void samples_are_even(void **state) {
  (void)state;
  check_sample(100, 7, 1);
  check_sample(1 << 14, 4, 1);
  check_sample((1 << 14) + 1, 4, 2);
  check_sample(1 << 14, 64, 16); /* strides and widths that divide each other */
  check_sample(10007, 100, 16);
}

/* ---- threads ---- */

static umbra_model *image_network(void);

static void same_for_all_threads(void **state) {
  (void)state;
  umbra_model *model = image_network();
  umbra_ndarray records = random_batch(50, 72, 1, 3);
  umbra_model_ranges *ranges[2] = {NULL, NULL};
  for (int i = 0; i < 2; i++) {
    setenv("UMBRA_THREADS", i ? "5" : "1", 1);
    assert_ok(umbra_model_calibrate(model, &ranges[i], &records, NULL));
  }
  const umbra_model_ranges *a = ranges[0], *b = ranges[1];
  assert_memory_equal(a->nodes, b->nodes, a->node_count * sizeof *a->nodes);
  assert_memory_equal(a->features, b->features, a->feature_count * sizeof *a->features);
  for (size_t i = 0; i < a->node_count; i++) {
    assert_int_equal(a->samples[i].count, b->samples[i].count);
    for (size_t k = 0; k < a->samples[i].count; k++) assert_true(a->samples[i].values[k] == b->samples[i].values[k]);
  }
  umbra_model_ranges_destroy(ranges[0]);
  umbra_model_ranges_destroy(ranges[1]);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(model);
}

/* ---- copies ---- */

/* All kinds of nodes, on images of 2 x 6 x 6. */
static umbra_model *image_network(void) {
  umbra_model *model = NULL;
  umbra_sign_plan *sign = NULL;
  uint32_t a, b;
  umbra_ndarray weights = random_batch(4, 9, 0.3, 9);
  umbra_model_window conv = {UMBRA_MODEL_WINDOW_INIT}, pool = {UMBRA_MODEL_WINDOW_INIT};
  const umbra_sign_options degrees = {UMBRA_SIGN_OPTIONS_INIT, .degrees = (const uint32_t[]){7, 15}, .count = 2};
  conv.channels = 4;
  conv.groups = 2;
  conv.kernel[0] = conv.kernel[1] = 3;
  conv.before[0] = conv.before[1] = conv.after[0] = conv.after[1] = 1;
  pool.kernel[0] = pool.stride[1] = pool.kernel[1] = pool.stride[0] = 2;
  assert_ok(umbra_sign_plan_create(&sign, &degrees));
  assert_ok(umbra_model_create(&model, (const size_t[]){2, 6, 6}, 3));
  assert_ok(umbra_model_conv2d(model, &a, 0, weights.values, weights.values, &conv));
  assert_ok(umbra_model_activation(model, &a, a, UMBRA_FUNCTION_SIGMOID));
  assert_ok(umbra_model_average_pool(model, &a, a, &pool));
  assert_ok(umbra_model_scale_shift(model, &a, a, (const double[]){1, 2, 3, 4}, (const double[]){4, 3, 2, 1}, 4));
  assert_ok(umbra_model_polynomial(model, &b, a, (const double[]){0.5, 0, 1}, 3));
  assert_ok(umbra_model_apply(model, &a, UMBRA_NODE_CONCAT, (const uint32_t[]){a, b}, 2));
  assert_ok(umbra_model_apply(model, &b, UMBRA_NODE_GLOBAL_POOL, &a, 1));
  assert_ok(umbra_model_reshape(model, &a, a, (const size_t[]){72}, 1));
  assert_ok(umbra_model_select(model, &a, a, (const int32_t[]){0, -1, 71, 5, 6, 7, 8, 9}, 8));
  assert_ok(umbra_model_apply(model, &a, UMBRA_NODE_ADD, (const uint32_t[]){a, b}, 2));
  assert_ok(umbra_model_chebyshev(model, &a, a, (const double[]){1, 2, 3}, 3, (const double[]){-200, 250}));
  assert_ok(umbra_model_sign_relu(model, &a, a, sign, 100));
  a = random_dense(model, a, 8, 3, 5);
  assert_ok(umbra_model_output(model, "label", a, (const umbra_closing[]){UMBRA_CLOSING_ARGMAX}, 1,
                               (const double[]){7, 8, 9}));
  assert_ok(umbra_model_output(model, "logits", a, NULL, 0, NULL));
  assert_ok(umbra_model_title(model, a, "the last one"));
  umbra_sign_plan_destroy(sign);
  umbra_ndarray_clear(&weights);
  return model;
}

static void copies(void **state) {
  (void)state;
  umbra_model *model = image_network(), *copy = NULL;
  umbra_ndarray records = random_batch(5, 72, 1, 3), wanted[2] = {{0}, {0}}, found = {0};
  char title[UMBRA_NODE_TEXT];
  assert_ok(umbra_model_copy(&copy, model));
  for (size_t i = 0; i < 2; i++) assert_ok(umbra_model_run(model, &wanted[i], &records, i, NULL));
  umbra_model_destroy(model);
  for (size_t i = 0; i < 2; i++) {
    assert_ok(umbra_model_run(copy, &found, &records, i, NULL));
    assert_int_equal(umbra_ndarray_count(&found), umbra_ndarray_count(&wanted[i]));
    assert_memory_equal(found.values, wanted[i].values, umbra_ndarray_count(&found) * sizeof(double));
    umbra_ndarray_clear(&wanted[i]);
  }
  assert_string_equal(umbra_node_text(title, copy, (uint32_t)umbra_model_nodes(copy) - 1), "the last one");
  assert_string_equal(umbra_model_output_name(copy, 1), "logits");
  uint32_t node; /* there is room for more, within the limits */
  assert_ok(umbra_model_activation(copy, &node, 0, UMBRA_FUNCTION_TANH));
  umbra_ndarray_clear(&found);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(copy);
}

/* ---- memory ---- */

typedef struct made {
  umbra_model *model, *polynomial;
  umbra_model_ranges *ranges;
  umbra_approximation *facts;
  umbra_ndarray records;
} made;

static umbra_status make_all(made *m) {
  const umbra_activation_choice sign = {UMBRA_ACTIVATION_CHOICE_INIT, .node = 2,
                                        .sign_degrees = (const uint32_t[]){3, 3}, .sign_count = 2};
  umbra_approximation_options options;
  umbra_approximation_options_init(&options);
  options.error = 1;
  options.levels = 3;
  options.choices = &sign;
  options.choice_count = 1;
  umbra_status status = umbra_model_calibrate(m->model, &m->ranges, &m->records, NULL);
  if (status != UMBRA_OK) return status;
  return umbra_model_approximate(m->model, &m->polynomial, &m->facts, m->ranges, &m->records, &options, NULL);
}

/* The hook is one of this thread, so there is no other. */
static void allocations_that_fail(void **state) {
  (void)state;
  made m = {.records = random_batch(6, 3, 1, 3)};
  uint32_t node;
  long n = 0;
  setenv("UMBRA_THREADS", "1", 1);
  assert_ok(umbra_model_create(&m.model, (const size_t[]){3}, 1));
  assert_ok(umbra_model_activation(m.model, &node, random_dense(m.model, 0, 3, 4, 1), UMBRA_FUNCTION_RELU));
  assert_ok(umbra_model_activation(m.model, &node, random_dense(m.model, node, 4, 2, 1), UMBRA_FUNCTION_SIGMOID));
  assert_ok(umbra_model_output(m.model, "y", node, NULL, 0, NULL));
  for (;; n++) {
    umbra_alloc_fail_after(n);
    umbra_status status = make_all(&m);
    umbra_alloc_fail_after(-1);
    if (status == UMBRA_OK) break;
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_true(!m.polynomial && !m.facts);
    umbra_model_ranges_destroy(m.ranges);
    m.ranges = NULL;
  }
  assert_true(n > 60);
  umbra_approximation_destroy(m.facts);
  umbra_model_ranges_destroy(m.ranges);
  umbra_ndarray_clear(&m.records);
  umbra_model_destroy(m.polynomial);
  umbra_model_destroy(m.model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_are_even),
      cmocka_unit_test(same_for_all_threads),
      cmocka_unit_test(copies),
      cmocka_unit_test(allocations_that_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
