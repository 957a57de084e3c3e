// SPDX-License-Identifier: Apache-2.0
// A refresh (bootstrapping) by OpenFHE of as many slots as we refresh, in the same ring and at the security level of the
// same name: sparse ternary secret, level budget {3, 3}, scale 2^59 under a first modulus of 60 bits, 4 digits, 6 levels
// left. OpenFHE's vectors are real. Threads: OMP_NUM_THREADS.
#include <benchmark/benchmark.h>
#include <omp.h>
#include <openfhe.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

using lbcrypto::DCRTPoly;

using Cipher = lbcrypto::Ciphertext<DCRTPoly>;

struct Set {
  std::string name; // of ours
  uint32_t n;
  lbcrypto::SecurityLevel security;
};
const Set kSets[] = {{"boot-64k-40", 1 << 16, lbcrypto::HEStd_128_classic},
                     {"n12-d4-s40-boot", 1 << 12, lbcrypto::HEStd_NotSet}};
constexpr uint32_t kScaleBits = 59, kFirstModulusBits = 60, kDigits = 4, kLevelsLeft = 6;
constexpr auto kSecret = lbcrypto::SPARSE_TERNARY;
const std::vector<uint32_t> kLevelBudget = {3, 3};
constexpr double kLargestError = 1e-3;

uint32_t Depth() { return kLevelsLeft + lbcrypto::FHECKKSRNS::GetBootstrapDepth(kLevelBudget, kSecret); }

lbcrypto::CryptoContext<DCRTPoly> MakeContext(const Set &set) {
  lbcrypto::CCParams<lbcrypto::CryptoContextCKKSRNS> parameters;
  parameters.SetRingDim(set.n);
  parameters.SetMultiplicativeDepth(Depth());
  parameters.SetScalingModSize(kScaleBits);
  parameters.SetFirstModSize(kFirstModulusBits);
  parameters.SetNumLargeDigits(kDigits);
  parameters.SetKeySwitchTechnique(lbcrypto::HYBRID);
  parameters.SetScalingTechnique(lbcrypto::FLEXIBLEAUTO);
  parameters.SetSecretKeyDist(kSecret);
  parameters.SetSecurityLevel(set.security);
  auto context = lbcrypto::GenCryptoContext(parameters);
  for (auto feature : {lbcrypto::PKE, lbcrypto::KEYSWITCH, lbcrypto::LEVELEDSHE, lbcrypto::ADVANCEDSHE, lbcrypto::FHE})
    context->Enable(feature);
  return context;
}

size_t BytesOf(const std::vector<DCRTPoly> &polynomials) {
  size_t bytes = 0;
  for (const auto &p : polynomials) bytes += p.GetNumOfElements() * p.GetRingDimension() * sizeof(uint64_t);
  return bytes;
}

// Keys, matrices, and a ciphertext with one level left.
struct Rig {
  lbcrypto::CryptoContext<DCRTPoly> context;
  lbcrypto::KeyPair<DCRTPoly> keys;
  std::vector<double> x;
  Cipher in, out;

  explicit Rig(const Set &set) : context(MakeContext(set)) {
    const uint32_t slots = set.n / 2;
    context->EvalBootstrapSetup(kLevelBudget, {0, 0}, slots);
    keys = context->KeyGen();
    context->EvalMultKeyGen(keys.secretKey);
    context->EvalBootstrapKeyGen(keys.secretKey, slots);
    for (uint32_t j = 0; j < slots; j++) x.push_back(2 * std::fmod((j + 1) * 0.61803398874989485, 1) - 1);
    in = context->Encrypt(keys.publicKey, context->MakeCKKSPackedPlaintext(x, 1, Depth() - 1, nullptr, slots));
  }

  size_t KeyBytes() const {
    size_t bytes = 0;
    for (const auto &[tag, owned] : context->GetAllEvalMultKeys())
      for (const auto &key : owned) bytes += BytesOf(key->GetAVector()) + BytesOf(key->GetBVector());
    for (const auto &[tag, owned] : context->GetAllEvalAutomorphismKeys())
      for (const auto &[index, key] : *owned) bytes += BytesOf(key->GetAVector()) + BytesOf(key->GetBVector());
    return bytes;
  }
};

struct Errors {
  double mean = 0, rms = 0, worst = 0;
};

Errors Measure(const Rig &rig) {
  lbcrypto::Plaintext opened;
  rig.context->Decrypt(rig.keys.secretKey, rig.out, &opened);
  opened->SetLength(rig.x.size());
  const auto values = opened->GetRealPackedValue();
  Errors e;
  for (size_t j = 0; j < rig.x.size(); j++) {
    const double error = std::abs(values[j] - rig.x[j]);
    e.mean += error / static_cast<double>(rig.x.size());
    e.rms += error * error / static_cast<double>(rig.x.size());
    e.worst = std::fmax(e.worst, error);
  }
  e.rms = std::sqrt(e.rms);
  return e;
}

// A rescale that OpenFHE has put off counts as done.
size_t LimbsLeft(const Cipher &cipher) {
  return cipher->GetElements()[0].GetNumOfElements() - (cipher->GetNoiseScaleDeg() - 1);
}

double LogQ(const Cipher &cipher) {
  double sum = 0;
  for (size_t i = 0; i < LimbsLeft(cipher); i++)
    sum += std::log2(cipher->GetElements()[0].GetAllElements()[i].GetModulus().ConvertToDouble());
  return sum;
}

double PeakBytes() {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

void Count(benchmark::State &state, const Rig &rig, const Errors &errors) {
  state.counters["n"] = rig.context->GetRingDimension();
  state.counters["slots"] = static_cast<double>(rig.x.size());
  state.counters["log_q"] = LogQ(rig.out);
  state.counters["levels_left"] = static_cast<double>(LimbsLeft(rig.out) - 1);
  state.counters["mean_bits"] = -std::log2(errors.mean);
  state.counters["rms_bits"] = -std::log2(errors.rms);
  state.counters["worst_bits"] = -std::log2(errors.worst);
  state.counters["key_bytes"] = static_cast<double>(rig.KeyBytes());
  state.counters["peak_bytes"] = PeakBytes();
}

void Time(benchmark::State &state, Rig &rig) {
  if (!rig.out) rig.out = rig.context->EvalBootstrap(rig.in);
  for (auto _ : state) rig.out = rig.context->EvalBootstrap(rig.in);
  const Errors errors = Measure(rig);
  if (!(errors.worst <= kLargestError)) state.SkipWithError("the decrypted result is wrong");
  Count(state, rig, errors);
}

// Registers the set of that name; false if there is none.
bool RegisterNamed(const std::string &name) {
  for (const Set &set : kSets) {
    if (set.name != name) continue;
    const auto rig = std::make_shared<Rig>(set);
    const auto full = "bootstrap/params:" + name + "/threads:" + std::to_string(omp_get_max_threads());
    benchmark::RegisterBenchmark(full.c_str(), [rig](benchmark::State &s) { Time(s, *rig); })
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
    return true;
  }
  return false;
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("peer", PEER_NAME);
  if (argc != 2 || !RegisterNamed(argv[1])) {
    std::fprintf(stderr, "usage: openfhe_bootstrap_bench boot-64k-40|n12-d4-s40-boot [--benchmark_...]\n");
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  std::fflush(nullptr);
  std::_Exit(0); // not through the destructors of OpenFHE's tables, which crash in builds with HEXL
}
