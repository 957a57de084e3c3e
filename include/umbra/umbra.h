/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of Umbra's C API.
 *
 * Outputs come first. A `umbra_ciphertext **` is read: NULL makes a new ciphertext, another handle is replaced (see
 * umbra/ciphertext.h), so it must be initialised. Every other output handle is only written, and what it held before is
 * not destroyed. Handles given to accessors and to calls that cannot fail must not be NULL, except to _share and _destroy.
 *
 * Every object keeps what it was made from as long as it needs it. So handles are destroyed in any order and in any
 * thread, and memory goes with the last handle that leads to it. A _share function returns the handle that it is given,
 * counted once more: each of the two is destroyed once, by whoever has it. Nothing keeps a secret key but its handles:
 * keys and ciphertexts made from it keep the context, so the last umbra_secret_key_destroy wipes it at once.
 *
 * What is not a handle keeps nothing. A pointer from an accessor, and what a plan adds to a request, belongs to the
 * object that it came from; what a function of the application uses (of a circuit, say) is the application's to keep.
 *
 * Structs that begin with `struct_size` grow from version to version, at their end. Each is initialised first, those that
 * a call fills, too:
 *
 *     umbra_params_need need;
 *     umbra_params_need_init(&need);
 *     need.depth = 4;
 *
 * _init sets the size and all defaults. In C and C++ it is a macro that adds the size, as the compiler knows it; other
 * languages call the function behind it, umbra_params_need_init(&need, size). C alone also has UMBRA_PARAMS_NEED_INIT to
 * begin a list of designated initialisers with: {UMBRA_PARAMS_NEED_INIT, .depth = 4}. A list that names a member which
 * the macro has set already draws a warning: use _init for those.
 *
 * A struct smaller than the library's (of an application built with older headers) has the defaults for what it lacks,
 * and nothing is written past its size; a larger one is refused (INVALID_ARGUMENT), unless all that the library does not
 * know is zero. Zero in a new member means what was done before there was one, and no new member lies in what used to be
 * padding. One such struct is part of another by a pointer, where NULL is the default. Arrays of them come with a count,
 * all elements with the size of the first. Structs that callbacks are given have the library's size: compare it before
 * you read a member that is newer than the oldest library you work with.
 *
 * These never grow, and have no size: umbra_progress, umbra_rotation_need, umbra_table, umbra_tracer.
 */
#ifndef UMBRA_UMBRA_H
#define UMBRA_UMBRA_H

#include <umbra/bootstrap.h>
#include <umbra/ciphertext.h>
#include <umbra/circuit.h>
#include <umbra/context.h>
#include <umbra/device.h>
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
#include <umbra/trace.h>
#include <umbra/train.h>
#include <umbra/version.h>

#endif
