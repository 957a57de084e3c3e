/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A context: parameters, their tables, and the device that computes. Immutable and shareable between threads. Every
 * object made from it keeps it (see umbra/umbra.h), so its device is closed with the last of them.
 *
 * In a process that uses GPUs itself: calls leave the calling thread's device, contexts and last error of CUDA as they
 * were, and may be made while streams of the process are captured, in any mode; no call becomes part of a capture.
 * What no library can do: after a fault in a kernel, of whoever in the process, CUDA answers nothing on that GPU any
 * more, in no context, until the process has ended.
 */
#ifndef UMBRA_CONTEXT_H
#define UMBRA_CONTEXT_H

#include <umbra/params.h>
#include <umbra/trace.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_context umbra_context;

/* How device "sim" computes (umbra/simulate.h). */
typedef struct umbra_sim_options {
  size_t struct_size;
  int exact;     /* 1: without noise; 0: with what is expected of each step of a real run */
  uint64_t seed; /* what noise is drawn from, and the multiples of q_0 that a refresh removes */
} umbra_sim_options;
#define UMBRA_SIM_OPTIONS_INIT .struct_size = sizeof(umbra_sim_options)
UMBRA_API void umbra_sim_options_init(umbra_sim_options *options, size_t size);
#define umbra_sim_options_init(options) umbra_sim_options_init((options), sizeof *(options))

/* Give exactly one of params and preset. */
typedef struct umbra_context_desc {
  size_t struct_size;
  const umbra_params *params; /* the context takes a share */
  const char *preset;         /* see umbra_params_presets */
  /*
   * NULL or "cpu": the fastest CPU backend; "ref", "avx2", "avx512": that one; "cuda" or "cuda:N": the first NVIDIA GPU
   * or number N, where only those count that can be used (compute capability 7.5 and later), in CUDA's order; "auto": the
   * first NVIDIA GPU if one works and its memory suffices for the tables, else the CPU (umbra_context_fallback says why).
   * "dry": none, to learn what a computation costs (umbra/cost.h); "sim": none, to learn in the clear what it gives
   * (umbra/simulate.h).
   */
  const char *device;
  int secrets_on_device; /* 1: let the secret key reach the device too; 0: what needs it is computed on the CPU */
  int bulk_decode;       /* 1: as `bulk` of umbra_encode_options, for what is decoded on the device */
  /*
   * The calling thread among them, at most 1024. 0: UMBRA_THREADS if that is such a number, or else the processors that
   * the process may use. Servers with a thread for each request want 1. Results do not depend on it.
   */
  uint32_t threads;
  /*
   * Bytes of the device's memory that residues, work in progress and blocks kept for reuse, as many as fit and up to
   * 1024, may take together; 0: all there is, and what is kept is up to a third of what is in use, and 192 MiB. On a GPU,
   * evaluation keys and plaintexts beyond it wait in host memory, page-locked where the system allows, and are brought
   * when they are used, or shortly before.
   */
  uint64_t memory_limit;
  const umbra_tracer *tracer;   /* copied; NULL: nobody watches */
  const umbra_sim_options *sim; /* read; of device "sim" only; NULL: the defaults */
} umbra_context_desc;
#define UMBRA_CONTEXT_DESC_INIT .struct_size = sizeof(umbra_context_desc)
UMBRA_API void umbra_context_desc_init(umbra_context_desc *desc, size_t size);
#define umbra_context_desc_init(desc) umbra_context_desc_init((desc), sizeof *(desc))

/*
 * Opens a device for a parameter set and builds its tables (16 n bytes per prime). Plans and constants that are made at
 * first use come on top; neither counts under memory_limit.
 * Errors: INVALID_ARGUMENT, UNSUPPORTED (device), OUT_OF_MEMORY, and those of umbra_params_from_preset.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_context_create(umbra_context **context, const umbra_context_desc *desc);

/* The same context, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_context *umbra_context_share(const umbra_context *context);
UMBRA_API void umbra_context_destroy(umbra_context *context);

UMBRA_API const umbra_params *umbra_context_params(const umbra_context *context);
/* "ref", "avx2", "avx512", "cuda", "dry", "sim". */
UMBRA_API const char *umbra_context_backend(const umbra_context *context);

/* Why device "auto" became the CPU; "" if it did not. Valid as long as the context. */
UMBRA_API const char *umbra_context_fallback(const umbra_context *context);
UMBRA_API uint64_t umbra_context_memory(const umbra_context *context); /* bytes of residues held now */

UMBRA_END_DECLS

#endif
