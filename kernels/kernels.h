/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE contract between `host/` and the backends: one struct of function pointers.
 *
 * Every backend computes the same integers. An entry's comment gives its formula; all results are canonical residues
 * in [0, q), so a result is determined by its formula alone. Floating point appears only in fft and ifft, whose order
 * of operations is part of the contract, and in bulk_fft and bulk_ifft, which are held to a tolerance.
 *
 * Domains. Coefficient domain: plain residues, coefficient j at index j. Evaluation domain: Montgomery form
 * (value * 2^32 mod q) at index i of the value at psi^(2*brev(i)+1), brev reversing log2(n) bits; psi = g^((q-1)/2n)
 * with g the smallest quadratic non-residue modulo q.
 *
 * Memory. A call is about one device: the one it is given, or that of its stream. Pointers in views are to memory of that
 * device; arrays called "host" are read before the call returns. Kernels are enqueued on a stream, in order. They cannot
 * fail visibly: a device failure sticks to the device and is returned by check() and wait(). All streams of one device
 * are one queue: work is done in the order of the calls that enqueued it, whatever their streams, so memory may be handed
 * from one stream to another, and given back as soon as its last use is enqueued; only upload_ahead leaves that order.
 * Between devices there is no order but that of events (umbra_peer_entries). Unless stated otherwise dst may be
 * identical to an input, and may not overlap one in another way. Views of one call have the same primes in the same
 * order and the same number of polynomials. Data of runs, value, re and im lie at multiples of 16 bytes, and strides
 * are such, so that kernels may read as much at once; only short plaintexts of plain_products may lie at any word.
 *
 * Entries at the end may be NULL: host/ring then composes fused ones from the others, to the same integers, and fft and
 * ifft take the place of the bulk ones.
 *
 * Adding a kernel touches this file (its entry, its line in UMBRA_EACH_KERNEL, a shape if none fits), one file per
 * backend of the same stem, the tables of the CPU backends in cpu/ref/ref.c and cpu/simd/table.h, its account in
 * dry/dry.c and its count in tests/counting.h, what it means for whole polynomials in sim/sim.c (or a question in
 * host/ring; see whole.h there), its call in tests/conformance/operands.h, its formula in formulas.h and its line in
 * table.h there, its calls in tests/emu_launches.c, and what it reads and writes in scripts/gpu_model.py. Its signature
 * is that of its shape: nothing else states it but its definitions. Written by scripts, beside: the registers of CUDA
 * kernels (scripts/kernel_budget) and their instructions (scripts/gpu_sass.py).
 *
 * The version changes with every change of the structs below, or of what an entry does. Tables of other versions are
 * refused.
 */
#ifndef UMBRA_KERNELS_H
#define UMBRA_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include <umbra/status.h>

enum {
  UMBRA_KERNELS_VERSION = 6,
  UMBRA_MAX_PRIMES = 160, /* of one parameter set; 3523 bits of 28.5-bit primes are 124, and the auxiliary ones */
  UMBRA_MAX_RUNS = 4,     /* of one view */
  UMBRA_MAX_DIGITS = 32,  /* of one key-switching gadget */
  UMBRA_MIN_LOG_N = 10,
  UMBRA_MAX_LOG_N = 17,
  UMBRA_LEAST_LOG_GAP = 4, /* of plaintexts that repeat their words; see plain_products */
  UMBRA_SEED_BYTES = 32
};

/* The ring and its primes. Positions in prime[] are the positions meant everywhere below. */
typedef struct umbra_ring_desc {
  uint32_t log_n;
  uint32_t primes;
  uint32_t prime[UMBRA_MAX_PRIMES]; /* distinct, = 1 mod 2n, below 2^31 */
} umbra_ring_desc;

/* `count` limbs: limb i belongs to prime[prime + i] and starts at data + i * n. */
typedef struct umbra_run {
  uint32_t *data;
  uint16_t prime, count;
} umbra_run;

/*
 * A batch of RNS polynomials. Limbs are counted through the runs in order; a run with count 0 ends the list. Limb i of
 * run r of polynomial p starts at run[r].data + p * stride + i * n.
 */
typedef struct umbra_view {
  umbra_run run[UMBRA_MAX_RUNS];
  uint32_t polys;
  size_t stride; /* words */
} umbra_view;

