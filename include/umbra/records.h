/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labelled records in the clear, for their owner: reading, scaling, splitting, and judging a model by them. Nothing here
 * is encrypted.
 */
#ifndef UMBRA_RECORDS_H
#define UMBRA_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include <umbra/schema.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_records umbra_records; /* immutable, shareable */

/* How to read. NULL where one is expected means the defaults: the last column is the label. */
typedef struct umbra_records_options {
  size_t struct_size;
  const char *label; /* name of its column in the header, or number from 1 or the end: -1; NULL: the schema's, or -1 */
  const char *positive; /* the label's class that becomes 1; NULL: 1, yes, true; else the larger or later of the two */
  const umbra_schema *schema; /* of the records of a training, by which these are read; NULL: it is found from these */
  const umbra_table_options *table; /* or NULL */
  umbra_label_kind labels;          /* of a schema that is given: its own */
} umbra_records_options;
#define UMBRA_RECORDS_OPTIONS_INIT .struct_size = sizeof(umbra_records_options)
UMBRA_API void umbra_records_options_init(umbra_records_options *options, size_t size);
#define umbra_records_options_init(options) umbra_records_options_init((options), sizeof *(options))

/*
 * Reads a table (umbra/table.h). Labels are two classes of any spelling, of which one becomes 1 and the other -1; with
 * `positive` it is one class against all others. With UMBRA_LABELS_CLASSES they are up to 1000 classes of any spelling,
 * which become 0, 1, ..., and with UMBRA_LABELS_VALUES numbers. A column of texts becomes categories: a feature of 0 and
 * 1 for each that at least one in a hundred records has, and one for the others together; one of yes and no, or true
 * and false, becomes one feature; one whose texts hardly come twice is left out. A number that is the name of a column
 * in the header is taken as the name. Errors: those of umbra_table_read, which name line and column (missing values,
 * and numbers with something beside them, too); INVALID_ARGUMENT (no such column, or several of that name; a label's
 * column without features); RANGE (a third class, with its line; both 0 and -1; labels of one class only; too many
 * classes); MISMATCH (not as the schema says).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_read(umbra_records **records, const char *path,
                                                         const umbra_records_options *options);

/*
 * The same from memory: rows x columns features in row order, and one label for each row; both are copied. Errors:
 * INVALID_ARGUMENT, RANGE (with row and column), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_create(umbra_records **records, const double *features,
                                                           const double *labels, size_t rows, size_t columns);

/*
 * The same of several classes, whose labels are 0 to classes - 1, of which some may be missing; or, with classes 0, of
 * values: labels are any finite numbers. With 2 classes it is umbra_records_create. Errors: so, too.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_create_classes(umbra_records **records, const double *features,
                                                                   const double *labels, size_t rows, size_t columns,
                                                                   size_t classes);

/*
 * Of each class every n-th record (the first, the (n+1)-th, ...) goes to `held`, the others to `rest`, in their order.
 * Errors: INVALID_ARGUMENT (every < 2; a class would be missing on either side; more than two classes, or values).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_split(umbra_records **rest, umbra_records **held,
                                                          const umbra_records *records, size_t every);

/*
 * Of each class a share goes to `held`, the others to `rest`, in their order: those that stand from `from` to `to` of
 * it, 0 to 1, after it has been shuffled by the seed. So 0 and 0.2 hold a fifth back, and i / k and (i + 1) / k for i =
 * 0 .. k - 1 are folds, which hold each record back once. What stands for missing values on both sides is the mean or
 * median of `rest` alone. Errors: INVALID_ARGUMENT (no such share; a class would be missing on either side),
 * OUT_OF_MEMORY. Labels that are values make no classes.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_hold(umbra_records **rest, umbra_records **held,
                                                         const umbra_records *records, double from, double to,
                                                         uint64_t seed);

/*
 * Copies whose classes weigh something: a training counts each record as if it came so often, and so do the best model and
 * the mean of losses; 1 is the mean over these records. Balanced: all classes, two or more, weigh as much together. What follows from
 * weighted records weighs the same: parts, scaled copies, and a scaling that is found from them, which gives its weights to
 * all that it scales. Errors: INVALID_ARGUMENT (weights), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_weigh(umbra_records **weighted, const umbra_records *records,
                                                          double negative, double positive);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_balance(umbra_records **balanced, const umbra_records *records);

/* The same of any number of classes up to 1000: a weight for each, from class 0 on. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_weigh_classes(umbra_records **weighted,
                                                                  const umbra_records *records, const double *weights,
                                                                  size_t classes);

UMBRA_API size_t umbra_records_rows(const umbra_records *records);
UMBRA_API size_t umbra_records_columns(const umbra_records *records);                /* features */
UMBRA_API const double *umbra_records_row(const umbra_records *records, size_t row); /* its features */
UMBRA_API double umbra_records_label(const umbra_records *records, size_t row); /* -1 or 1; a class's number; a value */
UMBRA_API size_t umbra_records_classes(const umbra_records *records);           /* 0: labels are values */
UMBRA_API double umbra_records_weight(const umbra_records *records, size_t row); /* 1, unless its class weighs more */
/* What their columns are, as long as the records live; NULL: they come from memory. */
UMBRA_API const umbra_schema *umbra_records_schema(const umbra_records *records);
UMBRA_API void umbra_records_destroy(umbra_records *records);

