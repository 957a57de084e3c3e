/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Training by several ranks, which are threads here and add their words in shared memory: the same bits as by one, also
 * if a rank has no block; and what happens if one of them fails, stops, or is elsewhere.
 */
#include <sys/stat.h>
#include <threads.h>

#include "../host/train/trainer.h"
#include "container_bytes.h"
#include "train.h"

enum { MOST_RANKS = 3, FEW_BLOCKS = 700, SOME_BLOCKS = 4200 /* records */, COLUMNS = 3, ITERATIONS = 4 };

static training t;

/* ---- a transport ---- */

/* Where the ranks of one training meet. All add their words; the last one to come opens the door. */
typedef struct meeting {
  mtx_t lock;
  cnd_t all_are_here, all_have_left;
  uint32_t ranks, here, leaving;
  uint64_t *sum;
} meeting;

static void meeting_open(meeting *m, uint32_t ranks) {
  *m = (meeting){.ranks = ranks};
  assert_true(mtx_init(&m->lock, mtx_plain) == thrd_success && cnd_init(&m->all_are_here) == thrd_success &&
              cnd_init(&m->all_have_left) == thrd_success);
}

static void meeting_close(meeting *m) {
  mtx_destroy(&m->lock);
  cnd_destroy(&m->all_are_here);
  cnd_destroy(&m->all_have_left);
}

static void add_words(meeting *m, const uint64_t *words, size_t count) {
  if (!m->here) m->sum = calloc(count, sizeof *m->sum);
  for (size_t k = 0; k < count; k++) m->sum[k] += words[k];
  if (++m->here < m->ranks) return;
  m->leaving = m->ranks;
  cnd_broadcast(&m->all_are_here);
}

static void take_words(meeting *m, uint64_t *words, size_t count) {
  memcpy(words, m->sum, count * sizeof *words);
  if (--m->leaving) return;
  free(m->sum);
  m->here = 0;
  cnd_broadcast(&m->all_have_left);
}

static umbra_status sum_words(void *transport, uint64_t *words, size_t count) {
  meeting *m = transport;
  mtx_lock(&m->lock);
  while (m->leaving) cnd_wait(&m->all_have_left, &m->lock);
  add_words(m, words, count);
  while (!m->leaving) cnd_wait(&m->all_are_here, &m->lock);
  take_words(m, words, count);
  mtx_unlock(&m->lock);
  return UMBRA_OK;
}

/* ---- ranks ---- */

typedef struct rank {
  umbra_trainer *trainer;
  uint32_t stop_after, hinder_after; /* iterations; 0: none */
  umbra_status status;
  char error[256], checkpoint[128];
  uint64_t bytes; /* that it read */
} rank;

typedef struct team {
  meeting meeting;
  uint32_t ranks;
  rank rank[MOST_RANKS];
} team;

static int observe(void *user, const umbra_train_event *event) {
  rank *r = user;
  r->bytes += event->bytes;
  if (event->iteration == r->hinder_after) assert_true(remove(r->checkpoint) == 0 && mkdir(r->checkpoint, 0700) == 0);
  return event->iteration == r->stop_after;
}

static int run_rank(void *user) {
  rank *r = user;
  r->status = umbra_trainer_run(r->trainer, observe, r);
  snprintf(r->error, sizeof r->error, "%s", r->status == UMBRA_OK ? "" : umbra_last_error());
  return 0;
}

static void rank_open(team *team, uint32_t number, const char *data) {
  rank *r = &team->rank[number];
  const umbra_ranks ranks = {.rank = number, .ranks = team->ranks, .sum = sum_words, .transport = &team->meeting};
  umbra_trainer_desc desc = training_desc(&t);
  desc.checkpoint = r->checkpoint;
  desc.data = data;
  assert_ok(umbra_trainer_create_among(&r->trainer, &desc, &ranks, NULL));
}

static void team_open(team *team, uint32_t ranks) {
  memset(team, 0, sizeof *team);
  team->ranks = ranks;
  meeting_open(&team->meeting, ranks);
  for (uint32_t k = 0; k < ranks; k++) {
    snprintf(team->rank[k].checkpoint, sizeof team->rank[k].checkpoint, "%s/of-%u-%u", t.folder, ranks, k);
    rank_open(team, k, t.folder);
  }
}

static void team_run(team *team) {
  thrd_t thread[MOST_RANKS];
  for (uint32_t k = 0; k < team->ranks; k++) assert_int_equal(thrd_create(&thread[k], run_rank, &team->rank[k]), 0);
  for (uint32_t k = 0; k < team->ranks; k++) assert_int_equal(thrd_join(thread[k], NULL), 0);
}

