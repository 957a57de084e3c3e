// SPDX-License-Identifier: Apache-2.0
// What a computation costs, which keys it takes and how exact it is, before there are keys or data.
#include <cstdio>
#include <umbra/umbra.hpp>

// Whatever is to be computed; it does not see what it runs on.
static umbra::ciphertext program(umbra::evaluator &evaluator, const umbra::ciphertext &x) {
  const umbra::ciphertext sum = (evaluator(x) << 3) + x;
  return (evaluator(sum) * sum).polynomial({0, 1, -0.25}, -4, 4);
}

int main() try {
  auto need = umbra::defaults<umbra_params_need>();
  need.depth = 4;
  const umbra::params params(need);

  // A dry device keeps accounts, and computes nothing.
  const umbra::context dry(params, "dry");
  umbra::evaluator counting(dry);
  const umbra::ciphertext shape = umbra::make(umbra_dry_ciphertext, dry, UMBRA_TOP_LEVEL, 0, 1);
  umbra::call(umbra_context_cost_machine, dry, "h200");
  umbra::call(umbra_context_cost_begin, dry);
  const umbra::ciphertext result = program(counting, shape);
  const umbra_cost cost = umbra::get(umbra_context_cost, dry);
  umbra::key_needs needs(params);
  umbra::call(umbra_context_needs, dry, needs);
  std::printf("levels left: %u of %u, key switches: %zu\n", result.level(), params.depth(), cost.key_switches);
  for (std::size_t i = 0; i < umbra_key_needs_count(needs.get()); i++) {
    const umbra_key_need key = umbra::get(umbra_key_needs_get, needs, i);
    if (key.kind == UMBRA_KEY_ROTATE) std::printf("a key for rotations by %d\n", key.steps);
    if (key.kind == UMBRA_KEY_RELINEARIZE) std::printf("a key for products\n");
  }
  std::fprintf(stderr, "%s: %.6f s (%s)\n", cost.machine, cost.seconds, cost.measured ? "measured" : "predicted");

  // A simulation computes in the clear, with the noise of a real run.
  const umbra::context sim(params, "sim");
  umbra::evaluator simulating(sim);
  const umbra::plaintext plain = sim.encode({0.5, 0.25, 0, 0.5});
  const umbra::ciphertext y = program(simulating, umbra::make(umbra_sim_ciphertext, plain));
  double value;
  umbra::call(umbra_sim_decode, &value, 1, y);
  std::printf("%.3f\n", value);
} catch (const umbra::error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