typedef struct umbra_device umbra_device;         /* a backend's tables for one ring; immutable, shared by threads */
typedef struct umbra_stream umbra_stream;         /* one thread's way to enqueue work on one device; one at a time */
typedef struct umbra_graph umbra_graph;           /* recorded work that can be enqueued again */
typedef struct umbra_event umbra_event;           /* a place in a device's queue, for others to wait for */
typedef struct umbra_conversion umbra_conversion; /* a backend's constants of one base conversion; immutable */

/* What a stream begins with: the host's. Backends make it zero and leave it alone. */
typedef struct umbra_stream_head {
  void *host;
} umbra_stream_head;

/*
 * Base conversion from the primes d_0..d_{k-1} to the primes m_0..: with c_i the residue y_i moved to
 * [-(d_i-1)/2, (d_i-1)/2],
 *   v   = exact ? (sum c_i * floor(2^56 / d_i) + 2^55) >> 56 : 0
 *   out = (sum c_i * factor[m][i] - v * product[m]) mod m.
 * All arrays are host memory and copied.
 */
typedef struct umbra_conversion_desc {
  uint32_t sources, targets;
  const uint16_t *source;  /* positions of the d_i */
  const uint16_t *target;  /* positions of the m */
  const uint32_t *factor;  /* [targets][sources], plain residues modulo m */
  const uint32_t *product; /* [targets], plain residues of the product of the d_i; unused unless exact */
  int exact;
} umbra_conversion_desc;

/* How a device is opened. */
typedef struct umbra_device_options {
  uint32_t ordinal; /* which of the backend's devices */
  uint32_t threads; /* of a CPU backend; 0: umbra_parallel_default */
  int exact;        /* of a device that draws noise: it does not */
  uint64_t seed;    /* and what it draws from */
} umbra_device_options;

/* What is known of a device that is not open. */
typedef struct umbra_device_facts {
  char name[128];          /* what a person calls it ("NVIDIA H200") */
  char why_not[128];       /* why it cannot be used; "" if it can */
  uint32_t ordinal;        /* as above; of what can be used only */
  uint32_t capability[2];  /* CUDA's, major and minor; 0: no GPU */
  uint64_t memory, unused; /* bytes; 0: not known */
} umbra_device_facts;

/* A digit of a gadget: the source limbs it owns, and the conversion from them to all other limbs, in their order. */
typedef struct umbra_digit {
  uint16_t first, count;
  const umbra_conversion *conversion;
} umbra_digit;

/* One of several conversions at once: what convert is called with. */
typedef struct umbra_conversion_call {
  umbra_view dst, src;
  const umbra_conversion *conversion;
  uint32_t first;
} umbra_conversion_call;

/* A step of carry, below. */
typedef struct umbra_carriage {
  double factor;
  double variance; /* of the coefficients of the error */
  uint32_t galois; /* as in automorphism; 1 for none */
  int accumulate;
} umbra_carriage;

/*
 * Of a device that holds no residues but what they stand for (kernels/sim): an integer polynomial whatever its primes,
 * all auxiliary ones counting as 1, and ciphertexts whose secret is 0. Such a device has none of the entries that speak
 * of residues (constants by limb, inverse transforms, conversions, inner products, divisions, seeds), and host/ring calls
 * these instead. Its views begin where their first run does.
 */
typedef struct umbra_whole_kernels {
  uint32_t limbs; /* whose room a polynomial takes */

  /* dst = [a +] b * factor; a may be NULL, and is then 0. */
  void (*add_multiple)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b,
                       double factor);

  /* dst = a + value, an integer. */
  void (*add_integer)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, double value);

  /*
   * What a division, a key switch or an encryption does to a ciphertext: dst_0 = [dst_0 +] factor * src_0(X^galois) plus
   * a fresh error, with the bracketed term if accumulate is not 0; the other polynomials of dst become 0. dst may be src
   * if galois is 1.
   */
  void (*carry)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, const umbra_carriage *how);

  /* As the kernel of that name, of integers as they are: dst_{parts i + p} = sum_j w[j][i] * a_{parts j + p}. */
  void (*gemm)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const double *w, uint32_t parts);

  /* dst_0 = the root of the sum of |a_t|^2, value by value. */
  void (*size)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a);

  /* dst_0 += size_0 times a fresh error whose coefficients, one in 2^log_gap of all, have that variance. */
  void (*add_error_of)(umbra_stream *stream, const umbra_view *dst, const umbra_view *size, double variance,
                       uint32_t log_gap);

  /* dst_0 = coefficients drawn like the multiples of q by which c0 + c1 s exceeds it, for a secret of that weight. */
  void (*overflow)(umbra_stream *stream, const umbra_view *dst, uint32_t weight);
} umbra_whole_kernels;

