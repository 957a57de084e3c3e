// SPDX-License-Identifier: Apache-2.0
//
// Umbra for C++17 and later: the C API with owners instead of handles, and exceptions instead of statuses. Header only.
//
// What a function does, and what its arguments mean, say the C headers. Here every one of them can be called so:
//
//     auto plan = umbra::make(umbra_bootstrap_plan_create, params);        // what makes an object, without its output
//     auto report = umbra::get(umbra_bootstrap_plan_report, plan);         // what fills a struct, likewise
//     auto text = umbra::text(umbra_params_describe, params);              // what writes a text; umbra::bytes: or bytes
//     auto turned = umbra::many(2, umbra_rotate_many, evaluator, x, steps, 2);    // what makes so many
//     umbra::call(umbra_key_needs_rotation, needs, 3, UMBRA_TOP_LEVEL);    // anything else that can fail
//
// Arguments are those of C, in its order. Objects stand for their handles, structs for pointers to them, strings, paths and
// containers for pointers to what they hold; of two outputs the second is object.out(), and in place is x.out(), too.
// Pointers at the end that are NULL can be left out. Integers that the parameter cannot hold are refused. What cannot fail
// is called as in C: umbra_ciphertext_level(x.get()).
//
// On top of that, the classes below have by name what every program needs: keys, encryption, arithmetic with operators,
// decryption. Progress is a function; whatever it throws stops the work, and is thrown by the call that was stopped.
#ifndef UMBRA_UMBRA_HPP
#define UMBRA_UMBRA_HPP

#include <umbra/cpp/call.hpp>
#include <umbra/cpp/objects.hpp>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace umbra {

// ---- parameters, contexts, keys ----

class params : public handle<umbra_params> {
 public:
  using handle::handle;
  explicit params(const std::string &preset) { call(umbra_params_from_preset, out(), preset); }
  explicit params(const umbra_params_need &need) { call(umbra_params_from_need, out(), need); }

  std::size_t slots() const noexcept { return umbra_params_slots(get()); }
  uint32_t depth() const noexcept { return umbra_params_depth(get()); }
};

class plaintext : public handle<umbra_plaintext> {
 public:
  using handle::handle;
  std::size_t slots() const noexcept { return umbra_plaintext_slots(get()); }
  uint32_t level() const noexcept { return umbra_plaintext_level(get()); }
};

class context : public handle<umbra_context> {
 public:
  using handle::handle;
  explicit context(const umbra_context_desc &desc) { call(umbra_context_create, out(), desc); }
  explicit context(const umbra::params &of, const std::string &device = "auto", uint32_t threads = 0) {
    auto desc = defaults<umbra_context_desc>();
    desc.params = of.get();
    desc.device = device.c_str();
    desc.threads = threads;
    call(umbra_context_create, out(), desc);
  }

  umbra::params params() const noexcept { return share(umbra_context_params(get())); }

  umbra::plaintext encode(span<const double> values, uint32_t level = UMBRA_TOP_LEVEL, uint32_t slots = 0) const {
    return make(umbra_encode, *this, values, values.size(), options(level, slots));
  }
  umbra::plaintext encode_complex(span<const std::complex<double>> values, uint32_t level = UMBRA_TOP_LEVEL,
                                  uint32_t slots = 0) const {
    const auto *pairs = reinterpret_cast<const double *>(values.data());
    return make(umbra_encode_complex, *this, pairs, values.size(), options(level, slots));
  }

 private:
  static umbra_encode_options options(uint32_t level, uint32_t slots) noexcept {
    auto options = defaults<umbra_encode_options>();
    options.level = level;
    options.slots = slots;
    return options;
  }
};

class ciphertext : public handle<umbra_ciphertext> {
 public:
  using handle::handle;
  ciphertext copy() const { return make(umbra_ciphertext_copy, *this); }
  std::size_t slots() const noexcept { return umbra_ciphertext_slots(get()); }
  uint32_t level() const noexcept { return umbra_ciphertext_level(get()); }
};

class matrix : public handle<umbra_matrix> {
 public:
  using handle::handle;
  std::size_t rows() const noexcept { return umbra_matrix_rows(get()); }
  std::size_t columns() const noexcept { return umbra_matrix_columns(get()); }
  uint32_t level() const noexcept { return umbra_matrix_level(get()); }
};

/// Wiped when its last owner is gone.
class secret_key : public handle<umbra_secret_key> {
 public:
  using handle::handle;
  explicit secret_key(const context &where) { call(umbra_secret_key_generate, out(), where); }

