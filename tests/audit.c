/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: slow UMBRA_AUDIT_ITERATIONS=1000 */
/*
 * Audits of trainings: those that are what they should be pass, and whatever is altered, forged, renumbered, replayed or left
 * out is found, where it is. UMBRA_AUDIT_ITERATIONS: of the longest training here.
 */
#include "../host/train/checkpoint.h"
#include "audits.h"

enum { SHORT = 20, KEEP = 4, ALTERATIONS = 60 };

static training t;
static chain whole; /* of a training that is what it should be, whose files are in t.folder */
static bytes model;

static int open_training(void **state) {
  (void)state;
  umbra_train_options options = audited_options(SHORT);
  options.bootstrap_result = 1;
  training_open(&t, training_params(), random_records(30, 3, 1), options, NULL);
  chain_open(&whole, SHORT, KEEP);
  umbra_trainer *trainer = train_to(&t, &whole, SHORT);
  model = model_bytes(trainer);
  umbra_trainer_destroy(trainer);
  return 0;
}

static int close_training(void **state) {
  (void)state;
  free(model.data);
  chain_close(&whole);
  training_close(&t);
  return 0;
}

/* Of another run of the same training, with a folder of its own for what it writes; data and keys are the same. */
static void open_other(training *other, chain *c) {
  *other = t;
  strcpy(other->folder, "/tmp/umbra-audit-XXXXXX");
  assert_non_null(mkdtemp(other->folder));
  snprintf(other->checkpoint, sizeof other->checkpoint, "%s/checkpoint.umbra", other->folder);
  for (uint64_t i = 0; i <= t.plan->blocks; i++) {
    char name[32] = "data.umbra";
    if (i) snprintf(name, sizeof name, "block-%06u.umbra", (unsigned)i - 1);
    copy_file(path_in(t.folder, name), path_in(other->folder, name));
  }
  chain_open(c, SHORT, KEEP);
}

static void close_other(const training *other, chain *c) {
  remove_folder(other->folder);
  chain_close(c);
}

/* ---- what should be ---- */

static void assert_follows(const chain *c, const digest first) {
  chain again = {.digests = c->digests, .count = c->count};
  again.links = calloc(c->count, sizeof(digest));
  assert_non_null(again.links);
  for (uint32_t i = 1; i <= c->count; i++) chain_link(&again, i, i > 1 ? again.links[i - 2] : first);
  assert_memory_equal(again.links, c->links, c->count * sizeof(digest));
  free(again.links);
}

/* BLAKE2b-256 of the checksums in a container, in their order. */
static void container_digest(digest out, const char *path) {
  bytes b = file_bytes(path);
  section found[MAX_SECTIONS];
  crypto_generichash_state state;
  const int sections = find_sections(found, b.data, b.size);
  crypto_generichash_init(&state, NULL, 0, sizeof(digest));
  crypto_generichash_update(&state, b.data + offsetof(umbra_header, checksum), UMBRA_CHECKSUM_BYTES);
  for (int i = 0; i < sections; i++)
    crypto_generichash_update(&state, payload(b.data, &found[i]) + found[i].length, UMBRA_CHECKSUM_BYTES);
  crypto_generichash_final(&state, out, sizeof(digest));
  free(b.data);
}

static void chains_are_what_the_header_says(void **state) {
  (void)state;
  digest first, found;
  container_digest(first, path_in(t.folder, "data.umbra"));
  assert_follows(&whole, first);
  for (uint32_t i = KEEP; i <= SHORT; i += KEEP) {
    container_digest(found, checkpoint_of(&t, &whole, i));
    assert_memory_equal(found, whole.digests[i - 1], sizeof found);
  }
  assert_int_not_equal(access(path_in(t.folder, "checkpoint-000020.umbra"), F_OK),
                       0); /* the last one is there anyway */
}

