/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: which there are, their tables, their memory, and the failure that sticks to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tables.h"
#include "entries.h"
#include "runtime.h"

/* ---- failures ---- */

/* What a kernel did, and some later call returned. */
static bool is_fault(cudaError_t error) { return error == cudaErrorIllegalAddress || error == cudaErrorLaunchFailure; }

void umbra_cuda_note_device(const umbra_device *device, const char *what, cudaError_t error) {
  if (error == cudaSuccess) return;
  umbra_device *noted = const_cast<umbra_device *>(device); /* the one thing that changes in an open device */
  pthread_mutex_lock(&noted->lock);
  if (!noted->failed) {
    snprintf(noted->failure, sizeof noted->failure, "%s: %s%s", what, cudaGetErrorString(error),
             is_fault(error) ? ", there or before; CUDA_LAUNCH_BLOCKING=1 in the environment tells where" : "");
    __atomic_store_n(&noted->failed, 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&noted->lock);
}

int umbra_cuda_failed(const umbra_device *device) { return __atomic_load_n(&device->failed, __ATOMIC_ACQUIRE); }

umbra_status umbra_cuda_status(const umbra_device *device, const char *what, cudaError_t error) {
  if (error == cudaSuccess) return UMBRA_OK;
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError(); /* the program around this one looks for errors of its own there */
    return UMBRA_ERROR_OUT_OF_MEMORY;
  }
  umbra_cuda_note_device(device, what, error);
  return UMBRA_ERROR_DEVICE;
}

static thread_local char failure_to_open[sizeof umbra_device::failure];

const char *umbra_cuda_failure(const umbra_device *device) {
  if (!device) return failure_to_open;
  return umbra_cuda_failed(device) ? device->failure : "";
}

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
  if (cudaGetDeviceCount(&devices) != cudaSuccess) { /* no driver, or one older than this runtime */
    (void)cudaGetLastError();
    return -1;
  }
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
  if (error == cudaErrorMemoryAllocation) {
    umbra_cuda_make_room(device);
    error = cudaMalloc(&device->memory, bytes);
  }
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

/* All devices that are open: where one finds no memory, pools of others on the same GPU may keep some unused. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static umbra_device *open_devices;

static void link_device(umbra_device *device) {
  pthread_mutex_lock(&open_lock);
  device->next = open_devices;
  open_devices = device;
  pthread_mutex_unlock(&open_lock);
}

static void unlink_device(const umbra_device *device) {
  pthread_mutex_lock(&open_lock);
  umbra_device **at = &open_devices;
  while (*at && *at != device) at = &(*at)->next;
  if (*at) *at = device->next;
  pthread_mutex_unlock(&open_lock);
}

static umbra_status probe(const umbra_device *device) {
  cudaError_t error = cudaSetDevice(device->ordinal);
  if (error == cudaSuccess) error = umbra_cuda_probe();
  if (error == cudaSuccess) return UMBRA_OK;
  umbra_cuda_note_device(device, "this build has no code for the device", error);
  return UMBRA_ERROR_UNSUPPORTED;
}

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
  failure_to_open[0] = 0;
  const int ordinal = find_device(options->ordinal, &count);
  if (ordinal < 0 || !umbra_ring_valid(ring)) return UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_device *opened = static_cast<umbra_device *>(calloc(1, sizeof *opened));
  if (!opened) return UMBRA_ERROR_OUT_OF_MEMORY;
  opened->ordinal = ordinal;
  pthread_mutex_init(&opened->lock, NULL); /* default attributes: cannot fail */
  pthread_mutex_init(&opened->plan_lock, NULL);
  pthread_mutex_init(&opened->ahead.lock, NULL);
  umbra_status status = probe(opened);
  if (status == UMBRA_OK) status = open_queue(opened);
  if (status == UMBRA_OK) status = open_tables(opened, ring);
  if (status == UMBRA_OK) {
    link_device(opened);
  } else {
    memcpy(failure_to_open, opened->failure, sizeof failure_to_open);
    umbra_cuda_device_close(opened);
    return status;
  }
  *device = opened;
  return UMBRA_OK;
}

/* Also of a device that was opened in part. Nobody is left to be told of a failure. */
void umbra_cuda_device_close(umbra_device *device) {
  if (!device) return;
  unlink_device(device);
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

/* Memory given back by work still under way is unused when that is done. */
static void shrink(umbra_device *device) {
  umbra_cuda_note_device(device, "memory", cudaStreamSynchronize(device->queue));
  umbra_cuda_note_device(device, "memory", cudaMemPoolTrimTo(device->pool, 0));
  __atomic_store_n(&device->checked, 0, __ATOMIC_RELAXED);
}

void umbra_cuda_make_room(const umbra_device *device) {
  (void)cudaGetLastError(); /* as in umbra_cuda_status */
  pthread_mutex_lock(&open_lock);
  for (umbra_device *other = open_devices; other; other = other->next) {
    if (other->ordinal == device->ordinal) shrink(other);
  }
  pthread_mutex_unlock(&open_lock);
}

/* For kernels that the driver loads when they are first launched, for graphs and for launches. */
static const size_t LEFT_TO_THE_DRIVER = 256 << 20, LEAST_PART = 64;

/* Asked only when the pool has grown: that is seldom, and this takes time. */
static bool leaves_enough(umbra_device *device) {
  uint64_t size = 0;
  size_t available = 0, total = 0;
  cudaError_t error = cudaMemPoolGetAttribute(device->pool, cudaMemPoolAttrReservedMemCurrent, &size);
  if (error == cudaSuccess && size <= __atomic_load_n(&device->checked, __ATOMIC_RELAXED)) return true;
  if (error == cudaSuccess) error = cudaMemGetInfo(&available, &total);
  umbra_cuda_note_device(device, "alloc", error);
  const size_t part = total / LEAST_PART, enough = part < LEFT_TO_THE_DRIVER ? part : LEFT_TO_THE_DRIVER;
  if (available < enough) return false;
  __atomic_store_n(&device->checked, size, __ATOMIC_RELAXED);
  return true;
}

static cudaError_t take(umbra_device *device, void **block, size_t size) {
  const cudaError_t error = cudaMallocFromPoolAsync(block, size, device->pool, device->queue);
  if (error != cudaSuccess || leaves_enough(device)) return error;
  umbra_cuda_note_device(device, "alloc", cudaFreeAsync(*block, device->queue));
  shrink(device);
  return cudaErrorMemoryAllocation;
}

umbra_status umbra_cuda_alloc(const umbra_device *device, void **memory, size_t bytes) {
  umbra_device *taker = const_cast<umbra_device *>(device); /* its pool may grow */
  void *block = NULL;
  const size_t size = bytes ? bytes : 1;
  cudaError_t error = cudaSetDevice(device->ordinal);
  if (error == cudaSuccess) error = take(taker, &block, size);
  if (error == cudaErrorMemoryAllocation) {
    umbra_cuda_make_room(device);
    error = take(taker, &block, size);
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
