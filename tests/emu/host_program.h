/* SPDX-License-Identifier: Apache-2.0 */
/* A program around the library that uses GPUs itself. C, while CUDA's runtime in the emulator is C++. */
#ifndef UMBRA_TESTS_EMU_HOST_PROGRAM_H
#define UMBRA_TESTS_EMU_HOST_PROGRAM_H

#ifdef __cplusplus
extern "C" {
#endif

/* CUDA's number of the calling thread's device; -1 sets none. */
int host_device(void);
void host_set_device(int device);

/* The calling thread's mode of capture (CUDA's 0, 1, 2); it is set to `mode` then. */
int host_exchange_mode(int mode);

/* Begins a capture on a stream of the program's, of CUDA's modes 0, 1, 2, and records one kernel. */
void host_capture_begin(int mode, int blocking);

/* Records another, and ends the capture: how many kernels are in it, or -1 if it was spoilt. */
int host_capture_end(void);

/* An error that the program has not looked at yet; what it finds when it does, and then it is gone. */
void host_leave_error(void);
int host_take_error(void);
enum { HOST_ERROR = 1 }; /* the one that it leaves */

#ifdef __cplusplus
}
#endif

#endif