  ciphertext encrypt(const plaintext &plain) const { return make(umbra_encrypt_symmetric, *this, plain); }

  /// The first `count` slots of a ciphertext or an operand; 0: all of them.
  template <class X>
  std::vector<double> decrypt(const X &x, std::size_t count = 0) const {
    std::vector<double> values(count_of(x.get(), count));
    call(umbra_decrypt_decode, values, values.size(), x, *this);
    return values;
  }
  template <class X>
  std::vector<std::complex<double>> decrypt_complex(const X &x, std::size_t count = 0) const {
    std::vector<std::complex<double>> values(count_of(x.get(), count));
    call(umbra_decrypt_decode_complex, reinterpret_cast<double *>(values.data()), values.size(), x, *this);
    return values;
  }

  /// All rows x columns elements, in row order.
  std::vector<double> decrypt(const matrix &encrypted, report_function report = nullptr) const {
    std::vector<double> values(encrypted.rows() * encrypted.columns());
    call(umbra_matrix_decrypt, encrypted, values, *this, progress(std::move(report)));
    return values;
  }

 private:
  static std::size_t count_of(const umbra_ciphertext *x, std::size_t count) noexcept {
    return count != 0 ? count : umbra_ciphertext_slots(x);
  }
};

class public_key : public handle<umbra_public_key> {
 public:
  using handle::handle;
  explicit public_key(const secret_key &secret) { call(umbra_public_key_generate, out(), secret); }

  ciphertext encrypt(span<const double> values) const {
    return make(umbra_encode_encrypt, *this, values, values.size());
  }
  ciphertext encrypt(const plaintext &plain) const { return make(umbra_encrypt, *this, plain); }

  /// rows x columns values, in row order.
  matrix encrypt_matrix(span<const double> values, std::size_t rows, std::size_t columns,
                        const umbra_matrix_layout &layout = defaults<umbra_matrix_layout>(),
                        report_function report = nullptr) const {
    if (columns == 0 || values.size() / columns != rows || values.size() % columns != 0) {
      throw error(UMBRA_ERROR_INVALID_ARGUMENT, std::to_string(values.size()) + " values are no matrix of " +
                                                    std::to_string(rows) + " x " + std::to_string(columns));
    }
    return make(umbra_matrix_encrypt, *this, values, rows, columns, layout, progress(std::move(report)));
  }
};

class key_needs : public handle<umbra_key_needs> {
 public:
  using handle::handle;
  explicit key_needs(const params &of) { call(umbra_key_needs_create, out(), of); }

  key_needs &relinearization(uint32_t level = UMBRA_TOP_LEVEL) {
    call(umbra_key_needs_relinearization, *this, level);
    return *this;
  }
  key_needs &conjugation(uint32_t level = UMBRA_TOP_LEVEL) {
    call(umbra_key_needs_conjugation, *this, level);
    return *this;
  }
  key_needs &rotation(int32_t steps, uint32_t level = UMBRA_TOP_LEVEL) {
    call(umbra_key_needs_rotation, *this, steps, level);
    return *this;
  }
};

class eval_keys : public handle<umbra_eval_keys> {
 public:
  using handle::handle;
  eval_keys(const secret_key &secret, const key_needs &needs, report_function report = nullptr) {
    call(umbra_eval_keys_generate, out(), secret, needs, progress(std::move(report)));
  }
};

// ---- computing ----

namespace detail {

/// What watches an object's calls. A base before the handle, so that it is there until the handle is gone.
class watcher {
 public:
  /// What the watch threw in a call that it is no argument of, such as umbra_circuit_run; once, and before the next call.
  void rethrow() {
    if (watch_) watch_->rethrow();
  }
  void forget() noexcept {
    if (watch_) watch_->forget();
  }

 protected:
  const umbra_progress *watch_with(report_function report) {
    watch_ = report ? std::make_unique<progress>(std::move(report)) : nullptr;
    return watch_ ? watch_->get() : nullptr;
  }

 private:
  std::unique_ptr<progress> watch_;
};

} // namespace detail

class operand;

/// Belongs to one thread at a time.
class evaluator : public detail::watcher, public handle<umbra_evaluator> {
 public:
  using handle::handle;
  explicit evaluator(const umbra::context &where) : context_(share(where)) {
    call(umbra_evaluator_create, out(), where);
  }
  evaluator(const umbra::context &where, const eval_keys &keys) : context_(share(where)) {
    call(umbra_evaluator_create, out(), where, keys);
  }

