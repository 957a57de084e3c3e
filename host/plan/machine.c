/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "cost_known.h"
#include "measure.h"

/* ---- what a device is called ---- */

/* Facts are of all devices that are here, ordinals of those that can be used. */
static void name_device(char name[128], const umbra_machine_device *device) {
  umbra_device_facts facts;
  snprintf(name, 128, "%s", device->kernels->name);
  for (uint32_t i = 0; device->kernels->device.facts(i, &facts); i++)
    if (!facts.why_not[0] && facts.ordinal == device->options.ordinal) snprintf(name, 128, "%s", facts.name);
}

static umbra_cost_subject subject_of(const umbra_machine_device *device) {
  umbra_cost_subject subject = {.backend = device->kernels->name, .threads = device->options.threads};
  name_device(subject.device, device);
  return subject;
}

/* Long names of processors lose their end. */
static void name_machine(umbra_machine *machine, const umbra_cost_subject *subject) {
  snprintf(machine->name, sizeof machine->name, "%.80s, %s, %u thread%s", subject->device, subject->backend,
           subject->threads, subject->threads == 1 ? "" : "s");
}

/* ---- the library's tables ---- */

/* More threads do not help with the start of a call, and get in each other's way a little. */
static umbra_cost_table with_threads(const umbra_cost_table *of_one, uint32_t threads) {
  const double times = 1 + 0.85 * (threads - 1);
  umbra_cost_table table = *of_one;
  for (int work = 0; work < UMBRA_DRY_WORKS; work++)
    for (int size = 0; size < UMBRA_COST_SIZES; size++) table.rate[work][size] /= times;
  return table;
}

/* The first one is that of machines that are like none. */
static const umbra_cost_known *most_like(const umbra_kernels *kernels) {
  for (size_t i = 0; i < umbra_cost_known_count; i++)
    if (strcmp(umbra_cost_knowns[i].backend, kernels->name) == 0) return &umbra_cost_knowns[i];
  return &umbra_cost_knowns[0];
}

static void take_known(umbra_machine *machine, const umbra_cost_known *known) {
  *machine = (umbra_machine){.table = *known->table};
  snprintf(machine->name, sizeof machine->name, "%s", known->description);
  snprintf(machine->note, sizeof machine->note, "by the library's table \"%s\"", known->name);
}

int umbra_machine_known(umbra_machine *machine, const char *name) {
  for (size_t i = 0; i < umbra_cost_known_count; i++) {
    if (strcmp(umbra_cost_knowns[i].name, name) != 0) continue;
    take_known(machine, &umbra_cost_knowns[i]);
    return 1;
  }
  return 0;
}

void umbra_machine_any(umbra_machine *machine) { take_known(machine, &umbra_cost_knowns[0]); }

/* ---- what no file keeps ---- */

/* The last table that could not be written: it serves this process. */
static struct {
  pthread_mutex_t lock;
  umbra_cost_subject subject;
  umbra_cost_table table;
  int known;
} unwritten = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int same_subject(const umbra_cost_subject *a, const umbra_cost_subject *b) {
  return strcmp(a->device, b->device) == 0 && strcmp(a->backend, b->backend) == 0 && a->threads == b->threads;
}

static void remember(const umbra_cost_subject *subject, const umbra_cost_table *table) {
  pthread_mutex_lock(&unwritten.lock);
  unwritten.subject = *subject;
  unwritten.table = *table;
  unwritten.known = 1;
  pthread_mutex_unlock(&unwritten.lock);
}

static int recall(umbra_cost_table *table, const umbra_cost_subject *subject) {
  pthread_mutex_lock(&unwritten.lock);
  const int known = unwritten.known && same_subject(&unwritten.subject, subject);
  if (known) *table = unwritten.table;
  pthread_mutex_unlock(&unwritten.lock);
  return known;
}

/* ---- devices ---- */

void umbra_machine_of(umbra_machine *machine, const umbra_machine_device *device) {
  const umbra_cost_subject subject = subject_of(device);
  *machine = (umbra_machine){.measured = 1};
  name_machine(machine, &subject);
  const umbra_status status = umbra_cost_file_read(&machine->table, &subject);
  if (status == UMBRA_OK || recall(&machine->table, &subject)) return;
  const umbra_cost_known *known = most_like(device->kernels);
  machine->measured = 0;
  machine->table = with_threads(known->table, device->kernels->host_memory ? device->options.threads : 1);
  snprintf(machine->note, sizeof machine->note, "as \"%s\": %.120s", known->name,
           status == UMBRA_ERROR_IO ? "not measured here yet" : umbra_last_error());
}

umbra_status umbra_machine_measure(const umbra_machine_device *device) {
  const umbra_cost_subject subject = subject_of(device);
  umbra_cost_table table;
  UMBRA_TRY(umbra_cost_measure(&table, device->kernels, &device->options));
  const umbra_status status = umbra_cost_file_write(&table, &subject);
  if (status != UMBRA_OK) remember(&subject, &table);
  return status;
}
