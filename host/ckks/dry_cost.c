/* SPDX-License-Identifier: Apache-2.0 */
/* What the accounts of a dry context say, and whose seconds they are told in. */
#include <stdio.h>
#include <string.h>

#include "../../kernels/dry/dry.h"
#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/structs.h"
#include "dry_internal.h"
#include "stand_ins.h"

/* ---- accounts ---- */

void umbra_dry_measures_begin(const umbra_context *context) {
  umbra_dry *dry = context->dry;
  umbra_ring_accounts_begin(context->ring);
  umbra_dry_accounts_begin(umbra_ring_device(context->ring));
  mtx_lock(&dry->lock);
  dry->lowest_level = UMBRA_TOP_LEVEL;
  mtx_unlock(&dry->lock);
}

umbra_status umbra_context_cost_begin(const umbra_context *context) {
  UMBRA_TRY(umbra_check_dry(context));
  umbra_dry_measures_begin(context);
  umbra_stand_ins_forget_needs(context->stand_ins);
  return UMBRA_OK;
}

static void tell_needs(umbra_cost *cost, const umbra_context *context) {
  mtx_lock(&context->dry->lock);
  cost->lowest_level = context->dry->lowest_level;
  mtx_unlock(&context->dry->lock);
  umbra_stand_ins_tell(context->stand_ins, &cost->keys, &cost->key_bytes);
}

/* Beside the keys. */
static void tell_work(umbra_cost *cost, umbra_ring *ring) {
  umbra_ring_accounts of_ring;
  umbra_ring_accounts_read(&of_ring, ring);
  cost->key_switches = of_ring.key_switches;
  cost->ephemeral_switches = of_ring.ephemeral_switches;
  cost->constant_bytes = of_ring.resident;
  cost->working_bytes = of_ring.most_taken - of_ring.resident;
  cost->peak_bytes = cost->key_bytes + of_ring.most_taken;
}

static void tell_kernels(umbra_cost *cost, const umbra_device *device) {
  umbra_dry_accounts accounts;
  umbra_dry_accounts_read(&accounts, device);
  for (int i = 0; i < UMBRA_DRY_KERNELS; i++) {
    const umbra_dry_kernel *kernel = &accounts.kernel[i];
    cost->kernel_calls += kernel->calls;
    cost->kernel_bytes += kernel->bytes;
    cost->launches += kernel->launches;
    cost->memory_bytes += kernel->memory_bytes;
  }
  cost->products = accounts.products;
  cost->uploaded_bytes = accounts.uploaded;
  cost->downloaded_bytes = accounts.downloaded;
  cost->device_bytes = cost->key_bytes + accounts.most_held;
}

static double seconds_by(const umbra_context *context, const umbra_cost_table *table) {
  return umbra_cost_seconds(table, umbra_ring_device(context->ring), umbra_context_chain(context)->log_n);
}

umbra_status umbra_context_reference_seconds(const umbra_context *context, double *seconds, umbra_target target) {
  UMBRA_TRY(umbra_check_dry(context));
  const umbra_cost_table *table = umbra_cost_reference(target);
  if (!seconds || !table)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_reference_seconds needs an output and a target");
  *seconds = seconds_by(context, table);
  return UMBRA_OK;
}

/* ---- machines ---- */

static umbra_status find_device(umbra_machine_device *device, const char *name, uint32_t threads) {
  *device = (umbra_machine_device){.options.threads = threads ? threads : umbra_parallel_default()};
  const int automatic = name && strcmp(name, "auto") == 0;
  if (!automatic) UMBRA_TRY(umbra_device_find(&device->kernels, &device->options.ordinal, name));
  if (!automatic && device->kernels != &umbra_kernels_dry && !device->kernels->whole) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "the device \"%s\" is none that could be measured", name);
}

