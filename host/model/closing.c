/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's closing steps, on one record's decrypted elements. */
#include <math.h>

#include "interpret.h"

size_t umbra_first_largest(const double *values, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++)
    if (values[i] > values[best]) best = i;
  return best;
}

static void softmax(double *values, size_t count) {
  double top = values[umbra_first_largest(values, count)], sum = 0;
  for (size_t i = 0; i < count; i++) sum += values[i] = exp(values[i] - top);
  for (size_t i = 0; i < count; i++) values[i] /= sum;
}

static void logistic(double *values, size_t count) {
  for (size_t i = 0; i < count; i++) values[i] = umbra_function_value(UMBRA_FUNCTION_SIGMOID, values[i]);
}

static void divide(double *values, size_t count, double norm) {
  for (size_t i = 0; norm > 0 && i < count; i++) values[i] /= norm;
}

/* The length of (a, b), both not negative. hypot is of another version in newer C libraries, which old systems lack. */
static double length(double a, double b) {
  double most = fmax(a, b), share = most > 0 ? fmin(a, b) / most : 0;
  return most * sqrt(1 + share * share);
}

static double norm(const double *values, size_t count, umbra_closing step) {
  double result = 0;
  for (size_t i = 0; i < count; i++) {
    double size = fabs(values[i]);
    result = step == UMBRA_CLOSING_NORMALIZE_L1   ? result + size
             : step == UMBRA_CLOSING_NORMALIZE_L2 ? length(result, size)
                                                  : fmax(result, size);
  }
  return result;
}

void umbra_output_close(double *values, size_t count, const umbra_output *output) {
  for (size_t i = 0; i < output->step_count; i++) switch (output->steps[i]) {
      case UMBRA_CLOSING_SOFTMAX: softmax(values, count); break;
      case UMBRA_CLOSING_LOGISTIC: logistic(values, count); break;
      case UMBRA_CLOSING_ARGMAX: {
        size_t best = umbra_first_largest(values, count);
        values[0] = output->labels ? output->labels[best] : (double)best;
        break;
      }
      default: divide(values, count, norm(values, count, output->steps[i]));
    }
}
