/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dry device: kernels that compute nothing, and accounts of what they were asked for. Its memory is addresses that
 * nobody may read or write, and takes none. To the host it looks like a GPU, without page-locked memory and recordings,
 * where a call is not always one launch. It is no backend to choose from: only who knows what it is opens it.
 */
#ifndef UMBRA_KERNELS_DRY_H
#define UMBRA_KERNELS_DRY_H

#include "../kernels.h"

enum { UMBRA_DRY_KERNELS = 26 };

typedef struct umbra_dry_kernel {
  const char *name;      /* of the entry of umbra_kernels */
  uint64_t calls, limbs; /* limbs: those that were written */
  uint64_t bytes;        /* of device memory, read and written */
} umbra_dry_kernel;

/* Of what was done since the device was opened, or its accounts were begun. */
typedef struct umbra_dry_accounts {
  umbra_dry_kernel kernel[UMBRA_DRY_KERNELS];
  uint64_t uploaded, downloaded; /* bytes */
  uint64_t held, most_held;      /* bytes that are allocated now, and at most were */
} umbra_dry_accounts;

extern const umbra_kernels umbra_kernels_dry;

/* Of a device of that table. */
void umbra_dry_accounts_read(umbra_dry_accounts *accounts, const umbra_device *device);
void umbra_dry_accounts_begin(const umbra_device *device);

#endif
