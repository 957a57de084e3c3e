// SPDX-License-Identifier: Apache-2.0
// labels: quick
// umbra.hpp: owners in any order, errors, progress and other callbacks that throw, calls of C, operators.
#include <unistd.h>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <list>

#include "squared.h"
#if __cplusplus >= 202002L
#include <span>
#endif

namespace {

#define CHECK(condition) \
  if (!(condition)) failed(__FILE__, __LINE__, #condition)

[[noreturn]] void failed(const char *file, int line, const char *condition) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, condition);
  std::exit(1);
}

/// What is thrown by a function; E{} if nothing is.
template <class E, class F>
E thrown(F &&function) {
  try {
    function();
  } catch (const E &exception) {
    return exception;
  }
  failed(__FILE__, __LINE__, "nothing was thrown");
}

struct stop {
  int number;
};

umbra::params small_params(uint32_t depth = 3, const umbra_bootstrap_shape *shape = nullptr) {
  auto need = umbra::defaults<umbra_params_need>();
  need.depth = depth;
  need.bootstrap = shape;
  need.log_n = 11;
  need.flags = UMBRA_INSECURE_FOR_TESTS;
  return umbra::params(need);
}

struct everything {
  umbra::context context{small_params(), "cpu"};
  umbra::secret_key secret{context};
  umbra::public_key open{secret};
  umbra::eval_keys keys{
      secret, umbra::key_needs(context.params()).relinearization().conjugation().rotation(1).rotation(-1).rotation(2)};
  umbra::evaluator evaluator{context, keys};
  umbra::ciphertext x{open.encrypt({0.5, -1.0, 2.0})};
};

bool near(const std::vector<double> &got, std::initializer_list<double> expected) {
  if (got.size() != expected.size()) return false;
  for (std::size_t i = 0; i < got.size(); i++) {
    if (!(std::fabs(got[i] - std::data(expected)[i]) < 1e-3)) return false;
  }
  return true;
}

/// A folder that is gone in the end.
struct folder {
  std::filesystem::path path;
  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "umbra_cpp_XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  folder(const folder &) = delete;
  folder &operator=(const folder &) = delete;
  ~folder() { std::filesystem::remove_all(path); }
};

// ---- owners ----

static_assert(!std::is_copy_constructible_v<umbra::ciphertext> && !std::is_copy_assignable_v<umbra::evaluator>);
static_assert(std::is_nothrow_move_constructible_v<umbra::evaluator> &&
              std::is_nothrow_move_assignable_v<umbra::matrix>);
static_assert(std::is_nothrow_move_constructible_v<umbra::trainer> &&
              std::is_nothrow_move_constructible_v<umbra::ndarray>);
static_assert(!std::is_convertible_v<umbra::ciphertext, umbra_ciphertext *>);

void test_orders() {
  // What is made outlives whatever it was made from.
  everything all;
  umbra::secret_key secret = std::move(all.secret);
  CHECK(!all.secret && secret);
  all.context.reset();
  all.keys.reset();
  all.open.reset();
  umbra::ciphertext y = all.evaluator(all.x) * all.x;
  all.x.reset();
  all.evaluator.reset();
  CHECK(near(secret.decrypt(y, 3), {0.25, 1, 4}));

  umbra::params again;
  {
    umbra::context context(small_params());
    again = context.params();
  }
  CHECK(again.slots() == 1024 && again.depth() == 3);
  umbra::params shared = umbra::share(again);
  CHECK(shared.get() == again.get());
  again.reset();
  CHECK(shared.depth() == 3);
}

