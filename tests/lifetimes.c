/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick UMBRA_TEST_ORDERS=100 */
/* labels: full UMBRA_TEST_ORDERS=1200 */
/* labels: slow UMBRA_TEST_ORDERS=10000 */
/*
 * Objects are destroyed in any order, and those that are left work on. The objects are made once; each order runs in a
 * process of its own, forked from there.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../host/circuits/bootstrap/bootstrap_plan.h"
#include "../host/ckks/ciphertext_internal.h"
#include "train.h"

/* Those that are taken in every order, then more of every type, and second handles. */
enum {
  CONTEXT,
  SECRET,
  PUBLIC,
  KEYS,
  PLAN,
  BOOTSTRAPPER,
  EVALUATOR,
  CIPHERTEXT,
  CIRCUIT,
  FEW,
  PARAMS = FEW,
  ELSEWHERE,
  MOVED,
  PLAINTEXT,
  OPENED,
  MATRIX,
  MODEL,
  TRAIN_PLAN,
  TRAIN_KEYS,
  TRAINER,
  SECOND_EVALUATOR,
  SECOND_CIRCUIT,
  CONTEXT_AGAIN,
  SECRET_AGAIN,
  PUBLIC_AGAIN,
  KEYS_AGAIN,
  PLAN_AGAIN,
  BOOTSTRAPPER_AGAIN,
  TRAIN_PLAN_AGAIN,
  ALL
};

static void *object[ALL]; /* NULL: destroyed */
static char folder[32];   /* of the trainer's data */
static const double value = 0.5;

/* ---- destroying by number ---- */

#define DESTROYER(type) \
  static void destroy_##type(void *handle) { umbra_##type##_destroy(handle); }
DESTROYER(context)
DESTROYER(secret_key)
DESTROYER(public_key)
DESTROYER(eval_keys)
DESTROYER(bootstrap_plan)
DESTROYER(bootstrapper)
DESTROYER(evaluator)
DESTROYER(ciphertext)
DESTROYER(circuit)
DESTROYER(params)
DESTROYER(plaintext)
DESTROYER(matrix)
DESTROYER(logistic)
DESTROYER(train_plan)
DESTROYER(trainer)

static void (*const destroyer[ALL])(void *) = {[CONTEXT] = destroy_context,
                                               [SECRET] = destroy_secret_key,
                                               [PUBLIC] = destroy_public_key,
                                               [KEYS] = destroy_eval_keys,
                                               [PLAN] = destroy_bootstrap_plan,
                                               [BOOTSTRAPPER] = destroy_bootstrapper,
                                               [EVALUATOR] = destroy_evaluator,
                                               [CIPHERTEXT] = destroy_ciphertext,
                                               [CIRCUIT] = destroy_circuit,
                                               [PARAMS] = destroy_params,
                                               [ELSEWHERE] = destroy_context,
                                               [MOVED] = destroy_ciphertext,
                                               [PLAINTEXT] = destroy_plaintext,
                                               [OPENED] = destroy_plaintext,
                                               [MATRIX] = destroy_matrix,
                                               [MODEL] = destroy_logistic,
                                               [TRAIN_PLAN] = destroy_train_plan,
                                               [TRAIN_KEYS] = destroy_eval_keys,
                                               [TRAINER] = destroy_trainer,
                                               [SECOND_EVALUATOR] = destroy_evaluator,
                                               [SECOND_CIRCUIT] = destroy_circuit,
                                               [CONTEXT_AGAIN] = destroy_context,
                                               [SECRET_AGAIN] = destroy_secret_key,
                                               [PUBLIC_AGAIN] = destroy_public_key,
                                               [KEYS_AGAIN] = destroy_eval_keys,
                                               [PLAN_AGAIN] = destroy_bootstrap_plan,
                                               [BOOTSTRAPPER_AGAIN] = destroy_bootstrapper,
                                               [TRAIN_PLAN_AGAIN] = destroy_train_plan};

static void destroy(int which) {
  destroyer[which](object[which]);
  object[which] = NULL;
}

static void destroy_all(void) {
  for (int i = 0; i < ALL; i++) destroy(i);
}

/* ---- the objects; one thread each, so that a forked process needs no other ---- */

static umbra_status square(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                           void *user) {
  (void)user;
  return umbra_square(e, &outs[0], ins[0]);
}

