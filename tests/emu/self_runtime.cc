/* SPDX-License-Identifier: Apache-2.0 */
/* The emulator itself, as the host sees it: limits of launches, memory, streams, graphs, failures. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "self.h"

/* ---- limits ---- */

static __global__ void nothing(int) {}
struct large {
  char bytes[4092];
};
static __global__ void takes_much(int, large) {}

static void test_limits(void **) {
  good(launch(nullptr, 1, 1024, 48 << 10, nothing, 0));
  good(launch(nullptr, 1, 1, 0, takes_much, 0, large()));
  assert_int_equal(launch(nullptr, 1, 1025, 0, nothing, 0), cudaErrorInvalidConfiguration);
  assert_int_equal(launch(nullptr, 1, dim3(32, 33), 0, nothing, 0), cudaErrorInvalidConfiguration);
  assert_int_equal(launch(nullptr, 1, dim3(1, 1, 65), 0, nothing, 0), cudaErrorInvalidConfiguration);
  assert_int_equal(launch(nullptr, 0, 1, 0, nothing, 0), cudaErrorInvalidConfiguration);
  assert_int_equal(launch(nullptr, 1, 0, 0, nothing, 0), cudaErrorInvalidConfiguration);
  assert_int_equal(launch(nullptr, dim3(1, 65536), 1, 0, nothing, 0), cudaErrorInvalidConfiguration);
  good(launch(nullptr, dim3(1, 65535), 1, 0, nothing, 0));
  assert_int_equal(cudaPeekAtLastError(), cudaErrorInvalidConfiguration);
  assert_int_equal(cudaGetLastError(), cudaErrorInvalidConfiguration);
  assert_int_equal(cudaGetLastError(), cudaSuccess);

  assert_int_equal(launch(nullptr, 1, 1, (48 << 10) + 1, nothing, 0), cudaErrorInvalidValue);
  const auto limit = cudaFuncAttributeMaxDynamicSharedMemorySize;
  assert_int_equal(cudaFuncSetAttribute(nothing, limit, (227 << 10) + 1), cudaErrorInvalidValue);
  good(cudaFuncSetAttribute(nothing, limit, 227 << 10));
  good(launch(nullptr, 1, 1, 227 << 10, nothing, 0));
  assert_int_equal(launch(nullptr, 1, 1, (227 << 10) + 1, nothing, 0), cudaErrorInvalidValue);
  cudaFuncAttributes attributes;
  good(cudaFuncGetAttributes(&attributes, nothing));
  assert_int_equal(attributes.maxDynamicSharedSizeBytes, 227 << 10);
}

/* ---- memory ---- */

