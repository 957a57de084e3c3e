// SPDX-License-Identifier: Apache-2.0
// The product of two encrypted matrices, in the layout that a plan finds to be the fastest.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <umbra/umbra.hpp>

int main() try {
  constexpr std::size_t ROWS = 20, INNER = 8, COLUMNS = 3;
  std::vector<double> a(ROWS * INNER), b(INNER * COLUMNS);
  for (std::size_t i = 0; i < a.size(); i++) a[i] = std::sin(static_cast<double>(i));
  for (std::size_t i = 0; i < b.size(); i++) b[i] = std::cos(static_cast<double>(i));

  // The plan: how both are laid out in slots, and which keys that takes.
  auto need = umbra::defaults<umbra_params_need>();
  need.depth = 1;
  const umbra::params params(need);
  auto shape = umbra::defaults<umbra_product_desc>();
  shape.rows = ROWS;
  shape.inner = INNER;
  shape.columns = COLUMNS;
  const umbra::product_plan plan = umbra::make(umbra_product_plan_create, params, shape);
  umbra::key_needs needs(params);
  umbra::call(umbra_product_plan_add_needs, plan, needs);
  auto left = umbra::defaults<umbra_matrix_layout>(), right = left;
  umbra::call(umbra_product_plan_layouts, plan, left, right, 0);

  // The owner.
  const umbra::context context(params);
  const umbra::secret_key secret(context);
  const umbra::public_key public_key(secret);
  const umbra::eval_keys keys(secret, needs);
  const umbra::matrix x = public_key.encrypt_matrix(a, ROWS, INNER, left);
  const umbra::matrix y = public_key.encrypt_matrix(b, INNER, COLUMNS, right);

  // The server.
  umbra::evaluator evaluator(context, keys);
  const umbra::matrix product = umbra::make(umbra_matrix_multiply, evaluator, x, y);

  // The owner again.
  double largest = 0;
  const std::vector<double> c = secret.decrypt(product);
  for (std::size_t i = 0; i < ROWS; i++) {
    for (std::size_t j = 0; j < COLUMNS; j++) {
      double exact = 0;
      for (std::size_t k = 0; k < INNER; k++) exact += a[i * INNER + k] * b[k * COLUMNS + j];
      largest = std::max(largest, std::fabs(c[i * COLUMNS + j] - exact));
    }
  }
  std::printf("%zu x %zu, %s\n", product.rows(), product.columns(), largest < 1e-4 ? "right" : "wrong");
} catch (const umbra::error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
