// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <umbra/umbra.hpp>

int main() {
  auto need = umbra::defaults<umbra_params_need>();
  need.depth = 2;
  std::printf("C++17 consumer: %zu slots\n", umbra::params(need).slots());
}
