// SPDX-License-Identifier: Apache-2.0
// How the functions of C are called, and how they call back: a part of umbra/umbra.hpp.
#ifndef UMBRA_CPP_CALL_HPP
#define UMBRA_CPP_CALL_HPP

#include <umbra/cpp/objects.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace umbra {

// ---- functions that C calls back ----

/// Keeps an exception from crossing C: what a callback throws within run() is thrown again by rethrow(), or forgotten.
class guard {
 public:
  guard() noexcept = default;
  guard(const guard &) = delete;
  guard &operator=(const guard &) = delete;

  /// 0, or 1 after an exception, which asks most callbacks' callers to stop.
  template <class F>
  int run(F &&function) noexcept {
    try {
      std::forward<F>(function)();
      return 0;
    } catch (...) {
      exception_ = std::current_exception();
      return 1;
    }
  }
  void rethrow() {
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
  }
  void forget() noexcept { exception_ = nullptr; }

 private:
  std::exception_ptr exception_;
};

/// Told the fraction that is done.
using report_function = std::function<void(double fraction)>;

/// An argument for calls with an umbra_progress: umbra::make(f, ..., umbra::progress([](double fraction) { ... })).
class progress : public guard {
 public:
  explicit progress(report_function report) : report_(std::move(report)) {
    if (report_) progress_ = {tell, this};
  }
  const umbra_progress *get() const noexcept { return &progress_; }

 private:
  static int tell(void *user, double fraction) {
    auto *self = static_cast<progress *>(user);
    return self->run([&] { self->report_(fraction); });
  }

  report_function report_;
  umbra_progress progress_{};
};

// ---- calls ----

namespace detail {

/// A function that C calls with a pointer to this, and what it throws.
template <class F>
struct callback : guard {
  explicit callback(F &called) noexcept : function(&called) {}
  void *get() noexcept { return this; }

  F *function;
};

template <class A, class = void>
struct has_get : std::false_type {};
template <class A>
struct has_get<A, std::void_t<decltype(std::declval<A &>().get())>> : std::true_type {};

/// Guards, and what has one.
template <class A, class = void>
struct guards : std::false_type {};
template <class A>
struct guards<A, std::void_t<decltype(std::declval<A &>().rethrow(), std::declval<A &>().forget())>> : std::true_type {
};

/// An integer as one of another type.
template <class P, class A>
P checked(A value) {
  const auto same = static_cast<P>(value);
  if (static_cast<A>(same) != value || (same < P{}) != (value < A{})) {
    throw error(UMBRA_ERROR_INVALID_ARGUMENT, std::to_string(value) + " is out of the range of the argument's type");
  }
  return same;
}

/// The argument of a parameter of type P.
template <class P, class A>
P pass(A &argument) {
  using V = std::remove_cv_t<A>;
  if constexpr (std::is_integral_v<P> && std::is_integral_v<V> && !std::is_same_v<P, V>) {
    return checked<P>(argument);
  } else if constexpr (std::is_convertible_v<A &, P>) {
    static_assert(!(std::is_integral_v<P> && std::is_floating_point_v<V>), "a whole number is needed");
    return static_cast<P>(argument);
  } else if constexpr (std::is_convertible_v<A *, P> && !std::is_void_v<std::remove_pointer_t<P>>) {
    return &argument;
  } else if constexpr (std::is_same_v<P, const char *>) {
    return argument.c_str();
  } else if constexpr (has_get<A>::value) {
    return argument.get();
  } else {
    return std::data(argument);
  }
}

/// The argument of parameter number I, or NULL where the last ones are left out.
template <class P, std::size_t I, class Arguments>
P pick(Arguments &arguments) {
  if constexpr (I < std::tuple_size_v<Arguments>) {
    return pass<P>(std::get<I>(arguments));
  } else {
    static_assert(std::is_pointer_v<P>, "an argument is missing that is no pointer");
    return nullptr;
  }
}

template <class... P, class F, class Arguments, std::size_t... I>
umbra_status apply(const F &function, Arguments &&arguments, std::index_sequence<I...>) {
  return function(pick<P, I>(arguments)...);
}

/// What was thrown in an earlier call is not this one's.
template <class A>
void forget(A &argument) noexcept {
  if constexpr (guards<A>::value) argument.forget();
}

/// What was thrown on the way comes before what the status says.
template <class A>
void settle(A &argument) {
  if constexpr (guards<A>::value) argument.rethrow();
}

/// function(arguments) for parameters P.
template <class... P, class F, class... A>
void invoke(const F &function, A &...arguments) {
  static_assert(sizeof...(A) <= sizeof...(P), "more arguments than the function takes");
  (forget(arguments), ...);
  const umbra_status status = apply<P...>(function, std::tie(arguments...), std::index_sequence_for<P...>{});
  (settle(arguments), ...);
  check(status);
}

/// The parameters of a function, as a type.
template <class... P>
struct parameters {};
template <class... P>
parameters<P...> parameters_of(umbra_status (*)(P...));

template <class T, class Function>
constexpr bool takes(Function function) noexcept {
  return std::is_same_v<T, decltype(parameters_of(function))>;
}

/// Calls whose output is an array of objects.
template <class... P>
constexpr bool makes_many =
    takes<parameters<P...>>(umbra_rotate_many) || takes<parameters<P...>>(umbra_bootstrap_many) ||
    takes<parameters<P...>>(umbra_chebyshev_eval_many) || takes<parameters<P...>>(umbra_transform_apply) ||
    takes<parameters<P...>>(umbra_softmax) || takes<parameters<P...>>(umbra_circuit_run);

} // namespace detail

