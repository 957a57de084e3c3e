/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu UMBRA_EMU_ORDER=forward */
/* labels: emu UMBRA_EMU_ORDER=reverse */
/* labels: emu UMBRA_EMU_ORDER=random UMBRA_CUDA_OVERLAP=1 */
/* labels: emu UMBRA_EMU_QUEUE=deferred UMBRA_EMU_DEVICES=2 UMBRA_CONFORMANCE_RINGS=10 */
/* labels: emu UMBRA_EMU_QUEUE=copies UMBRA_EMU_DEVICES=2 UMBRA_CONFORMANCE_RINGS=10 */
/*
 * Conformance of the emulated CUDA kernels, once for each order in which the emulator runs the threads of a block; on
 * the small rings also with queues that work as late as they may, or copy as early as they may,
 * and two devices. In the random order kernels overlap.
 *
 * Usage: conformance_emu [operation], where the name may contain * and ?.
 */
#include "../kernels/emu/emu.h"
#include "conformance/program.h"

int main(int argc, char **argv) {
  if (program_start(argc, argv) < 0) return EXIT_FAILURE;
  const umbra_kernels *kernels = umbra_kernels_get("emu");
  if (!kernels) {
    printf("the emulated backend is not linked to this program\n");
    return EXIT_FAILURE;
  }
  const int failed = run_backend(kernels);
  const uint64_t late = umbra_emu_counted(UMBRA_EMU_LOADS);
  if (late) printf("%d kernels were not loaded when their device was opened\n", (int)late);
  return failed || late ? EXIT_FAILURE : EXIT_SUCCESS;
}
