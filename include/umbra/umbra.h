/* SPDX-License-Identifier: Apache-2.0 */
/* All of Umbra's C API. */
#ifndef UMBRA_UMBRA_H
#define UMBRA_UMBRA_H

#include <umbra/ciphertext.h>
#include <umbra/context.h>
#include <umbra/evaluator.h>
#include <umbra/file.h>
#include <umbra/keys.h>
#include <umbra/logistic.h>
#include <umbra/matrix.h>
#include <umbra/params.h>
#include <umbra/plaintext.h>
#include <umbra/polynomial.h>
#include <umbra/progress.h>
#include <umbra/status.h>
#include <umbra/table.h>
#include <umbra/version.h>

#endif
