/* SPDX-License-Identifier: Apache-2.0 */
#include "sigmoid.h"

#include <math.h>
#include <stdio.h>

double cli_sigmoid_value(double score) { return score >= 0 ? 1 / (1 + exp(-score)) : 1 - 1 / (1 + exp(score)); }

void cli_report_sigmoid(cli_report *report, const char *name, uint32_t degree, double range, double error) {
  char text[128], error_name[64], off[CLI_UNITS];
  snprintf(text, sizeof text, "a polynomial of degree %u on [%g, %g], at most %s from the sigmoid there", degree,
           -range, range, cli_number_text(off, error, 2));
  snprintf(error_name, sizeof error_name, "%s_error", name);
  cli_report_text(report, name, text);
  cli_report_number(report, error_name, error);
}

uint32_t cli_most_degree(uint32_t levels) {
  uint32_t degree = CLI_MAX_DEGREE;
  while (degree && umbra_logistic_depth(degree) > levels) degree--;
  return degree;
}

bool cli_degree_fits(const umbra_params *params, uint32_t degree) {
  const uint32_t depth = umbra_params_depth(params), fits = cli_most_degree(depth);
  if (degree <= fits) return true;
  if (!fits)
    return cli_error("--degree: scoring takes at least %u levels and these parameters have %u", umbra_logistic_depth(1),
                     depth);
  return cli_error("--degree: scoring with degree %u takes %u levels and these parameters have %u; the highest degree "
                   "that fits is %u",
                   degree, umbra_logistic_depth(degree), depth, fits);
}

umbra_sigmoid_options cli_sigmoid(double range, uint32_t degree) {
  return (umbra_sigmoid_options){
      .struct_size = sizeof(umbra_sigmoid_options), .degree = degree, .fit = UMBRA_FIT_CHEBYSHEV, .range = range};
}
