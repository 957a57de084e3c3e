/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portable backend: plain scalar C, the oracle of all others. avx2/ and avx512/, which define UMBRA_CPU_NAME(entry)
 * for themselves, take from here what they do not have.
 */
#ifndef UMBRA_KERNELS_CPU_REF_H
#define UMBRA_KERNELS_CPU_REF_H

#include "../cpu.h"

/* Before a loop whose rounds do not depend on each other, however operands overlap: compilers may use vectors. */
#ifdef __clang__
#define UMBRA_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define UMBRA_INDEPENDENT _Pragma("GCC ivdep")
#endif

#ifndef UMBRA_CPU_NAME
#define UMBRA_CPU_NAME(entry) umbra_ref_##entry
#endif

UMBRA_DECLARE_KERNELS(ref)

#endif