/* ---- scaling ---- */

typedef enum umbra_scaling_kind {
  UMBRA_SCALING_NONE = 0,
  UMBRA_SCALING_RANGE = 1,     /* to [0, 1] by the column's least and greatest value */
  UMBRA_SCALING_DEVIATION = 2, /* to mean 0 and standard deviation 1; squares are divided by rows, not rows - 1 */
  UMBRA_SCALING_CONSTANT = 3,  /* divided by one number */
  UMBRA_SCALING_MAXIMUM = 4,   /* to [-1, 1], by the column's largest absolute value: zeros stay zeros */
  /* By the median, and by the distance of the quartiles, or, if that is 0, by the deviation. */
  UMBRA_SCALING_QUARTILES = 5,
  /*
   * As DEVIATION, clipped, and then mixed so that columns are uncorrelated: by the inverse of the Cholesky factor of their
   * second moments and 0.01 of the unit matrix. Trainings take fewer iterations then. At most 1024 columns.
   */
  UMBRA_SCALING_WHITENED = 6
} umbra_scaling_kind;

typedef struct umbra_scaling umbra_scaling; /* immutable, shareable; the owner keeps it with the weights */

/*
 * What the records' columns need. argument: of UMBRA_SCALING_CONSTANT the divisor, else ignored. clip: scaled values
 * are cut off at -clip and clip; 0: they are not. A column that does not vary becomes 0, but under NONE and CONSTANT,
 * in other records too, and its weight stays 0. Quartiles are interpolated between records. Errors: INVALID_ARGUMENT,
 * RANGE (values of a column too far apart, or too close together, for a double: row, column), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_fit(umbra_scaling **scaling, const umbra_records *records,
                                                        umbra_scaling_kind kind, double argument, double clip);

/*
 * The same from limits that are known beforehand, for each column: to [-1, 1] from `least` to `greatest`, and what lies
 * beyond is cut off. Nothing of the scaling follows from the records' values. Errors: INVALID_ARGUMENT (also limits that are
 * not finite, or not in that order), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_declare(umbra_scaling **scaling, const umbra_records *records,
                                                            const double *least, const double *greatest);

/* Scaled copies of records. Errors: INVALID_ARGUMENT (other columns), RANGE (a scaled value is not finite: row, column). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_apply(const umbra_scaling *scaling, umbra_records **scaled,
                                                          const umbra_records *records);

/*
 * The same for rows without labels, as umbra_matrix_encrypt takes them: rows x columns values. scaled may be values.
 * Errors: INVALID_ARGUMENT, RANGE (then nothing is written).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_values(const umbra_scaling *scaling, double *scaled,
                                                           const double *values, size_t rows, size_t columns);

/*
 * Weights of whitened columns become, in place, those of the columns before they were mixed, which make the same scores;
 * of other scalings they are these already.
 */
UMBRA_API void umbra_scaling_unmix(const umbra_scaling *scaling, double *weights);

/* What of a column lies beyond the values that the records had from which the scaling was found. */
typedef struct umbra_scaling_excess {
  size_t struct_size;
  size_t values;          /* so many */
  size_t row;             /* of the one that is farthest out, from 0 */
  double value;           /* that one; 0 if there is none */
  double least, greatest; /* of those records; infinite: nobody knows */
} umbra_scaling_excess;
#define UMBRA_SCALING_EXCESS_INIT .struct_size = sizeof(umbra_scaling_excess)
UMBRA_API void umbra_scaling_excess_init(umbra_scaling_excess *excess, size_t size);
#define umbra_scaling_excess_init(excess) umbra_scaling_excess_init((excess), sizeof *(excess))

