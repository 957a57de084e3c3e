/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Complex transforms of the encoder: the operations of ref/fft.c on every point, in the same order, and so the same bits
 * (compiled without contraction). What differs is which points are at work together: a pass does up to RADIX stages in
 * registers, and parts that fit a cache are finished before the next ones are begun, as in ntt.h. The smallest parts,
 * the tails, are squares of points, whose stages inside vectors are done on their transpose.
 */
#include "../ref/ref.h"
#include "simd.h"

enum {
  LANES = VEC_WORDS / 2,
  RADIX = VEC_LOG - 1, /* stages that one pass over memory does, at most */
  ROWS = 1 << RADIX,
  TAIL_LOG = 2 * RADIX
};

/* Of as many points as a vector has lanes: x, or the twiddles cos + i sin. */
typedef struct points {
  vecd re, im;
} points;

/* A transform at work on vectors of 2^log_m points, cut into 2^log_parts parts each, which threads share. */
typedef struct transform {
  const double *cosine, *sine;
  double *re, *im;
  uint32_t log_m, log_parts;
  uint32_t log_stride, radix; /* of a pass that mixes parts */
} transform;

UMBRA_INLINE points points_load(const double *re, const double *im, size_t at) {
  return (points){vecd_load(re + at), vecd_load(im + at)};
}

UMBRA_INLINE void points_store(const transform *t, size_t at, points x) {
  vecd_store(t->re + at, x.re);
  vecd_store(t->im + at, x.im);
}

/* x * w, x / w */
UMBRA_INLINE points times(points x, points w) {
  return (points){vecd_sub(vecd_mul(x.re, w.re), vecd_mul(x.im, w.im)),
                  vecd_add(vecd_mul(x.re, w.im), vecd_mul(x.im, w.re))};
}

UMBRA_INLINE points over(points x, points w) {
  return (points){vecd_add(vecd_mul(x.re, w.re), vecd_mul(x.im, w.im)),
                  vecd_sub(vecd_mul(x.im, w.re), vecd_mul(x.re, w.im))};
}

UMBRA_INLINE points plus(points x, points y) { return (points){vecd_add(x.re, y.re), vecd_add(x.im, y.im)}; }
UMBRA_INLINE points minus(points x, points y) { return (points){vecd_sub(x.re, y.re), vecd_sub(x.im, y.im)}; }

/* What points are multiplied by before the first stage of fft, and divided by after the last one of ifft. */
UMBRA_INLINE points twist_at(const transform *t, size_t point) {
  const size_t m = (size_t)1 << t->log_m;
  return points_load(t->cosine, t->sine, 2 * m + (point & (m - 1)));
}

/*
 * Twiddles of row i of the stage whose halves are 2^stage rows. Rows are `stride` points apart, and lanes the points from
 * `column` on; or stride is 1, lanes are of different blocks and have the same twiddle.
 */
UMBRA_INLINE points twiddle_of(const transform *t, int stage, size_t i, size_t stride, size_t column) {
  const size_t entry = (stride << stage) + i * stride + column;
  if (stride > 1) return points_load(t->cosine, t->sine, entry);
  return (points){vecd_set(t->cosine[entry]), vecd_set(t->sine[entry])};
}

/* `radix` stages, which begin with halves of one row; and those of fft, which end there. */
UMBRA_INLINE void inverse_rows(points *row, const int radix, const transform *t, size_t stride, size_t column) {
  const int rows = 1 << radix;
  UMBRA_UNROLL
  for (int stage = 0; stage < radix; stage++) {
    const int half = 1 << stage;
    UMBRA_UNROLL
    for (int low = 0; low < rows; low++) {
      if (low & half) continue;
      const points x = row[low];
      const points y = over(row[low + half], twiddle_of(t, stage, (size_t)(low & (half - 1)), stride, column));
      row[low] = plus(x, y);
      row[low + half] = minus(x, y);
    }
  }
}