static umbra_status find_machine(umbra_machine *machine, const umbra_context *context, const char *name) {
  umbra_machine_device device;
  if (name && umbra_machine_known(machine, name)) return UMBRA_OK;
  UMBRA_TRY(find_device(&device, name, umbra_ring_threads(context->ring)));
  umbra_machine_of(machine, &device);
  return UMBRA_OK;
}

static void keep_machine(umbra_dry *dry, const umbra_machine *machine) {
  mtx_lock(&dry->lock);
  dry->machine = *machine;
  dry->has_machine = 1;
  mtx_unlock(&dry->lock);
}

/* Where nobody named one, and the environment names a backend that cannot run here, a table will do. */
static umbra_machine machine_of(const umbra_context *context) {
  umbra_dry *dry = context->dry;
  mtx_lock(&dry->lock);
  const int known = dry->has_machine;
  umbra_machine machine = dry->machine;
  mtx_unlock(&dry->lock);
  if (known) return machine;
  if (find_machine(&machine, context, "cpu") != UMBRA_OK) umbra_machine_any(&machine);
  keep_machine(dry, &machine);
  return machine;
}

umbra_status umbra_context_cost_machine(const umbra_context *context, const char *machine) {
  umbra_machine found;
  UMBRA_TRY(umbra_check_dry(context));
  if (!machine) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_cost_machine needs a machine");
  UMBRA_TRY(find_machine(&found, context, machine));
  keep_machine(context->dry, &found);
  return UMBRA_OK;
}

umbra_status umbra_calibrate(const char *device, uint32_t threads) {
  umbra_machine_device found;
  if (threads > UMBRA_MAX_THREADS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "threads is %u: it can be up to %d", threads, UMBRA_MAX_THREADS);
  UMBRA_TRY(find_device(&found, device, threads));
  return umbra_machine_measure(&found);
}

/* ---- the report ---- */

_Static_assert(sizeof((umbra_machine *)0)->name == sizeof((umbra_cost *)0)->machine, "names fit");
_Static_assert(sizeof((umbra_machine *)0)->note == sizeof((umbra_cost *)0)->note, "notes fit");

static void tell_seconds(umbra_cost *cost, const umbra_context *context) {
  const umbra_machine machine = machine_of(context);
  cost->seconds = seconds_by(context, &machine.table);
  cost->measured = machine.measured;
  snprintf(cost->machine, sizeof cost->machine, "%s", machine.name);
  snprintf(cost->note, sizeof cost->note, "%s", machine.note);
}

umbra_status umbra_context_cost(const umbra_context *context, umbra_cost *cost) {
  UMBRA_TRY(umbra_check_dry(context));
  if (!cost) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_cost needs a cost");
  umbra_cost made = {UMBRA_COST_INIT};
  tell_needs(&made, context);
  tell_work(&made, context->ring);
  tell_kernels(&made, umbra_ring_device(context->ring));
  tell_seconds(&made, context);
  return UMBRA_GIVE(umbra_cost, cost, &made);
}

umbra_status umbra_context_kernel_cost(const umbra_context *context, umbra_kernel_cost *cost, size_t i) {
  UMBRA_TRY(umbra_check_dry(context));
  if (!cost || i >= UMBRA_DRY_KERNELS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_kernel_cost needs a cost and a number below %d",
                      UMBRA_DRY_KERNELS);
  umbra_dry_accounts accounts;
  umbra_dry_accounts_read(&accounts, umbra_ring_device(context->ring));
  const umbra_dry_kernel *kernel = &accounts.kernel[i];
  const umbra_kernel_cost made = {UMBRA_KERNEL_COST_INIT,
                                  .name = kernel->name,
                                  .calls = kernel->calls,
                                  .limbs = kernel->limbs,
                                  .bytes = kernel->bytes,
                                  .launches = kernel->launches,
                                  .memory_bytes = kernel->memory_bytes};
  return UMBRA_GIVE(umbra_kernel_cost, cost, &made);
}
