/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that have a name, written so that no part overflows or cancels. */
#include "functions.h"

#include <math.h>

static double sigmoid(double x, void *user) {
  (void)user;
  return 1 / (1 + exp(-x));
}

static double hyperbolic_tangent(double x, void *user) {
  (void)user;
  return tanh(x);
}

static double gelu(double x, void *user) {
  (void)user;
  return x / 2 * erfc(-x * 0.70710678118654752440);
}

static double silu(double x, void *user) {
  (void)user;
  return x / (1 + exp(-x));
}

static double softplus(double x, void *user) {
  (void)user;
  return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double exponential(double x, void *user) {
  (void)user;
  return exp(x);
}

static double inverse(double x, void *user) {
  (void)user;
  return x == 0 ? NAN : 1 / x;
}

static double inverse_sqrt(double x, void *user) {
  (void)user;
  return x > 0 ? 1 / sqrt(x) : NAN;
}

static double logarithm(double x, void *user) {
  (void)user;
  return x > 0 ? log(x) : NAN;
}

static double relu(double x, void *user) {
  (void)user;
  return x < 0 ? 0 : x;
}

static double gelu_tanh(double x, void *user) {
  (void)user;
  return x / (1 + exp(-2 * 0.79788456080286535588 * x * (1 + 0.044715 * x * x)));
}

static double error_function(double x, void *user) {
  (void)user;
  return erf(x);
}

static const umbra_named functions[] = {
    [UMBRA_FUNCTION_SIGMOID] = {"the sigmoid", sigmoid, UMBRA_DOMAIN_ALL},
    [UMBRA_FUNCTION_TANH] = {"tanh", hyperbolic_tangent, UMBRA_DOMAIN_ALL},
    [UMBRA_FUNCTION_GELU] = {"GELU", gelu, UMBRA_DOMAIN_ALL},
    [UMBRA_FUNCTION_SILU] = {"SiLU", silu, UMBRA_DOMAIN_ALL},
    [UMBRA_FUNCTION_SOFTPLUS] = {"softplus", softplus, UMBRA_DOMAIN_ALL},
    [UMBRA_FUNCTION_EXP] = {"e^x", exponential, UMBRA_DOMAIN_ALL},
    [UMBRA_FUNCTION_INVERSE] = {"1/x", inverse, UMBRA_DOMAIN_NOT_ZERO},
    [UMBRA_FUNCTION_INVERSE_SQRT] = {"1/sqrt(x)", inverse_sqrt, UMBRA_DOMAIN_POSITIVE},
    [UMBRA_FUNCTION_LOG] = {"log(x)", logarithm, UMBRA_DOMAIN_POSITIVE},
    [UMBRA_FUNCTION_RELU] = {"ReLU", relu, UMBRA_DOMAIN_ALL},
    [UMBRA_FUNCTION_GELU_TANH] = {"GELU by tanh", gelu_tanh, UMBRA_DOMAIN_ALL},
    [UMBRA_FUNCTION_ERF] = {"erf", error_function, UMBRA_DOMAIN_ALL},
};

const umbra_named *umbra_named_function(umbra_function function) {
  size_t i = (size_t)function;
  return i < sizeof functions / sizeof *functions && functions[i].f ? &functions[i] : NULL;
}

double umbra_function_value(umbra_function function, double x) {
  const umbra_named *named = umbra_named_function(function);
  return named ? named->f(x, NULL) : NAN;
}
