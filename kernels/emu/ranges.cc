/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges that are named for tools: they are counted. */
#include "include/nvtx3/nvToolsExt.h"
#include "internal.h"

static thread_local int depth;

int umbra_emu_range_depth(void) { return depth; }

int nvtxRangePushA(const char *) {
  umbra_emu_happened(UMBRA_EMU_RANGES);
  return depth++;
}

int nvtxRangePop(void) { return depth ? --depth : -1; }
