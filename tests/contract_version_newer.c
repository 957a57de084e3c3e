/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* A backend of a later version than the library. */
#define BUILT_FOR (UMBRA_KERNELS_VERSION + 1)
#include "contract_version.h"
