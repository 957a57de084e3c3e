/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: which there are, their tables, their memory, and the failure that sticks to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tables.h"
#include "entries.h"
#include "runtime.h"

/* ---- failures ---- */

/*
 * What a kernel did, of whatever program in the process, or what became of the GPU; some later call returned it. The
 * context is lost, and all that use the GPU in this process with it. NULL: something else.
 */
static const char *advice_after_fault(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorHardwareStackError:
    case cudaErrorAssert:
    case cudaErrorLaunchFailure:
      return ", there or before; CUDA_LAUNCH_BLOCKING=1 in the environment tells where. The process must start anew";
    case cudaErrorLaunchTimeout: return ": the GPU also drives a display. The process must start anew";
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorECCUncorrectable: return ": the GPU is faulty, see nvidia-smi -q. The process must start anew";
    default: return NULL;
  }
}

enum { FAILURE_BYTES = sizeof umbra_device::failure };

static void describe(char text[FAILURE_BYTES], const char *what, cudaError_t error) {
  const char *advice = advice_after_fault(error);
  snprintf(text, FAILURE_BYTES, "%s: %s%s", what, cudaGetErrorString(error), advice ? advice : "");
}

void umbra_cuda_note_device(const umbra_device *device, const char *what, cudaError_t error) {
  if (error == cudaSuccess) return;
  umbra_device *noted = const_cast<umbra_device *>(device); /* the one thing that changes in an open device */
  pthread_mutex_lock(&noted->lock);
  if (!noted->failed) {
    describe(noted->failure, what, error);
    __atomic_store_n(&noted->failed, 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&noted->lock);
}

void umbra_cuda_note_fault(const umbra_device *device, const char *what, cudaError_t error) {
  if (advice_after_fault(error)) umbra_cuda_note_device(device, what, error);
}

int umbra_cuda_failed(const umbra_device *device) { return __atomic_load_n(&device->failed, __ATOMIC_ACQUIRE); }

static thread_local char last_failure[FAILURE_BYTES];

umbra_status umbra_cuda_status(const umbra_device *device, const char *what, cudaError_t error) {
  if (error == cudaSuccess) return UMBRA_OK;
  describe(last_failure, what, error);
  umbra_cuda_note_fault(device, what, error);
  return error == cudaErrorMemoryAllocation ? UMBRA_ERROR_OUT_OF_MEMORY : UMBRA_ERROR_DEVICE;
}

const char *umbra_cuda_failure(const umbra_device *device) {
  if (!device) return last_failure;
  return umbra_cuda_failed(device) ? device->failure : "";
}

/* ---- which devices there are ---- */

static int attribute(cudaDeviceAttr which, int ordinal) {
  int value = 0;
  return cudaDeviceGetAttribute(&value, which, ordinal) == cudaSuccess ? value : 0;
}

/* The oldest devices that kernels are built for, and those of which one kernel can wait for another by itself. */
enum { OLDEST_CAPABILITY = 75, OVERLAP_CAPABILITY = 90 };

static int capability_of(int ordinal) {
  return 10 * attribute(cudaDevAttrComputeCapabilityMajor, ordinal) +
         attribute(cudaDevAttrComputeCapabilityMinor, ordinal);
}

static int works(int ordinal) {
  return capability_of(ordinal) >= OLDEST_CAPABILITY && attribute(cudaDevAttrMemoryPoolsSupported, ordinal);
}

/* Whether kernels are to overlap. Off by itself until a device has shown that it gains. */
static int overlaps(int ordinal) {
  const char *wanted = getenv("UMBRA_CUDA_OVERLAP");
  return wanted && strcmp(wanted, "1") == 0 && capability_of(ordinal) >= OVERLAP_CAPABILITY;
}

/* How many CUDA sees; 0 if there is no driver, or an older one, and then that is the thread's failure. */
static int count_devices() {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error == cudaSuccess && devices) return devices;
  describe(last_failure, "looking for GPUs", error == cudaSuccess ? cudaErrorNoDevice : error);
  return 0;
}

/* CUDA's number of the wanted one among the devices that work; -1 if there are not so many. *count: how many work. */
static int find_device(uint32_t wanted, uint32_t *count) {
  const umbra_cuda_visit visit(NULL);
  const int devices = count_devices();
  int found = -1;
  *count = 0;
  for (int i = 0; i < devices; i++) {
    if (works(i) && (*count)++ == wanted) found = i;
  }
  if (devices && !*count) snprintf(last_failure, sizeof last_failure, "none of %d GPUs can be used", devices);
  return found;
}

uint32_t umbra_cuda_device_count(void) {
  uint32_t count;
  find_device(0, &count);
  return count;
}

