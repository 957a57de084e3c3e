/* SPDX-License-Identifier: Apache-2.0 */
/* What streams and graphs are made of. */
#ifndef UMBRA_EMU_STREAM_H
#define UMBRA_EMU_STREAM_H

#include <deque>
#include <thread>

#include "internal.h"

struct CUgraph_st {
  std::vector<umbra_emu_work> work;
};

struct umbra_emu_capture {
  std::unique_ptr<CUgraph_st> graph;
  cudaStream_t origin;
  std::vector<cudaStream_t> members; /* the origin, and streams that waited for an event of a member */
  cudaStreamCaptureMode mode;
  std::thread::id thread; /* that began it */
  unsigned long long id;
  bool blocking, lost, ended;
};

/* What streams have to do, in order. */
struct umbra_emu_fifo;

struct CUstream_st {
  bool blocking;
  int device;
  std::shared_ptr<umbra_emu_fifo> fifo; /* shared with the marks in it, which may outlive the stream */
  std::shared_ptr<umbra_emu_capture> capture;
};

/* NULL: the stream does not capture. */
umbra_emu_capture *umbra_emu_capture_of(cudaStream_t stream);

#endif
