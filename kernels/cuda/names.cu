/* SPDX-License-Identifier: Apache-2.0 */
/* Names for Nsight and other tools, by NVTX: its functions do nothing unless such a tool is there. */
#include <stdlib.h>

#include <nvtx3/nvToolsExt.h>

#include "entries.h"

/* Where NVTX finds the tool that a program was started under. */
int umbra_cuda_watched(void) {
  const char *tool = getenv("NVTX_INJECTION64_PATH");
  return tool && *tool;
}

void umbra_cuda_name_begin(const char *name) { (void)nvtxRangePushA(name); }
void umbra_cuda_name_end(void) { (void)nvtxRangePop(); }
