/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Features that are public: the records of a block in the clear, which become plaintexts where the first layer meets them.
 * So turning them costs an encoding and no key switch, and what they are multiplied by needs no relinearisation.
 */
#ifndef UMBRA_TRAIN_FEATURES_H
#define UMBRA_TRAIN_FEATURES_H

#include "../linalg/matrix.h"

typedef struct umbra_features {
  size_t rows, columns; /* without the bias; 0: there are none in the clear */
  double *value;        /* row by row; NULL: zeros, as on a dry device */
} umbra_features;

/* With room for values, which are zeros. */
umbra_status umbra_features_make(umbra_features *features, size_t rows, size_t columns);
void umbra_features_clear(umbra_features *features);

/*
 * *plain = the features and ones of that ciphertext of records, in both parts, turned by so many positions, at that level.
 * Slots as dense.h has them, in runs of that layout's stride.
 */
umbra_status umbra_features_encode(umbra_plaintext **plain, const umbra_context *context,
                                   const umbra_features *features, const umbra_matrix_layout *layout, size_t part,
                                   uint32_t turn, uint32_t level);

/* plain[t] = the same turned by t positions, for the first t. If it fails some may have been made. */
umbra_status umbra_features_turn(umbra_plaintext **plain, uint32_t count, const umbra_context *context,
                                 const umbra_features *features, const umbra_matrix_layout *layout, size_t part,
                                 uint32_t level);

#endif
