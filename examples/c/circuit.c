/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fixed computation that is run many times. On a GPU it is recorded once and replayed as one piece of work; on a processor each
 * run calls the function. The bits are the same.
 *
 *   circuit [DEVICE]    auto, unless said otherwise
 */
#include <stdio.h>
#include <umbra/umbra.h>

enum { RUNS = 3, VALUES = 4 };

typedef struct parties {
  umbra_params *params;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public_key;
  umbra_key_needs *needs;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
} parties;

static umbra_status make_parties(parties *p, const char *device) {
  umbra_params_need need;
  umbra_context_desc desc;
  umbra_params_need_init(&need);
  umbra_context_desc_init(&desc);
  need.depth = 1;
  umbra_status status = umbra_params_from_need(&p->params, &need);
  desc.params = p->params;
  desc.device = device;
  if (status == UMBRA_OK) status = umbra_context_create(&p->context, &desc);
  if (status == UMBRA_OK) status = umbra_secret_key_generate(&p->secret, p->context);
  if (status == UMBRA_OK) status = umbra_public_key_generate(&p->public_key, p->secret);
  if (status == UMBRA_OK) status = umbra_key_needs_create(&p->needs, p->params);
  if (status == UMBRA_OK) status = umbra_key_needs_relinearization(p->needs, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = umbra_key_needs_rotation(p->needs, 1, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&p->keys, p->secret, p->needs, NULL);
  return status == UMBRA_OK ? umbra_evaluator_create(&p->evaluator, p->context, p->keys) : status;
}

static void leave_parties(parties *p) {
  umbra_evaluator_destroy(p->evaluator);
  umbra_eval_keys_destroy(p->keys);
  umbra_key_needs_destroy(p->needs);
  umbra_public_key_destroy(p->public_key);
  umbra_secret_key_destroy(p->secret);
  umbra_context_destroy(p->context);
  umbra_params_destroy(p->params);
}

/* The computation: the square of the difference of neighbours. It may make and destroy what it likes, and reads no values. */
static umbra_status body(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                         void *user) {
  umbra_ciphertext *next = NULL;
  (void)user;
  umbra_status status = umbra_rotate(evaluator, &next, ins[0], 1);
  if (status == UMBRA_OK) status = umbra_sub(evaluator, &next, next, ins[0]);
  if (status == UMBRA_OK) status = umbra_square(evaluator, &outs[0], next);
  umbra_ciphertext_destroy(next);
  return status;
}

static umbra_status run(umbra_circuit *circuit, const parties *p, const double *values) {
  double result[VALUES - 1];
  umbra_ciphertext *x = NULL, *y = NULL;
  umbra_status status = umbra_encode_encrypt(&x, p->public_key, values, VALUES);
  if (status == UMBRA_OK) status = umbra_circuit_run(circuit, &y, (const umbra_ciphertext *const *)&x);
  if (status == UMBRA_OK) status = umbra_decrypt_decode(result, VALUES - 1, y, p->secret);
  if (status == UMBRA_OK) printf("%.3f %.3f %.3f\n", result[0], result[1], result[2]);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  return status;
}

/* Levels and bounds of what comes are those of an example. */
static umbra_status make_circuit(umbra_circuit **circuit, const parties *p, const double *values) {
  umbra_ciphertext *example = NULL;
  umbra_circuit_desc desc;
  umbra_circuit_desc_init(&desc);
  umbra_status status = umbra_encode_encrypt(&example, p->public_key, values, VALUES);
  desc.body = body;
  desc.ins = desc.outs = 1;
  desc.examples = (const umbra_ciphertext *const *)&example;
  if (status == UMBRA_OK) status = umbra_circuit_create(circuit, p->evaluator, &desc);
  umbra_ciphertext_destroy(example);
  return status;
}

int main(int argc, char **argv) {
  const double values[RUNS][VALUES] = {{2, 1, -2, 0}, {0, 1, 0, 1}, {1, 1.5, 1.7, 2}};
  parties p = {0};
  umbra_circuit *circuit = NULL;
  umbra_status status = make_parties(&p, argc > 1 ? argv[1] : "auto");
  if (status == UMBRA_OK) status = make_circuit(&circuit, &p, values[0]); /* which has the largest */
  if (status == UMBRA_OK) printf("recorded: %s\n", umbra_circuit_is_recorded(circuit) ? "yes" : "no");
  for (int i = 0; i < RUNS && status == UMBRA_OK; i++) status = run(circuit, &p, values[i]);
  if (status != UMBRA_OK) fprintf(stderr, "%s: %s\n", umbra_status_string(status), umbra_last_error());
  umbra_circuit_destroy(circuit);
  leave_parties(&p);
  return status != UMBRA_OK;
}
