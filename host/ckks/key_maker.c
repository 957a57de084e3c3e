/* SPDX-License-Identifier: Apache-2.0 */
#include "key_maker.h"

#include <sodium.h>

#include "../base/error.h"
#include "../ring/ops.h"

static umbra_status fill(umbra_key_maker *maker, const umbra_secret_key *secret) {
  umbra_ring *ring = maker->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  umbra_poly *polys[] = {&maker->secret, &maker->other, &maker->scratch};
  for (size_t i = 0; i < sizeof polys / sizeof *polys; i++)
    UMBRA_TRY(umbra_poly_create(polys[i], ring, 1, umbra_chain_union(chain, chain->total_levels - 1), chain->auxes,
                                "key generation"));
  umbra_view view = umbra_poly_view(&maker->secret, ring);
  return umbra_small_expand(&view, maker->context, maker->stream, secret->ternary);
}

umbra_status umbra_key_maker_open(umbra_key_maker *maker, const umbra_secret_key *secret) {
  *maker = (umbra_key_maker){.context = secret->home};
  UMBRA_TRY(umbra_random_open(&maker->random));
  umbra_status status = umbra_ring_stream_open(&maker->stream, maker->context->ring);
  if (status != UMBRA_OK) {
    umbra_random_close(&maker->random);
    return status;
  }
  status = fill(maker, secret);
  return status == UMBRA_OK ? UMBRA_OK : umbra_key_maker_close(maker, status);
}

/* Through the ring's secret path. */
static void wipe(umbra_poly *poly, const umbra_key_maker *maker) {
  umbra_ring_give_secret(maker->context->ring, maker->stream, poly->data, umbra_poly_bytes(poly, maker->context->ring));
  *poly = (umbra_poly){0};
}

umbra_status umbra_key_maker_close(umbra_key_maker *maker, umbra_status status) {
  wipe(&maker->secret, maker);
  wipe(&maker->other, maker);
  wipe(&maker->scratch, maker);
  sodium_free(maker->sparse);
  umbra_random_close(&maker->random);
  return umbra_stream_close(maker->stream, maker->context, status);
}

umbra_gadget umbra_key_maker_gadget(umbra_key_maker *maker, const umbra_poly *from, const umbra_poly *under) {
  return (umbra_gadget){.context = maker->context,
                        .stream = maker->stream,
                        .from = *from,
                        .under = *under,
                        .scratch = maker->scratch,
                        .random = &maker->random,
                        .error = umbra_random_error};
}
