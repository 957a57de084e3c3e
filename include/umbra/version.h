/* SPDX-License-Identifier: Apache-2.0 */
/* The version of these headers, and that of the library in use. Semantic versioning; 0.x may break between minors. */
#ifndef UMBRA_VERSION_H
#define UMBRA_VERSION_H

#include <umbra/export.h>

UMBRA_BEGIN_DECLS

#define UMBRA_VERSION_MAJOR 0
#define UMBRA_VERSION_MINOR 1
#define UMBRA_VERSION_PATCH 0
#define UMBRA_VERSION_STRING "0.1.0"

/* "major.minor.patch" of the library that is running. */
UMBRA_API const char *umbra_version(void);

UMBRA_END_DECLS

#endif
