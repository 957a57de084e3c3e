/* SPDX-License-Identifier: Apache-2.0 */
/* Fibers: stacks of our own, switched without a system call on x86-64 and with ucontext elsewhere. */
#ifndef UMBRA_EMU_FIBER_H
#define UMBRA_EMU_FIBER_H

#include <stddef.h>

#if !defined(__x86_64__) && !defined(UMBRA_EMU_UCONTEXT)
#define UMBRA_EMU_UCONTEXT 1
#endif
#ifdef UMBRA_EMU_UCONTEXT
#include <ucontext.h>
#endif

struct umbra_emu_fiber {
#ifdef UMBRA_EMU_UCONTEXT
  ucontext_t context;
#else
  void *context; /* stack pointer while it does not run */
#endif
  char *stack; /* lowest usable byte */
  size_t bytes;
  unsigned ordinal;
  void *fake_stack; /* AddressSanitizer's */
};

/* A fiber that runs `entry` when it is first switched to; entry never returns. NULL if there is no memory. */
umbra_emu_fiber *umbra_emu_fiber_create(unsigned ordinal, void (*entry)(void));
void umbra_emu_fiber_destroy(umbra_emu_fiber *fiber);

/* Forgets what the fiber was doing: it starts with `entry` again. */
void umbra_emu_fiber_reset(umbra_emu_fiber *fiber, void (*entry)(void));

/* Replaces whole pages by fresh ones in place, so that ThreadSanitizer forgets who used them. */
void umbra_emu_renew_pages(void *memory, size_t bytes);
void umbra_emu_fiber_renew(umbra_emu_fiber *fiber, void (*entry)(void));

/* Makes a fiber of the OS thread's own stack. */
void umbra_emu_fiber_adopt(umbra_emu_fiber *fiber);

/* Leaves `from`, which is running, and goes on with `to`; returns when somebody switches to `from`. */
void umbra_emu_fiber_switch(umbra_emu_fiber *from, umbra_emu_fiber *to);

/* The first thing that entry calls. */
void umbra_emu_fiber_arrived(void);

#endif