UMBRA_INLINE void forward_rows(points *row, const int radix, const transform *t, size_t stride, size_t column) {
  const int rows = 1 << radix;
  UMBRA_UNROLL
  for (int stage = radix - 1; stage >= 0; stage--) {
    const int half = 1 << stage;
    UMBRA_UNROLL
    for (int low = 0; low < rows; low++) {
      if (low & half) continue;
      const points x = row[low], y = row[low + half];
      row[low] = plus(x, y);
      row[low + half] = times(minus(x, y), twiddle_of(t, stage, (size_t)(low & (half - 1)), stride, column));
    }
  }
}

UMBRA_INLINE void transpose(points *row) {
  vecd re[ROWS], im[ROWS];
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i++) re[i] = row[i].re, im[i] = row[i].im;
  vecd_transpose(re);
  vecd_transpose(im);
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i++) row[i] = (points){re[i], im[i]};
}

/* All stages within the tail at `first`. */
UMBRA_INLINE void tail(const transform *t, size_t first, const int inverse) {
  points row[ROWS];
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i++) row[i] = points_load(t->re, t->im, first + (size_t)i * LANES);
  if (!inverse) forward_rows(row, RADIX, t, LANES, 0);
  transpose(row);
  if (inverse) inverse_rows(row, RADIX, t, 1, 0);
  else forward_rows(row, RADIX, t, 1, 0);
  transpose(row);
  if (inverse) inverse_rows(row, RADIX, t, LANES, 0);
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i++) points_store(t, first + (size_t)i * LANES, row[i]);
}

/*
 * `radix` stages of columns [column, end) of blocks of 2^radix rows, counted through all blocks from `first` on;
 * outermost: the last stages of ifft, or the first ones of fft.
 */
UMBRA_INLINE void pass(const transform *t, size_t first, size_t stride, const int radix, const int inverse,
                       const int outermost, size_t column, size_t end) {
  const int rows = 1 << radix;
  for (; column < end; column += LANES) {
    const size_t in_block = column & (stride - 1), low = first + ((column - in_block) << radix) + in_block;
    points row[ROWS];
    UMBRA_UNROLL
    for (int i = 0; i < rows; i++) {
      const size_t at = low + (size_t)i * stride;
      row[i] = points_load(t->re, t->im, at);
      if (outermost && !inverse) row[i] = times(row[i], twist_at(t, at));
    }
    if (inverse) inverse_rows(row, radix, t, stride, in_block);
    else forward_rows(row, radix, t, stride, in_block);
    UMBRA_UNROLL
    for (int i = 0; i < rows; i++) {
      const size_t at = low + (size_t)i * stride;
      points_store(t, at, outermost && inverse ? over(row[i], twist_at(t, at)) : row[i]);
    }
  }
}

UMBRA_INLINE void pass_of(const transform *t, size_t first, uint32_t log_stride, uint32_t radix, const int inverse,
                          size_t column, size_t end) {
  const size_t stride = (size_t)1 << log_stride;
  const int outermost = log_stride + radix == t->log_m;
  switch (2 * radix + (uint32_t)outermost) {
    case 2: pass(t, first, stride, 1, inverse, 0, column, end); break;
    case 3: pass(t, first, stride, 1, inverse, 1, column, end); break;
    case 4: pass(t, first, stride, 2, inverse, 0, column, end); break;
    case 5: pass(t, first, stride, 2, inverse, 1, column, end); break;
    case 6: pass(t, first, stride, RADIX, inverse, 0, column, end); break; /* with three stages there, only */
    case 7: pass(t, first, stride, RADIX, inverse, 1, column, end); break;
  }
}

/* Stages of the next pass, of `rest` that are left: as even a split as possible. */
static uint32_t pass_radix(uint32_t rest) {
  const uint32_t passes = (rest + RADIX - 1) / RADIX;
  return (rest + passes - 1) / passes;
}

static void each_part(const transform *t, uint32_t team, uint32_t batch, umbra_parallel_body *body) {
  umbra_parallel(team, batch << t->log_parts, body, t);
}

