/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: which there are, their tables, their memory, and the failure that sticks to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tables.h"
#include "entries.h"
#include "runtime.h"

/* ---- failures ---- */

void umbra_cuda_note_device(const umbra_device *device, const char *what, cudaError_t error) {
  if (error == cudaSuccess) return;
  umbra_device *noted = const_cast<umbra_device *>(device); /* the one thing that changes in an open device */
  pthread_mutex_lock(&noted->lock);
  if (!noted->failed) {
    snprintf(noted->failure, sizeof noted->failure, "%s: %s", what, cudaGetErrorString(error));
    __atomic_store_n(&noted->failed, 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&noted->lock);
}

int umbra_cuda_failed(const umbra_device *device) { return __atomic_load_n(&device->failed, __ATOMIC_ACQUIRE); }

umbra_status umbra_cuda_status(const umbra_device *device, const char *what, cudaError_t error) {
  if (error == cudaSuccess) return UMBRA_OK;
  if (error == cudaErrorMemoryAllocation) return UMBRA_ERROR_OUT_OF_MEMORY;
  umbra_cuda_note_device(device, what, error);
  return UMBRA_ERROR_DEVICE;
}

const char *umbra_cuda_failure(const umbra_device *device) { return umbra_cuda_failed(device) ? device->failure : ""; }

/* ---- which devices there are ---- */

static int attribute(cudaDeviceAttr which, int ordinal) {
  int value = 0;
  return cudaDeviceGetAttribute(&value, which, ordinal) == cudaSuccess ? value : 0;
}

/* The oldest devices that kernels are built for are of compute capability 7.5. */
static int works(int ordinal) {
  const int capability = 10 * attribute(cudaDevAttrComputeCapabilityMajor, ordinal) +
                         attribute(cudaDevAttrComputeCapabilityMinor, ordinal);
  return capability >= 75 && attribute(cudaDevAttrMemoryPoolsSupported, ordinal);
}

/* CUDA's number of the wanted one among the devices that work; -1 if there are not so many. *count: how many work. */
static int find_device(uint32_t wanted, uint32_t *count) {
  int devices = 0, found = -1;
  *count = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess) return -1; /* no driver, or one older than this runtime */
  for (int i = 0; i < devices; i++) {
    if (works(i) && (*count)++ == wanted) found = i;
  }
  return found;
}

uint32_t umbra_cuda_device_count(void) {
  uint32_t count;
  find_device(0, &count);
  return count;
}

void umbra_cuda_device_name(uint32_t ordinal, char *text, size_t size) {
  uint32_t count;
  cudaDeviceProp properties;
  const int found = find_device(ordinal, &count);
  const int known = found >= 0 && cudaGetDeviceProperties(&properties, found) == cudaSuccess;
  snprintf(text, size, "%s", known ? properties.name : "no such device");
}

/* Kernels stream through device memory; nothing is gained by passes over few limbs. */
uint32_t umbra_cuda_block_limbs(const umbra_device *device) {
  (void)device;
  return 0;
}

/* ---- tables ---- */

/* Where the tables lie in one block of memory. */
struct layout {
  size_t cosine, sine, prime, twiddle, bytes;
};

static layout layout_of(const umbra_ring_desc *ring) {
  const size_t line = 256, fft = UMBRA_FFT_ENTRIES * sizeof(double);
  const size_t primes = (ring->primes * sizeof(umbra_cuda_prime) + line - 1) / line * line;
  const size_t twiddles = ((size_t)ring->primes << ring->log_n) * sizeof(uint32_t);
  return {0, fft, 2 * fft, 2 * fft + primes, 2 * fft + primes + twiddles};
}

static umbra_cuda_prime prime_constants(uint32_t q, uint32_t n) {
  const uint32_t r = (uint32_t)((UINT64_C(1) << 32) % q), words = (uint32_t)((UINT64_C(1) << 32) / q);
  umbra_cuda_prime prime = {};
  prime.q = q;
  prime.neg_inv = umbra_mont_neg_inv(q);
  prime.r = r;
  prime.r_shoup = umbra_shoup(r, q);
  prime.n_inv = umbra_mod_inv(umbra_mod_mul(n, r, q), q);
  prime.accept = words * q - 1;
  prime.word_shoup = words;
  return prime;
}

/* Powers of psi, in Montgomery form. */
static void fill_twiddles(uint32_t *twiddle, const umbra_cuda_prime *prime, uint32_t n) {
  umbra_powers_reversed(twiddle, umbra_ring_psi(prime->q, n), n, prime->q);
  for (uint32_t i = 0; i < n; i++) {
    twiddle[i] = umbra_mod_mul_const(twiddle[i], prime->r, prime->r_shoup, prime->q);
  }
}

/* Fills host memory of the layout, and the device's own copy of the constants. */
static void fill_tables(umbra_device *device, unsigned char *host, const layout *at, const umbra_ring_desc *ring) {
  const uint32_t n = 1u << ring->log_n;
  uint32_t *twiddles = reinterpret_cast<uint32_t *>(host + at->twiddle);
  umbra_fft_tables(reinterpret_cast<double *>(host + at->cosine), reinterpret_cast<double *>(host + at->sine));
  for (uint32_t i = 0; i < ring->primes; i++) {
    device->host_prime[i] = prime_constants(ring->prime[i], n);
    fill_twiddles(twiddles + (size_t)i * n, &device->host_prime[i], n);
  }
  memcpy(host + at->prime, device->host_prime, ring->primes * sizeof *device->host_prime);
}