void test_moves() {
  everything all;
  umbra::ciphertext a = all.x.copy();
  const umbra_ciphertext *pointer = a.get();
  const umbra::ciphertext &left = a;
  umbra::ciphertext b(std::move(a));
  CHECK(!left && b.get() == pointer);
  umbra::ciphertext &same = b;
  b = std::move(same);
  CHECK(b.get() == pointer);
  a = all.x.copy();
  const umbra::ciphertext &right = b;
  a = std::move(b); // what was there is destroyed
  CHECK(!right && a.get() == pointer);
  umbra_ciphertext *released = a.release();
  CHECK(!a && released == pointer);
  umbra::ciphertext owned(released);

  std::vector<umbra::ciphertext> several;
  for (int i = 0; i < 5; i++) several.push_back(all.x.copy());
  std::swap(several[0], several[4]);
  several.erase(several.begin() + 1);
  CHECK(several.size() == 4 && near(all.secret.decrypt(several[3], 3), {0.5, -1, 2}));

  // In place, and over an object: what was there is replaced.
  umbra::call(umbra_mul, all.evaluator, owned.out(), owned, owned);
  CHECK(near(all.secret.decrypt(owned, 3), {0.25, 1, 4}));

  umbra::evaluator moved = std::move(all.evaluator);
  int reports = 0;
  moved.watch([&](double) { reports++; });
  all.evaluator = std::move(moved);
  CHECK(near(all.secret.decrypt(all.evaluator(all.x) + std::vector<double>{1, 1}, 2), {1.5, 0}));
  CHECK(reports > 0);
}

// ---- errors ----

void test_errors() {
  const umbra::error unknown = thrown<umbra::error>([] { (void)umbra::params("no-such-preset"); });
  CHECK(unknown.status() == UMBRA_ERROR_INVALID_ARGUMENT);
  CHECK(std::strstr(unknown.what(), "no-such-preset") != nullptr &&
        std::strcmp(unknown.what(), umbra_last_error()) == 0);
  CHECK(refused("no-such-preset") == unknown.what());
  CHECK(thrown<std::runtime_error>([] { umbra::check(UMBRA_ERROR_BUSY); }).what() != nullptr);
  umbra::check(UMBRA_OK);

  everything all;
  const umbra::error missing = thrown<umbra::error>([&] { (void)umbra::ciphertext(all.evaluator(all.x) << 5); });
  CHECK(missing.status() == UMBRA_ERROR_MISSING_KEY && std::strstr(missing.what(), "rotat") != nullptr);

  // Outputs are as before.
  umbra::ciphertext y = all.x.copy();
  const umbra_ciphertext *before = y.get();
  thrown<umbra::error>([&] { umbra::call(umbra_rotate, all.evaluator, y.out(), all.x, 5); });
  CHECK(y.get() == before);
  umbra::evaluator without(all.context);
  CHECK(thrown<umbra::error>([&] { (void)umbra::ciphertext(without(all.x) * all.x); }).status() ==
        UMBRA_ERROR_MISSING_KEY);

  // Integers that their parameter cannot hold.
  const auto code = [](auto &&function) { return thrown<umbra::error>(function).status(); };
  CHECK(code([&] { umbra::call(umbra_key_needs_rotation, umbra::key_needs(), 3000000000u, 0); }) ==
        UMBRA_ERROR_INVALID_ARGUMENT);
  CHECK(code([&] { (void)umbra::ciphertext(all.evaluator(all.x).then(umbra_level_drop, -1)); }) ==
        UMBRA_ERROR_INVALID_ARGUMENT);
  CHECK(code([&] { (void)umbra::ciphertext(all.evaluator(all.x) * UINT64_MAX); }) == UMBRA_ERROR_INVALID_ARGUMENT);
  CHECK(code([&] { (void)all.open.encrypt_matrix({1, 2, 3}, 2, 2); }) == UMBRA_ERROR_INVALID_ARGUMENT);
  // An object that is none.
  CHECK(code([&] { (void)umbra::secret_key{umbra::context()}; }) == UMBRA_ERROR_INVALID_ARGUMENT);
}

// ---- callbacks ----

