/* SPDX-License-Identifier: Apache-2.0 */
/* The part of NVTX that is emulated. */
#ifndef UMBRA_EMU_NVTOOLSEXT_H
#define UMBRA_EMU_NVTOOLSEXT_H

/* Both return how deep the range is, from 0; a negative number if there is none. */
int nvtxRangePushA(const char *name);
int nvtxRangePop(void);

#endif