static umbra_circuit *make_circuit(umbra_evaluator *e, const umbra_ciphertext *example) {
  umbra_circuit *circuit = NULL;
  assert_ok(umbra_circuit_create(
      &circuit, e,
      &(umbra_circuit_desc){UMBRA_CIRCUIT_DESC_INIT, .body = square, .ins = 1, .outs = 1, .examples = &example}));
  return circuit;
}

static umbra_context *make_context(const umbra_params *params, const char *device) {
  umbra_context *context = NULL;
  assert_ok(umbra_context_create(
      &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device, .threads = 1}));
  return context;
}

static umbra_ciphertext *encrypt(const umbra_context *context, const umbra_public_key *key) {
  umbra_plaintext *plain = NULL;
  umbra_ciphertext *ciphertext = NULL;
  umbra_encode_options options = {.struct_size = sizeof options, .level = UMBRA_TOP_LEVEL, .slots = 2};
  assert_ok(umbra_encode(&plain, context, &value, 1, &options));
  assert_ok(umbra_encrypt(&ciphertext, key, plain));
  umbra_plaintext_destroy(plain);
  return ciphertext;
}

/* refreshing: with the keys for it. */
static void make_few(umbra_params *params, int refreshing) {
  umbra_bootstrap_plan *plan = NULL;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_bootstrapper *bootstrapper = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_bootstrap_options options = {.struct_size = sizeof options, .slots = 2, .bound = 1, .rounds = 1};
  umbra_context *context = make_context(params, NULL);
  assert_ok(umbra_bootstrap_plan_create(&plan, params, &options));
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_ok(umbra_public_key_generate(&public, secret));
  keys = keys_for(secret, refreshing ? refresh_needs(plan, params) : needs_of(params, NULL, 0));
  assert_ok(umbra_bootstrapper_create(&bootstrapper, context, plan, NULL));
  assert_ok(umbra_evaluator_create(&evaluator, context, keys));
  assert_ok(umbra_evaluator_refresh_with(evaluator, bootstrapper));
  object[PARAMS] = params;
  object[CONTEXT] = context;
  object[SECRET] = secret;
  object[PUBLIC] = public;
  object[KEYS] = keys;
  object[PLAN] = plan;
  object[BOOTSTRAPPER] = bootstrapper;
  object[EVALUATOR] = evaluator;
  object[CIPHERTEXT] = encrypt(context, public);
  object[CIRCUIT] = make_circuit(evaluator, object[CIPHERTEXT]);
}

static void make_trainer(void) {
  umbra_train_plan *plan = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_trainer *trainer = NULL;
  umbra_records *records = random_records(8, 3, 5);
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.rows = umbra_records_rows(records);
  options.columns = (uint32_t)umbra_records_columns(records);
  options.iterations = 1;
  assert_ok(umbra_train_plan_create(&plan, object[PARAMS], &options));
  keys = keys_for(object[SECRET], training_needs(plan));
  assert_ok(umbra_train_encrypt(folder, plan, object[PUBLIC], records, NULL, NULL));
  assert_ok(umbra_trainer_create(&trainer,
                                 &(umbra_trainer_desc){UMBRA_TRAINER_DESC_INIT, .plan = plan,
                                                       .context = object[CONTEXT], .keys = keys, .data = folder},
                                 NULL));
  umbra_records_destroy(records);
  object[TRAIN_PLAN] = plan;
  object[TRAIN_KEYS] = keys;
  object[TRAINER] = trainer;
}

static void make_others(void) {
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *moved = NULL;
  umbra_plaintext *plain = NULL, *opened = NULL;
  umbra_matrix *matrix = NULL;
  umbra_logistic *model = NULL;
  const double values[] = {0.25, -0.5, 0.75, 1};
  object[ELSEWHERE] = make_context(object[PARAMS], "ref");
  assert_ok(umbra_ciphertext_move(&moved, object[ELSEWHERE], object[CIPHERTEXT]));
  assert_ok(umbra_encode(&plain, object[CONTEXT], &value, 1, NULL));
  assert_ok(umbra_decrypt(&opened, object[CIPHERTEXT], object[SECRET]));
  assert_ok(umbra_matrix_encrypt(&matrix, object[PUBLIC], values, 2, 2, NULL, NULL));
  assert_ok(umbra_logistic_encrypt(&model, object[PUBLIC], values, 3, 1, NULL));
  assert_ok(umbra_evaluator_create(&evaluator, object[CONTEXT], object[KEYS]));
  object[MOVED] = moved;
  object[PLAINTEXT] = plain;
  object[OPENED] = opened;
  object[MATRIX] = matrix;
  object[MODEL] = model;
  object[SECOND_EVALUATOR] = evaluator;
  object[SECOND_CIRCUIT] = make_circuit(evaluator, object[CIPHERTEXT]);
  object[CONTEXT_AGAIN] = umbra_context_share(object[CONTEXT]);
  object[SECRET_AGAIN] = umbra_secret_key_share(object[SECRET]);
  object[PUBLIC_AGAIN] = umbra_public_key_share(object[PUBLIC]);
  object[KEYS_AGAIN] = umbra_eval_keys_share(object[KEYS]);
  object[PLAN_AGAIN] = umbra_bootstrap_plan_share(object[PLAN]);
  object[BOOTSTRAPPER_AGAIN] = umbra_bootstrapper_share(object[BOOTSTRAPPER]);
  object[TRAIN_PLAN_AGAIN] = umbra_train_plan_share(object[TRAIN_PLAN]);
}

