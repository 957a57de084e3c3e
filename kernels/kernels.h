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
 * Memory. Pointers in views are device pointers of the backend that made them; arrays called "host" are read before
 * the call returns. Kernels are enqueued on a stream, in order. They cannot fail visibly: a device failure sticks to
 * the device and is returned by check() and wait(). All streams of one device are one queue: work is done in the order
 * of the calls that enqueued it, whatever their streams, so memory may be handed from one stream to another, and given
 * back as soon as its last use is enqueued; only upload_ahead leaves that order. Unless stated otherwise dst may be
 * identical to an input, and may not overlap one in another way. Views of one call have the same primes in the same
 * order and the same number of polynomials. Data of runs, value, re and im lie at multiples of 16 bytes, and strides
 * are such, so that kernels may read as much at once; only short plaintexts of plain_products may lie at any word.
 *
 * Entries at the end may be NULL: host/ring then composes fused ones from the others, to the same integers, and fft and
 * ifft take the place of the bulk ones.
 *
 * Adding a kernel: one entry here, one file per backend of the same stem, its account in dry/dry.c, what it means for
 * whole polynomials in sim/sim.c (or a question in host/ring; see whole.h there), one line in tests/conformance/table.h.
 */
#ifndef UMBRA_KERNELS_H
#define UMBRA_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include <umbra/status.h>

enum {
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
typedef struct umbra_stream umbra_stream;         /* one thread's way to enqueue work; one thread at a time */
typedef struct umbra_graph umbra_graph;           /* recorded work that can be enqueued again */
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

  /* dst_0 = coefficients drawn like the multiples of q by which c0 + c1 s exceeds it, for a secret of that weight. */
  void (*overflow)(umbra_stream *stream, const umbra_view *dst, uint32_t weight);
} umbra_whole_kernels;

