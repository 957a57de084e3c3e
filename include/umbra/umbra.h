/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of Umbra's C API.
 *
 * Outputs come first. A `umbra_ciphertext **` is read: NULL makes a new ciphertext, another handle is replaced (see
 * umbra/ciphertext.h), so it must be initialised. Every other output handle is only written, and what it held before is
 * not destroyed. Handles given to accessors and to calls that cannot fail must not be NULL, except to _destroy.
 */
#ifndef UMBRA_UMBRA_H
#define UMBRA_UMBRA_H

#include <umbra/bootstrap.h>
#include <umbra/ciphertext.h>
#include <umbra/circuit.h>
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
#include <umbra/records.h>
#include <umbra/status.h>
#include <umbra/table.h>
#include <umbra/train.h>
#include <umbra/version.h>

#endif
