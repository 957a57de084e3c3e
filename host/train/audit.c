/* SPDX-License-Identifier: Apache-2.0 */
/* Audits repeat parts of a training with a trainer that is put to where a kept checkpoint is: see umbra/audit.h. */
#include <inttypes.h>
#include <string.h>
#include <umbra/audit.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/random.h"
#include "../base/structs.h"
#include "trainer.h"

typedef uint8_t digest[UMBRA_DIGEST_BYTES];

struct umbra_audit {
  umbra_train_plan *plan; /* a share */
  umbra_trainer *trainer;
  char checkpoint[PATH_MAX];
  uint32_t keep;
  digest *logged, *link; /* by iterations done - 1; the links are checked */
};

static uint32_t iterations_of(const umbra_audit *audit) { return audit->plan->options.iterations; }

/* ---- the log ---- */

static umbra_status check_links(const umbra_audit *audit, const umbra_audit_desc *desc) {
  const digest *links = (const digest *)desc->links;
  digest link;
  umbra_trainer_origin(audit->trainer, link);
  for (uint32_t i = 0; i < desc->count; i++) {
    umbra_link_digest(link, audit->logged[i]);
    if (memcmp(link, links[i], sizeof link) != 0)
      return umbra_fail(UMBRA_ERROR_MISMATCH,
                        "the link of iteration %" PRIu32 " does not follow from its digest and %s", i + 1,
                        i ? "the link before" : "the data set: the log is of another one, or not what was trained");
  }
  if (memcmp(link, desc->last, sizeof link) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "the log is not the one whose last link was handed over: that is another one than its last");
}

/* ---- making one ---- */

static umbra_status check_desc(const umbra_audit_desc *desc) {
  if (!desc->plan || !desc->context || !desc->keys || !desc->data || !desc->checkpoint || !desc->digests ||
      !desc->links || !desc->last)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "an audit needs a plan, a context, keys, the folder of a data set, "
                                                    "a checkpoint's path, digests, links and the last link");
  if (strlen(desc->checkpoint) >= PATH_MAX)
    return umbra_fail(UMBRA_ERROR_IO, "the checkpoint's path is longer than %d bytes", PATH_MAX);
  if (desc->count == desc->plan->options.iterations) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "a log of %" PRIu32 " iterations; the plan has %" PRIu32 ": what is audited is a whole training",
                    desc->count, desc->plan->options.iterations);
}

static umbra_status fill(umbra_audit *audit, const umbra_audit_desc *desc, const umbra_progress *progress) {
  const umbra_trainer_desc trainer = {UMBRA_TRAINER_DESC_INIT,  .plan = desc->plan,
                                      .context = desc->context, .keys = desc->keys,
                                      .data = desc->data,       .memory_budget = desc->memory_budget};
  strcpy(audit->checkpoint, desc->checkpoint);
  UMBRA_TRY(umbra_alloc(&audit->logged, desc->count, sizeof *audit->logged, "an audit"));
  memcpy(audit->logged, desc->digests, desc->count * sizeof *audit->logged);
  UMBRA_TRY(umbra_alloc(&audit->link, desc->count, sizeof *audit->link, "an audit"));
  memcpy(audit->link, desc->links, desc->count * sizeof *audit->link);
  UMBRA_TRY(umbra_trainer_create(&audit->trainer, &trainer, progress));
  return check_links(audit, desc);
}

umbra_status umbra_audit_create(umbra_audit **audit, const umbra_audit_desc *desc, const umbra_progress *progress) {
  if (!audit || !desc)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_audit_create needs an output and a description");
  umbra_audit_desc wanted = {UMBRA_AUDIT_DESC_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_audit_desc, &wanted, desc));
  UMBRA_TRY(check_desc(&wanted));
  umbra_audit *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "an audit"));
  *made = (umbra_audit){.plan = umbra_train_plan_share(wanted.plan), .keep = wanted.keep};
  umbra_status status = fill(made, &wanted, progress);
  if (status == UMBRA_OK) UMBRA_PUT(audit, audit, made);
  else umbra_audit_destroy(made);
  return status;
}

void umbra_audit_destroy(umbra_audit *audit) {
  if (!audit) return;
  umbra_trainer_destroy(audit->trainer);
  umbra_free(audit->link);
  umbra_free(audit->logged);
  umbra_train_plan_destroy(audit->plan);
  umbra_free(audit);
}

/* ---- segments ---- */

/* So many iterations are done before a segment; of the one after the last: all. */
static uint32_t done_before(const umbra_audit *audit, uint32_t segment) {
  return segment < umbra_audit_segments(audit) ? segment * audit->keep : iterations_of(audit);
}

uint32_t umbra_audit_segments(const umbra_audit *audit) {
  return audit->keep ? (uint32_t)umbra_quotient_above(iterations_of(audit), audit->keep) : 1;
}

void umbra_audit_segment(const umbra_audit *audit, uint32_t segment, uint32_t *first, uint32_t *last) {
  *first = done_before(audit, segment) + 1;
  *last = done_before(audit, segment + 1);
}

/* Beside the first and the last one. */
static uint32_t others(const umbra_audit *audit) {
  const uint32_t segments = umbra_audit_segments(audit);
  return segments > 2 ? segments - 2 : 0;
}

double umbra_audit_probability(const umbra_audit *audit, uint32_t drawn) {
  const uint32_t all = others(audit);
  return drawn < all ? (double)drawn / all : 1;
}