static void team_close(team *team) {
  for (uint32_t k = 0; k < team->ranks; k++) {
    umbra_trainer_destroy(team->rank[k].trainer);
    remove(team->rank[k].checkpoint);
  }
  meeting_close(&team->meeting);
}

static void assert_rank(const rank *r, umbra_status status, const char *words) {
  if (r->status != status || !strstr(r->error, words))
    fail_msg("status %d, not %d, or '%s' lacks '%s'", (int)r->status, (int)status, r->error, words);
}

static bytes read_all(const char *path) {
  bytes b = {0};
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  b.data = malloc(1 << 24);
  assert_non_null(b.data);
  b.size = fread(b.data, 1, 1 << 24, file);
  fclose(file);
  return b;
}

/* All ranks have the state that `expected` is the file of. */
static void assert_states(const team *team, const bytes *expected) {
  for (uint32_t k = 0; k < team->ranks; k++) {
    bytes found = read_all(team->rank[k].checkpoint);
    assert_int_equal(found.size, expected->size);
    assert_memory_equal(found.data, expected->data, found.size);
    free(found.data);
  }
}

static bytes state_of_one(void) {
  team one;
  team_open(&one, 1);
  team_run(&one);
  assert_rank(&one.rank[0], UMBRA_OK, "");
  bytes state = read_all(one.rank[0].checkpoint);
  team_close(&one);
  return state;
}

/* ---- the tests ---- */

static void open_training(size_t rows, size_t batch) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .batch = batch};
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  options.iterations = ITERATIONS;
  training_open(&t, training_params(), random_records(rows, COLUMNS, rows), options, NULL);
  assert_ok(umbra_train_plan_report(t.plan, &report));
  assert_true(report.bootstraps > 0 && report.blocks >= MOST_RANKS);
}

/* Every rank reads its blocks only, and each block is read by one. */
static void assert_shares(const team *team, uint64_t bytes_of_one) {
  uint64_t bytes = 0;
  for (uint32_t k = 0; k < team->ranks; k++) {
    assert_true(team->rank[k].bytes > 0 && (team->ranks == 1 || team->rank[k].bytes < bytes_of_one));
    bytes += team->rank[k].bytes;
  }
  assert_int_equal(bytes, bytes_of_one);
}

static void check_same_bits(void) {
  bytes expected = {0};
  uint64_t bytes_of_one = 0;
  for (uint32_t ranks = 1; ranks <= MOST_RANKS; ranks++) {
    team team;
    team_open(&team, ranks);
    team_run(&team);
    for (uint32_t k = 0; k < ranks; k++) assert_rank(&team.rank[k], UMBRA_OK, "");
    if (ranks == 1) {
      expected = read_all(team.rank[0].checkpoint);
      bytes_of_one = team.rank[0].bytes;
    }
    assert_states(&team, &expected);
    assert_shares(&team, bytes_of_one);
    team_close(&team);
  }
  free(expected.data);
}

static void batches_of_several_blocks(void **state) {
  (void)state;
  open_training(SOME_BLOCKS, 0);
  assert_true(t.plan->batches == 1);
  check_same_bits();
  training_close(&t);
}

/* A batch is one block: in every iteration all ranks but one have nothing to add. */
static void ranks_without_blocks(void **state) {
  (void)state;
  open_training(FEW_BLOCKS, 240);
  assert_int_equal(t.plan->blocks, t.plan->batches);
  check_same_bits();
  training_close(&t);
}

/* A network, whose sums are as many as its layers have diagonals. */
static void networks_of_several_blocks(void **state) {
  (void)state;
  enum { ROWS = 1100, WIDE = 60 };
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_NETWORK, .outputs = 2};
  options.loss = UMBRA_LOSS_SQUARED;
  options.rate = 0.01;
  options.count_loss = 1;
  options.iterations = ITERATIONS;
  training_open(&t, training_params(), random_records(ROWS, WIDE, 3), options, NULL);
  assert_int_equal(t.plan->batches, 1);
  assert_int_equal(t.plan->blocks, MOST_RANKS);
  check_same_bits();
  training_close(&t);
}