void test_progress() {
  everything all;
  const umbra::key_needs needs = std::move(umbra::key_needs(all.context.params()).relinearization().rotation(3));
  double last = -1;
  umbra::eval_keys keys(all.secret, needs, [&](double fraction) {
    CHECK(fraction >= last && fraction <= 1);
    last = fraction;
  });
  CHECK(last >= 0 && umbra_eval_keys_count(keys.get()) == 2);

  const auto throwing = [](double) { throw stop{7}; };
  CHECK(thrown<stop>([&] { (void)umbra::eval_keys(all.secret, needs, throwing); }).number == 7);
  CHECK(thrown<stop>([&] {
          auto more = umbra::make(umbra_eval_keys_generate, all.secret, needs, umbra::progress(throwing));
        }).number == 7);
  thrown<std::out_of_range>([&] {
    all.open.encrypt_matrix(std::vector<double>(6), 2, 3, umbra::defaults<umbra_matrix_layout>(),
                            [](double) { throw std::out_of_range("from a callback"); });
  });
  CHECK(umbra::eval_keys(all.secret, needs)); // and nothing is left of it

  // What watches an evaluator is told of all that it does, and can stop it.
  all.evaluator.watch(throwing);
  umbra::ciphertext y;
  CHECK(thrown<stop>([&] { y = all.evaluator(all.x) * all.x; }).number == 7);
  CHECK(!y);
  all.evaluator.watch(nullptr);
  CHECK(near(all.secret.decrypt(all.evaluator(all.x) * all.x, 3), {0.25, 1, 4}));
  all.evaluator.cancel();
  CHECK(thrown<umbra::error>([&] { y = all.evaluator(all.x) * all.x; }).status() == UMBRA_ERROR_CANCELLED);
  y = squared(all.evaluator, all.x);
  CHECK(near(all.secret.decrypt(y, 3), {0.25, 1, 4}));
}

/// The sum of two ciphertexts as a circuit, which keeps its evaluator.
umbra::circuit sum_of(umbra::evaluator &evaluator, const umbra::ciphertext &x) {
  auto desc = umbra::defaults<umbra_circuit_desc>();
  const std::array<const umbra_ciphertext *, 2> examples{x.get(), x.get()};
  desc.body = [](umbra_evaluator *computes, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *) {
    return umbra_add(computes, &outs[0], ins[0], ins[1]);
  };
  desc.ins = 2;
  desc.outs = 1;
  desc.examples = examples.data();
  return umbra::make(umbra_circuit_create, evaluator, desc);
}

void test_watched_circuits() {
  everything all;
  const std::array<const umbra_ciphertext *, 2> ins{all.x.get(), all.x.get()};
  const auto runs = [&](umbra::circuit &circuit) {
    return near(all.secret.decrypt(umbra::many(1, umbra_circuit_run, circuit, ins)[0], 3), {1, -2, 4});
  };

  // What a watch throws is thrown by its call, or by rethrow(), and by none after it.
  umbra::circuit watched = sum_of(all.evaluator, all.x);
  const auto cancelled = [&] {
    bool once = false; // reports are rare, but for the first
    all.evaluator.watch([once](double) mutable {
      if (!std::exchange(once, true)) throw stop{8};
    });
    CHECK(thrown<umbra::error>([&] { runs(watched); }).status() == UMBRA_ERROR_CANCELLED);
  };
  const std::array<int32_t, 2> steps{1, 2};
  cancelled();
  CHECK(umbra::many(2, umbra_rotate_many, all.evaluator, all.x, steps, 2).size() == 2);
  all.evaluator.rethrow(); // nothing
  cancelled();
  CHECK(thrown<stop>([&] { all.evaluator.rethrow(); }).number == 8);
  CHECK(runs(watched));

  // What is made is owned, also where something is thrown after it.
  struct late : umbra::guard {
    std::array<int32_t, 2> steps{1, 2};
    const int32_t *get() {
      run([] { throw stop{9}; });
      return steps.data();
    }
  };
  const uint64_t memory = umbra_context_memory(all.context.get());
  CHECK(thrown<stop>([&] { (void)umbra::many(2, umbra_rotate_many, all.evaluator, all.x, late(), 2); }).number == 9);
  CHECK(umbra_context_memory(all.context.get()) == memory);

  // A watch ends with its evaluator, whatever keeps what that owned.
  int reports = 0;
  const auto watch = [&reports](double) { reports++; };
  umbra::circuit circuit = sum_of(all.evaluator, all.x);
  all.evaluator.watch(watch);
  CHECK(runs(circuit) && reports > 0);
  reports = 0;
  all.evaluator.watch(watch); // the next report would come at once
  all.evaluator = umbra::evaluator(all.context, all.keys);
  CHECK(runs(circuit) && reports == 0);
  circuit = sum_of(all.evaluator, all.x);
  {
    umbra::evaluator last = std::move(all.evaluator);
    last.watch(watch);
  }
  CHECK(runs(circuit) && reports == 0);
}