/* ---- what a device is asked for beside kernels, by groups; every signature is written here alone ---- */

/* Devices of this backend that work here; 0 if there is no driver, or one that is too old. */
typedef uint32_t umbra_device_count_entry(void);

/*
 * Facts about device i of all that are here, whether they can be used or not; 0 if there are no more. Opens nothing, and
 * makes no context on a GPU, whose unused memory is known only while a device is open on it. Where there is none at all,
 * failure(NULL) says why.
 */
typedef int umbra_device_facts_entry(uint32_t i, umbra_device_facts *facts);

/* INVALID_ARGUMENT: not a ring of this contract, or no such device. UNSUPPORTED: no code for it in this build. */
typedef umbra_status umbra_device_open_entry(umbra_device **device, const umbra_ring_desc *ring,
                                             const umbra_device_options *options);
typedef void umbra_device_close_entry(umbra_device *device);

/* Limbs that one blocked pass should touch so that its working set stays in cache; 0: no blocking. */
typedef uint32_t umbra_block_limbs_entry(const umbra_device *device);

/*
 * What failed first, as "<kernel>: <reason>"; "" if nothing did. Valid as long as the device. A fault in a kernel is
 * seen by whatever is called next, and that is named. NULL: why this thread's last call that returned no success
 * failed, or why the count of devices was 0, if that is known.
 */
typedef const char *umbra_failure_entry(const umbra_device *device);

typedef struct umbra_device_entries {
  umbra_device_count_entry *count;
  umbra_device_facts_entry *facts;
  umbra_device_open_entry *open;
  umbra_device_close_entry *close;
  umbra_block_limbs_entry *block_limbs;
  umbra_failure_entry *failure;
} umbra_device_entries;

typedef umbra_status umbra_stream_create_entry(umbra_stream **stream, const umbra_device *device);
typedef void umbra_stream_destroy_entry(umbra_stream *stream);

/* The device's failure so far, without waiting; OK if none is known. */
typedef umbra_status umbra_check_entry(const umbra_stream *stream);

/* Waits for all work of the stream; then as check. */
typedef umbra_status umbra_wait_entry(umbra_stream *stream);

typedef struct umbra_stream_entries {
  umbra_stream_create_entry *create;
  umbra_stream_destroy_entry *destroy;
  umbra_check_entry *check;
  umbra_wait_entry *wait;
} umbra_stream_entries;

/* Memory of the device: aligned to 64 bytes at least, contents undefined. */
typedef umbra_status umbra_alloc_entry(const umbra_device *device, void **memory, size_t bytes);
typedef void umbra_release_entry(const umbra_device *device, void *memory, size_t bytes);

/*
 * host_src is read before the call returns; host_dst is written when wait() has returned. Copies in between are wiped
 * but for upload_public: that is for what anybody may see.
 */
typedef void umbra_upload_entry(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes);
typedef void umbra_download_entry(umbra_stream *stream, void *host_dst, const void *device_src, size_t bytes);

/*
 * An upload beside work, from memory of host_alloc, which keeps its contents until it is released. The copy begins
 * when the work enqueued before the call has ended. Work enqueued after join_upload of the number returned, which is
 * never 0, sees it; until then nobody may use device_dst or release it. Neither call is part of a recording.
 */
typedef uint64_t umbra_upload_ahead_entry(const umbra_device *device, void *device_dst, const void *host_src,
                                          size_t bytes);
typedef void umbra_join_upload_entry(const umbra_device *device, uint64_t upload);

