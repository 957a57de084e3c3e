// SPDX-License-Identifier: Apache-2.0
// OpenFHE at parameters equivalent to ours: the same ring, depth, scale and security, and its own digits. FIXEDMANUAL,
// so that products are rescaled at once, as ours are. Threads: OMP_NUM_THREADS.
#include <benchmark/benchmark.h>
#include <omp.h>
#include <openfhe.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using lbcrypto::DCRTPoly;

using Cipher = lbcrypto::Ciphertext<DCRTPoly>;

struct Set {
  std::string name;
  uint32_t n, depth, scale_bits, digits, first_bits;
};
const Set kSets[] = {{"n14-d7-s40", 1 << 14, 7, 40, 8, 50},
                     {"n15-d14-s40", 1 << 15, 14, 40, 3, 60},
                     {"n16-d24-s50", 1 << 16, 24, 50, 3, 60}};
constexpr int kMany = 8;
constexpr double kLargestError = 1e-5;

lbcrypto::CryptoContext<DCRTPoly> MakeContext(const Set &set) {
  lbcrypto::CCParams<lbcrypto::CryptoContextCKKSRNS> parameters;
  parameters.SetRingDim(set.n);
  parameters.SetMultiplicativeDepth(set.depth);
  parameters.SetScalingModSize(set.scale_bits);
  parameters.SetFirstModSize(set.first_bits);
  parameters.SetNumLargeDigits(set.digits);
  parameters.SetKeySwitchTechnique(lbcrypto::HYBRID);
  parameters.SetScalingTechnique(lbcrypto::FIXEDMANUAL);
  parameters.SetSecretKeyDist(lbcrypto::UNIFORM_TERNARY);
  parameters.SetSecurityLevel(lbcrypto::HEStd_128_classic);
  auto context = lbcrypto::GenCryptoContext(parameters);
  for (auto feature : {lbcrypto::PKE, lbcrypto::KEYSWITCH, lbcrypto::LEVELEDSHE, lbcrypto::ADVANCEDSHE})
    context->Enable(feature);
  return context;
}

// Keys, two encrypted vectors, and room for results.
struct Rig {
  lbcrypto::CryptoContext<DCRTPoly> context;
  lbcrypto::KeyPair<DCRTPoly> keys;
  std::vector<double> x, y, decoded;
  lbcrypto::Plaintext plain_y, plain;
  Cipher a, b;
  std::vector<Cipher> out = std::vector<Cipher>(kMany);

  explicit Rig(const Set &set) : context(MakeContext(set)), keys(context->KeyGen()) {
    context->EvalMultKeyGen(keys.secretKey);
    std::vector<int32_t> steps;
    for (int i = 0; i < kMany; i++) steps.push_back(i + 1);
    context->EvalRotateKeyGen(keys.secretKey, steps);
    for (uint32_t j = 0; j < set.n / 2; j++) {
      x.push_back(2 * std::fmod((j + 1) * 0.61803398874989485, 1) - 1);
      y.push_back(2 * std::fmod((j + 1) * 0.41421356237309505, 1) - 1);
    }
    plain_y = Encode(y);
    a = context->Encrypt(keys.publicKey, Encode(x));
    b = context->Encrypt(keys.publicKey, plain_y);
  }

  lbcrypto::Plaintext Encode(const std::vector<double> &values) const {
    return context->MakeCKKSPackedPlaintext(values);
  }

  std::vector<double> Open(const Cipher &cipher) const {
    lbcrypto::Plaintext opened;
    context->Decrypt(keys.secretKey, cipher, &opened);
    opened->SetLength(x.size());
    return opened->GetRealPackedValue();
  }

  const std::vector<DCRTPoly> &Polynomials() const { return a->GetElements(); }

  double LogQ() const {
    double sum = 0;
    for (const auto &limb : Polynomials()[0].GetAllElements()) sum += std::log2(limb.GetModulus().ConvertToDouble());
    return sum;
  }
};

void RotateMany(Rig &r) {
  const auto digits = r.context->EvalFastRotationPrecompute(r.a);
  for (int i = 0; i < kMany; i++) r.out[i] = r.context->EvalFastRotation(r.a, i + 1, digits);
}

// A key that is there already would not be made again.
void RemakeRelinearizationKey(Rig &r) {
  r.context->ClearEvalMultKeys();
  r.context->EvalMultKeyGen(r.keys.secretKey);
}

using Value = std::function<double(const Rig &, size_t slot)>;

struct Operation {
  const char *name;
  std::function<void(Rig &)> run;
  Value expect;
  std::function<void(Rig &)> finish; // puts what is checked into `decoded`
  int result = 0;                    // which of out is checked, if there is no `finish`
};

Value Rotated(size_t steps) {
  return [steps](const Rig &r, size_t j) { return r.x[(j + steps) % r.x.size()]; };
}