static void test_memory(void **) {
  uint32_t host[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[4];
  uint32_t *device = allocate<uint32_t>(8);
  assert_int_equal((uintptr_t)device % 256, 0);
  good(cudaMemcpyAsync(device, host, sizeof host, cudaMemcpyHostToDevice));
  good(cudaMemcpy2DAsync(back, 8, device + 1, 16, 8, 2, cudaMemcpyDeviceToHost));
  assert_true(back[0] == 2 && back[1] == 3 && back[2] == 6 && back[3] == 7);
  assert_int_equal(cudaMemcpy(device + 1, host, sizeof host, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  assert_int_equal(cudaMemcpy(host, back, sizeof back, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  assert_int_equal(cudaMemset(device, 0, sizeof host + 1), cudaErrorInvalidValue);
  assert_int_equal(cudaFree(device + 1), cudaErrorInvalidValue);
  good(cudaFree(device));
  assert_int_equal(cudaFree(device), cudaErrorInvalidValue);
  umbra_emu_set_memory(1000);
  void *memory;
  assert_int_equal(cudaMalloc(&memory, 1001), cudaErrorMemoryAllocation);
  size_t available, total;
  good(cudaMemGetInfo(&available, &total));
  assert_int_equal(available, 1000);
}

static uint64_t attribute(cudaMemPool_t pool, cudaMemPoolAttr which) {
  uint64_t value;
  good(cudaMemPoolGetAttribute(pool, which, &value));
  return value;
}

static void test_pools(void **) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  cudaMemPool_t pool;
  good(cudaMemPoolCreate(&pool, &properties));
  uint64_t keep = 1500;
  good(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
  char *a, *b;
  good(cudaMallocFromPoolAsync(&a, 1000, pool, nullptr));
  good(cudaMallocFromPoolAsync(&b, 2000, pool, nullptr));
  assert_int_equal(attribute(pool, cudaMemPoolAttrUsedMemCurrent), 3000);
  good(cudaFreeAsync(b, nullptr));
  good(cudaFreeAsync(a, nullptr));
  assert_int_equal(attribute(pool, cudaMemPoolAttrUsedMemCurrent), 0);
  assert_int_equal(attribute(pool, cudaMemPoolAttrUsedMemHigh), 3000);
  assert_int_equal(attribute(pool, cudaMemPoolAttrReservedMemCurrent), 1500);
  good(cudaMemPoolTrimTo(pool, 0));
  assert_int_equal(attribute(pool, cudaMemPoolAttrReservedMemCurrent), 0);
  good(cudaMemPoolDestroy(pool));
}

/* ---- streams and graphs ---- */

static __global__ void add(uint32_t *word, uint32_t value) { *word += value; }

static void test_capture(void **) {
  cudaStream_t stream, other;
  cudaEvent_t event;
  good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  good(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  good(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  uint32_t *words = allocate<uint32_t>(2);
  good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  good(launch(stream, 1, 1, 0, add, words, 5));
  good(cudaEventRecord(event, stream));
  good(cudaStreamWaitEvent(other, event));
  good(cudaMemcpyAsync(words + 1, words, 4, cudaMemcpyDeviceToDevice, other));
  good(cudaEventRecord(event, other));
  good(cudaStreamWaitEvent(stream, event));
  good(cudaMemsetAsync(words, 1, 1, stream));
  cudaStreamCaptureStatus status;
  good(cudaStreamIsCapturing(stream, &status));
  assert_int_equal(status, cudaStreamCaptureStatusActive);
  cudaGraph_t graph;
  good(cudaStreamEndCapture(stream, &graph));
  good(cudaStreamIsCapturing(other, &status));
  assert_int_equal(status, cudaStreamCaptureStatusNone);
  size_t nodes;
  good(cudaGraphGetNodes(graph, nullptr, &nodes));
  assert_int_equal(nodes, 3);
  cudaGraphExec_t exec;
  good(cudaGraphInstantiate(&exec, graph, 0));
  good(cudaGraphDestroy(graph));
  uint32_t host[2];
  good(cudaMemcpy(host, words, 8, cudaMemcpyDeviceToHost));
  assert_true(host[0] == 0 && host[1] == 0); /* recorded, not done */
  for (int i = 0; i < 3; i++) good(cudaGraphLaunch(exec, stream));
  good(cudaStreamSynchronize(stream));
  good(cudaGraphExecDestroy(exec));
  auto end = take(words, 2);
  assert_true(end[0] == 1 && end[1] == 6);
  good(cudaEventDestroy(event));
  good(cudaStreamDestroy(other));
  good(cudaStreamDestroy(stream));
}

/* Each of these spoils a capture. */
static void test_capture_forbids(void **) {
  cudaStream_t stream;
  cudaGraph_t graph;
  void *memory;
  good(cudaStreamCreate(&stream));
  for (int i = 0; i < 6; i++) {
    good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    cudaError_t error = cudaSuccess;
    switch (i) {
      case 0: error = cudaStreamSynchronize(stream); break;
      case 1: error = cudaDeviceSynchronize(); break;
      case 2: error = cudaMalloc(&memory, 10); break;
      case 3: error = cudaMallocHost(&memory, 10); break;
      case 4: error = cudaStreamQuery(stream); break;
      default: error = launch(nullptr, 1, 1, 0, nothing, 0); break;
    }
    assert_int_equal(error, i < 5 ? cudaErrorStreamCaptureUnsupported : cudaErrorStreamCaptureImplicit);
    assert_int_equal(launch(stream, 1, 1, 0, nothing, 0), cudaErrorStreamCaptureInvalidated);
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    assert_null(graph);
  }
  assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorInvalidValue);
  good(cudaStreamDestroy(stream));
}

/* Deferred, nothing is there before somebody waits; pageable memory is copied at once, as CUDA does. */
static void test_deferred(void **) {
  uint32_t *word = allocate<uint32_t>(1), *pinned, pageable = 7;
  good(cudaMallocHost(&pinned, 4));
  *pinned = 100;
  umbra_emu_set_queue(UMBRA_EMU_DEFERRED);
  good(cudaMemcpyAsync(word, &pageable, 4, cudaMemcpyHostToDevice));
  pageable = 0;
  good(launch(nullptr, 1, 1, 0, add, word, 1));
  good(cudaMemcpyAsync(pinned, word, 4, cudaMemcpyDeviceToHost));
  assert_int_equal(*pinned, 100);
  assert_int_equal(cudaStreamQuery(nullptr), cudaErrorNotReady);
  good(cudaStreamQuery(nullptr));
  assert_int_equal(*pinned, 8);
  good(launch(nullptr, 1, 1, 0, add, word, 1));
  good(cudaMemcpyAsync(&pageable, word, 4, cudaMemcpyDeviceToHost));
  assert_int_equal(pageable, 9);
  good(cudaFreeHost(pinned));
  good(cudaFree(word));
}

/* A copy in a stream of its own, and kernels in another that need the word before and after it. */
struct overtaking {
  bool copy_waits, work_waits;
};

static uint32_t overtake(overtaking right) {
  cudaStream_t work, copies;
  cudaEvent_t event;
  uint32_t *word = allocate<uint32_t>(1), *seven, *result;
  good(cudaStreamCreateWithFlags(&work, cudaStreamNonBlocking));
  good(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking));
  good(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  good(cudaMallocHost(&seven, 4));
  good(cudaMallocHost(&result, 4));
  *seven = 7;
  good(launch(work, 1, 1, 0, add, word, 1));
  good(cudaEventRecord(event, work));
  if (right.copy_waits) good(cudaStreamWaitEvent(copies, event));
  good(cudaMemcpyAsync(word, seven, 4, cudaMemcpyHostToDevice, copies));
  good(cudaEventRecord(event, copies));
  if (right.work_waits) good(cudaStreamWaitEvent(work, event));
  good(launch(work, 1, 1, 0, add, word, 2));
  good(cudaMemcpyAsync(result, word, 4, cudaMemcpyDeviceToHost, work));
  good(cudaStreamSynchronize(work));
  const uint32_t found = *result;
  good(cudaStreamSynchronize(copies));
  good(cudaFree(word));
  good(cudaFreeHost(seven));
  good(cudaFreeHost(result));
  good(cudaEventDestroy(event));
  good(cudaStreamDestroy(copies));
  good(cudaStreamDestroy(work));
  return found;
}

static void test_streams(void **) {
  const umbra_emu_queue queues[] = {UMBRA_EMU_EAGER, UMBRA_EMU_DEFERRED, UMBRA_EMU_COPIES_FIRST};
  for (umbra_emu_queue queue : queues) {
    umbra_emu_set_queue(queue);
    assert_int_equal(overtake({true, true}), 9);
  }
  umbra_emu_set_queue(UMBRA_EMU_DEFERRED);
  assert_int_equal(overtake({true, false}), 3); /* the copy is late */
  umbra_emu_set_queue(UMBRA_EMU_COPIES_FIRST);
  assert_int_equal(overtake({false, true}), 10); /* the copy is early */
}

/* What is behind a wait stays there, even while the wait is what the host waits for. */
static void test_waiting_stream(void **) {
  cudaStream_t work, copies;
  cudaEvent_t event;
  uint32_t *word = allocate<uint32_t>(1), *seven;
  good(cudaStreamCreateWithFlags(&work, cudaStreamNonBlocking));
  good(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking));
  good(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  good(cudaMallocHost(&seven, 4));
  *seven = 7;
  umbra_emu_set_queue(UMBRA_EMU_COPIES_FIRST);
  for (int i = 0; i < 2; i++) good(launch(work, 1, 1, 0, add, word, 1));
  good(cudaEventRecord(event, work));
  good(cudaStreamWaitEvent(copies, event));
  good(cudaMemcpyAsync(word, seven, 4, cudaMemcpyHostToDevice, copies));
  good(cudaStreamSynchronize(copies));
  good(cudaFreeHost(seven));
  good(cudaEventDestroy(event));
  good(cudaStreamDestroy(copies));
  good(cudaStreamDestroy(work));
  assert_int_equal(take(word, 1)[0], 7);
}

/* Copies count that run beside another stream's kernels, joined later or never; not what is joined first. */
static void test_overlaps(void **) {
  cudaStream_t work, copies;
  cudaEvent_t event;
  uint32_t *words = allocate<uint32_t>(2), *pinned;
  good(cudaStreamCreateWithFlags(&work, cudaStreamNonBlocking));
  good(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking));
  good(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  good(cudaMallocHost(&pinned, 4));
  const uint64_t before = umbra_emu_counted(UMBRA_EMU_OVERLAPS);
  good(cudaMemcpyAsync(words, pinned, 4, cudaMemcpyHostToDevice, work));
  good(launch(work, 1, 1, 0, add, words, 1));
  good(cudaMemcpyAsync(words + 1, pinned, 4, cudaMemcpyHostToDevice, copies));
  good(cudaEventRecord(event, copies));
  good(cudaStreamWaitEvent(work, event));
  good(launch(work, 1, 1, 0, add, words, 1));
  assert_int_equal(umbra_emu_counted(UMBRA_EMU_OVERLAPS), before);
  for (int i = 0; i < 2; i++) good(cudaMemcpyAsync(words + 1, pinned, 4, cudaMemcpyHostToDevice, copies));
  for (int i = 0; i < 2; i++) good(launch(work, 1, 1, 0, add, words, 1));
  assert_int_equal(umbra_emu_counted(UMBRA_EMU_OVERLAPS), before + 2);
  good(cudaEventDestroy(event));
  good(cudaStreamDestroy(copies));
  good(cudaStreamDestroy(work));
  good(cudaFreeHost(pinned));
  good(cudaFree(words));
}

/* Memory of a pool is there from its place in the queue on: what another stream writes before is lost. */
static void test_early_use(void **) {
  cudaStream_t work, copies;
  uint32_t *word, *pinned;
  good(cudaStreamCreateWithFlags(&work, cudaStreamNonBlocking));
  good(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking));
  good(cudaMallocHost(&pinned, 4));
  *pinned = 7;
  umbra_emu_set_queue(UMBRA_EMU_COPIES_FIRST);
  good(cudaMallocAsync(&word, 4, work));
  good(cudaMemcpyAsync(word, pinned, 4, cudaMemcpyHostToDevice, copies));
  good(cudaMemcpyAsync(pinned, word, 4, cudaMemcpyDeviceToHost, work));
  good(cudaStreamSynchronize(work));
  assert_true(*pinned != 7);
  good(cudaFreeAsync(word, work));
  good(cudaFreeHost(pinned));
  good(cudaStreamDestroy(copies));
  good(cudaStreamDestroy(work));
}

static void test_events(void **) {
  cudaEvent_t start, end;
  good(cudaEventCreate(&start));
  good(cudaEventCreate(&end));
  good(cudaEventQuery(start));
  good(cudaEventRecord(start));
  good(launch(nullptr, 10, 100, 0, nothing, 0));
  good(cudaEventRecord(end));
  good(cudaEventSynchronize(end));
  float milliseconds = -1;
  good(cudaEventElapsedTime(&milliseconds, start, end));
  assert_true(milliseconds >= 0);
  good(cudaEventDestroy(start));
  good(cudaEventDestroy(end));
}

/* ---- devices ---- */

/* The driver's functions, as the runtime finds them. */
template <class F>
static F driver(const char *name) {
  void *function;
  cudaDriverEntryPointQueryResult found;
  good(cudaGetDriverEntryPointByVersion(name, &function, 12000, cudaEnableDefault, &found));
  assert_int_equal(found, function ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound);
  return reinterpret_cast<F>(function);
}

static int device_now(void) {
  int device;
  good(cudaGetDevice(&device));
  return device;
}

/* Contexts are pushed over what the runtime was told, and only what needs one makes one. Runs in a thread of its own. */
static void contexts(void) {
  const auto retain = driver<int (*)(CUcontext *, int)>("cuDevicePrimaryCtxRetain");
  const auto push = driver<int (*)(CUcontext)>("cuCtxPushCurrent");
  const auto pop = driver<int (*)(CUcontext *)>("cuCtxPopCurrent");
  assert_null(driver<void *>("cuNoSuchFunction"));
  CUcontext context, popped;
  void *memory;
  assert_int_equal(pop(&popped), 201);
  assert_int_equal(retain(&context, 3), 101);
  good(cudaInitDevice(2, 0, 0));
  assert_int_equal(retain(&context, 2), 0);
  assert_int_equal(push(context), 0);
  assert_int_equal(device_now(), 2);
  good(cudaMalloc(&memory, 10));
  assert_int_equal(pop(&popped), 0);
  assert_ptr_equal(popped, context);
  assert_int_equal(device_now(), 0);
  assert_false(umbra_emu_context_is_active(1));
  good(cudaSetDevice(1));
  assert_true(umbra_emu_context_is_active(1));
  assert_int_equal(push(context), 0);
  assert_int_equal(pop(&popped), 0);
  assert_int_equal(device_now(), 1);
  assert_int_equal(cudaSetDevice(3), cudaErrorInvalidDevice);
  good(cudaFree(memory));
}

/* Each device has its own streams and memory. */
static void separate(void) {
  cudaStream_t stream;
  uint32_t *word = allocate<uint32_t>(1), *other;
  good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  good(cudaSetDevice(1));
  other = allocate<uint32_t>(1);
  assert_int_equal(launch(stream, 1, 1, 0, add, word, 1), cudaErrorInvalidResourceHandle);
  assert_int_equal(cudaMemcpyAsync(other, word, 4, cudaMemcpyDeviceToDevice), cudaErrorInvalidValue);
  assert_int_equal(cudaMemsetAsync(other, 0, 4, stream), cudaErrorInvalidValue);
  good(launch(nullptr, 1, 1, 0, add, other, 3));
  good(cudaSetDevice(0));
  good(launch(stream, 1, 1, 0, add, word, 2));
  good(cudaStreamDestroy(stream));
  umbra_emu_fail(UMBRA_EMU_FAIL_LATER, 1);
  good(launch(nullptr, 1, 1, 0, nothing, 0));
  assert_int_equal(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  good(cudaSetDevice(1));
  good(cudaDeviceSynchronize()); /* the other one still works */
  assert_int_equal(take(other, 1)[0], 3);
  umbra_emu_fail(UMBRA_EMU_FAIL_LATER, 0);
  good(cudaSetDevice(0));
  assert_int_equal(take(word, 1)[0], 2);
}

/* A kernel that touches memory of another device ends the process. */
static void reach_across(void) {
  uint32_t *word = allocate<uint32_t>(1);
  good(cudaSetDevice(1));
  umbra_emu_set_order(UMBRA_EMU_FORWARD, 0);
  fflush(NULL);
  const pid_t child = fork();
  if (!child) {
    (void)launch(nullptr, 1, 1, 0, add, word, 1);
    _exit(0);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) || WEXITSTATUS(status));
  good(cudaFree(word));
}

static void test_devices(void **) {
  umbra_emu_set_devices(3);
  for (void (*part)(void) : {contexts, separate, reach_across}) std::thread(part).join();
  umbra_emu_set_devices(1);
}

/* What captures of others mean to a thread depends on both modes; a relaxed thread spoils none. */
static void test_capture_modes(void **) {
  cudaStream_t stream;
  cudaGraph_t graph;
  good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  const auto global = cudaStreamCaptureModeGlobal, local = cudaStreamCaptureModeThreadLocal,
             relaxed = cudaStreamCaptureModeRelaxed;
  const struct {
    cudaStreamCaptureMode capture, thread;
    bool allowed;
  } cases[] = {{global, global, false},
               {global, local, true},
               {global, relaxed, true},
               {local, global, true},
               {relaxed, global, true}};
  for (const auto &c : cases) {
    good(cudaStreamBeginCapture(stream, c.capture));
    cudaError_t error = cudaSuccess;
    std::thread([&] {
      cudaStreamCaptureMode mode = c.thread;
      void *memory;
      good(cudaThreadExchangeStreamCaptureMode(&mode));
      assert_int_equal(mode, global);
      error = cudaMalloc(&memory, 10);
      if (!error) good(cudaFree(memory));
    }).join();
    assert_int_equal(error, c.allowed ? cudaSuccess : cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaStreamEndCapture(stream, &graph), c.allowed ? cudaSuccess : cudaErrorStreamCaptureInvalidated);
    if (c.allowed) good(cudaGraphDestroy(graph));
  }
  good(cudaStreamDestroy(stream));
}

/* ---- kernels that are only counted ---- */

static std::string read_back(FILE *file) {
  std::string text(1000, 0);
  rewind(file);
  text.resize(fread(&text[0], 1, text.size(), file));
  fclose(file);
  return text;
}

static uint64_t launches_of(const char *name) {
  umbra_emu_kernel_stats stats[20];
  const size_t count = umbra_emu_stats(stats, 20);
  for (size_t i = 0; i < count && i < 20; i++) {
    if (!strcmp(stats[i].name, name)) return stats[i].launches;
  }
  return 0;
}

/* The bytes of a pointer as a trace has them. */
static std::string written(const void *pointer) {
  std::string text;
  umbra_emu_append(&text, &pointer, sizeof pointer);
  return text;
}

/* A graph of two blocks of `add`, replayed twice while it is traced and once more. */
static void replay_traced(uint32_t *word, FILE *file) {
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  umbra_emu_set_trace(file);
  good(launch(stream, dim3(1, 2), 32, 64, add, word, 0x1234));
  good(cudaStreamEndCapture(stream, &graph));
  good(cudaGraphInstantiate(&exec, graph, 0));
  for (int i = 0; i < 2; i++) good(cudaGraphLaunch(exec, stream));
  umbra_emu_set_trace(nullptr);
  good(cudaGraphLaunch(exec, stream));
  good(cudaGraphExecDestroy(exec));
  good(cudaGraphDestroy(graph));
  good(cudaStreamDestroy(stream));
}

/* Dry, the word stays as it is; launched or replayed, the kernel is counted and written down with its arguments. */
static void test_dry(void **) {
  FILE *file = tmpfile();
  uint32_t *word = allocate<uint32_t>(1);
  const uint64_t before = launches_of("add");
  assert_non_null(file);
  umbra_emu_set_dry(1);
  good(launch(nullptr, 1, 1, 0, add, word, 7));
  replay_traced(word, file);
  assert_int_equal(launches_of("add") - before, 4);
  umbra_emu_set_dry(0);
  umbra_emu_set_trace(file);
  const std::string line = "add\t1,2,1\t32,1,1\t64\t" + written(word) + " 34120000\n";
  umbra_emu_set_trace(nullptr);
  assert_string_equal(read_back(file).c_str(), (line + line).c_str());
  good(launch(nullptr, 1, 1, 0, add, word, 1));
  assert_int_equal(take(word, 1)[0], 1);
}

/* ---- failures ---- */

static void test_failures(void **) {
  void *memory;
  umbra_emu_fail(UMBRA_EMU_FAIL_ALLOC, 2);
  good(cudaMalloc(&memory, 10));
  good(cudaFree(memory));
  assert_false(umbra_emu_failed(UMBRA_EMU_FAIL_ALLOC));
  assert_int_equal(cudaMalloc(&memory, 10), cudaErrorMemoryAllocation);
  assert_null(memory);
  assert_true(umbra_emu_failed(UMBRA_EMU_FAIL_ALLOC));
  good(cudaMalloc(&memory, 10));
  good(cudaFree(memory));

  umbra_emu_fail(UMBRA_EMU_FAIL_LAUNCH, 1);
  for (int i = 0; i < 2; i++) assert_int_equal(launch(nullptr, 1, 1, 0, nothing, 0), cudaErrorLaunchOutOfResources);
  good(launch(nullptr, 1, 1, 0, nothing, 0));

  umbra_emu_fail(UMBRA_EMU_FAIL_CALL, 1);
  assert_int_equal(cudaDeviceSynchronize(), cudaErrorUnknown);
  assert_string_equal(cudaGetErrorName(cudaGetLastError()), "cudaErrorUnknown");

  umbra_emu_fail(UMBRA_EMU_FAIL_LATER, 1);
  good(launch(nullptr, 1, 1, 0, nothing, 0));
  assert_int_equal(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  assert_int_equal(cudaMalloc(&memory, 10), cudaErrorIllegalAddress);
  umbra_emu_fail(UMBRA_EMU_FAIL_LATER, 0);
  good(cudaDeviceSynchronize());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      UNIT_TEST(test_limits),    UNIT_TEST(test_memory),          UNIT_TEST(test_pools),
      UNIT_TEST(test_capture),   UNIT_TEST(test_capture_forbids), UNIT_TEST(test_capture_modes),
      UNIT_TEST(test_deferred),  UNIT_TEST(test_streams),         UNIT_TEST(test_overlaps),
      UNIT_TEST(test_early_use), UNIT_TEST(test_waiting_stream),  UNIT_TEST(test_events),
      UNIT_TEST(test_devices),   UNIT_TEST(test_failures),        UNIT_TEST(test_dry),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