typedef struct umbra_memory_entries {
  umbra_alloc_entry *alloc;
  umbra_release_entry *release;
  umbra_upload_entry *upload, *upload_public;
  umbra_download_entry *download;

  /*
   * Page-locked memory, aligned as that of alloc, contents undefined; OUT_OF_MEMORY where the system gives no more.
   * Releasing waits for uploads from it, and wipes it. NULL, as the next two entries: on devices in host memory.
   */
  umbra_alloc_entry *host_alloc;
  umbra_release_entry *host_release;
  umbra_upload_ahead_entry *upload_ahead;
  umbra_join_upload_entry *join_upload;
} umbra_memory_entries;

/*
 * Records what is enqueued on the stream from begin to end, instead of doing it; the graph does it when it is replayed,
 * as often as asked, on the same memory. Between the two neither memory, wait, lap nor peers may be called with that
 * stream. All NULL where there is nothing to gain (CPU backends).
 */
typedef umbra_status umbra_record_entry(umbra_stream *stream);
typedef umbra_status umbra_record_end_entry(umbra_stream *stream, umbra_graph **graph);
typedef void umbra_replay_entry(umbra_stream *stream, const umbra_graph *graph);
typedef void umbra_graph_destroy_entry(umbra_graph *graph);

typedef struct umbra_record_entries {
  umbra_record_entry *begin;
  umbra_record_end_entry *end;
  umbra_replay_entry *replay;
  umbra_graph_destroy_entry *destroy;
} umbra_record_entries;

/*
 * Seconds of device time between the place of the last call in the queue and that of this one; waits. The first call
 * returns 0. NULL: the process's clock will do.
 */
typedef double umbra_lap_entry(umbra_stream *stream);

/*
 * A place in the queue, for `between`: a number, which is never 0; 0 if there is none to be had, or the stream records.
 * The stream keeps it until it is asked about. NULL, as the next one: the process's clock will do.
 */
typedef uint64_t umbra_mark_entry(umbra_stream *stream);

/* Seconds of device time between two places of the stream; 0 unless it has been waited for. Both are forgotten. */
typedef double umbra_between_entry(umbra_stream *stream, uint64_t first, uint64_t last);

/*
 * What the thread does from name_begin to name_end has that name for the tools of the device's maker, which watch if
 * `watched` is not 0. Nests. NULL, all three: there are no such tools.
 */
typedef int umbra_watched_entry(void);
typedef void umbra_name_begin_entry(const char *name);
typedef void umbra_name_end_entry(void);

typedef struct umbra_trace_entries {
  umbra_lap_entry *lap;
  umbra_mark_entry *mark;
  umbra_between_entry *between;
  umbra_watched_entry *watched;
  umbra_name_begin_entry *name_begin;
  umbra_name_end_entry *name_end;
} umbra_trace_entries;

/*
 * Several devices of one backend. Each has a queue of its own, and nothing orders them but events: what is enqueued on a
 * stream after `await` begins when the work is done that its device had to do at the last `signal` of the event, if
 * there was one; the caller sees to it that `signal` has returned before. An event belongs to the device that signals
 * it, and may be destroyed while it is awaited. A failure stays with its device: who awaits one that failed is not kept
 * waiting, and has to ask that one. All NULL: not supported.
 */
typedef umbra_status umbra_event_create_entry(umbra_event **event, const umbra_device *device);
typedef void umbra_event_destroy_entry(umbra_event *event);
typedef void umbra_signal_entry(umbra_stream *stream, umbra_event *event);
typedef void umbra_await_entry(umbra_stream *stream, const umbra_event *event);

/*
 * A copy from memory of another device, `from`, or the stream's own: work of the stream, which neither waits for what
 * `from` does nor holds it up. So whoever wrote src is awaited first, and src is changed or released only by work that
 * awaits the copy. The ranges may not overlap.
 */
typedef void umbra_peer_copy_entry(umbra_stream *stream, void *dst, const umbra_device *from, const void *src,
                                   size_t bytes);

typedef struct umbra_peer_entries {
  umbra_event_create_entry *event_create;
  umbra_event_destroy_entry *event_destroy;
  umbra_signal_entry *signal;
  umbra_await_entry *await;
  umbra_peer_copy_entry *copy;
} umbra_peer_entries;

/* ---- shapes of kernels; what each of them computes is said at its entry ---- */

typedef void umbra_in_place_kernel(umbra_stream *stream, const umbra_view *dst);
typedef void umbra_unary_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *a);
typedef void umbra_binary_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);
typedef void umbra_constant_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c);
typedef void umbra_tensor_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b,
                                 int accumulate);