typedef struct umbra_kernels {
  const char *name; /* "ref", "avx2", "avx512", "cuda", ... */
  int host_memory;  /* whether device memory is the process's own: may be read and written, and shared by devices */

  /* ---- device, streams, memory ---- */

  /* Devices of this backend that work here; 0 if there is no driver, or one that is too old. */
  uint32_t (*device_count)(void);

  /*
   * Facts about device i of all that are here, whether they can be used or not; 0 if there are no more. Opens nothing, and
   * makes no context on a GPU, whose unused memory is known only while a device is open on it. Where there is none at all,
   * failure(NULL) says why.
   */
  int (*device_facts)(uint32_t i, umbra_device_facts *facts);

  /* Limbs that one blocked pass should touch so that its working set stays in cache; 0: no blocking. */
  uint32_t (*block_limbs)(const umbra_device *device);

  /* INVALID_ARGUMENT: not a ring of this contract, or no such device. UNSUPPORTED: no code for it in this build. */
  umbra_status (*device_open)(umbra_device **device, const umbra_ring_desc *ring, const umbra_device_options *options);
  void (*device_close)(umbra_device *device);
  umbra_status (*stream_create)(umbra_stream **stream, const umbra_device *device);
  void (*stream_destroy)(umbra_stream *stream);

  /* The device's failure so far, without waiting; OK if none is known. */
  umbra_status (*check)(const umbra_stream *stream);

  /* Waits for all work of the stream; then as check. */
  umbra_status (*wait)(umbra_stream *stream);

  /*
   * Seconds of device time between the place of the last call in the queue and that of this one; waits. The first call
   * returns 0. NULL: the process's clock will do.
   */
  double (*lap)(umbra_stream *stream);

  /*
   * A place in the queue, for `between`: a number, which is never 0; 0 if there is none to be had, or the stream records.
   * The stream keeps it until it is asked about. NULL, as the next one: the process's clock will do.
   */
  uint64_t (*mark)(umbra_stream *stream);

  /* Seconds of device time between two places of the stream; 0 unless it has been waited for. Both are forgotten. */
  double (*between)(umbra_stream *stream, uint64_t first, uint64_t last);

  /*
   * What the thread does from name_begin to name_end has that name for the tools of the device's maker, which watch if
   * `watched` is not 0. Nests. NULL, all three: there are no such tools.
   */
  int (*watched)(void);
  void (*name_begin)(const char *name);
  void (*name_end)(void);

  /*
   * What failed first, as "<kernel>: <reason>"; "" if nothing did. Valid as long as the device. A fault in a kernel is
   * seen by whatever is called next, and that is named. NULL: why this thread's last call that returned no success
   * failed, or why device_count was 0, if that is known.
   */
  const char *(*failure)(const umbra_device *device);

  /* Aligned to 64 bytes at least, contents undefined. */
  umbra_status (*alloc)(const umbra_device *device, void **memory, size_t bytes);
  void (*release)(const umbra_device *device, void *memory, size_t bytes);

  /*
   * host_src is read before the call returns; host_dst is written when wait() has returned. Copies in between are wiped
   * but for upload_public: that is for what anybody may see.
   */
  void (*upload)(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes);
  void (*upload_public)(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes);
  void (*download)(umbra_stream *stream, void *host_dst, const void *device_src, size_t bytes);

  /*
   * Page-locked memory, aligned as that of alloc, contents undefined; OUT_OF_MEMORY where the system gives no more.
   * Releasing waits for uploads from it, and wipes it. NULL, as the next two entries: on devices in host memory.
   */
  umbra_status (*host_alloc)(const umbra_device *device, void **memory, size_t bytes);
  void (*host_release)(const umbra_device *device, void *memory, size_t bytes);

  /*
   * An upload beside work, from memory of host_alloc, which keeps its contents until it is released. The copy begins
   * when the work enqueued before the call has ended. Work enqueued after join_upload of the number returned, which is
   * never 0, sees it; until then nobody may use device_dst or release it. Neither call is part of a recording.
   */
  uint64_t (*upload_ahead)(const umbra_device *device, void *device_dst, const void *host_src, size_t bytes);
  void (*join_upload)(const umbra_device *device, uint64_t upload);

  /*
   * Records what is enqueued on the stream from record to record_end, instead of doing it; the graph does it when it
   * is replayed, as often as asked, on the same memory. Between the two neither alloc, release, upload, download, wait
   * nor lap may be called with that stream. All NULL where there is nothing to gain (CPU backends).
   */
  umbra_status (*record)(umbra_stream *stream);
  umbra_status (*record_end)(umbra_stream *stream, umbra_graph **graph);
  void (*replay)(umbra_stream *stream, const umbra_graph *graph);
  void (*graph_destroy)(umbra_graph *graph);

  void (*copy)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src);
  void (*zero)(umbra_stream *stream, const umbra_view *dst);

  umbra_status (*conversion_create)(umbra_conversion **conversion, const umbra_device *device,
                                    const umbra_conversion_desc *desc);
  void (*conversion_destroy)(umbra_conversion *conversion);

  /* ---- element by element; in either domain unless said otherwise ---- */

  /* dst = a + b, a - b, -a mod q */
  void (*add)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);
  void (*sub)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);
  void (*negate)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a);

  /* dst = a * b * R^-1 mod q, the product in the evaluation domain. b may have one polynomial, used for all of a. */
  void (*mul)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);

  /* dst = dst + a * b * R^-1 mod q; b as in mul. */
  void (*mul_add)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b);

  /* dst = a * c mod q; c: host, one plain canonical residue per limb. */
  void (*mul_const)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c);

  /* dst = a + c mod q on every element; c: host, one canonical residue per limb, already in the form of a. */
  void (*add_const)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c);

  /*
   * Tensor product of ciphertexts, evaluation domain: a and b have 2 polynomials, dst 3 (and dst may be neither):
   *   dst_0 = [dst_0 +] a_0 b_0,  dst_1 = [dst_1 +] a_0 b_1 + a_1 b_0,  dst_2 = [dst_2 +] a_1 b_1   (times R^-1 mod q)
   * with the bracketed terms if accumulate is not 0.
   */
  void (*tensor)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b, int accumulate);

  /* ---- transforms ---- */

  /* Coefficient to evaluation domain, in place. */
  void (*ntt_forward)(umbra_stream *stream, const umbra_view *view);

  /* dst = coefficients of src times c mod q, evaluation to coefficient domain; c: host, one plain residue per limb. */
  void (*ntt_inverse)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, const uint32_t *c);

  /*
   * dst(X) = src(X^galois), galois odd and below 2n, in the evaluation domain; dst may not be src:
   * dst[i] = src[brev(((galois * (2 brev(i) + 1) mod 2n) - 1) / 2)].
   */
  void (*automorphism)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, uint32_t galois);

  /* ---- base conversion and key switching ---- */

  /*
   * The conversion's formula on every coefficient (coefficient domain). src: all limbs of the conversion's sources in
   * its order. dst: targets [first, first + limbs of dst) of the conversion, in its order; dst may not be src.
   */
  void (*convert)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                  const umbra_conversion *conversion, uint32_t first);

  /*
   * Gadget inner product, evaluation domain, dst with 2 polynomials and no input of the call:
   *   dst_p = (init_p * c + sum_{j < digits} digit[j] * key_{2j+p} * R^-1)(X^galois)   mod q
   * digit: host array of views with one polynomial each and the limbs of dst; key: 2 * digits polynomials;
   * init: NULL, or a view of 1 (init_1 = 0) or 2 polynomials over the limbs of dst that are first in it, as many as
   * init has (no init term on the limbs after them), with c: host, one plain residue per limb of init.
   * galois: as in automorphism; 1 for none.
   */
  void (*inner_product)(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                        const umbra_view *key, const umbra_view *init, const uint32_t *c, uint32_t galois);

  /*
   * Sums of products with plaintexts, evaluation domain, dst no input of the call:
   *   dst_{2g+p}[i] = sum_{b < terms} plain_{g * terms + b}[i >> log_gap] * a_{2b+p}[i] * R^-1   mod q,
   * g < polys of dst / 2. log_gap: 0, or UMBRA_LEAST_LOG_GAP to log_n - 1: then limbs of plain have n >> log_gap words
   * and follow each other at that distance. So are polynomials in X^(2^log_gap) stored, which repeat each word.
   */
  void (*plain_products)(umbra_stream *stream, const umbra_view *dst, const umbra_view *plain, const umbra_view *a,
                         uint32_t terms, uint32_t log_gap);

  /*
   * Closing step of an exact division: dst = x * a - z * b mod q; a, b: host, one plain residue per limb.
   * x may be NULL, and is then 0. dst may be z or x.
   */
  void (*divide_close)(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                       const umbra_view *z, const uint32_t *b);

  /* ---- sources of residues ---- */

  /*
   * Uniform residues from a seed. Residue (position p of the prime, index i) of polynomial k is the first accepted of
   * the words w_0, w_1, ...: w_a is word i mod 16 of the ChaCha20 block (key = seed, 64-bit block counter
   * p * 2^32 + a * (n / 16) + i / 16, 64-bit nonce = first + k, D. J. Bernstein's original layout, words
   * little-endian), accepted if below floor(2^32 / q) * q, and reduced modulo q.
   */
  void (*expand)(umbra_stream *stream, const umbra_view *dst, const uint8_t seed[UMBRA_SEED_BYTES], uint64_t first);

  /*
   * dst = residues of value[p * n + j] * 2^shift (coefficient domain); value: device memory, |value| < 2^62, shift <
   * 2^16.
   */
  void (*from_i64)(umbra_stream *stream, const umbra_view *dst, const int64_t *value, uint32_t shift);

  /*
   * Complex transforms of m = 2^log_m points (log_m <= 16), binary64, one fixed order of butterflies, no contraction.
   * re, im: device memory, `batch` vectors of m points one after the other, in place.
   *   fft:  Y_k = sum_t X_t zeta^((4k+1) t), zeta = exp(i pi / 2m), X in natural order, Y at index brev(k).
   *   ifft: the inverse, times m: X_t = zeta^(-t) sum_k Y_k exp(-2 pi i k t / m), Y at index brev(k).
   * Butterflies: fft is decimation in frequency of the vector X_t * zeta^t; ifft the reverse order of the inverse
   * butterflies.
   * The exact operations are those of kernels/cpu/ref/fft.c.
   */
  void (*fft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);
  void (*ifft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);

  /* ---- fused: each may be NULL ---- */

  /* ntt_forward of z, in place, then divide_close: dst = x * a - z * b. */
  void (*ntt_close)(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                    const umbra_view *z, const uint32_t *b);

  /*
   * All digits of a gadget at once: polynomial j of dst becomes, on every limb that digit j does not own, the
   * ntt_forward of the conversion of the limbs of src that it owns (coefficient domain). Limbs of dst are counted as
   * those of src, and go on after them; digit: host array, one entry per polynomial of dst.
   */
  void (*extend_digits)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, const umbra_digit *digit);

  /*
   * Inner products of the same digits with many keys: polynomials 2r, 2r + 1 of dst are inner_product with key[r] and
   * galois[r], r < rotations; key, galois: host arrays.
   */
  void (*inner_products)(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                         const umbra_view *key, const umbra_view *init, const uint32_t *c, const uint32_t *galois,
                         uint32_t rotations);

  /* ---- bulk: each may be NULL ---- */

  /*
   * As fft and ifft, in any order of operations: of every vector, both parts of all elements are within 2^-40 of the
   * largest part there. Not for what a server encodes, which has the same bits everywhere.
   */
  void (*bulk_fft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);
  void (*bulk_ifft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch);

  /* ---- in place of residues: NULL on every device that has them ---- */

  const umbra_whole_kernels *whole;
} umbra_kernels;

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
 * or if that is "cpu" too, the fastest that this machine can run. NULL if it is unknown or this machine lacks the
 * instructions.
 */
const umbra_kernels *umbra_kernels_get(const char *name);

/* The backend of that name, whether this machine can run it or not; NULL: this build has none. */
const umbra_kernels *umbra_kernels_of_build(const char *name);

/* Why it was NULL for that name of a backend. */
const char *umbra_kernels_why_not(const char *name);

#endif
