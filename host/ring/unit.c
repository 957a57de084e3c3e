/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "ops.h"
#include "ring_internal.h"

/* unit = X^(n/2), by way of its coefficients in device memory. */
static umbra_status transform(const umbra_poly *unit, umbra_ring *ring, int64_t *coefficients) {
  const uint32_t n = umbra_ring_n(ring);
  const umbra_view view = umbra_poly_view(unit, ring);
  umbra_stream *stream;
  int64_t *host;
  UMBRA_TRY(umbra_alloc(&host, n, sizeof *host, "the imaginary unit"));
  umbra_status status = umbra_ring_stream_open_beside(&stream, ring);
  if (status == UMBRA_OK) {
    host[n / 2] = 1;
    umbra_ring_upload(ring, stream, coefficients, host, n * sizeof *host);
    umbra_ring_from_i64(ring, stream, &view, coefficients, 0);
    status = umbra_ring_wait(ring, stream);
    umbra_ring_stream_close(stream, ring);
  }
  umbra_free(host);
  return status;
}

static umbra_status fill(const umbra_poly *unit, umbra_ring *ring) {
  const size_t bytes = umbra_ring_n(ring) * sizeof(int64_t);
  void *coefficients;
  UMBRA_TRY(umbra_session_allocate(ring->session, &coefficients, bytes, "the imaginary unit"));
  umbra_status status = transform(unit, ring, coefficients);
  umbra_session_release(ring->session, coefficients, bytes);
  return status;
}

/* The lock is held. */
static umbra_status make(umbra_ring *ring) {
  umbra_poly unit = {.window = {0, (uint16_t)umbra_chain_aux(&ring->params->chain)}, .polys = 1};
  void *memory;
  UMBRA_TRY(umbra_session_allocate(ring->session, &memory, umbra_poly_bytes(&unit, ring), "the imaginary unit"));
  unit.data = memory;
  umbra_status status = fill(&unit, ring);
  if (status == UMBRA_OK) ring->unit = unit;
  else umbra_session_release(ring->session, memory, umbra_poly_bytes(&unit, ring));
  return status;
}

umbra_status umbra_imaginary_unit_of(umbra_view *unit, umbra_ring *ring, umbra_window window) {
  mtx_lock(&ring->lock);
  umbra_status status = ring->unit.data ? UMBRA_OK : make(ring);
  if (status == UMBRA_OK) *unit = umbra_poly_subview(&ring->unit, ring, 0, 1, window, 0);
  mtx_unlock(&ring->lock);
  return status;
}

void umbra_imaginary_unit_destroy(umbra_ring *ring) {
  if (ring->unit.data) umbra_session_release(ring->session, ring->unit.data, umbra_poly_bytes(&ring->unit, ring));
}
