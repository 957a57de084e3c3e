/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machines whose seconds are known: devices of this one by what was measured on them, and those of the library's tables.
 * Only what is reported follows them, never a choice.
 */
#ifndef UMBRA_PLAN_MACHINE_H
#define UMBRA_PLAN_MACHINE_H

#include "cost_file.h"

/* As umbra_cost tells them. */
typedef struct umbra_machine {
  char name[124];
  umbra_cost_table table;
  int measured;   /* on this machine; or else the table is a prediction */
  char note[160]; /* why it is not measured; "" if it is */
} umbra_machine;

/* A device that a name was resolved to. */
typedef struct umbra_machine_device {
  const umbra_kernels *kernels;
  umbra_device_options options; /* threads: never 0 */
} umbra_machine_device;

/* By the table that was measured on it, or else by the one of the library's that is most like it. */
void umbra_machine_of(umbra_machine *machine, const umbra_machine_device *device);

/* One that the library has a table of; 0: it has none of that name. */
int umbra_machine_known(umbra_machine *machine, const char *name);
void umbra_machine_any(umbra_machine *machine); /* some one of them */

/*
 * Measures the device, and keeps the table where umbra_machine_of finds it. Errors: also IO: no file could be written, and
 * only this process finds it.
 */
umbra_status umbra_machine_measure(const umbra_machine_device *device);

#endif