static void kept_bytes_are_told(void **state) {
  (void)state;
  uint64_t bytes_kept = 0, largest = 0;
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  for (uint32_t i = KEEP; i < SHORT; i += KEEP) {
    bytes b = file_bytes(checkpoint_of(&t, &whole, i));
    bytes_kept += b.size;
    free(b.data);
  }
  assert_ok(umbra_train_plan_report(t.plan, &report));
  for (uint32_t i = 1; i <= SHORT; i++)
    if (umbra_checkpoint_bytes(t.plan, i) > largest) largest = umbra_checkpoint_bytes(t.plan, i);
  assert_true(umbra_train_plan_kept_bytes(t.plan, KEEP) == bytes_kept && umbra_train_plan_kept_bytes(t.plan, 0) == 0);
  assert_int_equal(report.checkpoint_bytes, largest);
}

static void true_trainings_pass(void **state) {
  (void)state;
  uint8_t differs[SHORT];
  assert_int_equal(audit_all(&t, &whole, differs), 0);
  umbra_audit *audit = open_audit(&t, &whole);
  assert_int_equal(umbra_audit_segments(audit), SHORT / KEEP);
  for (uint32_t s = 0; s <= SHORT / KEEP; s++) assert_ok(umbra_audit_look(audit, s));
  for (uint32_t s = 0; s < SHORT / KEEP; s++) assert_ok(umbra_audit_run(audit, s, NULL));
  bytes again = model_bytes(umbra_audit_trainer(audit));
  assert_true(same_bytes(&again, &model));
  free(again.data);
  umbra_audit_destroy(audit);
}

/* One segment, if nothing was kept; and segments that the iterations do not fill. */
static void other_segments(void **state) {
  (void)state;
  chain c = whole;
  uint32_t first, last;
  const uint32_t keep[] = {0, 7, SHORT, SHORT + 1, 1}, segments[] = {1, 3, 1, 1, SHORT};
  for (int i = 0; i < 5; i++) {
    c.keep = keep[i];
    umbra_audit *audit = open_audit(&t, &c);
    assert_int_equal(umbra_audit_segments(audit), segments[i]);
    umbra_audit_segment(audit, segments[i] - 1, &first, &last);
    assert_int_equal(last, SHORT);
    assert_int_equal(first, keep[i] ? (segments[i] - 1) * keep[i] + 1 : 1);
    umbra_audit_destroy(audit);
  }
}

static void what_cannot_be_audited(void **state) {
  (void)state;
  umbra_audit *audit = NULL;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_audit_desc desc = audit_desc(&t, &whole);
  desc.count--;
  assert_fails(umbra_audit_create(&audit, &desc, NULL), bad, "a log of 19 iterations; the plan has 20");
  desc = audit_desc(&t, &whole);
  desc.last = NULL;
  assert_fails(umbra_audit_create(&audit, &desc, NULL), bad, "an audit needs");
  assert_null(audit);
  audit = open_audit(&t, &whole);
  assert_fails(umbra_audit_run(audit, SHORT / KEEP, NULL), bad, "no such segment");
  assert_fails(umbra_audit_look(audit, SHORT / KEEP + 1), bad, "no such segment");
  uint8_t chosen[SHORT / KEEP];
  uint64_t seed = 1;
  assert_fails(umbra_audit_choose(audit, chosen, &seed, SHORT / KEEP - 1), bad,
               "beside the first and the last there are 3");
  umbra_audit_destroy(audit);
}

/* ---- alterations ---- */

/* In any checkpoint that stayed, and the last: each is found without anything being repeated, and by who begins there. */
static void altered_residues_in_checkpoints(void **state) {
  (void)state;
  uint64_t random = 3;
  umbra_audit *audit = open_audit(&t, &whole);
  for (int i = 0; i < ALTERATIONS; i++) {
    const uint32_t s = 1 + below(&random, SHORT / KEEP);
    char path[256];
    strcpy(path, checkpoint_of(&t, &whole, s * KEEP));
    bytes good = file_bytes(path);
    alter_file(path, &random);
    for (uint32_t k = 0; k <= SHORT / KEEP; k++)
      if (k != s) assert_ok(umbra_audit_look(audit, k));
    assert_fails(umbra_audit_look(audit, s), UMBRA_ERROR_MISMATCH, path);
    if (s < SHORT / KEEP) assert_fails(umbra_audit_run(audit, s, NULL), UMBRA_ERROR_MISMATCH, "of the chain");
    put_bytes(path, &good);
    assert_ok(umbra_audit_look(audit, s));
    free(good.data);
  }
  umbra_audit_destroy(audit);
}

