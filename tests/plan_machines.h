/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of costs: a cache folder of one's own, and tables that nobody measured. */
#ifndef UMBRA_TESTS_PLAN_MACHINES_H
#define UMBRA_TESTS_PLAN_MACHINES_H

#include <unistd.h>

#include "host/plan/machine.h"
#include "scheme.h"

static char cache[64];

static inline int cache_make(void **state) {
  (void)state;
  strcpy(cache, "/tmp/umbra-cost-XXXXXX");
  return mkdtemp(cache) && setenv("XDG_CACHE_HOME", cache, 1) == 0 ? 0 : -1;
}

static inline int cache_remove(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -r '%s'", cache);
  return system(command);
}

/* What a table of that device is kept under. */
static inline umbra_cost_subject subject_of(const umbra_kernels *kernels, uint32_t threads) {
  umbra_cost_subject subject = {.backend = kernels->name, .threads = threads};
  umbra_device_facts facts;
  assert_true(kernels->device.facts(0, &facts));
  strcpy(subject.device, facts.name);
  return subject;
}

/* In whole attoseconds, as files have them. */
static inline double random_seconds(uint64_t *random) { return (double)(next_word(random) >> 34) * 1e-18; }

static inline umbra_cost_table random_table(uint64_t *random) {
  umbra_cost_table table = {random_seconds(random), random_seconds(random), random_seconds(random), {{0}}};
  for (int work = 0; work < UMBRA_DRY_WORKS; work++)
    for (int size = 0; size < UMBRA_COST_SIZES; size++) table.rate[work][size] = random_seconds(random);
  return table;
}

#endif
