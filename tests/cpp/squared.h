/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two units of the test: both include umbra.hpp, and are linked together. */
#ifndef UMBRA_TESTS_CPP_SQUARED_H
#define UMBRA_TESTS_CPP_SQUARED_H

#include <umbra/umbra.hpp>

umbra::ciphertext squared(umbra::evaluator &evaluator, const umbra::ciphertext &x);
std::string refused(const std::string &preset);

#endif