/*
 * Looks at a column of rows x columns values that are not scaled yet: a model knows nothing of what lies beyond, such as a
 * value in another unit. Nothing lies beyond in a column that becomes 0 whatever it has. Or takes the nearest value within
 * for each; within may be values. Errors: INVALID_ARGUMENT (other columns).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_beyond(const umbra_scaling *scaling, umbra_scaling_excess *excess,
                                                           const double *values, size_t rows, size_t columns,
                                                           size_t column);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_bring_within(const umbra_scaling *scaling, double *within,
                                                                 const double *values, size_t rows, size_t columns);

/*
 * Whether these are the records that the scaling was found from, as they were read: features, labels, and order. OK where
 * nobody knows, as of files of earlier versions. Errors: MISMATCH.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_check_records(const umbra_scaling *scaling,
                                                                  const umbra_records *records);

/*
 * A table of offset, divisor, clip, least and greatest value for each column, .csv or .npy: scaled = (x - offset) / divisor,
 * or 0 if the divisor is 0; clip 0: none. Whitened ones have the mix behind these, a row for each column. In .csv the
 * schema of the records, their digest and class weights come first, as comments, and are loaded with the scaling, from
 * delimited text of any name. Files of earlier versions have three columns. The file tells about the records and has the
 * key of their secret order, which .npy has not: it stays with their owner, and is best made with a umask of 077. Errors:
 * those of tables, FORMAT (not such a table), INVALID_ARGUMENT (a scaling that has a schema, a plan or weights, into .npy,
 * which would lose them).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_save(const umbra_scaling *scaling, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_load(umbra_scaling **scaling, const char *path);
UMBRA_API size_t umbra_scaling_columns(const umbra_scaling *scaling);

/* Of one column: scaled = (x - offset) / divisor, or 0 if the divisor is 0; cut off at -clip and clip, unless clip is 0. */
typedef struct umbra_column_scaling {
  size_t struct_size;
  double offset, divisor, clip;
} umbra_column_scaling;
#define UMBRA_COLUMN_SCALING_INIT .struct_size = sizeof(umbra_column_scaling)
UMBRA_API void umbra_column_scaling_init(umbra_column_scaling *column, size_t size);
#define umbra_column_scaling_init(column) umbra_column_scaling_init((column), sizeof *(column))

/* index: from 0. Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_column(const umbra_scaling *scaling, umbra_column_scaling *column,
                                                           size_t index);

/* What the records' columns are, as long as the scaling lives; NULL: nobody said. */
UMBRA_API const umbra_schema *umbra_scaling_schema(const umbra_scaling *scaling);
/* What records of the first two classes weigh (of two: -1 and 1); 1 and 1 without weights. Returns whether there are any. */
UMBRA_API int umbra_scaling_class_weights(const umbra_scaling *scaling, double weights[2]);
UMBRA_API void umbra_scaling_destroy(umbra_scaling *scaling);

/* ---- judging ---- */

/* What a linear model makes of records: weights for each column, then the bias. */
typedef struct umbra_judgement {
  size_t struct_size;
  double accuracy;             /* fraction of records on the right side of 0; a score of 0 is on the side of -1 */
  double auc;                  /* how often a record of class 1 scores above one of class -1; ties count half */
  double largest_score;        /* |weights . x + bias| */
  size_t positives, negatives; /* records of class 1, and of class -1 */
  size_t true_positives, true_negatives; /* of them, those on the right side */
  double majority;                       /* fraction of the larger class: the accuracy of saying it always */
  double
      loss; /* mean of log(1 + e^-(y score)), weighted as the records are: of scores that are log odds, as a model's */
} umbra_judgement;
#define UMBRA_JUDGEMENT_INIT .struct_size = sizeof(umbra_judgement)
UMBRA_API void umbra_judgement_init(umbra_judgement *judgement, size_t size);
#define umbra_judgement_init(judgement) umbra_judgement_init((judgement), sizeof *(judgement))

/*
 * Weights may be anything: a score that is not finite is on the wrong side and loses every comparison, and the largest
 * score then is infinite. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_judge(umbra_judgement *judgement, const umbra_records *records,
                                                  const double *weights);

/* The same for given scores, one for each record, above or below `threshold`. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_judge_scores(umbra_judgement *judgement, const umbra_records *records,
                                                         const double *scores, double threshold);

/*
 * The same of several classes: scores are rows x classes, and the largest one, the first of equal ones, says the class; a
 * row with scores that are not finite is of none. confusion[i * classes + k], or NULL: records of class i that are said to
 * be of class k. Errors: INVALID_ARGUMENT (also labels that are values).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_judge_classes(double *accuracy, size_t *confusion,
                                                          const umbra_records *records, const double *scores);

UMBRA_END_DECLS

#endif