double X(const Rig &r, size_t j) { return r.x[j]; }
double Sum(const Rig &r, size_t j) { return r.x[j] + r.y[j]; }
double Product(const Rig &r, size_t j) { return r.x[j] * r.y[j]; }
double Square(const Rig &r, size_t j) { return r.x[j] * r.x[j]; }

const Operation kOperations[] = {
    {"encode", [](Rig &r) { r.plain = r.Encode(r.x); }, X,
     [](Rig &r) { r.decoded = r.Open(r.context->Encrypt(r.keys.publicKey, r.plain)); }},
    {"encrypt", [](Rig &r) { r.out[0] = r.context->Encrypt(r.keys.publicKey, r.plain_y); },
     [](const Rig &r, size_t j) { return r.y[j]; }, nullptr},
    {"decrypt_decode", [](Rig &r) { r.decoded = r.Open(r.a); }, X, [](Rig &) {}},
    {"add", [](Rig &r) { r.out[0] = r.context->EvalAdd(r.a, r.b); }, Sum, nullptr},
    {"add_plain", [](Rig &r) { r.out[0] = r.context->EvalAdd(r.a, r.plain_y); }, Sum, nullptr},
    {"mul_plain", [](Rig &r) { r.out[0] = r.context->Rescale(r.context->EvalMult(r.a, r.plain_y)); }, Product, nullptr},
    {"mul_relin_rescale", [](Rig &r) { r.out[0] = r.context->Rescale(r.context->EvalMult(r.a, r.b)); }, Product,
     nullptr},
    {"square", [](Rig &r) { r.out[0] = r.context->Rescale(r.context->EvalSquare(r.a)); }, Square, nullptr},
    {"rotate", [](Rig &r) { r.out[0] = r.context->EvalRotate(r.a, 1); }, Rotated(1), nullptr},
    {"rotate_hoisted_8", RotateMany, Rotated(kMany), nullptr, kMany - 1},
    {"keygen_relin", RemakeRelinearizationKey, Product,
     [](Rig &r) { r.decoded = r.Open(r.context->Rescale(r.context->EvalMult(r.a, r.b))); }},
};

bool IsRight(const Rig &rig, const Operation &operation) {
  for (size_t j = 0; j < rig.x.size(); j++)
    if (!(std::abs(rig.decoded[j] - operation.expect(rig, j)) <= kLargestError)) return false;
  return true;
}

void Count(benchmark::State &state, const Rig &rig) {
  state.counters["n"] = rig.context->GetRingDimension();
  state.counters["limbs"] = static_cast<double>(rig.Polynomials()[0].GetNumOfElements());
  state.counters["log_q"] = rig.LogQ();
}

void Time(benchmark::State &state, Rig &rig, const Operation &operation) {
  operation.run(rig);
  for (auto _ : state) operation.run(rig);
  if (operation.finish) operation.finish(rig);
  else rig.decoded = rig.Open(rig.out[operation.result]);
  if (!IsRight(rig, operation)) state.SkipWithError("the decrypted result is wrong");
  Count(state, rig);
}

// The transform of one polynomial from `from` to `to`.
void TimeTransform(benchmark::State &state, const Rig &rig, Format from, Format to) {
  DCRTPoly poly = rig.Polynomials()[0];
  for (auto _ : state) {
    state.PauseTiming();
    poly.SetFormat(from);
    state.ResumeTiming();
    poly.SetFormat(to);
  }
  poly.SetFormat(rig.Polynomials()[0].GetFormat());
  if (poly != rig.Polynomials()[0]) state.SkipWithError("the inverse does not undo the transform");
  Count(state, rig);
}

void Register(const std::string &name, const std::function<void(benchmark::State &)> &run) {
  const std::string full = name + "/threads:" + std::to_string(omp_get_max_threads());
  benchmark::RegisterBenchmark(full.c_str(), run)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

void RegisterSet(const std::shared_ptr<Rig> &rig, const std::string &params) {
  for (const Operation &operation : kOperations)
    Register(operation.name + params, [rig, &operation](benchmark::State &s) { Time(s, *rig, operation); });
  Register("ntt_forward" + params + "/primes:level",
           [rig](benchmark::State &s) { TimeTransform(s, *rig, COEFFICIENT, EVALUATION); });
  Register("ntt_inverse" + params + "/primes:level",
           [rig](benchmark::State &s) { TimeTransform(s, *rig, EVALUATION, COEFFICIENT); });
}

// Registers the set of that name; false if there is none.
bool RegisterNamed(const std::string &name) {
  for (const Set &set : kSets) {
    if (set.name != name) continue;
    RegisterSet(std::make_shared<Rig>(set), "/params:" + set.name);
    return true;
  }
  return false;
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("peer", PEER_NAME);
  if (argc != 2 || !RegisterNamed(argv[1])) {
    std::fprintf(stderr, "usage: openfhe_bench n14-d7-s40|n15-d14-s40|n16-d24-s50 [--benchmark_...]\n");
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  std::fflush(nullptr);
  std::_Exit(0); // not through the destructors of OpenFHE's tables, which crash in builds with HEXL
}
