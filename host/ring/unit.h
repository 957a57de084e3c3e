/* SPDX-License-Identifier: Apache-2.0 */
/* The polynomial X^(n/2), which is i in every slot. */
#ifndef UMBRA_RING_UNIT_H
#define UMBRA_RING_UNIT_H

#include "ring.h"

/* Its limbs of a window of the chain. It is made at first use and stays as long as the ring. */
umbra_status umbra_imaginary_unit_of(umbra_view *unit, umbra_ring *ring, umbra_window window);

#endif