/* Any bit, whose checksums nobody has mended. */
static void damaged_checkpoints(void **state) {
  (void)state;
  uint64_t random = 4;
  umbra_audit *audit = open_audit(&t, &whole);
  const char *path = checkpoint_of(&t, &whole, KEEP);
  char copy[256];
  strcpy(copy, path);
  bytes good = file_bytes(copy);
  for (int i = 0; i < ALTERATIONS; i++) {
    const uint32_t bit = below(&random, (uint32_t)good.size * 8);
    good.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    put_bytes(copy, &good);
    assert_true(umbra_audit_look(audit, 1) != UMBRA_OK);
    good.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  assert_int_equal(unlink(copy), 0);
  assert_fails(umbra_audit_look(audit, 1), UMBRA_ERROR_IO, "checkpoint-000004.umbra': No such file");
  assert_fails(umbra_audit_run(audit, 1, NULL), UMBRA_ERROR_IO, "checkpoint-000004.umbra': No such file");
  assert_ok(umbra_audit_run(audit, 0, NULL));
  assert_ok(umbra_audit_run(audit, 1, NULL)); /* which begins where the one before has ended */
  put_bytes(copy, &good);
  free(good.data);
  umbra_audit_destroy(audit);
}

/* Links no longer follow, and none can be made that end in the one which was handed over. */
static void altered_logs(void **state) {
  (void)state;
  uint64_t random = 5;
  umbra_audit *audit = NULL;
  umbra_audit_desc desc = audit_desc(&t, &whole);
  digest handed_over;
  memcpy(handed_over, whole.links[SHORT - 1], sizeof handed_over);
  desc.last = handed_over;
  for (int i = 0; i < ALTERATIONS; i++) {
    char words[64];
    const uint32_t line = below(&random, SHORT), bit = below(&random, 8 * sizeof(digest));
    uint8_t *byte = &(i % 2 ? whole.digests : whole.links)[line][bit / 8];
    *byte ^= (uint8_t)(1 << bit % 8);
    snprintf(words, sizeof words, "iteration %u does not follow", line + 1);
    assert_fails(umbra_audit_create(&audit, &desc, NULL), UMBRA_ERROR_MISMATCH, words);
    *byte ^= (uint8_t)(1 << bit % 8);
  }
  handed_over[7] ^= 1;
  assert_fails(umbra_audit_create(&audit, &desc, NULL), UMBRA_ERROR_MISMATCH, "whose last link was handed over");
  assert_null(audit);
}

/* A server that trains on other data: the iteration that first used the block, or the index. */
static void altered_data(void **state) {
  (void)state;
  uint64_t random = 6;
  umbra_audit *audit = NULL;
  for (int i = 0; i < 8; i++) {
    char path[256];
    uint64_t first, count;
    const uint32_t batch = below(&random, (uint32_t)t.plan->batches);
    umbra_plan_batch_blocks(&first, &count, t.plan, batch);
    snprintf(path, sizeof path, "%s/block-%06u.umbra", t.folder, (unsigned)(first + below(&random, (uint32_t)count)));
    bytes good = file_bytes(path);
    alter_file(path, &random);
    audit = open_audit(&t, &whole);
    char words[64];
    snprintf(words, sizeof words, "iteration %u came out differently", batch + 1);
    assert_fails(umbra_audit_run(audit, 0, NULL), UMBRA_ERROR_MISMATCH, words);
    umbra_audit_destroy(audit);
    put_bytes(path, &good);
    free(good.data);
  }
  audit = NULL;
  const char *index = path_in(t.folder, "data.umbra");
  char path[256];
  strcpy(path, index);
  bytes good = file_bytes(path);
  alter_file(path, &random);
  umbra_audit_desc desc = audit_desc(&t, &whole);
  assert_fails(umbra_audit_create(&audit, &desc, NULL), UMBRA_ERROR_MISMATCH, "iteration 1 does not follow");
  put_bytes(path, &good);
  free(good.data);
}

/* ---- forgeries, by servers that keep their chain in order ---- */

/* One iteration in some segments, each by one residue; what follows is computed from there as it should be. */
static void forged_steps(void **state) {
  (void)state;
  training long_one;
  chain c;
  uint64_t random = 7;
  const uint32_t iterations = count_from_environment("UMBRA_AUDIT_ITERATIONS", 40), keep = iterations / 20 + 1;
  uint8_t *forged = calloc(iterations, 1), *differs = calloc(iterations, 1);
  uint32_t forgeries = 0;
  assert_true(forged && differs);
  training_open(&long_one, training_params(), random_records(30, 3, 1), audited_options(iterations), NULL);
  chain_open(&c, iterations, keep);
  for (uint32_t first = 1; first <= iterations; first += keep * (1 + below(&random, 3))) {
    const uint32_t left = iterations + 1 - first, j = first + below(&random, left < keep ? left : keep);
    if (j == iterations) break;
    train_on(&long_one, &c, j);
    alter_file(long_one.checkpoint, &random);
    if (j % keep == 0) copy_file(long_one.checkpoint, checkpoint_of(&long_one, &c, j));
    forged[j - 1] = 1;
    forgeries++;
  }
  train_on(&long_one, &c, iterations);
  assert_int_equal(audit_all(&long_one, &c, differs), forgeries);
  assert_memory_equal(forged, differs, iterations);
  assert_true(forgeries > 0);
  print_message("%u of %u iterations were forged, and found\n", forgeries, iterations);
  chain_close(&c);
  training_close(&long_one);
  free(forged);
  free(differs);
}

/* A checkpoint as that of iteration `number`, which follows `before`, of the blocks that belong there. */
static void renumber(const training *other, chain *c, const char *from, uint32_t number) {
  bytes b = file_bytes(from), of_number = file_bytes(checkpoint_of(&t, &whole, number));
  section found[MAX_SECTIONS], there[MAX_SECTIONS];
  umbra_train_stamp stamp;
  umbra_checkpoint_link link;
  assert_true(find_sections(found, b.data, b.size) > 2 && find_sections(there, of_number.data, of_number.size) > 2);
  memcpy(&stamp, payload(b.data, &found[0]), sizeof stamp);
  memcpy(&link, payload(of_number.data, &there[1]), sizeof link);
  stamp.number = number;
  memcpy(link.before, c->links[number - 2], sizeof link.before);
  memcpy(payload(b.data, &found[0]), &stamp, sizeof stamp);
  memcpy(payload(b.data, &found[1]), &link, sizeof link);
  fix_checksums(b.data, b.size);
  put_bytes(other->checkpoint, &b);
  if (number % KEEP == 0) put_bytes(checkpoint_of(other, c, number), &b);
  free(of_number.data);
  free(b.data);
}

/* An iteration before, kept too, after which weights are at the same level. */
static uint32_t earlier_like(uint32_t iteration) {
  for (uint32_t i = iteration - KEEP; i >= KEEP; i -= KEEP)
    if (t.plan->iteration[i - 1].level_after == t.plan->iteration[iteration - 1].level_after) return i;
  fail_msg("no iteration before %u ends at its level", iteration);
  return 0;
}

/* The state of an earlier iteration is taken for that of a later one, after which the work goes on. */
static void replayed_steps(void **state) {
  (void)state;
  training other;
  chain c;
  const uint32_t later = 16, earlier = earlier_like(later);
  open_other(&other, &c);
  train_on(&other, &c, later);
  char old[256];
  strcpy(old, checkpoint_of(&other, &c, earlier));
  renumber(&other, &c, old, later);
  train_on(&other, &c, SHORT);
  assert_only(&other, &c, later);
  close_other(&other, &c);
}

/* Iterations are left out: the state before them is renumbered, and the log made up between. */
static void renumbered_steps(void **state) {
  (void)state;
  training other;
  chain c;
  const uint32_t later = 16, earlier = earlier_like(later);
  open_other(&other, &c);
  train_on(&other, &c, earlier);
  for (uint32_t i = earlier + 1; i < later; i++) {
    memcpy(c.digests[i - 1], c.digests[earlier - 1], sizeof(digest));
    chain_link(&c, i, c.links[i - 2]);
  }
  char old[256];
  strcpy(old, checkpoint_of(&other, &c, earlier));
  for (uint32_t i = earlier + KEEP; i < later; i += KEEP) copy_file(old, checkpoint_of(&other, &c, i));
  renumber(&other, &c, old, later);
  train_on(&other, &c, SHORT);
  umbra_audit *audit = open_audit(&other, &c);
  umbra_status status = UMBRA_OK;
  for (uint32_t s = 0; status == UMBRA_OK && s < SHORT / KEEP; s++) status = umbra_audit_run(audit, s, NULL);
  assert_int_equal(status, UMBRA_ERROR_MISMATCH);
  char words[64];
  snprintf(words, sizeof words, "iteration %u came out differently", earlier + 1);
  assert_non_null(strstr(umbra_last_error(), words));
  for (uint32_t i = earlier + KEEP; i < later; i += KEEP)
    assert_fails(umbra_audit_look(audit, i / KEEP), UMBRA_ERROR_MISMATCH, "is not the checkpoint after iteration");
  umbra_audit_destroy(audit);
  close_other(&other, &c);
}

/* Two checkpoints, or two lines of the log, are in each other's place, with links that follow all the same. */
static void swapped_steps(void **state) {
  (void)state;
  chain c;
  chain_open(&c, SHORT, KEEP);
  memcpy(c.digests, whole.digests, SHORT * sizeof(digest));
  memcpy(c.links, whole.links, SHORT * sizeof(digest));
  memcpy(c.digests[5], whole.digests[9], sizeof(digest));
  memcpy(c.digests[9], whole.digests[5], sizeof(digest));
  for (uint32_t i = 6; i <= SHORT; i++) chain_link(&c, i, c.links[i - 2]);
  umbra_audit *audit = open_audit(&t, &c);
  assert_ok(umbra_audit_run(audit, 0, NULL));
  assert_fails(umbra_audit_run(audit, 1, NULL), UMBRA_ERROR_MISMATCH, "iteration 6 came out differently");
  umbra_audit_destroy(audit);
  audit = open_audit(&t, &whole);
  bytes four, eight;
  char path[2][256];
  strcpy(path[0], checkpoint_of(&t, &whole, 4));
  strcpy(path[1], checkpoint_of(&t, &whole, 8));
  four = file_bytes(path[0]);
  eight = file_bytes(path[1]);
  put_bytes(path[0], &eight);
  put_bytes(path[1], &four);
  for (uint32_t s = 1; s < 3; s++)
    assert_fails(umbra_audit_look(audit, s), UMBRA_ERROR_MISMATCH, "is not the checkpoint after iteration");
  put_bytes(path[0], &four);
  put_bytes(path[1], &eight);
  free(four.data);
  free(eight.data);
  umbra_audit_destroy(audit);
  chain_close(&c);
}

/* ---- the choice ---- */

static void choices_have_their_rate(void **state) {
  (void)state;
  enum { SEGMENTS = SHORT, DRAWN = 3, SEEDS = 20000 };
  chain c = whole;
  c.keep = 1;
  umbra_audit *audit = open_audit(&t, &c);
  uint32_t times[SEGMENTS] = {0}, pairs = 0;
  uint8_t chosen[SEGMENTS], again[SEGMENTS];
  const double rate = umbra_audit_probability(audit, DRAWN);
  assert_true(rate == (double)DRAWN / (SEGMENTS - 2));
  assert_true(umbra_audit_probability(audit, 0) == 0 && umbra_audit_probability(audit, SEGMENTS - 2) == 1);
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    uint32_t count = 0;
    uint64_t given = seed;
    assert_ok(umbra_audit_choose(audit, chosen, &given, DRAWN));
    assert_int_equal(given, seed);
    for (int s = 0; s < SEGMENTS; s++) times[s] += chosen[s], count += chosen[s];
    assert_true(count == DRAWN + 2 && chosen[0] && chosen[SEGMENTS - 1]);
    pairs += chosen[5] && chosen[6];
  }
  const double deviation = sqrt(SEEDS * rate * (1 - rate)), both = rate * (DRAWN - 1) / (SEGMENTS - 3);
  for (int s = 1; s < SEGMENTS - 1; s++)
    if (fabs(times[s] - SEEDS * rate) > 4.5 * deviation) fail_msg("segment %d: %u times", s, times[s]);
  assert_true(fabs(pairs - SEEDS * both) < 4.5 * sqrt(SEEDS * both));
  uint64_t seed = 0, other = 0;
  assert_ok(umbra_audit_choose(audit, chosen, &seed, DRAWN));
  assert_ok(umbra_audit_choose(audit, again, &other, DRAWN));
  assert_true(seed && other && seed != other);
  assert_ok(umbra_audit_choose(audit, again, &seed, DRAWN));
  assert_memory_equal(chosen, again, sizeof chosen);
  umbra_audit_destroy(audit);
}

