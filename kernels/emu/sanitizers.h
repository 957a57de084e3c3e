/* SPDX-License-Identifier: Apache-2.0 */
/* Which sanitizer the emulator is built for; nothing is left of these calls without one. */
#ifndef UMBRA_EMU_SANITIZERS_H
#define UMBRA_EMU_SANITIZERS_H

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define UMBRA_EMU_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define UMBRA_EMU_ASAN 1
#endif

#ifdef UMBRA_EMU_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

/* Set by the build, because the files that switch fibers are not themselves instrumented for threads. */
#ifdef UMBRA_EMU_TSAN
#include <sanitizer/tsan_interface.h>
#else
#define __tsan_acquire(address) ((void)(address))
#define __tsan_release(address) ((void)(address))
#endif

#endif