typedef void umbra_automorphism_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                                       uint32_t galois);
typedef umbra_status umbra_conversion_create_entry(umbra_conversion **conversion, const umbra_device *device,
                                                   const umbra_conversion_desc *desc);
typedef void umbra_conversion_destroy_entry(umbra_conversion *conversion);
typedef void umbra_convert_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                                  const umbra_conversion *conversion, uint32_t first);
typedef void umbra_conversions_kernel(umbra_stream *stream, const umbra_conversion_call *call, uint32_t calls);
typedef void umbra_inner_product_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit,
                                        uint32_t digits, const umbra_view *key, const umbra_view *init,
                                        const uint32_t *c, uint32_t galois);
typedef void umbra_inner_products_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit,
                                         uint32_t digits, const umbra_view *key, const umbra_view *init,
                                         const uint32_t *c, const uint32_t *galois, uint32_t rotations);
typedef void umbra_plain_products_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *plain,
                                         const umbra_view *a, uint32_t terms, uint32_t log_gap);
typedef void umbra_gemm_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *w,
                               uint32_t parts);
typedef void umbra_close_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                                const umbra_view *z, const uint32_t *b);
typedef void umbra_extend_digits_kernel(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                                        const umbra_digit *digit);
typedef void umbra_expand_kernel(umbra_stream *stream, const umbra_view *dst, const uint8_t seed[UMBRA_SEED_BYTES],
                                 uint64_t first);
typedef void umbra_from_i64_kernel(umbra_stream *stream, const umbra_view *dst, const int64_t *value, uint32_t shift);
typedef void umbra_complex_kernel(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);

