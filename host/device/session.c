/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "session_internal.h"

static umbra_status open_device(umbra_session *session, const umbra_ring_desc *ring, umbra_device_options options) {
  options.threads = session->threads;
  umbra_status status = session->kernels->device.open(&session->device, ring, &options);
  return status == UMBRA_OK ? UMBRA_OK : umbra_session_fail(session, status, "cannot open the device");
}

umbra_status umbra_session_create(umbra_session **out, const umbra_kernels *kernels, const umbra_ring_desc *ring,
                                  const umbra_device_options *options, uint64_t memory_limit) {
  if (options->threads > UMBRA_MAX_THREADS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "threads is %u: it can be up to %d", options->threads,
                      UMBRA_MAX_THREADS);
  umbra_session *session;
  UMBRA_TRY(umbra_alloc(&session, 1, sizeof *session, "a device's session"));
  if (mtx_init(&session->lock, mtx_plain) != thrd_success) {
    umbra_free(session);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot create a lock");
  }
  session->kernels = kernels;
  session->threads = options->threads ? options->threads : umbra_parallel_default();
  session->memory.limit = memory_limit;
  session->memory.evict = umbra_residences_evict;
  umbra_status status = open_device(session, ring, *options);
  if (status == UMBRA_OK) *out = session;
  else umbra_session_destroy(session);
  return status;
}

void umbra_session_destroy(umbra_session *session) {
  if (!session) return;
  umbra_session_drop_kept(session);
  if (session->device) session->kernels->device.close(session->device);
  mtx_destroy(&session->lock);
  umbra_free(session);
}

const umbra_device *umbra_session_device(const umbra_session *session) { return session->device; }
uint32_t umbra_session_threads(const umbra_session *session) { return session->threads; }
