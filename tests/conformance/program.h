/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend against `ref`: what the programs of conformance have in common. UMBRA_CONFORMANCE_RINGS=10:6,13 in the
 * environment restricts them to rings of 2^10, with 6 trials of each operation at most, and of 2^13;
 * UMBRA_CONFORMANCE_SKIP=name leaves out tests of that name, where * and ? stand for others.
 */
#ifndef UMBRA_TESTS_CONFORMANCE_PROGRAM_H
#define UMBRA_TESTS_CONFORMANCE_PROGRAM_H

#include <limits.h>
#include <stdio.h>

#include "laws.h"

static void compare_memory(const rig *oracle, const rig *tested, int trial) {
  assert_int_equal(oracle->used, tested->used);
  for (size_t i = 0; i < oracle->used; i++) {
    if (oracle->after[i] == tested->after[i]) continue;
    fail_msg("n = %u, trial %d, word %zu of memory: %u, should be %u", oracle->n, trial, i, tested->after[i],
             oracle->after[i]);
  }
}

/* The oracle has one thread and the tested backend three: that must not matter either. */
static void test_against_ref(void **state) {
  const subject *s = *state;
  skip_if_absent(s);
  call *c = malloc(sizeof *c);
  assert_non_null(c);
  for (int i = 0; i < s->setting->rings; i++) {
    const ring_case *ring = &s->setting->ring[i];
    rig oracle, tested;
    rig_open(&oracle, umbra_kernels_get("ref"), ring, 1);
    rig_open(&tested, s->kernels, ring, 3);
    for (int trial = 0; trial < ring->trials; trial++) {
      perform(&oracle, s->op, trial, c);
      perform(&tested, s->op, trial, c);
      compare_memory(&oracle, &tested, trial);
    }
    rig_close(&oracle);
    rig_close(&tested);
  }
  free(c);
}

/* One group: the laws for this backend, and every operation by the given test. */
static int run_group(const char *title, const umbra_kernels *kernels, const setting *rings,
                     CMUnitTestFunction operation_test) {
  struct CMUnitTest tests[LAWS + OPERATIONS];
  subject subjects[LAWS + OPERATIONS];
  for (int i = 0; i < LAWS + OPERATIONS; i++) {
    const operation *op = i < LAWS ? NULL : &operations[i - LAWS];
    subjects[i] = (subject){.kernels = kernels, .op = op, .setting = rings};
    tests[i] = op ? (struct CMUnitTest){.name = op->name, .test_func = operation_test} : laws[i];
    tests[i].initial_state = &subjects[i];
  }
  return cmocka_run_group_tests_name(title, tests, NULL, NULL);
}

/* Trials that a text like "10:6,13" asks for on rings of 2^log_n: a number, or all if none is given; 0: not named. */
static int trials_asked(const char *text, uint32_t log_n) {
  while (*text) {
    char *end;
    const unsigned long named = strtoul(text, &end, 10), trials = *end == ':' ? strtoul(end + 1, &end, 10) : INT_MAX;
    if (named == log_n) return (int)trials;
    text = *end == ',' ? end + 1 : end + strlen(end);
  }
  return 0;
}

/* All rings, or those that UMBRA_CONFORMANCE_RINGS names, with at most as many trials as it says. */
static setting chosen_rings(void) {
  static ring_case chosen[sizeof full_rings / sizeof *full_rings];
  const char *text = getenv("UMBRA_CONFORMANCE_RINGS");
  if (!text) return full_setting;
  setting rings = {chosen, 0};
  for (int i = 0; i < full_setting.rings; i++) {
    ring_case *ring = &chosen[rings.rings];
    const int trials = trials_asked(text, full_rings[i].log_n);
    *ring = full_rings[i];
    if (ring->trials > trials) ring->trials = trials;
    if (trials) rings.rings++;
  }
  return rings;
}

/* Returns the number of failures. */
static int run_backend(const umbra_kernels *kernels) {
  char title[64];
  const setting rings = chosen_rings();
  if (!rings.rings) {
    printf("UMBRA_CONFORMANCE_RINGS names no ring: log2 of its size, or that, a colon and a number of trials\n");
    return 1;
  }
  snprintf(title, sizeof title, "%s against ref", kernels->name);
  return run_group(title, kernels, &rings, test_against_ref);
}

/* The names of tests, or all if there is no argument. */
static int program_start(int argc, char **argv) {
  if (getenv("UMBRA_CONFORMANCE_SKIP")) cmocka_set_skip_filter(getenv("UMBRA_CONFORMANCE_SKIP"));
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  return sodium_init();
}

#endif