/// function(arguments), where that can fail.
template <class... P, class... A>
void call(umbra_status (*function)(P...), A &&...arguments) {
  detail::invoke<P...>(function, arguments...);
}

/// What a call makes, whose output is its first argument, or the second after a receiver.
template <class T, class... P, class... A, class = typename traits<T>::object>
[[nodiscard]] object<T> make(umbra_status (*function)(T **, P...), A &&...arguments) {
  object<T> made;
  detail::invoke<P...>([&](P... p) { return function(made.out(), p...); }, arguments...);
  return made;
}
template <class R, class T, class... P, class... A, class = std::enable_if_t<!std::is_pointer_v<R>>>
[[nodiscard]] object<T> make(umbra_status (*function)(R *, T **, P...), A &&...arguments) {
  static_assert(!detail::makes_many<R *, T **, P...>, "this makes several objects: umbra::many(count, ...)");
  object<T> made;
  detail::invoke<R *, P...>([&](R *receiver, P... p) { return function(receiver, made.out(), p...); }, arguments...);
  return made;
}

/// The `count` objects that a call makes, whose output is an array after a receiver.
template <class R, class T, class... P, class... A>
[[nodiscard]] std::vector<object<T>> many(std::size_t count, umbra_status (*function)(R *, T **, P...),
                                          A &&...arguments) {
  static_assert(detail::makes_many<R *, T **, P...>, "this makes one object: umbra::make(...)");
  std::vector<object<T>> made(count);
  std::vector<T *> outs(count);
  const auto make_all = [&](R *receiver, P... p) {
    const umbra_status status = function(receiver, outs.data(), p...);
    for (std::size_t i = 0; i < count; i++) made[i].reset(outs[i]); // before anything is thrown
    return status;
  };
  detail::invoke<R *, P...>(make_all, arguments...);
  return made;
}

/// The struct that a call fills, which is its first argument, or the second after a receiver.
template <class S, class... P, class... A, class = std::enable_if_t<initialize<S>::value>>
[[nodiscard]] S get(umbra_status (*function)(S *, P...), A &&...arguments) {
  S filled = defaults<S>();
  detail::invoke<P...>([&](P... p) { return function(&filled, p...); }, arguments...);
  return filled;
}
template <class R, class S, class... P, class... A, class = std::enable_if_t<initialize<S>::value>>
[[nodiscard]] S get(umbra_status (*function)(const R *, S *, P...), A &&...arguments) {
  S filled = defaults<S>();
  detail::invoke<const R *, P...>([&](const R *receiver, P... p) { return function(receiver, &filled, p...); },
                                  arguments...);
  return filled;
}

/// The text that a call writes, after its receiver.
template <class R, class... P, class... A>
[[nodiscard]] std::string text(umbra_status (*function)(const R *, char *, std::size_t *, P...), A &&...arguments) {
  std::size_t size = 0;
  std::string written;
  const auto write = [&](const R *receiver, P... p) {
    return function(receiver, written.empty() ? nullptr : written.data(), &size, p...);
  };
  detail::invoke<const R *, P...>(write, arguments...);
  written.resize(size);
  detail::invoke<const R *, P...>(write, arguments...);
  written.resize(size - 1); // without the zero
  return written;
}

/// The bytes that a call writes, likewise: umbra::bytes(umbra_ciphertext_write, x).
template <class R, class... P, class... A>
[[nodiscard]] std::vector<unsigned char> bytes(umbra_status (*function)(const R *, void *, std::size_t *, P...),
                                               A &&...arguments) {
  std::size_t size = 0;
  std::vector<unsigned char> written;
  const auto write = [&](const R *receiver, P... p) {
    return function(receiver, written.empty() ? nullptr : written.data(), &size, p...);
  };
  detail::invoke<const R *, P...>(write, arguments...);
  written.resize(size);
  detail::invoke<const R *, P...>(write, arguments...);
  written.resize(size);
  return written;
}

/// The handles of objects, for calls that take an array of them; they stay the objects'.
template <class C>
[[nodiscard]] auto pointers(const C &objects) {
  std::vector<decltype(std::begin(objects)->get())> handles;
  handles.reserve(std::size(objects));
  for (const auto &each : objects) handles.push_back(each.get());
  return handles;
}

// ---- sockets ----

/// umbra::send(umbra_ciphertext_send, x, write): write(bytes, size) takes piece after piece.
template <class T, class W>
void send(umbra_status (*function)(const T *, umbra_write_fn, void *, const umbra_progress *), const handle<T> &sent,
          W &&write, report_function report = nullptr) {
  using writer = detail::callback<std::remove_reference_t<W>>;
  const umbra_write_fn pass_on = [](void *user, const void *data, std::size_t size) {
    auto *self = static_cast<writer *>(user);
    return self->run([&] { (*self->function)(data, size); });
  };
  call(function, sent, pass_on, writer(write), progress(std::move(report)));
}

/// umbra::receive(umbra_ciphertext_receive, context, read, most): read(bytes, size) fills all of that.
template <class T, class F>
[[nodiscard]] object<T> receive(umbra_status (*function)(T **, const umbra_context *, umbra_read_fn, void *, uint64_t,
                                                         const umbra_progress *),
                                const handle<umbra_context> &where, F &&read, uint64_t most_bytes,
                                report_function report = nullptr) {
  using reader = detail::callback<std::remove_reference_t<F>>;
  const umbra_read_fn pass_on = [](void *user, void *data, std::size_t size) {
    auto *self = static_cast<reader *>(user);
    return self->run([&] { (*self->function)(data, size); });
  };
  return make(function, where, pass_on, reader(read), most_bytes, progress(std::move(report)));
}

} // namespace umbra

#endif