/* Parts for a team of threads; each has a tail at least. */
static transform transform_set(const umbra_device *device, double *re, double *im, uint32_t log_m, uint32_t batch,
                               uint32_t team) {
  transform t = {.cosine = device->fft_cos, .sine = device->fft_sin, .re = re, .im = im, .log_m = log_m};
  while (batch << t.log_parts < team && t.log_parts < log_m - TAIL_LOG) t.log_parts++;
  return t;
}

/* A part's share of a pass over whole vectors. */
UMBRA_INLINE void mixing_part(const void *data, uint32_t part, const int inverse) {
  const transform copy = *(const transform *)data, *t = &copy;
  const uint32_t within = part & ((1u << t->log_parts) - 1);
  const size_t columns = (size_t)1 << (t->log_m - t->radix - t->log_parts);
  pass_of(t, (size_t)(part >> t->log_parts) << t->log_m, t->log_stride, t->radix, inverse, within * columns,
          (within + 1) * columns);
}

/* ---- ifft ---- */

/* After every tail come the passes over the blocks that end there. */
static void inverse_part(const void *data, uint32_t part) {
  const transform copy = *(const transform *)data, *t = &copy; /* which what is stored cannot change */
  const uint32_t log_size = t->log_m - t->log_parts;
  const size_t first = (size_t)part << log_size, size = (size_t)1 << log_size;
  for (size_t end = first + ((size_t)1 << TAIL_LOG); end <= first + size; end += (size_t)1 << TAIL_LOG) {
    tail(t, end - ((size_t)1 << TAIL_LOG), 1);
    for (uint32_t log = TAIL_LOG, radix; log < log_size; log += radix) {
      radix = pass_radix(log_size - log);
      const size_t block = (size_t)1 << (log + radix);
      if (end & (block - 1)) break;
      pass_of(t, end - block, log, radix, 1, 0, (size_t)1 << log);
    }
  }
}

static void inverse_mixing_part(const void *data, uint32_t part) { mixing_part(data, part, 1); }

void UMBRA_CPU_NAME(ifft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  if (log_m <= TAIL_LOG) {
    umbra_ref_ifft(stream, re, im, log_m, batch);
    return;
  }
  const uint32_t team = umbra_cpu_team(stream->device, batch << log_m, (size_t)batch << log_m);
  transform t = transform_set(stream->device, re, im, log_m, batch, team);
  each_part(&t, team, batch, inverse_part);
  for (t.log_stride = log_m - t.log_parts; t.log_stride < log_m; t.log_stride += t.radix) {
    t.radix = pass_radix(log_m - t.log_stride);
    each_part(&t, team, batch, inverse_mixing_part);
  }
}

/* ---- fft ---- */

/* Before the tail at every offset come the passes over the blocks that begin there. */
static void forward_part(const void *data, uint32_t part) {
  const transform copy = *(const transform *)data, *t = &copy; /* which what is stored cannot change */
  const uint32_t log_size = t->log_m - t->log_parts;
  const size_t first = (size_t)part << log_size, size = (size_t)1 << log_size;
  for (size_t offset = first; offset < first + size; offset += (size_t)1 << TAIL_LOG) {
    for (uint32_t log = log_size, radix; log > TAIL_LOG; log -= radix) {
      radix = pass_radix(log - TAIL_LOG);
      if (offset & (((size_t)1 << log) - 1)) continue;
      pass_of(t, offset, log - radix, radix, 0, 0, (size_t)1 << (log - radix));
    }
    tail(t, offset, 0);
  }
}

static void forward_mixing_part(const void *data, uint32_t part) { mixing_part(data, part, 0); }

void UMBRA_CPU_NAME(fft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  if (log_m <= TAIL_LOG) {
    umbra_ref_fft(stream, re, im, log_m, batch);
    return;
  }
  const uint32_t team = umbra_cpu_team(stream->device, batch << log_m, (size_t)batch << log_m);
  transform t = transform_set(stream->device, re, im, log_m, batch, team);
  for (uint32_t rest = t.log_parts; rest; rest -= t.radix) {
    t.radix = pass_radix(rest);
    t.log_stride = log_m - t.log_parts + rest - t.radix;
    each_part(&t, team, batch, forward_mixing_part);
  }
  each_part(&t, team, batch, forward_part);
}
