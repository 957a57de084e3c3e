// SPDX-License-Identifier: Apache-2.0
// Encrypts, adds, multiplies, rotates, decrypts.
#include <cstdio>
#include <umbra/umbra.hpp>

int main() try {
  auto need = umbra::defaults<umbra_params_need>();
  need.depth = 2; // two products, one after the other

  // The owner: keys, and what is encrypted.
  const umbra::context context{umbra::params(need)};
  const umbra::secret_key secret(context);
  const umbra::public_key public_key(secret);
  const umbra::eval_keys keys(secret, umbra::key_needs(context.params()).relinearization().rotation(1));
  const umbra::ciphertext x = public_key.encrypt({0.5, -1.0, 2.0});

  // The server: a context, evaluation keys and ciphertexts; nothing secret.
  umbra::evaluator evaluator(context, keys);
  const umbra::ciphertext y = (evaluator(x) * x + 1) << 1;

  // The owner again.
  for (double value : secret.decrypt(y, 2)) std::printf("%.3f\n", value);
} catch (const umbra::error &error) {
  std::fprintf(stderr, "%s: %s\n", umbra_status_string(error.status()), error.what());
  return 1;
}