void test_functions_that_throw() {
  CHECK(thrown<stop>([] { (void)umbra::chebyshev_fit([](double) -> double { throw stop{1}; }, 3); }).number == 1);
  const std::vector<double> square = umbra::chebyshev_fit([](double x) { return x * x; }, 2);
  CHECK(near(square, {0.5, 0, 0.5}));
  CHECK(thrown<umbra::error>([] { (void)umbra::chebyshev_fit([](double) { return std::nan(""); }, 3); }).status() ==
        UMBRA_ERROR_RANGE);

  everything all;
  std::vector<unsigned char> wire;
  umbra::send(umbra_ciphertext_send, all.x, [&](const void *data, std::size_t size) {
    const auto *begin = static_cast<const unsigned char *>(data);
    wire.insert(wire.end(), begin, begin + size);
  });
  CHECK(wire == umbra::bytes(umbra_ciphertext_write, all.x));
  std::size_t at = 0;
  const auto read = [&](void *data, std::size_t size) {
    if (size > wire.size() - at) throw stop{2};
    std::memcpy(data, &wire[at], size);
    at += size;
  };
  const umbra::ciphertext back = umbra::receive(umbra_ciphertext_receive, all.context, read, wire.size());
  CHECK(at == wire.size() && near(all.secret.decrypt(back, 3), {0.5, -1, 2}));
  wire.resize(wire.size() - 1);
  at = 0;
  CHECK(thrown<stop>([&] {
          auto none = umbra::receive(umbra_ciphertext_receive, all.context, read, 1u << 30);
        }).number == 2);
  CHECK(thrown<stop>([&] {
          umbra::send(umbra_ciphertext_send, all.x, [](const void *, std::size_t) { throw stop{3}; });
        }).number == 3);
  CHECK(thrown<stop>([&] {
          umbra::send(
              umbra_ciphertext_send, all.x, [](const void *, std::size_t) {}, [](double) { throw stop{4}; });
        }).number == 4);
}

void test_trainer() {
  const auto shape = umbra::defaults<umbra_bootstrap_shape>();
  auto options = umbra::defaults<umbra_train_options>();
  options.rows = 100;
  options.columns = 3;
  options.iterations = 3;
  const umbra::params params = small_params(14, &shape);
  const umbra::train_plan plan = umbra::make(umbra_train_plan_create, params, options);
  const umbra::context dry(params, "dry");
  auto desc = umbra::defaults<umbra_trainer_desc>();
  desc.plan = plan.get();
  desc.context = dry.get();
  umbra::trainer trainer(desc);
  CHECK(thrown<stop>([&] {
          trainer.run([](const umbra_train_event &event) {
            if (event.iteration == 2) throw stop{5};
          });
        }).number == 5);
  CHECK(umbra_trainer_iterations(trainer.get()) == 2);
  trainer.watch([](double) { throw stop{6}; });
  CHECK(thrown<stop>([&] { trainer.run(); }).number == 6);
  trainer.watch(nullptr);
  trainer.run();
  CHECK(umbra_trainer_iterations(trainer.get()) == 3);
  const umbra::logistic model = umbra::make(umbra_trainer_logistic, trainer);
  CHECK(umbra_logistic_features(model.get()) == 3);
}

// ---- calls ----

