/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a computation costs and which keys it needs, before there are keys, data or a GPU: the computation itself runs on
 * a dry device, which computes nothing and keeps accounts.
 *
 *     umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .preset = "boot-64k-40", .device = "dry"};
 *     umbra_context_create(&context, &desc);
 *     umbra_evaluator_create(&evaluator, context, NULL);
 *     umbra_dry_ciphertext(&x, context, UMBRA_TOP_LEVEL, 0, 1);
 *     umbra_context_cost_begin(context);
 *     ... any operations on x ...
 *     umbra_context_cost(context, &cost);
 *     umbra_context_needs(context, needs);
 *
 * Other inputs are umbra_dry_matrix, umbra_dry_logistic, and umbra_trainer_create for such a context.
 *
 * Levels, bounds on magnitude and error, and refusals are those of a real run. Only the literal name "dry" opens such a
 * device: "auto" and UMBRA_BACKEND never do. It has no values and no keys. Secret keys cannot be made, no object can be
 * loaded, decoded or saved (UNSUPPORTED), nor used together with those of other contexts (MISMATCH); the text is "a dry
 * device has no values". Evaluators find every key that they look for.
 *
 * Plaintexts are encoded for their bound, and bootstrappers and linear maps for that of their matrices: kernels are
 * counted, nothing is computed, and a bootstrapper is made in a millisecond. Only where it takes the values to tell whether
 * they fit into the level's modulus are they encoded, on the CPU, and refused exactly when a real device refuses them.
 *
 * The accounts are those of a GPU: whole polynomials at once, and plaintexts that may leave the device. What is made at
 * the first use of a context (plans, constants) is in the account of the first run, and not in those of later ones. With
 * a memory_limit, keys are not counted under it, and so never leave.
 */
#ifndef UMBRA_COST_H
#define UMBRA_COST_H

#include <umbra/ciphertext.h>
#include <umbra/key_needs.h>
#include <umbra/target.h>

UMBRA_BEGIN_DECLS

/* Since the context was created, or umbra_context_cost_begin. */
typedef struct umbra_cost {
  size_t struct_size;
  uint32_t lowest_level;     /* of all that operations gave; UMBRA_TOP_LEVEL: they gave nothing */
  size_t keys;               /* that were needed */
  size_t key_switches;       /* by keys from a secret to itself: products, rotations, conjugations */
  size_t ephemeral_switches; /* to the sparse secret of refreshes and back */
  size_t products;           /* of ciphertexts; those of one sum share a key switch */
  size_t kernel_calls;       /* of all kernels; umbra_context_kernel_cost has them one by one */
  uint64_t kernel_bytes;     /* that they read and write */
  uint64_t uploaded_bytes, downloaded_bytes;
  uint64_t key_bytes;      /* of the keys needed */
  uint64_t constant_bytes; /* of plaintexts and encoded matrices that there are now */
  uint64_t working_bytes;  /* of all else, at most */
  uint64_t peak_bytes;     /* these three together */
  uint64_t device_bytes; /* the keys, and the most that was allocated: with blocks that are kept for reuse, and plans */
  size_t launches;       /* that a GPU takes for the calls of kernels, one or more each */
  double seconds;        /* of those calls and transfers on the machine below; the host's own work is not in it */
  int measured;          /* 1: by what was measured on that machine; 0: as predicted */
  char machine[124];     /* whose seconds these are: "AMD EPYC 9V74, avx2, 2 threads" */
  char note[160];        /* what a prediction follows, and why it is one; "" if it is none */
  /* Of the kernels' bytes those between a GPU's memory and its cache, by the rule of docs/performance.md. */
  uint64_t memory_bytes;
} umbra_cost;
#define UMBRA_COST_INIT .struct_size = sizeof(umbra_cost), .lowest_level = UMBRA_TOP_LEVEL
UMBRA_API void umbra_cost_init(umbra_cost *cost, size_t size);
#define umbra_cost_init(cost) umbra_cost_init((cost), sizeof *(cost))