static umbra_status draw_seed(uint64_t *seed) {
  umbra_random random;
  UMBRA_TRY(umbra_random_open(&random));
  while (!*seed) umbra_random_bytes(&random, seed, sizeof *seed);
  umbra_random_close(&random);
  return UMBRA_OK;
}

umbra_status umbra_audit_choose(const umbra_audit *audit, uint8_t *chosen, uint64_t *seed, uint32_t drawn) {
  if (!audit || !chosen || !seed)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_audit_choose needs an audit, an output and a seed");
  const uint32_t segments = umbra_audit_segments(audit), all = others(audit);
  size_t *order;
  if (drawn > all)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "%" PRIu32 " segments are to be drawn; beside the first and the last there are %" PRIu32, drawn,
                      all);
  UMBRA_TRY(umbra_alloc(&order, all + 1, sizeof *order, "a choice of segments"));
  umbra_status status = draw_seed(seed);
  if (status == UMBRA_OK) {
    umbra_train_shuffle(order, all, *seed);
    memset(chosen, 0, segments);
    chosen[0] = chosen[segments - 1] = 1;
    for (uint32_t i = 0; i < drawn; i++) chosen[1 + order[i]] = 1;
  }
  umbra_free(order);
  return status;
}

/* ---- checkpoints ---- */

static umbra_status path_of(const umbra_audit *audit, char path[PATH_MAX], uint32_t done) {
  if (umbra_checkpoint_is_kept(audit->plan, audit->keep, done))
    return umbra_checkpoint_kept_path(path, audit->checkpoint, done);
  strcpy(path, audit->checkpoint);
  return UMBRA_OK;
}

static int agrees(const umbra_audit *audit, uint32_t iteration, const uint8_t *found) {
  return memcmp(found, audit->logged[iteration - 1], UMBRA_DIGEST_BYTES) == 0;
}

/* Whether it says that it follows from what the chain has before it. */
static int follows(const umbra_audit *audit, uint32_t done, const uint8_t *before) {
  digest link;
  umbra_trainer_origin(audit->trainer, link);
  return memcmp(done > 1 ? audit->link[done - 2] : link, before, sizeof link) == 0;
}

/* Set on success only: the one of the chain. */
static umbra_status load(umbra_checkpoint *checkpoint, const umbra_audit *audit, uint32_t done) {
  char path[PATH_MAX];
  UMBRA_TRY(path_of(audit, path, done));
  umbra_checkpoint found;
  UMBRA_TRY(umbra_trainer_load(&found, audit->trainer, path));
  if (found.linked && found.stamp.number == done && agrees(audit, done, found.digest) &&
      follows(audit, done, found.link.before)) {
    *checkpoint = found;
    return UMBRA_OK;
  }
  umbra_train_state_clear(&found.state);
  return umbra_fail(UMBRA_ERROR_MISMATCH, "'%s' is not the checkpoint after iteration %" PRIu32 " of the chain", path,
                    done);
}

static umbra_status check_segment(const umbra_audit *audit, uint32_t segment, uint32_t end) {
  if (audit && segment < end) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s", audit ? "there is no such segment" : "the audit is NULL");
}

umbra_status umbra_audit_look(const umbra_audit *audit, uint32_t segment) {
  umbra_checkpoint found;
  UMBRA_TRY(check_segment(audit, segment, audit ? umbra_audit_segments(audit) + 1 : 0));
  const uint32_t done = done_before(audit, segment);
  if (!done) return UMBRA_OK;
  UMBRA_TRY(load(&found, audit, done));
  umbra_train_state_clear(&found.state);
  return UMBRA_OK;
}

/* ---- repeating ---- */

/* After the segment before this one, which came out the same, that is where the trainer is. */
static int stands_at(const umbra_audit *audit, uint32_t done) {
  digest found, link;
  return umbra_trainer_iterations(audit->trainer) == done && umbra_trainer_link(audit->trainer, found, link) &&
         agrees(audit, done, found);
}

static umbra_status begin(umbra_audit *audit, uint32_t done) {
  if (!done) return umbra_trainer_begin(audit->trainer);
  if (stands_at(audit, done)) return UMBRA_OK;
  umbra_checkpoint from;
  UMBRA_TRY(load(&from, audit, done));
  umbra_trainer_go_on(audit->trainer, &from);
  return UMBRA_OK;
}

/* Stops the trainer at the first iteration that is another one. */
static int compare(void *user, const umbra_train_event *event) {
  return !agrees(user, event->iteration, event->digest);
}

/* Also where the last iteration of all is another one, at which nothing is stopped. */
static umbra_status say_difference(const umbra_audit *audit, umbra_status status) {
  const uint32_t done = umbra_trainer_iterations(audit->trainer);
  if (!done || stands_at(audit, done)) return status;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "iteration %" PRIu32 " came out differently: the chain's state before it leads to another "
                    "checkpoint than the chain has",
                    done);
}

umbra_status umbra_audit_run(umbra_audit *audit, uint32_t segment, const umbra_progress *progress) {
  UMBRA_TRY(check_segment(audit, segment, audit ? umbra_audit_segments(audit) : 0));
  umbra_trainer_watch(audit->trainer, progress);
  UMBRA_TRY(begin(audit, done_before(audit, segment)));
  return say_difference(audit, umbra_trainer_run_to(audit->trainer, done_before(audit, segment + 1), compare, audit));
}

const umbra_trainer *umbra_audit_trainer(const umbra_audit *audit) { return audit->trainer; }