static int open_few(void **state) {
  (void)state;
  make_few(boot_twin(11, 40, 4, (umbra_boot_shape){UMBRA_BOOT_SHAPE_INIT}), 0);
  return 0;
}

static int open_refreshing(void **state) {
  (void)state;
  make_few(boot_twin(11, 40, 4, (umbra_boot_shape){UMBRA_BOOT_SHAPE_INIT}), 1);
  return 0;
}

static int open_all(void **state) {
  (void)state;
  make_few(boot_twin(11, 40, 7, (umbra_boot_shape){UMBRA_BOOT_SHAPE_INIT}), 0);
  snprintf(folder, sizeof folder, "/tmp/umbra-lifetimes-XXXXXX");
  assert_non_null(mkdtemp(folder));
  make_trainer();
  make_others();
  return 0;
}

static int close_few(void **state) {
  (void)state;
  destroy_all();
  return 0;
}

static int close_all(void **state) {
  remove_folder(folder);
  return close_few(state);
}

/* ---- what is left works: counted, as cmocka's assertions belong to the first process ---- */

static int is_wrong(const umbra_ciphertext *ciphertext, const umbra_secret_key *secret, double expected) {
  double found = 0;
  return umbra_decrypt_decode(&found, 1, ciphertext, secret) != UMBRA_OK || fabs(found - expected) > 1e-3;
}

static int use_circuit(umbra_circuit *circuit) {
  const umbra_ciphertext *in = object[CIPHERTEXT];
  umbra_ciphertext *out = NULL;
  int wrong = umbra_circuit_run(circuit, &out, &in) != UMBRA_OK;
  if (!wrong && object[SECRET]) wrong += is_wrong(out, object[SECRET], value * value);
  umbra_ciphertext_destroy(out);
  return wrong;
}

static int use_evaluator(umbra_evaluator *evaluator) {
  umbra_ciphertext *out = NULL;
  int wrong = umbra_rotate(evaluator, &out, object[CIPHERTEXT], 0) != UMBRA_OK;
  wrong += umbra_mul(evaluator, &out, out, object[CIPHERTEXT]) != UMBRA_OK;
  if (!wrong && object[SECRET]) wrong += is_wrong(out, object[SECRET], value * value);
  umbra_ciphertext_destroy(out);
  return wrong;
}

static int use_key(const umbra_public_key *key) {
  umbra_ciphertext *out = NULL;
  int wrong = umbra_encode_encrypt(&out, key, &value, 1) != UMBRA_OK;
  if (!wrong && object[SECRET]) wrong += is_wrong(out, object[SECRET], value);
  umbra_ciphertext_destroy(out);
  return wrong;
}

/* The number of results that are not right. */
static int use_what_is_left(void) {
  int wrong = 0;
  double found = 0;
  umbra_bootstrap_report report = {UMBRA_BOOTSTRAP_REPORT_INIT};
  if (object[CIPHERTEXT] && object[CIRCUIT]) wrong += use_circuit(object[CIRCUIT]);
  if (object[CIPHERTEXT] && object[SECOND_CIRCUIT]) wrong += use_circuit(object[SECOND_CIRCUIT]);
  if (object[CIPHERTEXT] && object[EVALUATOR]) wrong += use_evaluator(object[EVALUATOR]);
  if (object[CIPHERTEXT] && object[SECRET]) wrong += is_wrong(object[CIPHERTEXT], object[SECRET], value);
  if (object[MOVED] && object[SECRET]) wrong += is_wrong(object[MOVED], object[SECRET], value);
  if (object[PUBLIC]) wrong += use_key(object[PUBLIC]);
  if (object[PLAN]) wrong += umbra_bootstrap_plan_report(object[PLAN], &report) != UMBRA_OK || report.slots != 2;
  if (object[OPENED]) wrong += umbra_decode(&found, 1, object[OPENED]) != UMBRA_OK || fabs(found - value) > 1e-3;
  if (object[EVALUATOR] && object[BOOTSTRAPPER])
    wrong += umbra_evaluator_refresh_with(object[EVALUATOR], object[BOOTSTRAPPER]) != UMBRA_OK;
  return wrong;
}