/* ---- other trainings ---- */

static void networks_are_audited(void **state) {
  (void)state;
  training net;
  chain c;
  uint64_t random = 8;
  uint8_t differs[6];
  umbra_train_options options = audited_options(6);
  options.kind = UMBRA_TRAIN_NETWORK;
  options.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  options.loss = UMBRA_LOSS_SQUARED;
  options.hidden[0] = 3;
  options.momentum = 0.5;
  options.rate = 0.05;
  training_open(&net, training_params(), random_records(30, 3, 1), options, NULL);
  chain_open(&c, 6, 2);
  train_on(&net, &c, 6);
  assert_int_equal(audit_all(&net, &c, differs), 0);
  start_over(&net, &c);
  train_on(&net, &c, 3);
  alter_file(net.checkpoint, &random);
  train_on(&net, &c, 6);
  assert_only(&net, &c, 3);
  chain_close(&c);
  training_close(&net);
}

/* An earlier version's checkpoint has no link: the training goes on, to the same model, and says that it has none. */
static int observe_nothing(void *user, const umbra_train_event *event) {
  (void)user;
  assert_int_equal(event->linked, 0);
  assert_true(sodium_is_zero(event->link, sizeof event->link));
  return 0;
}

static void trainings_of_earlier_versions_go_on(void **state) {
  (void)state;
  training other;
  chain c;
  umbra_checkpoint found;
  digest ignored[2];
  open_other(&other, &c);
  train_on(&other, &c, 10);
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_eval_keys_owner(t.s.keys, owner);
  bytes file = file_bytes(other.checkpoint);
  section first[MAX_SECTIONS];
  assert_true(find_sections(first, file.data, file.size) > 2);
  const umbra_train_origin origin = {t.s.context, t.plan, owner, payload(file.data, &first[0]) + UMBRA_DIGEST_BYTES};
  assert_ok(umbra_checkpoint_load(&found, other.checkpoint, &origin));
  free(file.data);
  assert_int_equal(found.linked, 1);
  found.linked = 0;
  assert_ok(umbra_checkpoint_save(other.checkpoint, &found, ignored[0], NULL));
  umbra_train_state_clear(&found.state);
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = training_desc(&other);
  desc.checkpoint = other.checkpoint;
  desc.resume = 1;
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_int_equal(umbra_trainer_iterations(trainer), 10);
  assert_int_equal(umbra_trainer_link(trainer, ignored[0], ignored[1]), 0);
  assert_ok(umbra_trainer_run(trainer, observe_nothing, NULL));
  bytes made = model_bytes(trainer);
  assert_true(same_bytes(&made, &model));
  free(made.data);
  umbra_trainer_destroy(trainer);
  close_other(&other, &c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_are_what_the_header_says),
      cmocka_unit_test(kept_bytes_are_told),
      cmocka_unit_test(true_trainings_pass),
      cmocka_unit_test(other_segments),
      cmocka_unit_test(what_cannot_be_audited),
      cmocka_unit_test(altered_residues_in_checkpoints),
      cmocka_unit_test(damaged_checkpoints),
      cmocka_unit_test(altered_logs),
      cmocka_unit_test(altered_data),
      cmocka_unit_test(forged_steps),
      cmocka_unit_test(replayed_steps),
      cmocka_unit_test(renumbered_steps),
      cmocka_unit_test(swapped_steps),
      cmocka_unit_test(choices_have_their_rate),
      cmocka_unit_test(networks_are_audited),
      cmocka_unit_test(trainings_of_earlier_versions_go_on),
  };
  return cmocka_run_group_tests(tests, open_training, close_training);
}
