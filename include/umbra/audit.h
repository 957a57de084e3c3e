/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audits: whether a training is the one that was asked for, found out by doing parts of it once more.
 *
 * Computing on ciphertexts gives the same bits on every machine, so whoever has the plan, the data set and the evaluation keys,
 * but no secret, can repeat any iteration from the checkpoint before it, and compare.
 *
 * The checkpoints of a training are a chain. The digest of a checkpoint stands for all of its bytes: plan, data set and owner,
 * the number of iterations done, the digests of the blocks that the last one used, the link before, and the state
 * (docs/file-format.md). Link 0 is the digest of the data set's index, with the first weights; link i is umbra_link_digest of
 * link i - 1 and the digest of the checkpoint after iteration i. So the last link stands for all iterations, in their order:
 * none of them can be changed, renumbered, replayed or left out without another last link.
 *
 * Whoever trains keeps every `keep`-th checkpoint (umbra_trainer_desc) and a log of digest and link of every iteration
 * (umbra_train_event), and hands over the last link *before* anybody chooses what is audited. The iterations from one kept
 * checkpoint to the next are a segment. The first and the last segment are always repeated, of the others some that are drawn
 * then, or all. A single forged iteration among `others` segments, of which `drawn` are repeated, is found with a probability
 * of drawn / others.
 */
#ifndef UMBRA_AUDIT_H
#define UMBRA_AUDIT_H

#include <umbra/train.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_audit umbra_audit; /* belongs to one thread at a time */

typedef struct umbra_audit_desc {
  size_t struct_size;
  const umbra_train_plan *plan;
  const umbra_context *context; /* of any device that computes residues */
  const umbra_eval_keys *keys;
  const char *data;       /* folder of the data set, as its owner has it */
  const char *checkpoint; /* the training's; those that were kept are found by its name */
  const uint8_t *digests; /* the log: UMBRA_DIGEST_BYTES for each of `count` iterations, the plan's, */
  const uint8_t *links;   /* and as many */
  const uint8_t *last;    /* the link that was handed over; UMBRA_DIGEST_BYTES */
  uint32_t count;
  uint32_t keep;          /* as it was of the training: every so many iterations one stays; 0: none */
  uint64_t memory_budget; /* for blocks that are kept in memory */
} umbra_audit_desc;
#define UMBRA_AUDIT_DESC_INIT .struct_size = sizeof(umbra_audit_desc)
UMBRA_API void umbra_audit_desc_init(umbra_audit_desc *desc, size_t size);
#define umbra_audit_desc_init(desc) umbra_audit_desc_init((desc), sizeof *(desc))

/*
 * Opens the data set, as umbra_trainer_create does, and checks the log: that each link follows from the one before, the first
 * one from the data set, and that the last one is what was handed over. No checkpoint is read. Errors: MISMATCH (the text
 * says which iteration's link does not follow), INVALID_ARGUMENT (also a log of fewer iterations than the plan's), those of
 * umbra_trainer_create.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_audit_create(umbra_audit **audit, const umbra_audit_desc *desc,
                                                         const umbra_progress *progress);
UMBRA_API void umbra_audit_destroy(umbra_audit *audit);

/* How many segments there are, and the iterations of one, counted from 1; segment: below that number. */
UMBRA_API uint32_t umbra_audit_segments(const umbra_audit *audit);
UMBRA_API void umbra_audit_segment(const umbra_audit *audit, uint32_t segment, uint32_t *first, uint32_t *last);

/*
 * chosen[s] = 1 for the first segment, the last and `drawn` others, each of these as likely as any other; 0 for the rest. There
 * are umbra_audit_segments of them. *seed decides; 0: it is drawn from the system's generator first, and the same seed gives
 * the same choice. Nobody who trains may know it before the last link is handed over. Errors: INVALID_ARGUMENT (more than
 * there are), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_audit_choose(const umbra_audit *audit, uint8_t *chosen, uint64_t *seed,
                                                         uint32_t drawn);

/* The probability with which a choice of so many finds a single forged iteration, wherever it is. */
UMBRA_API double umbra_audit_probability(const umbra_audit *audit, uint32_t drawn);

/*
 * Whether the checkpoint with which a segment begins is there, whole, and that of the chain; of the first segment there is
 * nothing to see. segment = umbra_audit_segments: the training's own, of the last iteration. Errors: those of loading (the
 * text has the path); MISMATCH (another one).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_audit_look(const umbra_audit *audit, uint32_t segment);

/*
 * Repeats a segment, after umbra_audit_look at its beginning, and compares each iteration with the log. progress: its fraction
 * is one of the whole training. Errors: those of umbra_audit_look; MISMATCH (the text names the first iteration that came
 * out differently), those of umbra_trainer_run.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_audit_run(umbra_audit *audit, uint32_t segment,
                                                      const umbra_progress *progress);

/*
 * After the last segment has been repeated: what umbra_trainer_logistic and umbra_trainer_layer make the model of, to be
 * compared with the one that was handed over. Borrowed.
 */
UMBRA_API const umbra_trainer *umbra_audit_trainer(const umbra_audit *audit);

UMBRA_END_DECLS

#endif