/* What stops one rank stops all of them, before the same iteration; then they go on. */
static void ranks_that_stop(void **state) {
  (void)state;
  open_training(FEW_BLOCKS, 240);
  bytes expected = state_of_one();
  team team;
  team_open(&team, 2);
  umbra_trainer_cancel(team.rank[1].trainer);
  team_run(&team);
  assert_rank(&team.rank[1], UMBRA_ERROR_CANCELLED, "after 0 of 4 iterations: cancelled");
  assert_rank(&team.rank[0], UMBRA_ERROR_CANCELLED, "rank 1 of 2 failed in iteration 1");
  team.rank[0].stop_after = 2;
  team_run(&team);
  assert_rank(&team.rank[0], UMBRA_ERROR_CANCELLED, "stopped after 2 of 4 iterations");
  assert_rank(&team.rank[1], UMBRA_ERROR_CANCELLED, "rank 0 of 2 failed in iteration 3");
  assert_true(umbra_trainer_iterations(team.rank[0].trainer) == 2 &&
              umbra_trainer_iterations(team.rank[1].trainer) == 2);
  team.rank[0].stop_after = 0;
  team_run(&team);
  assert_states(&team, &expected);
  team_close(&team);
  free(expected.data);
  training_close(&t);
}

/* A checkpoint that cannot be written stops the others before the next iteration: they do not wait. */
static void ranks_that_cannot_save(void **state) {
  (void)state;
  open_training(FEW_BLOCKS, 240);
  for (uint32_t after = 1; after < ITERATIONS; after += ITERATIONS - 2) {
    team team;
    team_open(&team, 3);
    team.rank[2].hinder_after = after;
    team_run(&team);
    assert_rank(&team.rank[2], UMBRA_ERROR_IO, "of-3-2");
    for (uint32_t k = 0; k < 2; k++) {
      const int last = after + 1 == ITERATIONS;
      assert_rank(&team.rank[k], last ? UMBRA_OK : UMBRA_ERROR_IO, last ? "" : "rank 2 of 3 failed in iteration 3");
      assert_int_equal(umbra_trainer_iterations(team.rank[k].trainer), after + 1);
    }
    team_close(&team);
  }
  training_close(&t);
}

/* One begins anew, and the other resumes: neither computes with what the other has. */
static void ranks_in_different_iterations(void **state) {
  (void)state;
  open_training(FEW_BLOCKS, 240);
  team team;
  team_open(&team, 2);
  for (uint32_t k = 0; k < 2; k++) team.rank[k].stop_after = 1;
  team_run(&team);
  umbra_trainer_destroy(team.rank[0].trainer);
  team.rank[0].trainer = NULL;
  assert_int_equal(remove(team.rank[0].checkpoint), 0);
  rank_open(&team, 0, t.folder);
  team_run(&team);
  assert_rank(&team.rank[0], UMBRA_ERROR_MISMATCH, "rank 1 is in iteration 2, and rank 0 in iteration 1");
  assert_rank(&team.rank[1], UMBRA_ERROR_MISMATCH, "rank 0 is in iteration 1, and rank 1 in iteration 2");
  team_close(&team);
  training_close(&t);
}

/* The same records, encrypted once more: nobody could tell from the sums. */
static void ranks_of_different_data(void **state) {
  (void)state;
  char other[] = "/tmp/umbra-train-XXXXXX";
  open_training(FEW_BLOCKS, 240);
  assert_non_null(mkdtemp(other));
  assert_ok(umbra_train_encrypt(other, t.plan, t.s.public, t.records, NULL, NULL));
  team team;
  team_open(&team, 2);
  umbra_trainer_destroy(team.rank[1].trainer);
  team.rank[1].trainer = NULL;
  rank_open(&team, 1, other);
  team_run(&team);
  assert_rank(&team.rank[0], UMBRA_ERROR_MISMATCH, "rank 1 and rank 0 have different data sets");
  assert_rank(&team.rank[1], UMBRA_ERROR_MISMATCH, "rank 0 and rank 1 have different data sets");
  team_close(&team);
  remove_folder(other);
  training_close(&t);
}

static void ranks_that_are_none(void **state) {
  (void)state;
  const umbra_ranks none[] = {{.rank = 2, .ranks = 2, .sum = sum_words}, {.sum = sum_words}, {.rank = 1, .ranks = 2}};
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT};
  for (int i = 0; i < 3; i++) {
    assert_fails(umbra_trainer_create_among(&trainer, &desc, &none[i], NULL), UMBRA_ERROR_INVALID_ARGUMENT,
                 i == 2 ? "no sum" : "from 0");
    assert_null(trainer);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(batches_of_several_blocks),  cmocka_unit_test(ranks_without_blocks),
      cmocka_unit_test(networks_of_several_blocks), cmocka_unit_test(ranks_that_stop),
      cmocka_unit_test(ranks_that_cannot_save),     cmocka_unit_test(ranks_in_different_iterations),
      cmocka_unit_test(ranks_of_different_data),    cmocka_unit_test(ranks_that_are_none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