typedef struct umbra_kernels {
  uint32_t version; /* UMBRA_KERNELS_VERSION of the contract that the backend was compiled with */
  const char *name; /* "ref", "avx2", "avx512", "cuda", ... */
  /*
   * Whether device memory is the process's own: may be read and written once what was enqueued is done, which it is when
   * the call returns, and shared by devices.
   */
  int host_memory;

  umbra_device_entries device;
  umbra_stream_entries stream;
  umbra_memory_entries memory;
  umbra_record_entries record;
  umbra_trace_entries trace;
  umbra_peer_entries peer;

  umbra_conversion_create_entry *conversion_create;
  umbra_conversion_destroy_entry *conversion_destroy;

  /* ---- element by element; in either domain unless said otherwise ---- */

  umbra_unary_kernel *copy;    /* dst = a */
  umbra_in_place_kernel *zero; /* dst = 0 */

  /* dst = a + b, a - b, -a mod q */
  umbra_binary_kernel *add, *sub;
  umbra_unary_kernel *negate;

  /* dst = a * b * R^-1 mod q, the product in the evaluation domain. b may have one polynomial, used for all of a. */
  umbra_binary_kernel *mul;

  /* dst = dst + a * b * R^-1 mod q; b as in mul. */
  umbra_binary_kernel *mul_add;

  /* dst = a * c mod q; c: host, one plain canonical residue per limb. */
  umbra_constant_kernel *mul_const;

  /* dst = dst + a * c mod q; c as in mul_const. */
  umbra_constant_kernel *add_multiple;

  /* dst = a + c mod q on every element; c: host, one canonical residue per limb, already in the form of a. */
  umbra_constant_kernel *add_const;

  /*
   * Tensor product of ciphertexts, evaluation domain: a and b have 2 polynomials, dst 3 (and dst may be neither):
   *   dst_0 = [dst_0 +] a_0 b_0,  dst_1 = [dst_1 +] a_0 b_1 + a_1 b_0,  dst_2 = [dst_2 +] a_1 b_1   (times R^-1 mod q)
   * with the bracketed terms if accumulate is not 0.
   */
  umbra_tensor_kernel *tensor;

  /* ---- transforms ---- */

  /* Coefficient to evaluation domain. */
  umbra_in_place_kernel *ntt_forward;

  /* dst = coefficients of a times c mod q, evaluation to coefficient domain; c: host, one plain residue per limb. */
  umbra_constant_kernel *ntt_inverse;

  /*
   * dst(X) = src(X^galois), galois odd and below 2n, in the evaluation domain; dst may not be src:
   * dst[i] = src[brev(((galois * (2 brev(i) + 1) mod 2n) - 1) / 2)].
   */
  umbra_automorphism_kernel *automorphism;

  /* ---- base conversion and key switching ---- */

  /*
   * The conversion's formula on every coefficient (coefficient domain). src: all limbs of the conversion's sources in
   * its order. dst: targets [first, first + limbs of dst) of the conversion, in its order; dst may not be src.
   */
  umbra_convert_kernel *convert;

  /*
   * Gadget inner product, evaluation domain, dst with 2 polynomials and no input of the call:
   *   dst_p = (init_p * c + sum_{j < digits} digit[j] * key_{2j+p} * R^-1)(X^galois)   mod q
   * digit: host array of views with one polynomial each and the limbs of dst; key: 2 * digits polynomials;
   * init: NULL, or a view of 1 (init_1 = 0) or 2 polynomials over the limbs of dst that are first in it, as many as
   * init has (no init term on the limbs after them), with c: host, one plain residue per limb of init.
   * galois: as in automorphism; 1 for none.
   */
  umbra_inner_product_kernel *inner_product;

  /*
   * Sums of products with plaintexts, evaluation domain, dst no input of the call:
   *   dst_{2g+p}[i] = sum_{b < terms} plain_{g * terms + b}[i >> log_gap] * a_{2b+p}[i] * R^-1   mod q,
   * g < polys of dst / 2. log_gap: 0, or UMBRA_LEAST_LOG_GAP to log_n - 1: then limbs of plain have n >> log_gap words
   * and follow each other at that distance. So are polynomials in X^(2^log_gap) stored, which repeat each word.
   */
  umbra_plain_products_kernel *plain_products;

  /*
   * Product of a matrix of integers and a column of polynomials, or of ciphertexts of `parts` polynomials each, in either
   * domain, dst no input of the call:
   *   dst_{parts i + p}[k] = sum_{j < columns} w[limb][j][i] * a_{parts j + p}[k] * R^-1   mod q,
   * i < rows = polys of dst / parts, columns = polys of a / parts > 0, p < parts. w: device memory, [limbs][columns][rows],
   * canonical residues; those of integers times R make it the product with the integers. Residues by limb serve integers
   * of any size: one signed word for all limbs would save memory, not a single operation.
   */
  umbra_gemm_kernel *gemm;

  /*
   * Closing step of an exact division: dst = x * a - z * b mod q; a, b: host, one plain residue per limb.
   * x may be NULL, and is then 0. dst may be z or x.
   */
  umbra_close_kernel *divide_close;

  /* ---- sources of residues ---- */

  /*
   * Uniform residues from a seed. Residue (position p of the prime, index i) of polynomial k is the first accepted of
   * the words w_0, w_1, ...: w_a is word i mod 16 of the ChaCha20 block (key = seed, 64-bit block counter
   * p * 2^32 + a * (n / 16) + i / 16, 64-bit nonce = first + k, D. J. Bernstein's original layout, words
   * little-endian), accepted if below floor(2^32 / q) * q, and reduced modulo q.
   */
  umbra_expand_kernel *expand;

  /*
   * dst = residues of value[p * n + j] * 2^shift (coefficient domain); value: device memory, |value| < 2^62, shift <
   * 2^16.
   */
  umbra_from_i64_kernel *from_i64;

  /*
   * Complex transforms of m = 2^log_m points (log_m <= 16), binary64, one fixed order of butterflies, no contraction.
   * re, im: device memory, `batch` vectors of m points one after the other, in place.
   *   fft:  Y_k = sum_t X_t zeta^((4k+1) t), zeta = exp(i pi / 2m), X in natural order, Y at index brev(k).
   *   ifft: the inverse, times m: X_t = zeta^(-t) sum_k Y_k exp(-2 pi i k t / m), Y at index brev(k).
   * Butterflies: fft is decimation in frequency of the vector X_t * zeta^t; ifft the reverse order of the inverse
   * butterflies.
   * The exact operations are those of kernels/cpu/ref/fft.c.
   */
  umbra_complex_kernel *fft, *ifft;

  /* ---- fused: each may be NULL ---- */

  /* ntt_forward of z, in place, then divide_close: dst = x * a - z * b. */
  umbra_close_kernel *ntt_close;

  /*
   * All digits of a gadget at once: polynomial j of dst becomes, on every limb that digit j does not own, the
   * ntt_forward of the conversion of the limbs of src that it owns (coefficient domain). Limbs of dst are counted as
   * those of src, and go on after them; digit: host array, one entry per polynomial of dst.
   */
  umbra_extend_digits_kernel *extend_digits;

  /*
   * Inner products of the same digits with many keys: polynomials 2r, 2r + 1 of dst are inner_product with key[r] and
   * galois[r], r < rotations; key, galois: host arrays.
   */
  umbra_inner_products_kernel *inner_products;

  /* ---- bulk: each may be NULL ---- */

  /*
   * As fft and ifft, in any order of operations: of every vector, both parts of all elements are within 2^-40 of the
   * largest part there. Not for what a server encodes, which has the same bits everywhere.
   */
  umbra_complex_kernel *bulk_fft, *bulk_ifft;

  /*
   * from_i64, then ntt_forward: where writing residues only to read them again takes time. Not in the list below, as only
   * a processor has it: accounts, plans and GPUs know the two.
   */
  umbra_from_i64_kernel *lift;

  /*
   * convert for each of up to UMBRA_MAX_DIGITS calls, of which none writes what another reads or writes: one loop that
   * threads share. Not in the list below either.
   */
  umbra_conversions_kernel *conversions;

  /* ---- in place of residues: NULL on every device that has them ---- */

  const umbra_whole_kernels *whole;
} umbra_kernels;

