// SPDX-License-Identifier: Apache-2.0
// The transforms of HEXL at primes just below 2^50, its fastest: one prime, and as many as a ciphertext of our
// sets needs.
#include <benchmark/benchmark.h>

#include <cmath>
#include <hexl/hexl.hpp>
#include <string>
#include <vector>

namespace {

using intel::hexl::NTT;

struct Set {
  const char *name;
  uint64_t n;
  size_t limbs;
};
constexpr Set kSets[] = {{"n14-d7-s40", 1 << 14, 7}, {"n15-d14-s40", 1 << 15, 12}, {"n16-d24-s50", 1 << 16, 25}};

// Limbs of one polynomial, and the transform of each.
struct Rig {
  std::vector<uint64_t> primes;
  std::vector<NTT> ntts;
  std::vector<std::vector<uint64_t>> limbs;

  Rig(uint64_t n, size_t count) : primes(intel::hexl::GeneratePrimes(count, 49, false, n)) {
    for (uint64_t q : primes) {
      ntts.emplace_back(n, q);
      std::vector<uint64_t> limb(n);
      for (uint64_t i = 0; i < n; i++) limb[i] = i * 0x9E3779B97F4A7C15 % q;
      limbs.push_back(limb);
    }
  }

  double LogQ() const {
    double sum = 0;
    for (uint64_t q : primes) sum += std::log2(static_cast<double>(q));
    return sum;
  }
};

void Forward(Rig &rig) {
  for (size_t i = 0; i < rig.limbs.size(); i++)
    rig.ntts[i].ComputeForward(rig.limbs[i].data(), rig.limbs[i].data(), 1, 1);
}

void Inverse(Rig &rig) {
  for (size_t i = 0; i < rig.limbs.size(); i++)
    rig.ntts[i].ComputeInverse(rig.limbs[i].data(), rig.limbs[i].data(), 1, 1);
}

void Time(benchmark::State &state, const Set &set, size_t limbs, void (*transform)(Rig &)) {
  Rig rig(set.n, limbs);
  for (auto _ : state) transform(rig);
  state.counters["n"] = static_cast<double>(set.n);
  state.counters["limbs"] = static_cast<double>(limbs);
  state.counters["log_q"] = rig.LogQ();
  const auto before = rig.limbs;
  Forward(rig);
  Inverse(rig);
  if (before != rig.limbs) state.SkipWithError("the inverse does not undo the transform");
}

void Register(const char *operation, const Set &set, const char *primes, size_t limbs, void (*transform)(Rig &)) {
  const std::string name = std::string(operation) + "/params:" + set.name + "/primes:" + primes + "/threads:1";
  auto run = [set, limbs, transform](benchmark::State &state) { Time(state, set, limbs, transform); };
  benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("peer", PEER_NAME);
  for (const Set &set : kSets) {
    Register("ntt_forward", set, "one", 1, Forward);
    Register("ntt_inverse", set, "one", 1, Inverse);
    Register("ntt_forward", set, "level", set.limbs, Forward);
    Register("ntt_inverse", set, "level", set.limbs, Inverse);
  }
  benchmark::RunSpecifiedBenchmarks();
}