void test_calls() {
  everything all;
  folder here;

  // Texts, structs, bytes.
  const umbra::params params = all.context.params();
  const std::string text = umbra::text(umbra_params_describe, params);
  CHECK(!text.empty() && text.find('\0') == std::string::npos);
  CHECK(umbra::text(umbra_params_describe_json, params).front() == '{');
  const umbra::params copy = umbra::make(umbra_params_read, umbra::bytes(umbra_params_write, params),
                                         umbra::bytes(umbra_params_write, params).size());
  CHECK(umbra::text(umbra_params_describe, copy) == text);
  CHECK(umbra::get(umbra_device_get, 0).struct_size == sizeof(umbra_device_info));
  const umbra_range range = umbra::get(umbra_ciphertext_range, all.x);
  CHECK(range.magnitude == umbra_ciphertext_magnitude(all.x.get()));

  // Paths are strings or std::filesystem's; what is NULL at the end can be left out.
  const std::filesystem::path path = here.path / "x.umbra";
  umbra::call(umbra_ciphertext_save, all.x, path);
  umbra::call(umbra_ciphertext_save, all.x, path.string(), nullptr);
  CHECK(std::strcmp(umbra::get(umbra_file_inspect, path).kind, "ciphertext") == 0);
  const umbra::ciphertext loaded = umbra::make(umbra_ciphertext_load, all.context, path);
  CHECK(near(all.secret.decrypt(loaded, 3), {0.5, -1, 2}));

  // Several inputs, several outputs.
  const std::array<int32_t, 2> steps{1, 2};
  const auto turned = umbra::many(2, umbra_rotate_many, all.evaluator, all.x, steps, steps.size());
  CHECK(near(all.secret.decrypt(turned[0], 2), {-1, 2}) && near(all.secret.decrypt(turned[1], 2), {2, 0}));
  const auto sum = umbra::make(umbra_dot, all.evaluator, umbra::pointers(turned), umbra::pointers(turned), 2);
  CHECK(near(all.secret.decrypt(sum, 2), {5, 4}));
  const std::array<int32_t, 2> strange{1, 5};
  thrown<umbra::error>([&] { auto none = umbra::many(2, umbra_rotate_many, all.evaluator, all.x, strange, 2); });

  auto desc = umbra::defaults<umbra_circuit_desc>();
  const auto examples = umbra::pointers(turned);
  desc.body = [](umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *) {
    return umbra_mul(evaluator, &outs[0], ins[0], ins[1]);
  };
  desc.ins = 2;
  desc.outs = 1;
  desc.examples = examples.data();
  umbra::circuit circuit = umbra::make(umbra_circuit_create, all.evaluator, desc);
  const auto products = umbra::many(1, umbra_circuit_run, circuit, examples);
  CHECK(near(all.secret.decrypt(products[0], 2), {-2, 0}));

  // Two outputs: the first is made, the second is given.
  const double features[] = {1, 2, 3, 4, 5, 6}, labels[] = {1, -1, 1, -1, 1, -1};
  const umbra::records records = umbra::make(umbra_records_create, features, labels, 6, 1);
  umbra::records held;
  const umbra::records rest = umbra::make(umbra_records_split, held.out(), records, 3);
  CHECK(umbra_records_rows(rest.get()) == 4 && umbra_records_rows(held.get()) == 2);
}

void test_keyless() {
  const umbra::context dry(small_params(), "dry");
  umbra::evaluator evaluator(dry);
  const umbra::ciphertext x = umbra::make(umbra_dry_ciphertext, dry, UMBRA_TOP_LEVEL, 0, 1);
  umbra::call(umbra_context_cost_begin, dry);
  umbra::ciphertext y = (evaluator(x) * x) << 3;
  CHECK(y.level() == 2 && umbra::get(umbra_context_cost, dry).key_switches == 2);
  umbra::key_needs needs(dry.params());
  umbra::call(umbra_context_needs, dry, needs);
  CHECK(umbra_key_needs_count(needs.get()) == 2);
  CHECK(umbra::get(umbra_key_needs_get, needs, 1).steps == 3);
}