  /// Where its operands are encoded: what a constructor was given; none if a call of C made the handle.
  const umbra::context &context() const noexcept { return context_; }

  /// x, which stays where it is or is moved in, with operators that this evaluator computes.
  operand operator()(const ciphertext &x);
  operand operator()(ciphertext &&x);

  /// From now on each call reports here, until the handle is destroyed or, before release(), this is called with nullptr.
  void watch(report_function report) { umbra_evaluator_watch(get(), watch_with(std::move(report))); }

  /// From any thread, and from a signal handler.
  void cancel() noexcept { umbra_evaluator_cancel(get()); }

 private:
  umbra::context context_;
};

/// A ciphertext and what computes with it, for expressions: evaluator(x) * y + 1. Other operands are operands, ciphertexts,
/// plaintexts, numbers, or containers of double, a value for each slot. A product with an integer takes no level.
class operand {
  template <class B>
  static constexpr bool encrypted = std::is_same_v<B, operand> || std::is_same_v<B, ciphertext>;

 public:
  operand(umbra::evaluator &computes, const umbra_ciphertext *borrowed) noexcept
      : evaluator_(&computes), x_(borrowed) {}
  operand(umbra::evaluator &computes, ciphertext owned) noexcept
      : evaluator_(&computes), owned_(std::move(owned)), x_(owned_.get()) {}

  const umbra_ciphertext *get() const noexcept { return x_; }
  operator ciphertext() const & { return make(umbra_ciphertext_copy, x_); }
  operator ciphertext() && { return owned_ ? std::move(owned_) : make(umbra_ciphertext_copy, x_); }

  /// Any call that makes a ciphertext of this one: x.then(umbra_bootstrap, bootstrapper).
  template <class... P, class... A>
  operand then(umbra_status (*function)(umbra_evaluator *, umbra_ciphertext **, const umbra_ciphertext *, P...),
               A &&...arguments) const {
    return operand(*evaluator_, make(function, *evaluator_, x_, std::forward<A>(arguments)...));
  }

  /// sum coefficients[k] T_k(t), t in [-1, 1] being x brought there from [lo, hi], in which x has to be.
  operand chebyshev(span<const double> coefficients, double lo = -1, double hi = 1) const {
    if (coefficients.size() == 0) throw error(UMBRA_ERROR_INVALID_ARGUMENT, "a polynomial has coefficients");
    if (lo != -1 || hi != 1) return then(umbra_chebyshev_input, lo, hi).chebyshev(coefficients);
    return then(umbra_chebyshev_eval, coefficients, coefficients.size() - 1);
  }

  /// A function by its interpolation of that degree on [lo, hi], slot by slot.
  operand apply(const std::function<double(double)> &function, uint32_t degree, double lo = -1, double hi = 1) const;

  /// sum coefficients[k] x^k; x has to be in [lo, hi].
  operand polynomial(span<const double> coefficients, double lo = -1, double hi = 1) const;

  operand operator-() const { return then(umbra_negate); }
  operand operator<<(int32_t steps) const { return then(umbra_rotate, steps); }
  operand operator>>(int32_t steps) const { return then(umbra_rotate, -static_cast<int64_t>(steps)); }

  template <class B>
  friend operand operator+(const operand &a, const B &b) {
    if constexpr (encrypted<B>) {
      return a.then(umbra_add, b);
    } else if constexpr (number<B>) {
      return a.plus(b);
    } else {
      return a.then(umbra_add_plain, a.plain(b));
    }
  }
  template <class B>
  friend operand operator-(const operand &a, const B &b) {
    if constexpr (encrypted<B>) {
      return a.then(umbra_sub, b);
    } else if constexpr (number<B>) {
      return a.plus(-std::complex<double>(b));
    } else {
      return a.then(umbra_sub_plain, a.plain(b));
    }
  }
  template <class B>
  friend operand operator*(const operand &a, const B &b) {
    if constexpr (encrypted<B>) {
      return a.then(umbra_mul, b);
    } else if constexpr (std::is_integral_v<B>) {
      return a.then(umbra_mul_integer, b);
    } else if constexpr (number<B>) {
      const std::complex<double> factor(b);
      return a.then(umbra_mul_constant, factor.real(), factor.imag());
    } else {
      return a.then(umbra_mul_plain, a.plain(b));
    }
  }
  template <class B, class = std::enable_if_t<std::is_constructible_v<std::complex<double>, B>>>
  friend operand operator/(const operand &a, const B &b) {
    return a * (1.0 / std::complex<double>(b));
  }