/* ---- orders ---- */

/* More handles of what everything else holds; at the end theirs must be the only ones. */
typedef struct witness {
  umbra_context *context, *elsewhere;
  umbra_bootstrap_plan *plan;
  umbra_params *params;
} witness;

static witness watch(void) {
  umbra_params *params = object[PARAMS];
  return (witness){umbra_context_share(object[CONTEXT]), umbra_context_share(object[ELSEWHERE]),
                   umbra_bootstrap_plan_share(object[PLAN]), umbra_params_share(params)};
}

/* Parameters: also in the ring of each context, in the plan and in its key needs. */
static int something_is_left(const witness *w) {
  unsigned contexts = 1 + (w->elsewhere != NULL);
  return umbra_is_shared(w->context) || umbra_context_memory(w->context) || umbra_is_shared(w->plan) ||
         (w->elsewhere && (umbra_is_shared(w->elsewhere) || umbra_context_memory(w->elsewhere))) ||
         w->params->counted.holders != 1 + contexts + 2;
}

static void end_watch(const witness *w) {
  umbra_context_destroy(w->context);
  umbra_context_destroy(w->elsewhere);
  umbra_bootstrap_plan_destroy(w->plan);
  umbra_params_destroy(w->params);
}

/* Uses what is left after `look` of them. */
static int destroy_in_order(const int *order, int count, int look) {
  int wrong = 0;
  for (int i = 0; i < count; i++) {
    if (i == look) wrong += use_what_is_left();
    destroy(order[i]);
  }
  return wrong;
}

/* In every second order handles are left that can tell; in the others nothing is, and sanitizers see it. */
static int run_order(const int *order, int count, uint32_t number) {
  const int look = (int)(number / 2 % (uint32_t)count), watched = number % 2;
  witness w = {0};
  if (watched) w = watch();
  int wrong = destroy_in_order(order, count, look);
  if (count < ALL) destroy(PARAMS);
  if (watched) wrong += something_is_left(&w);
  end_watch(&w);
  return wrong;
}

/* cmocka would go on with the tests after a crash. */
static void crash_as_others_do(void) {
  const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
}

