/* SPDX-License-Identifier: Apache-2.0 */
/* Products of encrypted matrices with encrypted vectors. */
#ifndef UMBRA_LINALG_PRODUCTS_H
#define UMBRA_LINALG_PRODUCTS_H

#include "matrix.h"

#endif
