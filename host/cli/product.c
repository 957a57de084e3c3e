/* SPDX-License-Identifier: Apache-2.0 */
#include "product.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine.h"
#include "options.h"

/* Digits up to an x or the end, where *text then is. */
static bool parse_size(size_t *size, const char **text, char end) {
  char *after;
  if (**text < '0' || **text > '9') return false;
  *size = (size_t)strtoull(*text, &after, 10);
  if (*after != end) return false;
  *text = after + (end != 0);
  return true;
}

static void parse_shape(umbra_product_desc *desc, const char *shape) {
  const char *text = shape;
  if (!parse_size(&desc->rows, &text, 'x') || !parse_size(&desc->inner, &text, 'x') ||
      !parse_size(&desc->columns, &text, 0))
    cli_usage("--product: \"%s\" is not ROWSxINNERxCOLUMNS, such as 1000x784x128", shape);
}

static umbra_status explain(const void *plan, char *text, size_t *size) {
  return umbra_product_plan_explain(plan, text, size);
}

static bool print_explanation(const umbra_product_plan *plan) {
  char *text = cli_text(explain, plan);
  if (text) fputs(text, stdout);
  free(text);
  return text != NULL;
}

bool cli_explain_product(const cli_product *product, const umbra_params *params) {
  umbra_product_plan *plan = NULL;
  umbra_product_desc desc;
  umbra_product_desc_init(&desc);
  parse_shape(&desc, product->shape);
  desc.plain = product->plain;
  if (product->level < UMBRA_TOP_LEVEL) desc.level = (uint32_t)product->level;
  if (product->target && !cli_check(umbra_target_parse(&desc.target, product->target), "--target")) return false;
  const bool done = cli_check(umbra_product_plan_create(&plan, params, &desc), "--product") && print_explanation(plan);
  umbra_product_plan_destroy(plan);
  return done;
}
