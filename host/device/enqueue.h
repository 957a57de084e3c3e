/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to kernels that compute: what a watched stream is not to do any more is not enqueued. Memory is moved and
 * wiped regardless, and what is made for all uses streams that nobody watches.
 */
#ifndef UMBRA_DEVICE_ENQUEUE_H
#define UMBRA_DEVICE_ENQUEUE_H

#include "../../kernels/kernels.h"
#include "../base/watch.h"

/* Who watches the stream, or NULL. */
static inline umbra_watch *umbra_stream_watch(const umbra_stream *stream) {
  return ((const umbra_stream_head *)stream)->host;
}

/* The watch must last as long as the stream, or until the next call of this. */
static inline void umbra_stream_set_watch(umbra_stream *stream, umbra_watch *watch) {
  ((umbra_stream_head *)stream)->host = watch;
}

/* kernel(stream, ...); kernel: an entry of umbra_kernels. */
#define UMBRA_ENQUEUE(kernel, stream, ...)                                                \
  do {                                                                                    \
    if (umbra_watch_goes_on(umbra_stream_watch(stream))) (kernel)((stream), __VA_ARGS__); \
  } while (0)

#endif