void test_matrices() {
  everything all;
  const std::vector<double> a{1, 2, 3, 4, 5, 6};
  umbra::matrix encrypted = all.open.encrypt_matrix(a, 2, 3);
  CHECK(encrypted.rows() == 2 && encrypted.columns() == 3 && encrypted.level() == 3);
  encrypted = umbra::make(umbra_matrix_add, all.evaluator, encrypted, encrypted);
  CHECK(near(all.secret.decrypt(encrypted), {2, 4, 6, 8, 10, 12}));
}

void test_arrays() {
  folder here;
  const std::string path = (here.path / "a.npy").string();
  double values[] = {1, 2, 3, 4, 5, 6};
  umbra::call(umbra_ndarray_write, umbra_ndarray{2, {2, 3}, values}, path);
  umbra::ndarray array, other;
  CHECK(array.size() == 0 && array.values().size() == 0);
  umbra::call(umbra_ndarray_read, array, path);
  const umbra::ndarray &left = other;
  other = std::move(array);
  const umbra::ndarray moved(std::move(other));
  CHECK(moved.shape().size() == 2 && moved.shape()[1] == 3 && moved.values()[5] == 6 && left.size() == 0);
  umbra::table table;
  umbra::call(umbra_table_read, table, path);
  const umbra::table &rest = table;
  umbra::table second = std::move(table);
  CHECK(second.rows() == 2 && second.columns() == 3 && second.values()[3] == 4 && rest.rows() == 0);
}

// ---- vectors ----

std::size_t size_of(umbra::span<const double> values) { return values.size(); }

void test_spans() {
  std::vector<double> vector{1, 2, 3};
  const std::array<double, 2> array{4, 5};
  double plain[] = {6, 7, 8, 9};
  CHECK(size_of(vector) == 3 && size_of(array) == 2 && size_of(plain) == 4 && size_of({1, 2, 3, 4, 5}) == 5);
  CHECK(size_of({0}) == 1 && size_of({vector.data(), 1}) == 1 && size_of({}) == 0);
  const umbra::span<double> changed = vector;
  changed[1] = 7;
  const umbra::span<const double> read = changed;
  double sum = 0;
  for (double value : read) sum += value;
  CHECK(sum == 11);
  static_assert(!std::is_convertible_v<const std::vector<double> &, umbra::span<double>>);
  static_assert(!std::is_convertible_v<std::vector<float> &, umbra::span<const double>>);
  static_assert(!std::is_convertible_v<std::list<double> &, umbra::span<const double>>);
#if __cplusplus >= 202002L
  CHECK(size_of(std::span<double>(vector)) == 3);
#endif
}

