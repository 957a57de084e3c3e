/* SPDX-License-Identifier: Apache-2.0 */
#include "cost.h"

#include <string.h>

/* What adds up. */
static void add_counts(umbra_cost *sum, const umbra_cost *part, uint64_t times) {
  sum->key_switches += times * part->key_switches;
  sum->ephemeral_switches += times * part->ephemeral_switches;
  sum->products += times * part->products;
  sum->kernel_calls += times * part->kernel_calls;
  sum->kernel_bytes += times * part->kernel_bytes;
  sum->uploaded_bytes += times * part->uploaded_bytes;
  sum->downloaded_bytes += times * part->downloaded_bytes;
  sum->launches += times * part->launches;
  sum->seconds += (double)times * part->seconds;
}

/* Of the part that takes most. */
static void raise_bytes(umbra_cost *sum, const umbra_cost *part) {
  const uint64_t held = part->device_bytes - part->key_bytes;
  if (part->constant_bytes + part->working_bytes > sum->peak_bytes) {
    sum->constant_bytes = part->constant_bytes;
    sum->working_bytes = part->working_bytes;
    sum->peak_bytes = part->constant_bytes + part->working_bytes;
  }
  if (held > sum->device_bytes) sum->device_bytes = held;
}

void umbra_cost_add(umbra_cost *sum, const umbra_cost *part, uint64_t times) {
  if (!times) return;
  if (part->lowest_level < sum->lowest_level) sum->lowest_level = part->lowest_level;
  add_counts(sum, part, times);
  sum->measured = part->measured;
  memcpy(sum->machine, part->machine, sizeof sum->machine);
  raise_bytes(sum, part);
}

void umbra_cost_tell_keys(umbra_cost *cost, const umbra_key_needs *needs) {
  cost->keys = umbra_key_needs_count(needs);
  cost->key_bytes = umbra_key_needs_bytes(needs);
  cost->peak_bytes += cost->key_bytes;
  cost->device_bytes += cost->key_bytes;
}
