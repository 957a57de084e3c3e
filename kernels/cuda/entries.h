/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of the CUDA backend; table.cu collects them. */
#ifndef UMBRA_KERNELS_CUDA_ENTRIES_H
#define UMBRA_KERNELS_CUDA_ENTRIES_H

#include "../kernels.h"

/* device.cu */
uint32_t umbra_cuda_device_count(void);
int umbra_cuda_device_facts(uint32_t i, umbra_device_facts *facts);
uint32_t umbra_cuda_block_limbs(const umbra_device *device);
umbra_status umbra_cuda_device_open(umbra_device **device, const umbra_ring_desc *ring,
                                    const umbra_device_options *options);
void umbra_cuda_device_close(umbra_device *device);
const char *umbra_cuda_failure(const umbra_device *device);
umbra_status umbra_cuda_alloc(const umbra_device *device, void **memory, size_t bytes);
void umbra_cuda_release(const umbra_device *device, void *memory, size_t bytes);

/* stream.cu */
umbra_status umbra_cuda_stream_create(umbra_stream **stream, const umbra_device *device);
void umbra_cuda_stream_destroy(umbra_stream *stream);
umbra_status umbra_cuda_check(const umbra_stream *stream);
umbra_status umbra_cuda_wait(umbra_stream *stream);
double umbra_cuda_lap(umbra_stream *stream);
uint64_t umbra_cuda_mark(umbra_stream *stream);
double umbra_cuda_between(umbra_stream *stream, uint64_t first, uint64_t last);
void umbra_cuda_upload(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes);
void umbra_cuda_upload_public(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes);
void umbra_cuda_download(umbra_stream *stream, void *host_dst, const void *device_src, size_t bytes);
umbra_status umbra_cuda_record(umbra_stream *stream);
umbra_status umbra_cuda_record_end(umbra_stream *stream, umbra_graph **graph);
void umbra_cuda_replay(umbra_stream *stream, const umbra_graph *graph);
void umbra_cuda_graph_destroy(umbra_graph *graph);

/* names.cu */
int umbra_cuda_watched(void);
void umbra_cuda_name_begin(const char *name);
void umbra_cuda_name_end(void);

/* upload_ahead.cu */
umbra_status umbra_cuda_host_alloc(const umbra_device *device, void **memory, size_t bytes);
void umbra_cuda_host_release(const umbra_device *device, void *memory, size_t bytes);
uint64_t umbra_cuda_upload_ahead(const umbra_device *device, void *device_dst, const void *host_src, size_t bytes);
void umbra_cuda_join_upload(const umbra_device *device, uint64_t upload);

/* elementwise.cu */
void umbra_cuda_copy(umbra_stream *stream, const umbra_view *dst, const umbra_view *src);
void umbra_cuda_zero(umbra_stream *stream, const umbra_view *dst);
void umbra_cuda_add(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);
void umbra_cuda_sub(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);
void umbra_cuda_negate(umbra_stream *stream, const umbra_view *dst, const umbra_view *a);
void umbra_cuda_mul(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);
void umbra_cuda_mul_add(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);
void umbra_cuda_mul_const(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c);
void umbra_cuda_add_const(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c);

/* files of these names */
void umbra_cuda_tensor(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b,
                       int accumulate);
void umbra_cuda_automorphism(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, uint32_t galois);
void umbra_cuda_divide_close(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                             const umbra_view *z, const uint32_t *b);
void umbra_cuda_expand(umbra_stream *stream, const umbra_view *dst, const uint8_t seed[UMBRA_SEED_BYTES],
                       uint64_t first);
void umbra_cuda_from_i64(umbra_stream *stream, const umbra_view *dst, const int64_t *value, uint32_t shift);
void umbra_cuda_fft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);
void umbra_cuda_ifft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);

/* bulk_fft.cu */
void umbra_cuda_bulk_fft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);
void umbra_cuda_bulk_ifft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);

/* inner_product.cu */
void umbra_cuda_inner_product(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                              const umbra_view *key, const umbra_view *init, const uint32_t *c, uint32_t galois);
void umbra_cuda_inner_products(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                               const umbra_view *key, const umbra_view *init, const uint32_t *c, const uint32_t *galois,
                               uint32_t rotations);

/* plain_products.cu */
void umbra_cuda_plain_products(umbra_stream *stream, const umbra_view *dst, const umbra_view *plain,
                               const umbra_view *a, uint32_t terms, uint32_t log_gap);

/* ntt.cu, convert.cu, extend_digits.cu */
void umbra_cuda_ntt_forward(umbra_stream *stream, const umbra_view *view);
void umbra_cuda_ntt_inverse(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, const uint32_t *c);
void umbra_cuda_ntt_close(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                          const umbra_view *z, const uint32_t *b);
umbra_status umbra_cuda_conversion_create(umbra_conversion **conversion, const umbra_device *device,
                                          const umbra_conversion_desc *desc);
void umbra_cuda_conversion_destroy(umbra_conversion *conversion);
void umbra_cuda_convert(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                        const umbra_conversion *conversion, uint32_t first);
void umbra_cuda_extend_digits(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                              const umbra_digit *digit);

#endif
