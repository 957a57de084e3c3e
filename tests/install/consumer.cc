// SPDX-License-Identifier: Apache-2.0
#include <umbra/umbra.h>
#include <cstdio>
#include <string>

int main() {
  if (std::string(umbra_version()) != UMBRA_VERSION_STRING || std::string(umbra_status_string(UMBRA_OK)) != "ok")
    return 1;
  std::printf("C++ consumer: umbra %s\n", umbra_version());
}
