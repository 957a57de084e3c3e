/* SPDX-License-Identifier: Apache-2.0 */
/* Symbol visibility and compiler annotations of the public API. */
#ifndef UMBRA_EXPORT_H
#define UMBRA_EXPORT_H

#if defined(__GNUC__)
#define UMBRA_API __attribute__((visibility("default")))
#define UMBRA_MUST_USE __attribute__((warn_unused_result))
#else
#define UMBRA_API
#define UMBRA_MUST_USE
#endif

#ifdef __cplusplus
#define UMBRA_BEGIN_DECLS extern "C" {
#define UMBRA_END_DECLS }
#else
#define UMBRA_BEGIN_DECLS
#define UMBRA_END_DECLS
#endif

#endif
