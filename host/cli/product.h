/* SPDX-License-Identifier: Apache-2.0 */
/* What products of matrices cost in every layout: umbra bench --product. */
#ifndef UMBRA_CLI_PRODUCT_H
#define UMBRA_CLI_PRODUCT_H

#include <umbra/umbra.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct cli_product {
  const char *shape, *target; /* ROWSxINNERxCOLUMNS; NULL: no product, and the default target */
  bool plain;
  uint64_t level; /* of the product; CLI_NOT_GIVEN: the highest */
} cli_product;

/* Prints the candidates, the cheapest first. */
bool cli_explain_product(const cli_product *product, const umbra_params *params);

#endif
