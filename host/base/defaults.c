/* SPDX-License-Identifier: Apache-2.0 */
/* What umbra_<struct>_init gives: the same as the macros that C has for it. */
#include <umbra/umbra.h>

#include "structs.h"

/* The name in parentheses is no call of the macro that hides the second argument. */
#define DEFINE_INIT(type, ...)                                  \
  void(type##_init)(type * given, size_t size) {                \
    static const type defaults = {__VA_ARGS__};                 \
    umbra_init_struct(given, size, &defaults, sizeof defaults); \
  }

DEFINE_INIT(umbra_activation_choice, UMBRA_ACTIVATION_CHOICE_INIT)
DEFINE_INIT(umbra_activation_report, UMBRA_ACTIVATION_REPORT_INIT)
DEFINE_INIT(umbra_approximation_options, UMBRA_APPROXIMATION_OPTIONS_INIT)
DEFINE_INIT(umbra_approximation_report, UMBRA_APPROXIMATION_REPORT_INIT)
DEFINE_INIT(umbra_array, UMBRA_ARRAY_INIT)
DEFINE_INIT(umbra_bootstrap_shape, UMBRA_BOOTSTRAP_SHAPE_INIT)
DEFINE_INIT(umbra_bootstrap_options, UMBRA_BOOTSTRAP_OPTIONS_INIT)
DEFINE_INIT(umbra_bootstrap_report, UMBRA_BOOTSTRAP_REPORT_INIT)
DEFINE_INIT(umbra_circuit_desc, UMBRA_CIRCUIT_DESC_INIT)
DEFINE_INIT(umbra_context_desc, UMBRA_CONTEXT_DESC_INIT)
DEFINE_INIT(umbra_convolution_desc, UMBRA_CONVOLUTION_DESC_INIT)
DEFINE_INIT(umbra_cost, UMBRA_COST_INIT)
DEFINE_INIT(umbra_declaration, UMBRA_DECLARATION_INIT)
DEFINE_INIT(umbra_device_info, UMBRA_DEVICE_INFO_INIT)
DEFINE_INIT(umbra_encode_options, UMBRA_ENCODE_OPTIONS_INIT)
DEFINE_INIT(umbra_feature_layout, UMBRA_FEATURE_LAYOUT_INIT)
DEFINE_INIT(umbra_file_info, UMBRA_FILE_INFO_INIT)
DEFINE_INIT(umbra_fit_desc, UMBRA_FIT_DESC_INIT)
DEFINE_INIT(umbra_fit_report, UMBRA_FIT_REPORT_INIT)
DEFINE_INIT(umbra_judgement, UMBRA_JUDGEMENT_INIT)
DEFINE_INIT(umbra_inference_layer, UMBRA_INFERENCE_LAYER_INIT)
DEFINE_INIT(umbra_inference_options, UMBRA_INFERENCE_OPTIONS_INIT)
DEFINE_INIT(umbra_inference_outcome, UMBRA_INFERENCE_OUTCOME_INIT)
DEFINE_INIT(umbra_inference_report, UMBRA_INFERENCE_REPORT_INIT)
DEFINE_INIT(umbra_kernel_cost, UMBRA_KERNEL_COST_INIT)
DEFINE_INIT(umbra_key_need, UMBRA_KEY_NEED_INIT)
DEFINE_INIT(umbra_matrix_layout, UMBRA_MATRIX_LAYOUT_INIT)
DEFINE_INIT(umbra_matrix_view, UMBRA_MATRIX_VIEW_INIT)
DEFINE_INIT(umbra_model_window, UMBRA_MODEL_WINDOW_INIT)
DEFINE_INIT(umbra_multiply_options, UMBRA_MULTIPLY_OPTIONS_INIT)
DEFINE_INIT(umbra_noise_report, UMBRA_NOISE_REPORT_INIT)
DEFINE_INIT(umbra_outcome, UMBRA_OUTCOME_INIT)
DEFINE_INIT(umbra_outcome_options, UMBRA_OUTCOME_OPTIONS_INIT)
DEFINE_INIT(umbra_params_literal, UMBRA_PARAMS_LITERAL_INIT)
DEFINE_INIT(umbra_params_need, UMBRA_PARAMS_NEED_INIT)
DEFINE_INIT(umbra_product_candidate, UMBRA_PRODUCT_CANDIDATE_INIT)
DEFINE_INIT(umbra_product_desc, UMBRA_PRODUCT_DESC_INIT)
DEFINE_INIT(umbra_range, UMBRA_RANGE_INIT)
DEFINE_INIT(umbra_range_calibration, UMBRA_RANGE_CALIBRATION_INIT)
DEFINE_INIT(umbra_records_options, UMBRA_RECORDS_OPTIONS_INIT)
DEFINE_INIT(umbra_sigmoid_options, UMBRA_SIGMOID_OPTIONS_INIT)
DEFINE_INIT(umbra_sign_options, UMBRA_SIGN_OPTIONS_INIT)
DEFINE_INIT(umbra_sign_report, UMBRA_SIGN_REPORT_INIT)
DEFINE_INIT(umbra_sim_options, UMBRA_SIM_OPTIONS_INIT)
DEFINE_INIT(umbra_softmax_options, UMBRA_SOFTMAX_OPTIONS_INIT)
DEFINE_INIT(umbra_softmax_report, UMBRA_SOFTMAX_REPORT_INIT)
DEFINE_INIT(umbra_trace_event, UMBRA_TRACE_EVENT_INIT)
DEFINE_INIT(umbra_train_event, UMBRA_TRAIN_EVENT_INIT)
DEFINE_INIT(umbra_train_iteration, UMBRA_TRAIN_ITERATION_INIT)
DEFINE_INIT(umbra_train_options, UMBRA_TRAIN_OPTIONS_INIT)
DEFINE_INIT(umbra_train_outcome, UMBRA_TRAIN_OUTCOME_INIT)
DEFINE_INIT(umbra_train_report, UMBRA_TRAIN_REPORT_INIT)
DEFINE_INIT(umbra_trainer_desc, UMBRA_TRAINER_DESC_INIT)
DEFINE_INIT(umbra_transform_desc, UMBRA_TRANSFORM_DESC_INIT)
DEFINE_INIT(umbra_twin_options, UMBRA_TWIN_OPTIONS_INIT)
DEFINE_INIT(umbra_weights_desc, UMBRA_WEIGHTS_DESC_INIT)
