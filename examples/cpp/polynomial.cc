// SPDX-License-Identifier: Apache-2.0
// Functions of encrypted numbers: a polynomial, and one that stands for the sigmoid.
#include <cmath>
#include <cstdio>
#include <umbra/umbra.hpp>

int main() try {
  auto need = umbra::defaults<umbra_params_need>();
  need.depth = umbra_chebyshev_depth(15) + 1; // degree 15, and a level to bring [-8, 8] to [-1, 1]
  const umbra::context context{umbra::params(need)};
  const umbra::secret_key secret(context);
  const umbra::eval_keys keys(secret, umbra::key_needs(context.params()).relinearization());
  const umbra::ciphertext x = umbra::public_key(secret).encrypt({-5.0, -0.5, 0.0, 3.0});

  umbra::evaluator evaluator(context, keys);
  const auto sigmoid = [](double t) { return 1 / (1 + std::exp(-t)); };
  const umbra::ciphertext s = evaluator(x).apply(sigmoid, 15, -8, 8);
  const umbra::ciphertext p = evaluator(x).polynomial({1, 0, 0.5, -0.1}, -8, 8); // 1 + x^2 / 2 - x^3 / 10

  const std::vector<double> values = secret.decrypt(s, 4), cubes = secret.decrypt(p, 4);
  for (std::size_t i = 0; i < 4; i++) std::printf("%.2f %.2f\n", values[i], cubes[i]);
} catch (const umbra::error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
