// SPDX-License-Identifier: Apache-2.0
// A ciphertext that has run out of levels is refreshed: refresh [small]. "small" is quick, in a ring that is not secure.
#include <cstdio>
#include <string>
#include <umbra/umbra.hpp>

static umbra::params parameters(bool small) {
  if (!small) return umbra::params("boot-64k-40");
  auto need = umbra::defaults<umbra_params_need>();
  const auto shape = umbra::defaults<umbra_bootstrap_shape>();
  need.depth = 14;
  need.scale_bits = 40;
  need.log_n = 11;
  need.flags = UMBRA_INSECURE_FOR_TESTS;
  need.bootstrap = &shape;
  return umbra::params(need);
}

int main(int argc, char **argv) try {
  // The plan says what a refresh costs, how exact it is, and which keys it takes.
  const umbra::params params = parameters(argc > 1 && std::string(argv[1]) == "small");
  const umbra::bootstrap_plan plan = umbra::make(umbra_bootstrap_plan_create, params);
  const umbra_bootstrap_report report = umbra::get(umbra_bootstrap_plan_report, plan);
  umbra::key_needs needs(params);
  needs.relinearization();
  umbra::call(umbra_bootstrap_plan_needs, plan, needs);
  std::fprintf(stderr, "%zu keys of %llu MiB\n", report.keys, static_cast<unsigned long long>(report.key_bytes >> 20));

  // The owner.
  const umbra::context context(params);
  const umbra::secret_key secret(context);
  const umbra::eval_keys keys(secret, needs);
  const umbra::plaintext last = context.encode({0.5, -0.25, 0.125}, report.input_level);
  const umbra::ciphertext exhausted = umbra::public_key(secret).encrypt(last);

  // The server.
  umbra::evaluator evaluator(context, keys);
  const umbra::bootstrapper bootstrapper = umbra::make(umbra_bootstrapper_create, context, plan);
  const umbra::ciphertext fresh = evaluator(exhausted).then(umbra_bootstrap, bootstrapper);
  const umbra::ciphertext square = evaluator(fresh) * fresh;

  // The owner again.
  std::printf("refreshed: %s\n", fresh.level() == report.output_level ? "yes" : "no");
  for (double value : secret.decrypt(square, 3)) std::printf("%.2f\n", value);
} catch (const umbra::error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