static void try_order(const int *order, int count, uint32_t number) {
  int status;
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    crash_as_others_do();
    _exit(run_order(order, count, number) != 0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  fprintf(stderr, "order:");
  for (int i = 0; i < count; i++) fprintf(stderr, " %d", order[i]);
  fail_msg("order %u ends with status %d", number, status);
}

/* ---- every order of a few ---- */

static uint32_t orders(void) { return count_from_environment("UMBRA_TEST_ORDERS", 100); }

/* Objects that went when those in `gone` had gone before, as bits. */
static uint16_t tried[1 << FEW];

/* One of those that are left, if possible one that has not gone at this point yet. */
static int choose(unsigned gone, uint64_t *random) {
  const unsigned left = ((1u << FEW) - 1) & ~gone;
  const unsigned candidates = left & ~tried[gone] ? left & ~tried[gone] : left;
  int which;
  do which = (int)below(random, FEW);
  while (!(candidates >> which & 1));
  return which;
}

/*
 * What is left after some have gone does not depend on their order. So all orders have been taken when each object has
 * gone last after each set of others.
 */
static void each_after_any_others(void **state) {
  (void)state;
  uint64_t random = 12;
  uint32_t number = 0;
  int transitions = 0;
  const int all = FEW << (FEW - 1);
  for (; transitions < all && number < orders(); number++) {
    int order[FEW];
    unsigned gone = 0;
    for (int i = 0; i < FEW; i++) {
      order[i] = choose(gone, &random);
      transitions += !(tried[gone] >> order[i] & 1);
      tried[gone] |= (uint16_t)(1u << order[i]);
      gone |= 1u << order[i];
    }
    try_order(order, FEW, number);
  }
  print_message("%d of %d in %u orders\n", transitions, all, number);
  if (orders() >= 1200) assert_int_equal(transitions, all);
}

/* ---- random orders of many ---- */

static void shuffle(int *order, int count, uint64_t *random) {
  for (int i = 0; i < count; i++) {
    const int k = (int)below(random, (uint32_t)i + 1);
    order[i] = order[k];
    order[k] = i;
  }
}

static void random_orders(void **state) {
  (void)state;
  uint64_t random = 7;
  for (uint32_t number = 0; number < orders(); number++) {
    int order[ALL];
    shuffle(order, ALL, &random);
    try_order(order, ALL, number);
  }
}

/* ---- the last handles do what takes all the others ---- */

static void destroy_all_but(int a, int b) {
  for (int i = 0; i < ALL; i++)
    if (i != a && i != b && i != SECRET) destroy(i);
}

static void an_evaluator_refreshes_alone(void **state) {
  (void)state;
  destroy_all_but(EVALUATOR, CIPHERTEXT);
  umbra_evaluator *e = object[EVALUATOR];
  umbra_ciphertext *low = NULL, *out = NULL;
  assert_ok(umbra_level_drop(e, &low, object[CIPHERTEXT], 0));
  assert_ok(umbra_square(e, &out, low));
  assert_int_equal(umbra_evaluator_refreshes(e), 1);
  assert_false(is_wrong(out, object[SECRET], value * value));
  umbra_ciphertext_destroy(low);
  umbra_ciphertext_destroy(out);
}

static void a_trainer_trains_alone(void **state) {
  (void)state;
  double weights[3], bias;
  umbra_logistic *model = NULL;
  destroy_all_but(TRAINER, TRAINER);
  assert_ok(umbra_trainer_run(object[TRAINER], NULL, NULL));
  assert_ok(umbra_trainer_logistic(object[TRAINER], &model));
  destroy(TRAINER);
  assert_ok(umbra_logistic_decrypt(model, weights, &bias, object[SECRET]));
  assert_true(fabs(weights[0]) > 1e-3 && fabs(weights[0]) < 8);
  umbra_logistic_destroy(model);
}

/* ---- keys that something holds ---- */

static void held_keys_are_not_taken_apart(void **state) {
  (void)state;
  umbra_evaluator *e = NULL;
  umbra_eval_keys *all = keys_for(object[SECRET], needs_of(object[PARAMS], NULL, 0));
  umbra_eval_keys *more = keys_for(object[SECRET], needs_of(object[PARAMS], NULL, 0));
  assert_ok(umbra_evaluator_create(&e, object[CONTEXT], more));
  assert_fails(umbra_eval_keys_add(all, &more), UMBRA_ERROR_INVALID_ARGUMENT, "held by an evaluator");
  assert_non_null(more);
  assert_ok(umbra_evaluator_use_keys(e, all));
  assert_fails(umbra_eval_keys_add(all, &more), UMBRA_ERROR_INVALID_ARGUMENT, "added to");
  assert_ok(umbra_evaluator_use_keys(e, NULL));
  assert_ok(umbra_eval_keys_add(all, &more));
  umbra_evaluator_destroy(e);
  assert_null(more);
  umbra_eval_keys_destroy(all);
}

static void null_is_shared_and_destroyed(void **state) {
  (void)state;
  assert_null(umbra_params_share(NULL));
  assert_null(umbra_context_share(NULL));
  assert_null(umbra_secret_key_share(NULL));
  assert_null(umbra_public_key_share(NULL));
  assert_null(umbra_eval_keys_share(NULL));
  assert_null(umbra_bootstrap_plan_share(NULL));
  assert_null(umbra_bootstrapper_share(NULL));
  assert_null(umbra_train_plan_share(NULL));
  destroy_all();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(null_is_shared_and_destroyed),
      cmocka_unit_test_setup_teardown(each_after_any_others, open_few, close_few),
      cmocka_unit_test_setup_teardown(an_evaluator_refreshes_alone, open_refreshing, close_few),
      cmocka_unit_test_setup_teardown(held_keys_are_not_taken_apart, open_few, close_few),
      cmocka_unit_test_setup_teardown(random_orders, open_all, close_all),
      cmocka_unit_test_setup_teardown(a_trainer_trains_alone, open_all, close_all)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