static umbra_status upload_tables(umbra_device *device, const unsigned char *host, size_t bytes) {
  cudaError_t error = cudaMalloc(&device->memory, bytes);
  if (error == cudaSuccess) error = cudaMemcpyAsync(device->memory, host, bytes, cudaMemcpyHostToDevice, device->queue);
  if (error == cudaSuccess) error = cudaStreamSynchronize(device->queue);
  return umbra_cuda_status(device, "tables", error);
}

static umbra_status open_tables(umbra_device *device, const umbra_ring_desc *ring) {
  const layout at = layout_of(ring);
  device->host_prime = static_cast<umbra_cuda_prime *>(calloc(ring->primes, sizeof *device->host_prime));
  unsigned char *host = static_cast<unsigned char *>(calloc(at.bytes, 1));
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  if (device->host_prime && host) {
    fill_tables(device, host, &at, ring);
    status = upload_tables(device, host, at.bytes);
  }
  free(host);
  if (status != UMBRA_OK) return status;
  const unsigned char *memory = static_cast<const unsigned char *>(device->memory);
  device->tables.log_n = ring->log_n;
  device->tables.n = 1u << ring->log_n;
  device->tables.prime = reinterpret_cast<const umbra_cuda_prime *>(memory + at.prime);
  device->tables.twiddle = reinterpret_cast<const uint32_t *>(memory + at.twiddle);
  device->tables.fft_cos = reinterpret_cast<const double *>(memory + at.cosine);
  device->tables.fft_sin = reinterpret_cast<const double *>(memory + at.sine);
  return UMBRA_OK;
}

/* ---- opening and closing ---- */

/* The pool keeps what it has, so that after warm-up an allocation asks the driver for nothing. */
static umbra_status open_queue(umbra_device *device) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device->ordinal;
  uint64_t never = UINT64_MAX;
  cudaError_t error = cudaSetDevice(device->ordinal);
  if (error == cudaSuccess) error = cudaStreamCreateWithFlags(&device->queue, cudaStreamNonBlocking);
  if (error == cudaSuccess) error = cudaMemPoolCreate(&device->pool, &properties);
  if (error == cudaSuccess) error = cudaMemPoolSetAttribute(device->pool, cudaMemPoolAttrReleaseThreshold, &never);
  if (error == cudaSuccess) error = umbra_cuda_ahead_open(device);
  return umbra_cuda_status(device, "open", error);
}

umbra_status umbra_cuda_device_open(umbra_device **device, const umbra_ring_desc *ring,
                                    const umbra_device_options *options) {
  uint32_t count;
  const int ordinal = find_device(options->ordinal, &count);
  if (ordinal < 0 || !umbra_ring_valid(ring)) return UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_device *opened = static_cast<umbra_device *>(calloc(1, sizeof *opened));
  if (!opened) return UMBRA_ERROR_OUT_OF_MEMORY;
  opened->ordinal = ordinal;
  pthread_mutex_init(&opened->lock, NULL); /* default attributes: cannot fail */
  pthread_mutex_init(&opened->plan_lock, NULL);
  pthread_mutex_init(&opened->ahead.lock, NULL);
  umbra_status status = open_queue(opened);
  if (status == UMBRA_OK) status = open_tables(opened, ring);
  if (status != UMBRA_OK) {
    umbra_cuda_device_close(opened);
    return status;
  }
  *device = opened;
  return UMBRA_OK;
}

/* Also of a device that was opened in part. Nobody is left to be told of a failure. */
void umbra_cuda_device_close(umbra_device *device) {
  if (!device) return;
  (void)cudaSetDevice(device->ordinal);
  if (device->queue) (void)cudaStreamSynchronize(device->queue);
  umbra_cuda_ahead_close(device);
  umbra_cuda_staging_destroy_all(device);
  umbra_cuda_plans_destroy(device);
  if (device->memory) (void)cudaFree(device->memory);
  if (device->pool) (void)cudaMemPoolDestroy(device->pool);
  if (device->queue) (void)cudaStreamDestroy(device->queue);
  pthread_mutex_destroy(&device->lock);
  pthread_mutex_destroy(&device->plan_lock);
  pthread_mutex_destroy(&device->ahead.lock);
  free(device->host_prime);
  free(device);
}

/* ---- memory: ordered like everything else in the queue ---- */

/* Where the pool is exhausted, memory given back by work still under way may help, in another piece. */
umbra_status umbra_cuda_alloc(const umbra_device *device, void **memory, size_t bytes) {
  void *block = NULL;
  const size_t size = bytes ? bytes : 1;
  cudaError_t error = cudaSetDevice(device->ordinal);
  if (error == cudaSuccess) error = cudaMallocFromPoolAsync(&block, size, device->pool, device->queue);
  if (error == cudaErrorMemoryAllocation) {
    error = cudaStreamSynchronize(device->queue);
    if (error == cudaSuccess) error = cudaMemPoolTrimTo(device->pool, 0);
    if (error == cudaSuccess) error = cudaMallocFromPoolAsync(&block, size, device->pool, device->queue);
  }
  const umbra_status status = umbra_cuda_status(device, "alloc", error);
  if (status == UMBRA_OK) *memory = block;
  return status;
}

void umbra_cuda_release(const umbra_device *device, void *memory, size_t bytes) {
  (void)bytes;
  if (!memory) return;
  umbra_cuda_note_device(device, "release", cudaSetDevice(device->ordinal));
  umbra_cuda_note_device(device, "release", cudaFreeAsync(memory, device->queue));
}
