// SPDX-License-Identifier: Apache-2.0
// Errors, owners of handles, structs with their defaults, views and arrays: a part of umbra/umbra.hpp.
#ifndef UMBRA_CPP_OBJECTS_HPP
#define UMBRA_CPP_OBJECTS_HPP

#include <umbra/umbra.h>

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace umbra {

// ---- errors ----

/// What a call could not do: what() says what was wrong and what would be right.
class error : public std::runtime_error {
 public:
  error(umbra_status status, const std::string &text) : std::runtime_error(text), status_(status) {}
  umbra_status status() const noexcept { return status_; }

 private:
  umbra_status status_;
};

/// Throws what a status of this thread's last call says.
inline void check(umbra_status status) {
  if (status != UMBRA_OK) throw error(status, umbra_last_error());
}

// ---- views ----

/// Numbers or objects of the caller's, one behind the other: of a container, an array, or a list in braces, which lives
/// as long as the call. What std::span is in C++20.
template <class T>
class span {
  template <class C>
  using pointer_of = decltype(std::data(std::declval<C &>()));
  template <class C>
  using of_same = std::enable_if_t<!std::is_same_v<std::remove_cv_t<C>, span> &&
                                   std::is_convertible_v<std::remove_pointer_t<pointer_of<C>> (*)[], T (*)[]>>;
  struct no_list;
  using list_of_same =
      std::conditional_t<std::is_const_v<T>, std::initializer_list<std::remove_const_t<T>>, const no_list &>;

 public:
  span() noexcept = default;
  span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <class C, class = of_same<std::remove_reference_t<C>>>
  span(C &&container) noexcept : data_(std::data(container)), size_(std::size(container)) {}
  span(list_of_same list) noexcept : span(std::data(list), list.size()) {}

  T *data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  T *begin() const noexcept { return data_; }
  T *end() const noexcept { return data_ + size_; }
  T &operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  T *data_ = nullptr;
  std::size_t size_ = 0;
};

// ---- objects ----

template <class T>
struct traits;

template <class T>
using object = typename traits<T>::object;

/// The only owner of a handle of C, or of none. Moved, not copied; share() counts another owner where C does.
template <class T>
class handle {
 public:
  handle() noexcept = default;
  template <class U, class = std::enable_if_t<std::is_same_v<U, T>>> // not of the literal 0
  explicit handle(U *owned) noexcept : pointer_(owned) {}
  handle(handle &&other) noexcept : pointer_(other.release()) {}
  handle &operator=(handle &&other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~handle() { reset(); }

  T *get() noexcept { return pointer_; }
  const T *get() const noexcept { return pointer_; }
  explicit operator bool() const noexcept { return pointer_ != nullptr; }

  /// For a call that makes it: what is there already is replaced when that has succeeded.
  T **out() noexcept { return &pointer_; }
  T *release() noexcept { return std::exchange(pointer_, nullptr); }
  void reset(T *owned = nullptr) noexcept {
    T *old = std::exchange(pointer_, owned);
    if (old != nullptr) traits<T>::destroy(old);
  }

 private:
  T *pointer_ = nullptr;
};

// Those with members of their own are below.
class params;
class context;
class plaintext;
class ciphertext;
class secret_key;
class public_key;
class key_needs;
class eval_keys;
class evaluator;
class matrix;
class trainer;
using approximation = handle<umbra_approximation>;
using audit = handle<umbra_audit>;
using bootstrap_plan = handle<umbra_bootstrap_plan>;
using bootstrapper = handle<umbra_bootstrapper>;
using circuit = handle<umbra_circuit>;
using convolution = handle<umbra_convolution>;
using feature_map = handle<umbra_feature_map>;
using inference = handle<umbra_inference>;
using inference_plan = handle<umbra_inference_plan>;
using inference_weights = handle<umbra_inference_weights>;
using lock = handle<umbra_lock>;
using logistic = handle<umbra_logistic>;
using model = handle<umbra_model>;
using model_ranges = handle<umbra_model_ranges>;
using product_plan = handle<umbra_product_plan>;
using records = handle<umbra_records>;
using scaling = handle<umbra_scaling>;
using schema = handle<umbra_schema>;
using sign_plan = handle<umbra_sign_plan>;
using signing_key = handle<umbra_signing_key>;
using softmax_plan = handle<umbra_softmax_plan>;
using tensors = handle<umbra_tensors>;
using tile_maps = handle<umbra_tile_maps>;
using train_plan = handle<umbra_train_plan>;
using train_search = handle<umbra_train_search>;
using transform = handle<umbra_transform>;
using weights = handle<umbra_weights>;

#define UMBRA_HPP_OWNED(name)                                                            \
  template <>                                                                            \
  struct traits<umbra_##name> {                                                          \
    using object = umbra::name;                                                          \
    static void destroy(umbra_##name *owned) noexcept { umbra_##name##_destroy(owned); } \
  };
#define UMBRA_HPP_SHARED(name)                                                                                   \
  template <>                                                                                                    \
  struct traits<umbra_##name> {                                                                                  \
    using object = umbra::name;                                                                                  \
    static void destroy(umbra_##name *owned) noexcept { umbra_##name##_destroy(owned); }                         \
    static umbra_##name *share(const umbra_##name *borrowed) noexcept { return umbra_##name##_share(borrowed); } \
  };
// C may keep such an object, as circuits do evaluators, when its owner and whoever watched are gone.
#define UMBRA_HPP_WATCHED(name)                         \
  template <>                                           \
  struct traits<umbra_##name> {                         \
    using object = umbra::name;                         \
    static void destroy(umbra_##name *owned) noexcept { \
      umbra_##name##_watch(owned, nullptr);             \
      umbra_##name##_destroy(owned);                    \
    }                                                   \
  };
UMBRA_HPP_SHARED(params)
UMBRA_HPP_SHARED(context)
UMBRA_HPP_OWNED(plaintext)
UMBRA_HPP_OWNED(ciphertext)
UMBRA_HPP_SHARED(secret_key)
UMBRA_HPP_SHARED(public_key)
UMBRA_HPP_OWNED(key_needs)
UMBRA_HPP_SHARED(eval_keys)
UMBRA_HPP_WATCHED(evaluator)
UMBRA_HPP_OWNED(matrix)
UMBRA_HPP_WATCHED(trainer)
UMBRA_HPP_OWNED(approximation)
UMBRA_HPP_OWNED(audit)
UMBRA_HPP_SHARED(bootstrap_plan)
UMBRA_HPP_SHARED(bootstrapper)
UMBRA_HPP_OWNED(circuit)
UMBRA_HPP_SHARED(convolution)
UMBRA_HPP_OWNED(feature_map)
UMBRA_HPP_SHARED(inference)
UMBRA_HPP_SHARED(inference_plan)
UMBRA_HPP_SHARED(inference_weights)
UMBRA_HPP_OWNED(lock)
UMBRA_HPP_OWNED(logistic)
UMBRA_HPP_OWNED(model)
UMBRA_HPP_OWNED(model_ranges)
UMBRA_HPP_OWNED(product_plan)
UMBRA_HPP_OWNED(records)
UMBRA_HPP_OWNED(scaling)
UMBRA_HPP_OWNED(schema)
UMBRA_HPP_SHARED(sign_plan)
UMBRA_HPP_SHARED(signing_key)
UMBRA_HPP_OWNED(softmax_plan)
UMBRA_HPP_OWNED(tensors)
UMBRA_HPP_SHARED(tile_maps)
UMBRA_HPP_SHARED(train_plan)
UMBRA_HPP_SHARED(train_search)
UMBRA_HPP_SHARED(transform)
UMBRA_HPP_SHARED(weights)
#undef UMBRA_HPP_OWNED
#undef UMBRA_HPP_SHARED
#undef UMBRA_HPP_WATCHED

/// Another owner of an object, also of one that an accessor of C lends: umbra::share(umbra_context_params(c.get())).
template <class T>
object<T> share(const T *borrowed) noexcept {
  return object<T>(traits<T>::share(borrowed));
}
template <class T>
object<T> share(const handle<T> &owned) noexcept {
  return share(owned.get());
}

// ---- structs ----

template <class S>
struct initialize : std::false_type {};

#define UMBRA_HPP_STRUCT(name)                                               \
  template <>                                                                \
  struct initialize<umbra_##name> : std::true_type {                         \
    static void run(umbra_##name *members) { umbra_##name##_init(members); } \
  };
UMBRA_HPP_STRUCT(activation_choice)
UMBRA_HPP_STRUCT(activation_report)
UMBRA_HPP_STRUCT(approximation_options)
UMBRA_HPP_STRUCT(approximation_report)
UMBRA_HPP_STRUCT(array)
UMBRA_HPP_STRUCT(audit_desc)
UMBRA_HPP_STRUCT(bootstrap_options)
UMBRA_HPP_STRUCT(bootstrap_report)
UMBRA_HPP_STRUCT(bootstrap_shape)
UMBRA_HPP_STRUCT(circuit_desc)
UMBRA_HPP_STRUCT(column_scaling)
UMBRA_HPP_STRUCT(context_desc)
UMBRA_HPP_STRUCT(convolution_desc)
UMBRA_HPP_STRUCT(cost)
UMBRA_HPP_STRUCT(declaration)
UMBRA_HPP_STRUCT(device_info)
UMBRA_HPP_STRUCT(disclosure)
UMBRA_HPP_STRUCT(disclosure_options)
UMBRA_HPP_STRUCT(encode_options)
UMBRA_HPP_STRUCT(feature_layout)
UMBRA_HPP_STRUCT(file_info)
UMBRA_HPP_STRUCT(fit_desc)
UMBRA_HPP_STRUCT(fit_report)
UMBRA_HPP_STRUCT(inference_layer)
UMBRA_HPP_STRUCT(inference_options)
UMBRA_HPP_STRUCT(inference_outcome)
UMBRA_HPP_STRUCT(inference_report)
UMBRA_HPP_STRUCT(judgement)
UMBRA_HPP_STRUCT(kernel_cost)
UMBRA_HPP_STRUCT(key_life)
UMBRA_HPP_STRUCT(key_need)
UMBRA_HPP_STRUCT(key_store)
UMBRA_HPP_STRUCT(logistic_info)
UMBRA_HPP_STRUCT(manifest_info)
UMBRA_HPP_STRUCT(matrix_layout)
UMBRA_HPP_STRUCT(matrix_view)
UMBRA_HPP_STRUCT(model_window)
UMBRA_HPP_STRUCT(multiply_options)
UMBRA_HPP_STRUCT(noise_report)
UMBRA_HPP_STRUCT(optimum)
UMBRA_HPP_STRUCT(optimum_options)
UMBRA_HPP_STRUCT(outcome)
UMBRA_HPP_STRUCT(outcome_options)
UMBRA_HPP_STRUCT(params_literal)
UMBRA_HPP_STRUCT(params_need)
UMBRA_HPP_STRUCT(privacy)
UMBRA_HPP_STRUCT(privacy_options)
UMBRA_HPP_STRUCT(product_candidate)
UMBRA_HPP_STRUCT(product_desc)
UMBRA_HPP_STRUCT(range)
UMBRA_HPP_STRUCT(range_calibration)
UMBRA_HPP_STRUCT(records_options)
UMBRA_HPP_STRUCT(scaling_excess)
UMBRA_HPP_STRUCT(sensitivity)
UMBRA_HPP_STRUCT(sigmoid_options)
UMBRA_HPP_STRUCT(sign_options)
UMBRA_HPP_STRUCT(sign_report)
UMBRA_HPP_STRUCT(signer)
UMBRA_HPP_STRUCT(sim_options)
UMBRA_HPP_STRUCT(softmax_options)
UMBRA_HPP_STRUCT(softmax_report)
UMBRA_HPP_STRUCT(table_options)
UMBRA_HPP_STRUCT(trace_event)
UMBRA_HPP_STRUCT(train_event)
UMBRA_HPP_STRUCT(train_iteration)
UMBRA_HPP_STRUCT(train_options)
UMBRA_HPP_STRUCT(train_outcome)
UMBRA_HPP_STRUCT(train_report)
UMBRA_HPP_STRUCT(train_search_options)
UMBRA_HPP_STRUCT(train_trial)
UMBRA_HPP_STRUCT(trainer_desc)
UMBRA_HPP_STRUCT(transform_desc)
UMBRA_HPP_STRUCT(twin_options)
UMBRA_HPP_STRUCT(weights_desc)
#undef UMBRA_HPP_STRUCT

/// A struct of C, initialised: auto need = umbra::defaults<umbra_params_need>(); need.depth = 4;
template <class S>
S defaults() noexcept {
  S members;
  initialize<S>::run(&members);
  return members;
}

/// An array in the library's memory: of a file, or what a call fills.
class ndarray {
 public:
  ndarray() noexcept = default;
  ndarray(ndarray &&other) noexcept : array_(std::exchange(other.array_, umbra_ndarray{})) {}
  ndarray &operator=(ndarray &&other) noexcept {
    std::swap(array_, other.array_);
    return *this;
  }
  ~ndarray() { umbra_ndarray_clear(&array_); }

  umbra_ndarray *get() noexcept { return &array_; }
  const umbra_ndarray *get() const noexcept { return &array_; }
  span<const std::size_t> shape() const noexcept { return {array_.shape, array_.rank}; }
  span<double> values() noexcept { return {array_.values, size()}; }
  span<const double> values() const noexcept { return {array_.values, size()}; }
  std::size_t size() const noexcept { return array_.values != nullptr ? umbra_ndarray_count(&array_) : 0; }

 private:
  umbra_ndarray array_{};
};

/// A table in the library's memory, likewise.
class table {
 public:
  table() noexcept = default;
  table(table &&other) noexcept : table_(std::exchange(other.table_, umbra_table{})) {}
  table &operator=(table &&other) noexcept {
    std::swap(table_, other.table_);
    return *this;
  }
  ~table() { umbra_table_clear(&table_); }

  umbra_table *get() noexcept { return &table_; }
  const umbra_table *get() const noexcept { return &table_; }
  std::size_t rows() const noexcept { return table_.rows; }
  std::size_t columns() const noexcept { return table_.columns; }
  span<double> values() noexcept { return {table_.values, rows() * columns()}; }
  span<const double> values() const noexcept { return {table_.values, rows() * columns()}; }

 private:
  umbra_table table_{};
};

} // namespace umbra

#endif