void test_operators() {
  everything all;
  umbra::evaluator &evaluator = all.evaluator;
  const umbra::ciphertext &x = all.x, y = all.open.encrypt({1.0, 2.0, -1.0});
  const umbra::plaintext plain = all.context.encode({2.0, 2.0, 2.0});
  const std::vector<double> values{3, 2, 1};
  const auto is = [&](const umbra::operand &got, std::initializer_list<double> expected) {
    return near(all.secret.decrypt(got, expected.size()), expected);
  };
  CHECK(is(evaluator(x) + y, {1.5, 1, 1}) && is(y + evaluator(x), {1.5, 1, 1}));
  CHECK(is(evaluator(x) + evaluator(y), {1.5, 1, 1}) && is(evaluator(x) - evaluator(y), {-0.5, -3, 3}));
  CHECK(is(evaluator(x) - y, {-0.5, -3, 3}) && is(y - evaluator(x), {0.5, 3, -3}));
  CHECK(is(evaluator(x) * y, {0.5, -2, -2}) && is(y * evaluator(x), {0.5, -2, -2}));
  CHECK(is(evaluator(x) + plain, {2.5, 1, 4}) && is(evaluator(x) - plain, {-1.5, -3, 0}));
  CHECK(is(plain * evaluator(x), {1, -2, 4}) && is(plain - evaluator(x), {1.5, 3, 0}));
  CHECK(is(evaluator(x) + values, {3.5, 1, 3}) && is(evaluator(x) - values, {-2.5, -3, 1}));
  CHECK(is(values - evaluator(x), {2.5, 3, -1}) && is(values * evaluator(x), {1.5, -2, 2}));
  CHECK(is(evaluator(x) + 1, {1.5, 0, 3}) && is(1.5f - evaluator(x), {1, 2.5, -0.5}) &&
        is(evaluator(x) - 1, {-0.5, -2, 1}));
  CHECK(is(evaluator(x) * 0.5, {0.25, -0.5, 1}) && is(evaluator(x) / 2, {0.25, -0.5, 1}) &&
        is(-evaluator(x), {-0.5, 1, -2}));
  CHECK(is(evaluator(x) << 1, {-1, 2}) && is(evaluator(x) >> 1, {0, 0.5, -1, 2}));
  CHECK(is(evaluator(x.copy()) * 3, {1.5, -3, 6}));
  CHECK(umbra::ciphertext(3 * evaluator(x)).level() == x.level());
  CHECK(umbra::ciphertext(3.0 * evaluator(x)).level() == x.level() - 1);
  CHECK(is((evaluator(x) + std::vector<double>{0, 1, 0}).then(umbra_square).then(umbra_conjugate), {0.25, 0, 4}));

  // An operand may outlive its ciphertext if it owns it, and be used again and again.
  const umbra::operand kept = evaluator(x) * x;
  const umbra::ciphertext once = kept, twice = kept;
  CHECK(once.get() != twice.get() && is(kept + once - twice, {0.25, 1, 4}));
  umbra::operand moved = evaluator(x) * x;
  moved = evaluator(x);
  CHECK(is(moved, {0.5, -1, 2}));

  const std::vector<double> odd{0, 1.5, 0, -0.5};
  CHECK(is(evaluator(y).polynomial(odd, -2, 2), {1, -1, -1}));
  CHECK(is(evaluator(y).apply([](double t) { return std::exp(t / 4); }, 3, -2, 2), {1.284, 1.6487, 0.7788}));
  CHECK(is((evaluator(y) * 0.5).chebyshev({0, 0, 1}), {-0.5, 1, -0.5}));
  const auto status = [](auto &&function) { return thrown<umbra::error>(function).status(); };
  CHECK(status([&] { evaluator(x).chebyshev({}); }) == UMBRA_ERROR_INVALID_ARGUMENT);
  CHECK(status([&] { evaluator(x).polynomial({1}); }) == UMBRA_ERROR_INVALID_ARGUMENT);

  // Whoever makes an evaluator by C has all but operands that need to be encoded.
  umbra::evaluator made = umbra::make(umbra_evaluator_create, all.context, all.keys);
  CHECK(is(made(x) * y + 1, {1.5, -1, -1}) && is(made(x) + plain, {2.5, 1, 4}));
  const umbra::error refused = thrown<umbra::error>([&] { (void)umbra::ciphertext(made(x) + values); });
  CHECK(refused.status() == UMBRA_ERROR_INVALID_ARGUMENT && std::strstr(refused.what(), "constructors"));

  const std::vector<std::complex<double>> complex{{1, 2}, {0, -1}};
  const umbra::ciphertext z = all.open.encrypt(all.context.encode_complex(complex));
  const auto got = all.secret.decrypt_complex(evaluator(z) * std::complex<double>(0, 1), 2);
  CHECK(std::abs(got[0] - std::complex<double>(-2, 1)) < 1e-3 && std::abs(got[1] - 1.0) < 1e-3);
  CHECK(near(all.secret.decrypt(all.open.encrypt({0}), 1), {0}));
  CHECK(all.secret.decrypt(all.secret.encrypt(plain)).size() == plain.slots());
}

} // namespace

int main() try {
  test_orders();
  test_moves();
  test_errors();
  test_progress();
  test_watched_circuits();
  test_functions_that_throw();
  test_trainer();
  test_calls();
  test_keyless();
  test_matrices();
  test_arrays();
  test_spans();
  test_operators();
  std::puts("OK");
} catch (const std::exception &unexpected) {
  std::fprintf(stderr, "%s\n", unexpected.what());
  return 1;
} catch (...) {
  return 1;
}
