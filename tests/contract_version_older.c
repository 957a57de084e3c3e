/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* A backend of an earlier version than the library. */
#define BUILT_FOR (UMBRA_KERNELS_VERSION - 1)
#include "contract_version.h"