/* One kernel of those that a device has. */
typedef struct umbra_kernel_cost {
  size_t struct_size;
  const char *name; /* valid for ever */
  size_t calls;
  size_t limbs;          /* written: each n words of 4 bytes */
  uint64_t bytes;        /* read and written */
  size_t launches;       /* that a GPU takes for them */
  uint64_t memory_bytes; /* as in umbra_cost */
} umbra_kernel_cost;
#define UMBRA_KERNEL_COST_INIT .struct_size = sizeof(umbra_kernel_cost)
UMBRA_API void umbra_kernel_cost_init(umbra_kernel_cost *cost, size_t size);
#define umbra_kernel_cost_init(cost) umbra_kernel_cost_init((cost), sizeof *(cost))

/*
 * An input of computations on a dry device: a ciphertext without a value, as if encrypted with a public key. level: or
 * UMBRA_TOP_LEVEL. slots: a power of two; 0: n / 2. bound: on |slot|; encryption takes the power of two above the
 * largest value, and at least 1. Errors: INVALID_ARGUMENT (also: a bound that is negative or not finite), OUT_OF_MEMORY,
 * UNSUPPORTED (a device that is not dry).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_dry_ciphertext(umbra_ciphertext **ciphertext, const umbra_context *context,
                                                           uint32_t level, uint32_t slots, double bound);

/*
 * Begins new accounts, from what there is now; needs are forgotten, too. Accounts are a context's: with several threads,
 * begin and read them while no other computes. Errors: INVALID_ARGUMENT, UNSUPPORTED (a device that is not dry).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_context_cost_begin(const umbra_context *context);

/* Errors: INVALID_ARGUMENT, UNSUPPORTED (a device that is not dry). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_context_cost(const umbra_context *context, umbra_cost *cost);

/* Of kernel number i, in no particular order. Errors: also INVALID_ARGUMENT for numbers of kernels that there are not. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_context_kernel_cost(const umbra_context *context, umbra_kernel_cost *cost,
                                                                size_t i);

/*
 * What these accounts cost on a machine of the target, by the library's own table: for choices among ways to compute the
 * same, of which the one with the fewest such seconds is to be taken. They are no statement about any machine, depend on
 * nothing but the accounts and the version of the library, and are compared with each other only.
 * Errors: INVALID_ARGUMENT, UNSUPPORTED (a device that is not dry).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_context_reference_seconds(const umbra_context *context, double *seconds,
                                                                      umbra_target target);

/*
 * Whose seconds the costs of this context state from now on; at first, those of "cpu". machine: a device of this machine
 * as in umbra_context_desc (but for "auto", "dry" and "sim"), with the threads of the context, by what umbra_calibrate
 * measured there and, where nothing was measured, by the library's table of a machine like it; or one of these tables: "h200",
 * "xeon-avx512", "xeon-avx2", "xeon-ref". No plan and no other figure depends on it.
 * Errors: INVALID_ARGUMENT, UNSUPPORTED (a device that is not dry; a machine that is not known).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_context_cost_machine(const umbra_context *context, const char *machine);

/*
 * Measures what the kernels of a device take, in a few seconds and 100 MB of its memory, and keeps it in the user's cache
 * folder (umbra in XDG_CACHE_HOME, or in ~/.cache) for umbra_context_cost, under the names of device and backend, the
 * version of the library and the threads. device, threads: as in umbra_context_desc, but for "auto", "dry" and
 * "sim". The machine should have nothing else to do. A file there that is damaged or of something else counts as if
 * there were none. Errors: INVALID_ARGUMENT, UNSUPPORTED (device), OUT_OF_MEMORY, DEVICE, IO (there is no such folder, or
 * nothing can be written to it: then the last device that was measured is known to this process alone).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_calibrate(const char *device, uint32_t threads);

/*
 * Adds the keys that evaluators of the context looked for, each at the highest level where it was used. A rotation of
 * fewer than n/2 slots is served by a key that was looked for before, if there is one for the same result; else it is a
 * need of as many steps for all slots. Errors: INVALID_ARGUMENT, MISMATCH (needs of other parameters), OUT_OF_MEMORY,
 * UNSUPPORTED (a device that is neither dry nor a simulation, which notes them, too).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_context_needs(const umbra_context *context, umbra_key_needs *needs);

UMBRA_END_DECLS

#endif
