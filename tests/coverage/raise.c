/* SPDX-License-Identifier: Apache-2.0 */
/* Of the program in preset coverage: what ends by a signal of its own writes what it counted, as exit does. */
#include <signal.h>

void __gcov_dump(void);
int __real_raise(int number);
int __wrap_raise(int number);

int __wrap_raise(int number) {
  __gcov_dump();
  return __real_raise(number);
}
