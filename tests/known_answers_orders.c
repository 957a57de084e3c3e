/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Secret orders of records are those of the independent model. */
#include "host/train/plan.h"
#include "host/train/scaling.h"
#include "known_answers.h"

static void known_order(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  enum { MOST = 200 };
  size_t order[MOST];
  uint32_t expected[MOST];
  umbra_scaling scaling = {.known = 1};
  umbra_records records = {.scaling = &scaling};
  umbra_train_plan plan = {.options = {UMBRA_TRAIN_OPTIONS_INIT, .shuffle = UMBRA_SHUFFLE_SECRET}};
  plan.options.seed = number(r, "seed");
  plan.options.rows = numbers(r, "order", expected, MOST);
  for (size_t k = 0; k < UMBRA_DIGEST_BYTES; k++) scaling.salt[k] = (uint8_t)(number(r, "first") + k);
  ok(r, umbra_scaling_identify(plan.training, &scaling, plan.digest));
  ok(r, umbra_train_plan_order(&plan, order, &records));
  for (size_t k = 0; k < plan.options.rows; k++) assert_int_equal(order[k], expected[k]);
}

static void known_orders(void **state) {
  (void)state;
  each_record("orders.txt", NULL, known_order);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(known_orders)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