/* All kernels, as X(entry, shape, with); what a backend or a test does with each of them is written once. */
#define UMBRA_EACH_KERNEL(X, with)        \
  X(copy, unary, with)                    \
  X(zero, in_place, with)                 \
  X(add, binary, with)                    \
  X(sub, binary, with)                    \
  X(negate, unary, with)                  \
  X(mul, binary, with)                    \
  X(mul_add, binary, with)                \
  X(mul_const, constant, with)            \
  X(add_multiple, constant, with)         \
  X(add_const, constant, with)            \
  X(tensor, tensor, with)                 \
  X(ntt_forward, in_place, with)          \
  X(ntt_inverse, constant, with)          \
  X(automorphism, automorphism, with)     \
  X(convert, convert, with)               \
  X(inner_product, inner_product, with)   \
  X(plain_products, plain_products, with) \
  X(gemm, gemm, with)                     \
  X(divide_close, close, with)            \
  X(expand, expand, with)                 \
  X(from_i64, from_i64, with)             \
  X(fft, complex, with)                   \
  X(ifft, complex, with)                  \
  X(ntt_close, close, with)               \
  X(extend_digits, extend_digits, with)   \
  X(inner_products, inner_products, with) \
  X(bulk_fft, complex, with)              \
  X(bulk_ifft, complex, with)

/* Declares umbra_<backend>_<entry> for each of them. */
#define UMBRA_DECLARE_KERNEL(entry, shape, backend) umbra_##shape##_kernel umbra_##backend##_##entry;
#define UMBRA_DECLARE_KERNELS(backend) UMBRA_EACH_KERNEL(UMBRA_DECLARE_KERNEL, backend)

/* Limbs of a view. */
static inline uint32_t umbra_view_limbs(const umbra_view *view) {
  uint32_t limbs = 0;
  for (int r = 0; r < UMBRA_MAX_RUNS; r++) limbs += view->run[r].count;
  return limbs;
}

/* Names of the backends of this build, fastest usable first, NULL-terminated. */
const char *const *umbra_kernels_names(void);

/*
 * The backend of that name. For NULL or "cpu": the one named in the environment variable UMBRA_BACKEND; without that,
 * or if that is "cpu" too, the fastest that this machine can run. NULL if it is unknown, of another version of this
 * contract, or this machine lacks the instructions.
 */
const umbra_kernels *umbra_kernels_get(const char *name);

/* The fastest CPU backend that this machine can run, whatever the environment says. */
const umbra_kernels *umbra_kernels_cpu(void);

/* The backend of that name, whether this machine can run it or not; NULL: this build has none of this version. */
const umbra_kernels *umbra_kernels_of_build(const char *name);

/* Why it was NULL for that name of a backend. */
const char *umbra_kernels_why_not(const char *name);

#endif
