// SPDX-License-Identifier: Apache-2.0
// The second unit of the test.
#include "squared.h"

umbra::ciphertext squared(umbra::evaluator &evaluator, const umbra::ciphertext &x) { return evaluator(x) * x; }

std::string refused(const std::string &preset) {
  try {
    umbra::params unknown(preset);
    return "";
  } catch (const umbra::error &error) {
    return error.what();
  }
}
