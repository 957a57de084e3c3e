// SPDX-License-Identifier: Apache-2.0
// A logistic model is trained on encrypted records: training RECORDS.csv DATA_FOLDER [small]. The last column is the
// label, of two classes; the folder is made. "small" is quick, in a ring that is not secure.
#include <cstdio>
#include <string>
#include <umbra/umbra.hpp>

static umbra::params parameters(bool small) {
  if (!small) return umbra::params("boot-64k-40");
  auto need = umbra::defaults<umbra_params_need>();
  const auto shape = umbra::defaults<umbra_bootstrap_shape>();
  need.depth = 14;
  need.scale_bits = 40;
  need.log_n = 11;
  need.flags = UMBRA_INSECURE_FOR_TESTS;
  need.bootstrap = &shape;
  return umbra::params(need);
}

int main(int argc, char **argv) try {
  if (argc < 3) throw umbra::error(UMBRA_ERROR_INVALID_ARGUMENT, "usage: training RECORDS.csv DATA_FOLDER [small]");
  const std::string folder = argv[2];
  const umbra::params params = parameters(argc > 3 && std::string(argv[3]) == "small");

  // The owner: records, a plan, keys, and an encrypted data set.
  const umbra::records table = umbra::make(umbra_records_read, argv[1]);
  const umbra::scaling scaling = umbra::make(umbra_scaling_fit, table, UMBRA_SCALING_DEVIATION, 0, 3);
  const umbra::records records = umbra::make(umbra_scaling_apply, scaling, table);
  auto sigmoid = umbra::defaults<umbra_sigmoid_options>();
  sigmoid.degree = 3;
  sigmoid.range = 12;
  auto options = umbra::defaults<umbra_train_options>();
  options.rows = umbra_records_rows(records.get());
  options.columns = umbra_records_columns(records.get());
  options.iterations = 4;
  options.sigmoid = &sigmoid;
  const umbra::train_plan plan = umbra::make(umbra_train_plan_create, params, options);
  umbra::key_needs needs(params);
  umbra::call(umbra_train_plan_needs, plan, needs);
  const umbra::context context(params);
  const umbra::secret_key secret(context);
  const umbra::public_key public_key(secret);
  const umbra::eval_keys keys(secret, needs);
  umbra::call(umbra_train_encrypt, folder, plan, public_key, records);

  // The server: plan, keys and data set.
  auto desc = umbra::defaults<umbra_trainer_desc>();
  desc.plan = plan.get();
  desc.context = context.get();
  desc.keys = keys.get();
  desc.data = folder.c_str();
  umbra::trainer trainer(desc);
  trainer.run([](const umbra_train_event &event) {
    std::fprintf(stderr, "iteration %u of %u: %.1f s\n", event.iteration, event.iterations, event.seconds);
  });
  const umbra::logistic model = umbra::make(umbra_trainer_logistic, trainer);

  // The owner again; and the same training in the clear, to compare with.
  std::vector<double> weights(umbra_train_plan_weights(plan.get())), twin(weights.size());
  umbra::call(umbra_logistic_decrypt, model, weights, &weights.back(), secret);
  umbra::call(umbra_train_twin, twin, nullptr, 0, plan, records);
  const umbra_judgement judged = umbra::get(umbra_judge, records, weights);
  std::printf("accuracy %.2f; first weight %.2f, in the clear %.2f\n", judged.accuracy, weights[0], twin[0]);
} catch (const umbra::error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
