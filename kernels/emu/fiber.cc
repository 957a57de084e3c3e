/* SPDX-License-Identifier: Apache-2.0 */
#include "fiber.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <new>

#include "sanitizers.h"

enum {
  PAGE = 4096,
  LINE = 64,
#ifdef UMBRA_EMU_TSAN
  STACK = 64 * 1024 /* renewed for every thread */
#else
  STACK = 256 * 1024 /* only the pages in use cost memory; reports of AddressSanitizer need the most */
#endif
};

/* Stacks begin at different cache lines: their tops would all meet in one set of L1 otherwise. */
static char *top_of(const umbra_emu_fiber *fiber) {
  return fiber->stack + fiber->bytes - (size_t)(fiber->ordinal * 7 % 64) * LINE;
}

#ifdef UMBRA_EMU_UCONTEXT

void umbra_emu_fiber_reset(umbra_emu_fiber *fiber, void (*entry)(void)) {
  ASAN_UNPOISON_MEMORY_REGION(fiber->stack, fiber->bytes);
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = (size_t)(top_of(fiber) - fiber->stack);
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, entry, 0);
}

static void swap(umbra_emu_fiber *from, umbra_emu_fiber *to) { swapcontext(&from->context, &to->context); }

#else

/* Saves what a call must preserve, and leaves through a register: a ret would defeat the processor's prediction. */
asm(R"(
  .text
  .p2align 4
  .hidden umbra_emu_swap
  .globl umbra_emu_swap
  .type umbra_emu_swap, @function
umbra_emu_swap:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx
  .size umbra_emu_swap, . - umbra_emu_swap
)");

extern "C" void umbra_emu_swap(void **save, void *load);

void umbra_emu_fiber_reset(umbra_emu_fiber *fiber, void (*entry)(void)) {
  ASAN_UNPOISON_MEMORY_REGION(fiber->stack, fiber->bytes);
  /* From the top: a return address of 0, where a debugger's walk ends; entry; six registers. */
  void **slot = reinterpret_cast<void **>(top_of(fiber)) - 1;
  *slot = nullptr;
  *--slot = reinterpret_cast<void *>(entry);
  for (int i = 0; i < 6; i++) *--slot = nullptr;
  fiber->context = slot;
}

static void swap(umbra_emu_fiber *from, umbra_emu_fiber *to) { umbra_emu_swap(&from->context, to->context); }

#endif

void umbra_emu_renew_pages(void *memory, size_t bytes) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  if (mmap(memory, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) abort();
}

umbra_emu_fiber *umbra_emu_fiber_create(unsigned ordinal, void (*entry)(void)) {
  /* One page below the stack stays out of reach, so that an overflow stops at once. */
  void *memory = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  umbra_emu_fiber *fiber = new (std::nothrow) umbra_emu_fiber();
  if (!fiber || mprotect(memory, PAGE, PROT_NONE)) {
    munmap(memory, STACK);
    delete fiber;
    return nullptr;
  }
  fiber->stack = static_cast<char *>(memory) + PAGE;
  fiber->bytes = STACK - PAGE;
  fiber->ordinal = ordinal;
  umbra_emu_fiber_reset(fiber, entry);
  return fiber;
}

void umbra_emu_fiber_destroy(umbra_emu_fiber *fiber) {
  ASAN_UNPOISON_MEMORY_REGION(fiber->stack, fiber->bytes);
  munmap(fiber->stack - PAGE, STACK);
  delete fiber;
}

void umbra_emu_fiber_renew(umbra_emu_fiber *fiber, void (*entry)(void)) {
  umbra_emu_renew_pages(fiber->stack, fiber->bytes);
  umbra_emu_fiber_reset(fiber, entry);
}

void umbra_emu_fiber_adopt(umbra_emu_fiber *fiber) {
#ifdef UMBRA_EMU_ASAN
  pthread_attr_t attributes;
  void *bottom;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &bottom, &fiber->bytes);
  pthread_attr_destroy(&attributes);
  fiber->stack = static_cast<char *>(bottom);
#else
  (void)fiber;
#endif
}

void umbra_emu_fiber_arrived(void) {
#ifdef UMBRA_EMU_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

void umbra_emu_fiber_switch(umbra_emu_fiber *from, umbra_emu_fiber *to) {
#ifdef UMBRA_EMU_ASAN
  __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->bytes);
  swap(from, to);
  __sanitizer_finish_switch_fiber(from->fake_stack, nullptr, nullptr);
#else
  swap(from, to);
#endif
}
