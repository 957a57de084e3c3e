/* SPDX-License-Identifier: Apache-2.0 */
#include "gaussian.h"

#include <math.h>
#include <sodium.h>

#include "error.h"
#include "gaussian_table.h"

__extension__ typedef unsigned __int128 unsigned_wide;

enum { ENTRIES = sizeof umbra_gaussian_table / sizeof *umbra_gaussian_table, RADIX = 4, WORD_BYTES = 16, CHUNK = 256 };

umbra_status umbra_gaussian_of(umbra_gaussian *gaussian, double deviation) {
  if (!(deviation >= UMBRA_GAUSSIAN_LEAST && deviation <= UMBRA_GAUSSIAN_MOST))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a Gaussian of standard deviation %g: it must be %g to 2^100",
                      deviation, UMBRA_GAUSSIAN_LEAST);
  const double base = UMBRA_GAUSSIAN_LEAST * UMBRA_GAUSSIAN_LEAST, wanted = deviation * deviation * (1 + 0x1p-40);
  double variance = 0, factor = 1;
  umbra_gaussian made = {0};
  for (; variance + base * factor * factor <= wanted; factor *= RADIX) {
    variance += base * factor * factor;
    made.factor[made.terms++] = (umbra_wide)factor;
  }
  const double last = ceil(sqrt((wanted - variance) / base));
  made.factor[made.terms++] = (umbra_wide)last;
  made.deviation = sqrt(variance + base * last * last);
  *gaussian = made;
  return UMBRA_OK;
}

static unsigned_wide load(const uint8_t bytes[WORD_BYTES]) {
  unsigned_wide word = 0;
  for (int i = 0; i < WORD_BYTES; i++) word |= (unsigned_wide)bytes[i] << (8 * i);
  return word;
}

/* Deviation 8, from a sign and 127 bits: |x| is how many entries are not above them. Both are below 2^127. */
static int64_t narrow(unsigned_wide word) {
  const unsigned_wide bits = word & ~((unsigned_wide)1 << 127);
  const int64_t sign = -(int64_t)(word >> 127);
  int64_t size = 0;
  for (int k = 0; k < ENTRIES; k++) {
    const unsigned_wide entry = (unsigned_wide)umbra_gaussian_table[k][0] << 64 | umbra_gaussian_table[k][1];
    size += 1 - (int64_t)((bits - entry) >> 127);
  }
  return (size ^ sign) - sign;
}

void umbra_random_gaussian(umbra_random *random, umbra_wide *values, size_t count, const umbra_gaussian *gaussian) {
  uint8_t words[WORD_BYTES * CHUNK];
  for (size_t done = 0; done < count; done += CHUNK) {
    const size_t batch = count - done < CHUNK ? count - done : CHUNK;
    for (uint32_t t = 0; t < gaussian->terms; t++) {
      umbra_random_bytes(random, words, WORD_BYTES * batch);
      for (size_t i = 0; i < batch; i++) {
        const umbra_wide term = gaussian->factor[t] * narrow(load(words + WORD_BYTES * i));
        values[done + i] = t ? values[done + i] + term : term;
      }
    }
  }
  sodium_memzero(words, sizeof words);
}
