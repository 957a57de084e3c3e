/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_TRAIN_SCALING_H
#define UMBRA_TRAIN_SCALING_H

#include "../base/counted.h"
#include "records.h"

/* A row of the table. divisor 0: scaled values are 0. least and greatest: of the records that it was found from. */
typedef struct umbra_scaled_column {
  double offset, divisor, clip, least, greatest;
} umbra_scaled_column;

enum { UMBRA_SCALING_MOST_WHITENED = 1024 }; /* columns */
/* Of a scaled value before it is mixed, and of a number of the mix: their products have room in a double. */
#define UMBRA_SCALING_MOST_MIXED 1e100

struct umbra_scaling {
  umbra_counted counted;
  size_t columns;
  umbra_scaled_column *column;
  double *mix;                         /* columns x columns, nothing above the diagonal: of whitened rows; or NULL */
  umbra_class_weights weight;          /* as records have them */
  umbra_schema *schema;                /* of the records that it was made for, shared; NULL: they came from memory */
  int ranged;                          /* 0: a file of an earlier version, without least and greatest */
  int known;                           /* 0: nobody says of which records it is: the next two are missing */
  uint8_t records[UMBRA_DIGEST_BYTES]; /* the digest of the records */
  uint8_t salt[UMBRA_DIGEST_BYTES];    /* at random, so that the training's id tells nothing about them: a key, for it
                                          also decides their order (umbra_scaling_order_key) */
  int planned;                         /* it is of a plan: */
  uint8_t plan[UMBRA_DIGEST_BYTES];
};

/* A value of a column, scaled and clipped. Never NaN: offset and divisor are finite. */
double umbra_scale(double x, const umbra_scaled_column *column);

/*
 * Finds the mix of records whose columns are scaled, and mixes a scaled row. Errors: RANGE (more than
 * UMBRA_SCALING_MOST_WHITENED columns), OUT_OF_MEMORY.
 */
umbra_status umbra_scaling_whiten(umbra_scaling *scaling, const umbra_records *records);
void umbra_scaling_mix(const umbra_scaling *scaling, double *row);

/* With room for columns, which the caller fills. */
umbra_status umbra_scaling_make(umbra_scaling **scaling, size_t columns);

/*
 * The id of the training by a plan of that digest with these records: BLAKE2b-256 of the plan's and the records' digest,
 * the schema and all numbers, keyed with the salt. Of a scaling that is known. Errors: OUT_OF_MEMORY.
 */
umbra_status umbra_scaling_identify(uint8_t id[UMBRA_DIGEST_BYTES], const umbra_scaling *scaling,
                                    const uint8_t plan[UMBRA_DIGEST_BYTES]);

/* The key of the order of its records with that seed: BLAKE2b-256, keyed with the salt, too. Of a scaling that is known. */
void umbra_scaling_order_key(uint8_t key[UMBRA_DIGEST_BYTES], const umbra_scaling *scaling, uint64_t seed);

#endif
