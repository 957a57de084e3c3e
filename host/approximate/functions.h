/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_APPROXIMATE_FUNCTIONS_H
#define UMBRA_APPROXIMATE_FUNCTIONS_H

#include <umbra/fit.h>

typedef enum umbra_domain { UMBRA_DOMAIN_ALL, UMBRA_DOMAIN_NOT_ZERO, UMBRA_DOMAIN_POSITIVE } umbra_domain;

typedef struct umbra_named {
  const char *name;
  double (*f)(double x, void *user); /* user is ignored */
  umbra_domain domain;
} umbra_named;

/* NULL for what has no name. */
const umbra_named *umbra_named_function(umbra_function function);

#endif
