/* SPDX-License-Identifier: Apache-2.0 */
#include "cost.h"

#include "../base/integers.h"

/* made: `part`, of which all that adds up becomes the sum. */
static void add_counts(umbra_cost *made, const umbra_cost *sum, uint64_t times) {
  made->key_switches = sum->key_switches + times * made->key_switches;
  made->ephemeral_switches = sum->ephemeral_switches + times * made->ephemeral_switches;
  made->products = sum->products + times * made->products;
  made->kernel_calls = sum->kernel_calls + times * made->kernel_calls;
  made->kernel_bytes = sum->kernel_bytes + times * made->kernel_bytes;
  made->uploaded_bytes = sum->uploaded_bytes + times * made->uploaded_bytes;
  made->downloaded_bytes = sum->downloaded_bytes + times * made->downloaded_bytes;
  made->launches = sum->launches + times * made->launches;
  made->memory_bytes = sum->memory_bytes + times * made->memory_bytes;
  made->seconds = sum->seconds + (double)times * made->seconds;
}

/* The same for what is the most of any part; without keys. */
static void raise_bytes(umbra_cost *made, const umbra_cost *sum) {
  const uint64_t held = made->device_bytes - made->key_bytes;
  made->peak_bytes = made->constant_bytes + made->working_bytes;
  if (sum->peak_bytes > made->peak_bytes) {
    made->constant_bytes = sum->constant_bytes;
    made->working_bytes = sum->working_bytes;
    made->peak_bytes = sum->peak_bytes;
  }
  made->device_bytes = held > sum->device_bytes ? held : sum->device_bytes;
  made->keys = 0;
  made->key_bytes = 0;
}

void umbra_cost_add(umbra_cost *sum, const umbra_cost *part, uint64_t times) {
  umbra_cost made = *part;
  if (!times) return;
  made.lowest_level = umbra_min_u32(sum->lowest_level, part->lowest_level);
  add_counts(&made, sum, times);
  raise_bytes(&made, sum);
  *sum = made;
}

void umbra_cost_tell_keys(umbra_cost *cost, const umbra_key_needs *needs) {
  cost->keys = umbra_key_needs_count(needs);
  cost->key_bytes = umbra_key_needs_bytes(needs);
  cost->peak_bytes += cost->key_bytes;
  cost->device_bytes += cost->key_bytes;
}
