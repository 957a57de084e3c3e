/* SPDX-License-Identifier: Apache-2.0 */
/* What a device takes for each kind of work, by its own kernels. */
#ifndef UMBRA_PLAN_MEASURE_H
#define UMBRA_PLAN_MEASURE_H

#include "cost_table.h"

/*
 * Takes a few seconds and 100 MB of device memory. With one thread it is that thread's time which counts, so that others
 * who use the processor disturb it less. Errors: OUT_OF_MEMORY, UNSUPPORTED, DEVICE.
 */
umbra_status umbra_cost_measure(umbra_cost_table *table, const umbra_kernels *kernels,
                                const umbra_device_options *options);

#endif
