/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches what is computed: a tracer is told of each call with its level and time, and of calls within calls before those. It
 * works on every device; here on one that simulates, which takes no keys. The program writes the same with --trace.
 */
#include <stdio.h>
#include <umbra/umbra.h>

typedef struct totals {
  size_t calls;
  double seconds;
} totals;

/* Called by the thread that computes: with several of them this would need a lock. */
static void count(void *user, const umbra_trace_event *event) {
  totals *t = user;
  printf("%*s%-16s level %u\n", 2 * (int)event->depth, "", event->name, (unsigned)event->level);
  if (event->depth) return; /* its time is part of that of the call around it */
  t->calls++;
  t->seconds += event->seconds;
}

/* y: the square of x and a polynomial of that, 1.5 t - 0.5 t^3 in Chebyshev's basis. */
static umbra_status compute(umbra_evaluator *evaluator, umbra_ciphertext **y, const umbra_ciphertext *x) {
  const double coefficients[] = {0, 1.125, 0, -0.125};
  const umbra_status status = umbra_square(evaluator, y, x);
  return status == UMBRA_OK ? umbra_chebyshev_eval(evaluator, y, *y, coefficients, 3) : status;
}

int main(void) {
  const double values[] = {0.5, -1, 0.25};
  double result[3];
  totals all = {0};
  const umbra_tracer tracer = {count, &all};
  umbra_context_desc desc;
  umbra_context *context = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_plaintext *plaintext = NULL;
  umbra_ciphertext *x = NULL, *y = NULL;
  umbra_context_desc_init(&desc);
  desc.preset = "n13-d4-s30";
  desc.device = "sim";
  desc.tracer = &tracer;
  umbra_status status = umbra_context_create(&context, &desc);
  if (status == UMBRA_OK) status = umbra_evaluator_create(&evaluator, context, NULL);
  if (status == UMBRA_OK) status = umbra_encode(&plaintext, context, values, 3, NULL);
  if (status == UMBRA_OK) status = umbra_sim_ciphertext(&x, plaintext);
  if (status == UMBRA_OK) status = compute(evaluator, &y, x);
  if (status == UMBRA_OK) status = umbra_sim_decode(result, 3, y);
  if (status == UMBRA_OK) {
    printf("%zu calls\n%.2f %.2f %.2f\n", all.calls, result[0], result[1], result[2]);
    fprintf(stderr, "%.6f s\n", all.seconds);
  } else fprintf(stderr, "%s: %s\n", umbra_status_string(status), umbra_last_error());
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_plaintext_destroy(plaintext);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(context);
  return status != UMBRA_OK;
}
