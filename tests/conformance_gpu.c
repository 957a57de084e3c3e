/* SPDX-License-Identifier: Apache-2.0 */
/* labels: gpu */
/*
 * Conformance of the CUDA backend on a device; skipped where there is none.
 *
 * Usage: conformance_gpu [operation], where the name may contain * and ?.
 */
#include "conformance/program.h"

int main(int argc, char **argv) {
  if (program_start(argc, argv) < 0) return EXIT_FAILURE;
  const umbra_kernels *kernels = umbra_kernels_get("cuda");
  if (!kernels || !kernels->device.count()) {
    printf("no CUDA backend, or no device for it\n");
    return 77;
  }
  return run_backend(kernels) ? EXIT_FAILURE : EXIT_SUCCESS;
}
