/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The version of these headers, and that of the library in use. Semantic versioning; 0.x may break between minors, so
 * until 1.0 the library's name and the version of its symbols carry the minor, too: libumbra.so.0.1, UMBRA_0.1.
 */
#ifndef UMBRA_VERSION_H
#define UMBRA_VERSION_H

#include <umbra/export.h>

UMBRA_BEGIN_DECLS

#define UMBRA_VERSION_MAJOR 0
#define UMBRA_VERSION_MINOR 1
#define UMBRA_VERSION_PATCH 0
#define UMBRA_VERSION_STRING "0.1.0"
#define UMBRA_VERSION_NUMBER (UMBRA_VERSION_MAJOR * 1000000 + UMBRA_VERSION_MINOR * 1000 + UMBRA_VERSION_PATCH)

/* "major.minor.patch" of the library that is running. */
UMBRA_API const char *umbra_version(void);

/* UMBRA_VERSION_NUMBER of the library that is running: a later version has a greater one. */
UMBRA_API int umbra_version_number(void);

UMBRA_END_DECLS

#endif
