/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/version.h>

const char *umbra_version(void) { return UMBRA_VERSION_STRING; }

int umbra_version_number(void) { return UMBRA_VERSION_NUMBER; }