/* Kernels stream through device memory; nothing is gained by passes over few limbs. */
uint32_t umbra_cuda_block_limbs(const umbra_device *device) {
  (void)device;
  return 0;
}

uint32_t umbra_cuda_launch_limbs(const umbra_device *device) {
  return UMBRA_CACHED_BYTES / (device->tables.n * sizeof(uint32_t));
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
  cudaError_t error = umbra_cuda_with_room(device, [&] { return cudaMalloc(&device->memory, bytes); });
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

/* What loading takes is then over, and does not come between what the host program times or records. */
static umbra_status load_kernels(const umbra_device *device) {
  static cudaError_t (*const load[])(void) = {
      umbra_cuda_load_automorphism,  umbra_cuda_load_bulk_fft,    umbra_cuda_load_convert,
      umbra_cuda_load_divide_close,  umbra_cuda_load_elementwise, umbra_cuda_load_expand,
      umbra_cuda_load_fft,           umbra_cuda_load_from_i64,    umbra_cuda_load_gemm,
      umbra_cuda_load_inner_product, umbra_cuda_load_ntt,         umbra_cuda_load_plain_products,
      umbra_cuda_load_sum,           umbra_cuda_load_tensor};
  cudaError_t error = cudaSuccess;
  for (cudaError_t (*load_file)(void) : load) {
    if (error == cudaSuccess) error = umbra_cuda_with_room(device, load_file);
  }
  const umbra_status status = umbra_cuda_status(device, "kernels", error);
  if (error != cudaErrorNoKernelImageForDevice && error != cudaErrorInvalidDeviceFunction) return status;
  describe(last_failure, "this build has no code for the device", error);
  return UMBRA_ERROR_UNSUPPORTED;
}

/* The pool keeps what it has, so that after warm-up an allocation asks the driver for nothing. */
static umbra_status open_queue(umbra_device *device) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device->ordinal;
  uint64_t never = UINT64_MAX;
  cudaError_t error = cudaStreamCreateWithFlags(&device->queue, cudaStreamNonBlocking);
  if (error == cudaSuccess) error = cudaMemPoolCreate(&device->pool, &properties);
  if (error == cudaSuccess) error = cudaMemPoolSetAttribute(device->pool, cudaMemPoolAttrReleaseThreshold, &never);
  if (error == cudaSuccess) error = umbra_cuda_ahead_open(device);
  return umbra_cuda_status(device, "open", error);
}

/* Its context is there. */
static umbra_status fill_device(umbra_device *device, const umbra_ring_desc *ring) {
  const umbra_cuda_visit visit(device);
  umbra_status status = load_kernels(device);
  if (status == UMBRA_OK) status = open_queue(device);
  if (status == UMBRA_OK) status = open_tables(device, ring);
  return status;
}

umbra_status umbra_cuda_device_open(umbra_device **device, const umbra_ring_desc *ring,
                                    const umbra_device_options *options) {
  uint32_t count;
  const umbra_cuda_visit visit(NULL);
  last_failure[0] = 0;
  const int ordinal = find_device(options->ordinal, &count);
  if (ordinal < 0 || !umbra_ring_valid(ring)) return UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_device *opened = static_cast<umbra_device *>(calloc(1, sizeof *opened));
  if (!opened) return UMBRA_ERROR_OUT_OF_MEMORY;
  opened->ordinal = ordinal;
  opened->overlap = overlaps(ordinal);
  pthread_mutex_init(&opened->lock, NULL); /* default attributes: cannot fail */
  pthread_mutex_init(&opened->plan_lock, NULL);
  pthread_mutex_init(&opened->ahead.lock, NULL);
  umbra_status status = umbra_cuda_status(opened, "context", umbra_cuda_context_open(opened));
  if (status == UMBRA_OK) status = fill_device(opened, ring);
  if (status != UMBRA_OK) {
    umbra_cuda_device_close(opened);
    return status;
  }
  link_device(opened);
  *device = opened;
  return UMBRA_OK;
}

