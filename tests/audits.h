/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of audits: trainings that write down their chain, and files that somebody has altered. */
#ifndef UMBRA_TESTS_AUDITS_H
#define UMBRA_TESTS_AUDITS_H

#include <umbra/audit.h>

#include "container_bytes.h"
#include "train_server.h"

/* ---- a training, and what its server hands over ---- */

typedef uint8_t digest[UMBRA_DIGEST_BYTES];

typedef struct chain {
  digest *digests, *links;
  uint32_t count, keep;
} chain;

static inline void chain_open(chain *c, uint32_t count, uint32_t keep) {
  *c = (chain){calloc(count, sizeof(digest)), calloc(count, sizeof(digest)), count, keep};
  assert_true(c->digests && c->links);
}

static inline void chain_close(chain *c) {
  free(c->digests);
  free(c->links);
}

/* As umbra/audit.h says, once more. */
static inline void chain_link(chain *c, uint32_t iteration, const digest before) {
  digest both[2];
  memcpy(both[0], before, sizeof both[0]);
  memcpy(both[1], c->digests[iteration - 1], sizeof both[1]);
  crypto_generichash(c->links[iteration - 1], sizeof(digest), both[0], sizeof both, NULL, 0);
}

typedef struct observation {
  chain *chain;
  uint32_t stop;
} observation;

static inline int observe_link(void *user, const umbra_train_event *event) {
  const observation *o = user;
  assert_int_equal(event->linked, 1);
  memcpy(o->chain->digests[event->iteration - 1], event->digest, sizeof(digest));
  memcpy(o->chain->links[event->iteration - 1], event->link, sizeof(digest));
  return event->iteration == o->stop;
}

/* From the start or, if that has begun, from the checkpoint on. The trainer is to be destroyed. */
static inline umbra_trainer *train_to(const training *t, chain *c, uint32_t stop) {
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = training_desc(t);
  observation o = {c, stop};
  desc.checkpoint = t->checkpoint;
  desc.keep = c->keep;
  desc.resume = access(t->checkpoint, F_OK) == 0;
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  const uint32_t done = umbra_trainer_iterations(trainer);
  if (done) assert_true(umbra_trainer_link(trainer, c->digests[done - 1], c->links[done - 1]));
  assert_int_equal(umbra_trainer_run(trainer, observe_link, &o), stop < c->count ? UMBRA_ERROR_CANCELLED : UMBRA_OK);
  return trainer;
}

static inline void train_on(const training *t, chain *c, uint32_t stop) { umbra_trainer_destroy(train_to(t, c, stop)); }

/* ---- files ---- */

/* The checkpoint that stayed; or, as the last one and where none did, the training's own. */
static inline const char *checkpoint_of(const training *t, const chain *c, uint32_t iteration) {
  char name[64];
  snprintf(name, sizeof name, "checkpoint-%06u.umbra", iteration);
  return iteration % c->keep || iteration == c->count ? t->checkpoint : path_in(t->folder, name);
}

static inline void start_over(const training *t, const chain *c) {
  for (uint32_t i = 1; i <= c->count; i++) unlink(checkpoint_of(t, c, i));
}

/* A residue somewhere, so that the file is still whole: the lowest bit of a word, which is less than its prime then. */
static inline void alter_residue(bytes *b, uint64_t *random) {
  section found[MAX_SECTIONS];
  const int sections = find_sections(found, b->data, b->size);
  for (;;) {
    const section *s = &found[below(random, (uint32_t)sections)];
    umbra_section_head head;
    memcpy(&head, b->data + s->at, sizeof head);
    if (head.type != UMBRA_SECTION_RESIDUES) continue;
    const size_t words = s->length / 4, word = below(random, (uint32_t)words);
    uint32_t *residue = (uint32_t *)(payload(b->data, s) + 4 * word);
    if (!*residue) continue;
    --*residue;
    fix_checksums(b->data, b->size);
    return;
  }
}

static inline void alter_file(const char *path, uint64_t *random) {
  bytes b = file_bytes(path);
  alter_residue(&b, random);
  put_bytes(path, &b);
  free(b.data);
}

/* ---- audits ---- */

static inline umbra_audit_desc audit_desc(const training *t, const chain *c) {
  return (umbra_audit_desc){UMBRA_AUDIT_DESC_INIT,    .plan = t->plan,      .context = t->s.context,
                            .keys = t->s.keys,        .data = t->folder,    .checkpoint = t->checkpoint,
                            .digests = c->digests[0], .links = c->links[0], .last = c->links[c->count - 1],
                            .count = c->count,        .keep = c->keep};
}

static inline umbra_audit *open_audit(const training *t, const chain *c) {
  umbra_audit *audit = NULL;
  umbra_audit_desc desc = audit_desc(t, c);
  assert_ok(umbra_audit_create(&audit, &desc, NULL));
  return audit;
}

/*
 * All segments are repeated, from the last to the first, so that each begins with its checkpoint. differs[i]: whether iteration
 * i + 1 came out differently. Returns how many did.
 */
static inline uint32_t audit_all(const training *t, const chain *c, uint8_t *differs) {
  umbra_audit *audit = open_audit(t, c);
  uint32_t found = 0, first, last, iteration;
  memset(differs, 0, c->count);
  for (uint32_t s = umbra_audit_segments(audit); s--;) {
    if (umbra_audit_run(audit, s, NULL) == UMBRA_OK) continue;
    const char *text = strstr(umbra_last_error(), "iteration ");
    if (!text || sscanf(text, "iteration %u came out differently", &iteration) != 1) fail_msg("%s", umbra_last_error());
    umbra_audit_segment(audit, s, &first, &last);
    assert_in_range(iteration, first, last);
    differs[iteration - 1] = 1;
    found++;
  }
  umbra_audit_destroy(audit);
  return found;
}

/* One iteration is found, and no other. */
static inline void assert_only(const training *t, const chain *c, uint32_t iteration) {
  uint8_t *differs = calloc(c->count, 1);
  assert_non_null(differs);
  assert_int_equal(audit_all(t, c, differs), 1);
  if (!differs[iteration - 1]) fail_msg("iteration %u is not found", iteration);
  free(differs);
}

/* ---- what can be trained ---- */

static inline umbra_train_options audited_options(uint32_t iterations) {
  static const umbra_sigmoid_options sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT};
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.sigmoid = &sigmoid;
  options.iterations = iterations;
  options.batch = 14;
  options.rate = 0.5;
  return options;
}

#endif
