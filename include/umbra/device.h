/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of this machine: what a context can be opened on, and why not on the others. */
#ifndef UMBRA_DEVICE_H
#define UMBRA_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include <umbra/export.h>
#include <umbra/status.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_device_info {
  size_t struct_size;
  char name[32];         /* for umbra_context_desc: "avx512", "cuda:0"; "cuda" of a GPU that cannot be used */
  char description[128]; /* for people: "NVIDIA H200" */
  char why_not[256];     /* why it cannot be used; "" if it can */
  /*
   * Bytes; 0: not known. free_bytes of a processor is what the system calls available; of a GPU it is known while some
   * context of this process is open there, since asking would make one.
   */
  uint64_t memory_bytes, free_bytes;
  uint32_t capability_major, capability_minor; /* compute capability of a GPU; 0 of a processor */
  int gpu;                                     /* 1: a GPU; 0: this machine's processor, by one of its backends */
  int usable;
} umbra_device_info;
#define UMBRA_DEVICE_INFO_INIT .struct_size = sizeof(umbra_device_info)
UMBRA_API void umbra_device_info_init(umbra_device_info *info, size_t size);
#define umbra_device_info_init(info) umbra_device_info_init((info), sizeof *(info))

/*
 * How many there are: each backend of the processor that this project has, fastest first, and each GPU that CUDA sees.
 * Where it sees none, "cuda" stands for them, and says why. Needs no driver, and opens nothing.
 */
UMBRA_API size_t umbra_device_count(void);

/* Device i of them. Errors: INVALID_ARGUMENT (no such device). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_device_get(umbra_device_info *info, size_t i);

/*
 * Threads of a context whose description says 0: UMBRA_THREADS if that is a number from 1 to 1024, or else the processors
 * that the process may use, by its affinity mask and the quotas of its control groups.
 */
UMBRA_API uint32_t umbra_default_threads(void);

UMBRA_END_DECLS

#endif
