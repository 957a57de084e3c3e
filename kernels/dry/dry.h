/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dry device: kernels that compute nothing, and accounts of what they were asked for. Its memory is addresses that
 * nobody may read or write, and takes none. To the host it looks like a GPU, without page-locked memory and recordings,
 * where a call is not always one launch. It is no backend to choose from: only who knows what it is opens it.
 */
#ifndef UMBRA_KERNELS_DRY_H
#define UMBRA_KERNELS_DRY_H

#include "../kernels.h"

/* Numbers of the kernels in accounts, and how many there are. */
#define UMBRA_DRY_NUMBER(entry, shape, none) UMBRA_DRY_##entry,
typedef enum umbra_dry_entry { UMBRA_EACH_KERNEL(UMBRA_DRY_NUMBER, ) UMBRA_DRY_KERNELS } umbra_dry_entry;

typedef struct umbra_dry_kernel {
  const char *name;      /* of the entry of umbra_kernels */
  uint64_t calls, limbs; /* limbs: those that were written */
  uint64_t bytes;        /* of device memory, read and written */
  uint64_t memory_bytes; /* of these between memory and cache, by the rule of traffic.h */
  uint64_t launches;     /* that the CUDA backend takes; without those that cuFFT makes for bulk transforms */
} umbra_dry_kernel;

/* What kernels spend their time on; a call may do several. */
typedef enum umbra_dry_work {
  UMBRA_WORK_STREAM,      /* bytes that are passed over element by element */
  UMBRA_WORK_PERMUTE,     /* bytes that an automorphism moves */
  UMBRA_WORK_TENSOR,      /* bytes of tensor products */
  UMBRA_WORK_BUTTERFLIES, /* of transforms of residues */
  UMBRA_WORK_CONVERSION,  /* products of base conversions */
  UMBRA_WORK_KEY,         /* products of gadget inner products */
  UMBRA_WORK_PLAIN,       /* products with plaintexts */
  UMBRA_WORK_PLAINTEXTS,  /* words of plaintexts that these read */
  UMBRA_WORK_MATRIX,      /* products with elements of matrices */
  UMBRA_WORK_RANDOM,      /* words from seeds */
  UMBRA_WORK_LIFT,        /* words from integers */
  UMBRA_WORK_COMPLEX,     /* butterflies of complex transforms */
  UMBRA_DRY_WORKS
} umbra_dry_work;

/* A call, as far as its cost goes. */
typedef struct umbra_dry_call {
  uint64_t kernel, launches, limbs, bytes; /* kernel: its number */
  uint64_t work[UMBRA_DRY_WORKS];
} umbra_dry_call;

/* Of what was done since the device was opened, or its accounts were begun. */
typedef struct umbra_dry_accounts {
  umbra_dry_kernel kernel[UMBRA_DRY_KERNELS];
  uint64_t products;             /* of ciphertexts, alone or in sums */
  uint64_t uploaded, downloaded; /* bytes */
  uint64_t held, most_held;      /* bytes that are allocated now, and at most were */
} umbra_dry_accounts;

extern const umbra_kernels umbra_kernels_dry;

/*
 * From now on it is worked on as a processor is, where a launch costs little: by blocks of so many limbs, 0: whole
 * polynomials at once. Before anything is done on it.
 */
void umbra_dry_be_processor(const umbra_device *device, uint32_t limbs);

/* Of a device of that table. */
void umbra_dry_accounts_read(umbra_dry_accounts *accounts, const umbra_device *device);
void umbra_dry_accounts_begin(const umbra_device *device);

/* Visits the kinds of calls that there were, and how many of each, in no particular order. */
typedef void umbra_dry_visitor(const umbra_dry_call *call, uint64_t times, void *user);
void umbra_dry_calls_visit(const umbra_device *device, umbra_dry_visitor *visit, void *user);

#endif
