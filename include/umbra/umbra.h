/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of Umbra's C API.
 *
 * Arguments come in one order: receiver, outputs, inputs, options, progress. The receiver of a call umbra_<type>_<verb> is
 * the object of that type, and of all computing the evaluator. Calls that make an object of the type that they are named
 * after (_create, _load, _generate, _encrypt, _copy, ...), and those named after none, have no receiver. What can be left
 * out is NULL, above all options (the defaults) and progress (nothing is reported).
 *
 * Outputs are as before if a call fails. An output handle is initialised: with NULL, or with an object, which is destroyed
 * and replaced when the call has succeeded, so it may be an input of the same call. The same object for two outputs of one
 * call is refused. Handles given to accessors and to calls that cannot fail must not be NULL, except to _share and
 * _destroy.
 *
 * Numbers of elements, rows, columns and objects are size_t, bytes of memory and files uint64_t, steps of rotations
 * int32_t; what belongs to parameters is uint32_t: levels, slots, primes, digits, degrees. Whatever has a length of its
 * own (texts, files in memory) takes a buffer and a size_t *size: with NULL for the buffer, *size becomes what is needed;
 * if the buffer is too small, the call fails with RANGE and *size becomes what is needed, too.
 *
 * Every object keeps what it was made from as long as it needs it. So handles are destroyed in any order and in any
 * thread, and memory goes with the last handle that leads to it. A _share function returns the handle that it is given,
 * counted once more: each of the two is destroyed once, by whoever has it. Nothing keeps a secret key but its handles:
 * keys and ciphertexts made from it keep the context, so the last umbra_secret_key_destroy wipes it at once.
 *
 * What is not a handle keeps nothing. A pointer from an accessor belongs to the object that it came from; what a function
 * of the application uses (of a circuit, say) is the application's to keep.
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
 * These never grow, and have no size: umbra_ndarray, umbra_progress, umbra_table, umbra_tracer.
 */
#ifndef UMBRA_UMBRA_H
#define UMBRA_UMBRA_H

#include <umbra/approximation.h>
#include <umbra/array.h>
#include <umbra/audit.h>
#include <umbra/bootstrap.h>
#include <umbra/ciphertext.h>
#include <umbra/circuit.h>
#include <umbra/comparison.h>
#include <umbra/context.h>
#include <umbra/convolution.h>
#include <umbra/cost.h>
#include <umbra/device.h>
#include <umbra/disclosure.h>
#include <umbra/evaluator.h>
#include <umbra/feature_map.h>
#include <umbra/feature_ops.h>
#include <umbra/file.h>
#include <umbra/fit.h>
#include <umbra/inference.h>
#include <umbra/key_life.h>
#include <umbra/key_needs.h>
#include <umbra/key_store.h>
#include <umbra/keys.h>
#include <umbra/lock.h>
#include <umbra/logistic.h>
#include <umbra/manifest.h>
#include <umbra/matrix.h>
#include <umbra/matrix_ops.h>
#include <umbra/model.h>
#include <umbra/ndarray.h>
#include <umbra/optimum.h>
#include <umbra/params.h>
#include <umbra/plaintext.h>
#include <umbra/polynomial.h>
#include <umbra/privacy.h>
#include <umbra/product.h>
#include <umbra/product_plan.h>
#include <umbra/progress.h>
#include <umbra/range.h>
#include <umbra/records.h>
#include <umbra/sanitize.h>
#include <umbra/schema.h>
#include <umbra/simulate.h>
#include <umbra/softmax.h>
#include <umbra/status.h>
#include <umbra/table.h>
#include <umbra/target.h>
#include <umbra/tensors.h>
#include <umbra/trace.h>
#include <umbra/train.h>
#include <umbra/train_search.h>
#include <umbra/transform.h>
#include <umbra/version.h>
#include <umbra/weights.h>

#endif