  template <class B, class = std::enable_if_t<!std::is_same_v<B, operand>>>
  friend operand operator+(const B &b, const operand &a) {
    return a + b;
  }
  template <class B, class = std::enable_if_t<!std::is_same_v<B, operand>>>
  friend operand operator-(const B &b, const operand &a) {
    return -a + b;
  }
  template <class B, class = std::enable_if_t<!std::is_same_v<B, operand>>>
  friend operand operator*(const B &b, const operand &a) {
    return a * b;
  }

 private:
  template <class B>
  static constexpr bool number = std::is_constructible_v<std::complex<double>, B>;

  template <class B>
  operand plus(const B &b) const {
    const std::complex<double> value(b);
    return then(umbra_add_constant, value.real(), value.imag());
  }
  static const plaintext &plain(const plaintext &b) noexcept { return b; }
  plaintext plain(span<const double> values) const {
    if (!evaluator_->context()) {
      throw error(UMBRA_ERROR_INVALID_ARGUMENT,
                  "only evaluators that umbra::evaluator's constructors make know where to encode");
    }
    return evaluator_->context().encode(values, umbra_ciphertext_level(x_), umbra_ciphertext_slots(x_));
  }

  umbra::evaluator *evaluator_;
  ciphertext owned_;
  const umbra_ciphertext *x_;
};

inline operand evaluator::operator()(const ciphertext &x) { return {*this, x.get()}; }
inline operand evaluator::operator()(ciphertext &&x) { return {*this, std::move(x)}; }

/// Coefficients of the polynomial that interpolates a function on [lo, hi] in Chebyshev's nodes (umbra/fit.h).
[[nodiscard]] inline std::vector<double> chebyshev_fit(const std::function<double(double)> &function, uint32_t degree,
                                                       double lo = -1, double hi = 1) {
  using fitted_function = detail::callback<const std::function<double(double)>>;
  fitted_function fitted(function);
  auto desc = defaults<umbra_fit_desc>();
  desc.f = [](double x, void *user) {
    auto *self = static_cast<fitted_function *>(user);
    double value = std::numeric_limits<double>::quiet_NaN(); // which is refused
    self->run([&] { value = (*self->function)(x); });
    return value;
  };
  desc.user = &fitted;
  desc.degree = degree;
  desc.lo = lo;
  desc.hi = hi;
  std::vector<double> coefficients(std::size_t{degree} + 1);
  const umbra_status status = umbra_chebyshev_fit(coefficients.data(), nullptr, &desc);
  fitted.rethrow();
  check(status);
  return coefficients;
}

inline operand operand::apply(const std::function<double(double)> &function, uint32_t degree, double lo,
                              double hi) const {
  return chebyshev(chebyshev_fit(function, degree, lo, hi), lo, hi);
}

inline operand operand::polynomial(span<const double> coefficients, double lo, double hi) const {
  if (coefficients.size() < 2) throw error(UMBRA_ERROR_INVALID_ARGUMENT, "a polynomial has a degree of 1 or more");
  const auto value = [&](double x) {
    double sum = 0;
    for (std::size_t k = coefficients.size(); k-- > 0;) sum = sum * x + coefficients[k];
    return sum;
  };
  return apply(value, detail::checked<uint32_t>(coefficients.size() - 1), lo, hi);
}

// ---- training ----

/// Belongs to one thread at a time.
class trainer : public detail::watcher, public handle<umbra_trainer> {
 public:
  using handle::handle;
  explicit trainer(const umbra_trainer_desc &desc, report_function report = nullptr) {
    call(umbra_trainer_create, out(), desc, progress(std::move(report)));
  }

  /// Runs what is left of the plan; `observer` is told of every iteration, and stops the training by an exception.
  void run(const std::function<void(const umbra_train_event &)> &observer = nullptr) {
    using told = detail::callback<const std::function<void(const umbra_train_event &)>>;
    const umbra_train_observer tell = [](void *user, const umbra_train_event *event) {
      auto *self = static_cast<told *>(user);
      return self->run([&] { (*self->function)(*event); });
    };
    call(umbra_trainer_run, *this, observer ? tell : nullptr, told(observer));
  }

  void watch(report_function report) { umbra_trainer_watch(get(), watch_with(std::move(report))); }
  void cancel() noexcept { umbra_trainer_cancel(get()); }
};

} // namespace umbra

#endif
