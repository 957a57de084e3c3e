// SPDX-License-Identifier: Apache-2.0
// A measure of a machine's speed where there is no peer: the textbook forward transform of 2^16 points modulo a 60-bit
// prime, one scalar butterfly after the other, with Shoup's constants and full reduction.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

__extension__ typedef unsigned __int128 u128;

constexpr int kLogN = 16;
constexpr size_t kN = size_t{1} << kLogN;
constexpr uint64_t kQ = 1152921504606584833; // = 1 mod 2^17

uint64_t Mul(uint64_t a, uint64_t b) { return static_cast<uint64_t>(static_cast<u128>(a) * b % kQ); }

uint64_t Pow(uint64_t base, uint64_t exponent) {
  uint64_t power = 1;
  for (; exponent; exponent >>= 1, base = Mul(base, base))
    if (exponent & 1) power = Mul(power, base);
  return power;
}

// A root of unity of order 2N.
uint64_t Root() {
  uint64_t base = 2;
  while (Pow(base, (kQ - 1) / 2) != kQ - 1) base++;
  return Pow(base, (kQ - 1) / (2 * kN));
}

size_t Reversed(size_t index) {
  size_t reversed = 0;
  for (int bit = 0; bit < kLogN; bit++, index >>= 1) reversed = reversed << 1 | (index & 1);
  return reversed;
}

struct Twiddle {
  std::vector<uint64_t> power, companion;
};

Twiddle MakeTwiddles() {
  Twiddle t{std::vector<uint64_t>(kN), std::vector<uint64_t>(kN)};
  uint64_t power = 1;
  const uint64_t root = Root();
  for (size_t i = 0; i < kN; i++, power = Mul(power, root)) {
    t.power[Reversed(i)] = power;
    t.companion[Reversed(i)] = static_cast<uint64_t>((static_cast<u128>(power) << 64) / kQ);
  }
  return t;
}

// (x, y) = (x + w y, x - w y), all below q.
void Butterfly(uint64_t *x, uint64_t *y, uint64_t w, uint64_t companion) {
  const uint64_t u = *x, quotient = static_cast<uint64_t>((static_cast<u128>(*y) * companion) >> 64);
  uint64_t v = *y * w - quotient * kQ;
  v -= kQ & -static_cast<uint64_t>(v >= kQ);
  const uint64_t sum = u + v;
  *x = sum - (kQ & -static_cast<uint64_t>(sum >= kQ));
  *y = u - v + (kQ & -static_cast<uint64_t>(u < v));
}

void Transform(uint64_t *values, const Twiddle &t) {
  for (size_t blocks = 1, half = kN / 2; blocks < kN; blocks *= 2, half /= 2)
    for (size_t block = 0; block < blocks; block++) {
      const uint64_t w = t.power[blocks + block], companion = t.companion[blocks + block];
      uint64_t *x = values + 2 * block * half, *y = x + half;
      for (size_t j = 0; j < half; j++) Butterfly(x + j, y + j, w, companion);
    }
}

// The transform of the number 1 has 1 everywhere, that of X the odd powers of the root.
bool IsRight(const Twiddle &t) {
  std::vector<uint64_t> one(kN), x(kN);
  one[0] = x[1] = 1;
  Transform(one.data(), t);
  Transform(x.data(), t);
  const uint64_t root = Root();
  for (size_t i = 0; i < kN; i++)
    if (one[i] != 1 || x[i] != Pow(root, 2 * Reversed(i) + 1)) return false;
  return true;
}

void Yardstick(benchmark::State &state) {
  const Twiddle twiddles = MakeTwiddles();
  std::vector<uint64_t> values(kN);
  for (size_t i = 0; i < kN; i++) values[i] = Mul(i, 0x9E3779B97F4A7C15 % kQ);
  for (auto _ : state) Transform(values.data(), twiddles);
  if (!IsRight(twiddles)) state.SkipWithError("the transform is wrong");
}

BENCHMARK(Yardstick)->Name("yardstick/threads:1")->UseRealTime()->Unit(benchmark::kMicrosecond);

} // namespace

BENCHMARK_MAIN();
