/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of the backend: what files know of a device that do more than launch kernels. */
#ifndef UMBRA_KERNELS_CUDA_RUNTIME_H
#define UMBRA_KERNELS_CUDA_RUNTIME_H

#include <pthread.h>

#include "cuda.cuh"

struct CUctx_st; /* a context of CUDA's driver */

/* A plan of cuFFT; its handle is int there. */
struct umbra_cuda_plan {
  int handle;
  uint32_t log_m, batch;
  size_t work_bytes; /* that it needs besides the vectors */
  uint64_t last_use; /* counted through the device's; 0: there is no plan here */
};

enum { UMBRA_CUDA_PLANS = 8, UMBRA_CUDA_IN_FLIGHT = 16 };

/* The queue of uploads ahead. */
struct umbra_cuda_ahead {
  pthread_mutex_t lock; /* of `uploads`, and while one is enqueued */
  cudaStream_t queue;
  cudaEvent_t before;                     /* where the work's queue was at the last upload */
  cudaEvent_t done[UMBRA_CUDA_IN_FLIGHT]; /* of upload i: number i modulo their count, until a later one needs it */
  uint64_t uploads;                       /* so far */
};

struct umbra_device {
  umbra_device *next; /* in the list of all that are open */
  umbra_cuda_tables tables;
  umbra_cuda_prime *host_prime;
  void *memory;       /* of the device: backing store of all tables */
  int ordinal;        /* CUDA's number of the device */
  CUctx_st *context;  /* its primary one; NULL until that is known */
  cudaStream_t queue; /* the one queue that the contract promises */
  cudaMemPool_t pool;
  uint64_t checked;          /* size of the pool up to which it left the driver enough; 0 after it shrank */
  pthread_mutex_t lock;      /* of the failure's text while it is written, and of idle */
  umbra_cuda_staging *idle;  /* of streams that are gone, for those to come */
  pthread_mutex_t plan_lock; /* of the plans, and while one is at work in a call */
  umbra_cuda_plan plan[UMBRA_CUDA_PLANS];
  uint64_t plan_uses;
  umbra_cuda_ahead ahead;
  int overlap; /* of kernels: launched with UMBRA_CUDA_OVERLAP */
  int failed;  /* set once, after the text; read and written by the functions below only */
  char failure[256];
};

/* Notes the first failure as "<what>: <reason>". Any thread may call it. */
void umbra_cuda_note_device(const umbra_device *device, const char *what, cudaError_t error);

/* The same, but only what has ended the device: nothing of anybody's is lost by the call itself. */
void umbra_cuda_note_fault(const umbra_device *device, const char *what, cudaError_t error);

/*
 * The status of a call that can fail, whose caller is told. So nothing sticks to the device but what has ended it; the
 * reason of everything else is the thread's, until its next such call.
 */
umbra_status umbra_cuda_status(const umbra_device *device, const char *what, cudaError_t error);

/* ---- visit.cu ---- */

/*
 * While it lives, the calling thread's device is this one, and captures of the host program, in whatever stream, neither
 * forbid calls nor are spoilt by them. Then everything is as before. Visits nest.
 */
struct umbra_cuda_visit {
  explicit umbra_cuda_visit(const umbra_device *device); /* NULL: only the last error stays as it was */
  ~umbra_cuda_visit();
  umbra_cuda_visit(const umbra_cuda_visit &) = delete;

 private:
  cudaError_t pending; /* the last error before */
  cudaStreamCaptureMode mode;
  bool entered, relaxed;
};

/* Makes the device's context, so that it can be visited. */
cudaError_t umbra_cuda_context_open(umbra_device *device);

/* Whether a failure was noted. */
int umbra_cuda_failed(const umbra_device *device);

/* Whether the stream records, for what cannot be: then the recording will fail. */
int umbra_cuda_is_recording(umbra_stream *stream);

/* With the queue idle: destroys cuFFT's plans. */
void umbra_cuda_plans_destroy(umbra_device *device);

/* ---- uploads ahead ---- */

/* Opens their queue; also what was opened in part can be closed. */
cudaError_t umbra_cuda_ahead_open(umbra_device *device);
void umbra_cuda_ahead_close(umbra_device *device);

/* ---- pinned memory through which uploads and downloads go ---- */

/* With the queue idle: wipes the memory and keeps it for the next stream. */
void umbra_cuda_staging_give_back(umbra_stream *stream);

/* Frees what was kept. */
void umbra_cuda_staging_destroy_all(umbra_device *device);

/* With the queue idle: hands downloads to the host unless the device failed, and wipes what held data. */
void umbra_cuda_staging_drain(umbra_stream *stream);

#endif
