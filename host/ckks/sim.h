/* SPDX-License-Identifier: Apache-2.0 */
/* Simulations: how they are opened; see umbra/simulate.h. */
#ifndef UMBRA_CKKS_SIM_H
#define UMBRA_CKKS_SIM_H

#include <umbra/simulate.h>

#include "../ring/ring.h"

/* The kernels of a simulation if that is their literal name, else NULL. */
const umbra_kernels *umbra_sim_kernels(const char *device);

#endif
