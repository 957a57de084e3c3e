/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_CKKS_SANITIZE_H
#define UMBRA_CKKS_SANITIZE_H

#include <umbra/sanitize.h>

/* umbra_sanitize without checks of its arguments; options: whole. *made: NULL. */
umbra_status umbra_sanitized(umbra_ciphertext **made, umbra_disclosure *disclosure, const umbra_ciphertext *x,
                             const umbra_public_key *key, const umbra_disclosure_options *options);

#endif
