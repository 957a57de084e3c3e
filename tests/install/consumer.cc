// SPDX-License-Identifier: Apache-2.0
#include <umbra/umbra.h>
#include <cstdio>
#include <string>

int main() {
  umbra_params *params = nullptr;
  umbra_params_need need;
  umbra_params_need_init(&need);
  need.depth = 2;
  if (umbra_version_number() != UMBRA_VERSION_NUMBER || std::string(umbra_version()) != UMBRA_VERSION_STRING) return 1;
  if (umbra_params_from_need(&params, &need)) return 1;
  std::printf("C++ consumer: umbra %s, %u slots\n", umbra_version(), static_cast<unsigned>(umbra_params_slots(params)));
  umbra_params_destroy(params);
}
