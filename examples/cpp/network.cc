// SPDX-License-Identifier: Apache-2.0
// A network from an ONNX file on encrypted records: network MODEL.onnx SAMPLES.npy RECORDS.npy
#include <cstdio>
#include <umbra/umbra.hpp>

int main(int argc, char **argv) try {
  if (argc != 4) throw umbra::error(UMBRA_ERROR_INVALID_ARGUMENT, "usage: network MODEL.onnx SAMPLES.npy RECORDS.npy");
  umbra::ndarray samples, records, answers;
  const umbra::model model = umbra::make(umbra_model_import, argv[1]);
  umbra::call(umbra_ndarray_read, samples, argv[2]);
  umbra::call(umbra_ndarray_read, records, argv[3]);

  // Whoever has the model plans; the client gets the plan without its weights.
  const umbra::inference_plan plan = umbra::make(umbra_inference_plan_create, model, samples);
  const umbra::inference_plan clients = umbra::make(umbra_inference_plan_client, plan);
  const umbra::context context(umbra::share(umbra_inference_plan_params(clients.get())));

  // The client: keys, and encrypted records.
  const umbra::secret_key secret(context);
  const umbra::public_key public_key(secret);
  umbra::key_needs needs(context.params());
  umbra::call(umbra_inference_plan_add_needs, clients, needs);
  const umbra::eval_keys keys(secret, needs);
  const umbra::matrix batch = umbra::make(umbra_inference_encrypt, nullptr, clients, public_key, records);

  // The server.
  const umbra::inference network = umbra::make(umbra_inference_create, context, plan);
  umbra::evaluator evaluator(context, keys);
  const umbra::matrix results = umbra::make(umbra_inference_run, evaluator, batch, network);

  // The client again.
  umbra::call(umbra_inference_decrypt, answers, clients, results, secret);
  for (std::size_t i = 0; i < answers.size(); i++) {
    const std::size_t width = answers.size() / answers.shape()[0];
    std::printf("%.4f%c", answers.values()[i], i % width == width - 1 ? '\n' : ' ');
  }
} catch (const umbra::error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