/* Also of a device that was opened in part. Nobody is left to be told of a failure. */
void umbra_cuda_device_close(umbra_device *device) {
  if (!device) return;
  const umbra_cuda_visit visit(device);
  unlink_device(device);
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

/* ---- facts about devices that need not be open ---- */

/* Where a device is open on the GPU, there is a context to ask in. */
static uint64_t unused_memory(int ordinal) {
  size_t available = 0, total = 0;
  pthread_mutex_lock(&open_lock);
  const umbra_device *device = open_devices;
  while (device && device->ordinal != ordinal) device = device->next;
  if (device) {
    const umbra_cuda_visit visit(device);
    if (cudaMemGetInfo(&available, &total) != cudaSuccess) available = 0;
  }
  pthread_mutex_unlock(&open_lock);
  return available;
}

static void say_why_not(umbra_device_facts *facts) {
  const char *const reason = facts->capability[0] ? "its driver gives no memory pools" : "CUDA says nothing of it";
  snprintf(facts->why_not, sizeof facts->why_not, "%s", reason);
  if (!facts->capability[0] || 10 * facts->capability[0] + facts->capability[1] >= OLDEST_CAPABILITY) return;
  snprintf(facts->why_not, sizeof facts->why_not, "its compute capability is %u.%u, and %d.%d is needed",
           facts->capability[0], facts->capability[1], OLDEST_CAPABILITY / 10, OLDEST_CAPABILITY % 10);
}

/* cudaGetDeviceProperties makes no context. */
int umbra_cuda_device_facts(uint32_t i, umbra_device_facts *facts) {
  const umbra_cuda_visit visit(NULL);
  const int ordinal = static_cast<int>(i);
  cudaDeviceProp properties = {};
  if (i >= static_cast<uint32_t>(count_devices())) return 0;
  *facts = {};
  if (cudaGetDeviceProperties(&properties, ordinal) != cudaSuccess) properties = {};
  snprintf(facts->name, sizeof facts->name, "%.*s", static_cast<int>(sizeof facts->name) - 1, properties.name);
  facts->capability[0] = static_cast<uint32_t>(properties.major);
  facts->capability[1] = static_cast<uint32_t>(properties.minor);
  facts->memory = properties.totalGlobalMem;
  for (int before = 0; before < ordinal; before++) facts->ordinal += works(before);
  if (works(ordinal)) facts->unused = unused_memory(ordinal);
  else say_why_not(facts);
  return 1;
}

/* ---- memory: ordered like everything else in the queue ---- */

/* Memory given back by work still under way is unused when that is done. */
static void shrink(umbra_device *device) {
  umbra_cuda_note_fault(device, "memory", cudaStreamSynchronize(device->queue));
  umbra_cuda_note_fault(device, "memory", cudaMemPoolTrimTo(device->pool, 0));
  __atomic_store_n(&device->checked, 0, __ATOMIC_RELAXED);
}

void umbra_cuda_make_room(const umbra_device *device) {
  pthread_mutex_lock(&open_lock);
  for (umbra_device *other = open_devices; other; other = other->next) {
    if (other->ordinal == device->ordinal) shrink(other);
  }
  pthread_mutex_unlock(&open_lock);
}

/* For kernels that the driver loads when they are first launched, for graphs and for launches. */
static const size_t LEFT_TO_THE_DRIVER = 256 << 20, LEAST_PART = 64;

/* Asked only when the pool has grown: that is seldom, and this takes time. */
static cudaError_t check_rest(umbra_device *device) {
  uint64_t size = 0;
  size_t available = 0, total = 0;
  cudaError_t error = cudaMemPoolGetAttribute(device->pool, cudaMemPoolAttrReservedMemCurrent, &size);
  if (error != cudaSuccess || size <= __atomic_load_n(&device->checked, __ATOMIC_RELAXED)) return error;
  error = cudaMemGetInfo(&available, &total);
  if (error != cudaSuccess) return error;
  const size_t part = total / LEAST_PART, enough = part < LEFT_TO_THE_DRIVER ? part : LEFT_TO_THE_DRIVER;
  if (available < enough) return cudaErrorMemoryAllocation;
  __atomic_store_n(&device->checked, size, __ATOMIC_RELAXED);
  return cudaSuccess;
}

static cudaError_t take(umbra_device *device, void **block, size_t size) {
  cudaError_t error = cudaMallocFromPoolAsync(block, size, device->pool, device->queue);
  if (error != cudaSuccess) return error;
  error = check_rest(device);
  if (error == cudaSuccess) return error;
  umbra_cuda_note_fault(device, "alloc", cudaFreeAsync(*block, device->queue));
  if (error == cudaErrorMemoryAllocation) shrink(device);
  return error;
}

umbra_status umbra_cuda_alloc(const umbra_device *device, void **memory, size_t bytes) {
  umbra_device *taker = const_cast<umbra_device *>(device); /* its pool may grow */
  void *block = NULL;
  const size_t size = bytes ? bytes : 1;
  const cudaError_t error = umbra_cuda_with_room(device, [&] { return take(taker, &block, size); });
  const umbra_status status = umbra_cuda_status(device, "alloc", error);
  if (status == UMBRA_OK) *memory = block;
  return status;
}

void umbra_cuda_release(const umbra_device *device, void *memory, size_t bytes) {
  (void)bytes;
  if (!memory) return;
  umbra_cuda_note_fault(device, "release", cudaFreeAsync(memory, device->queue));
}
