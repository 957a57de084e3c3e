/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Keys in files: until when they serve, what seals them beside a passphrase, and who has signed what. Hostile ones, too. */
#include "tests/container_bytes.h"
#include "tests/scheme.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/memory.h"
#include "host/io/signing.h"
#include "tests/folder.h"

enum { CREATED = 1700000000, EXPIRES = 1700000000 + 86400, BYTES = 1 << 16 };

static char folder[] = "/tmp/umbra-key-files-XXXXXX";
static scheme s;
static umbra_secret_key *dated;
static umbra_signing_key *signing;
static umbra_signer signer;
static const umbra_key_life life = {UMBRA_KEY_LIFE_INIT, .created = CREATED, .expires = EXPIRES};

/* ---- files ---- */

static const char *in_folder(const char *name) { return path_in(folder, name); }

static int begin(void **state) {
  (void)state;
  empty_folder(folder);
  return 0;
}

typedef struct file {
  uint8_t bytes[BYTES];
  size_t size;
} file;

static void read_file(file *f, const char *path) {
  FILE *in = fopen(path, "rb");
  assert_non_null(in);
  f->size = fread(f->bytes, 1, sizeof f->bytes, in);
  assert_true(feof(in) || f->size < sizeof f->bytes);
  fclose(in);
}

static void write_file(const char *path, const void *bytes, size_t size) {
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  assert_int_equal(fwrite(bytes, 1, size, out), size);
  assert_int_equal(fclose(out), 0);
}

static void write_line(const char *name, const char *text) { write_file(in_folder(name), text, strlen(text)); }

static section section_of(const file *f, int index) {
  section found[MAX_SECTIONS];
  assert_in_range(index, 0, find_sections(found, f->bytes, f->size) - 1);
  return found[index];
}

/* ---- until when keys serve ---- */

static void assert_life(const umbra_key_life *found, uint64_t retired) {
  assert_int_equal(found->created, CREATED);
  assert_int_equal(found->expires, EXPIRES);
  assert_int_equal(found->retired, retired);
}

static void assert_life_of_file(const char *path, uint64_t retired) {
  umbra_key_life found = {UMBRA_KEY_LIFE_INIT};
  assert_ok(umbra_key_life_of_file(&found, path));
  assert_life(&found, retired);
}

static void keys_of_a_key_have_its_life(void **state) {
  (void)state;
  umbra_public_key *public = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_secret_key *secret = NULL;
  umbra_key_life found = {UMBRA_KEY_LIFE_INIT};
  umbra_key_needs *needs = needs_of(s.params, (const int32_t[]){1}, 1);
  assert_ok(umbra_public_key_generate(&public, dated));
  assert_ok(umbra_eval_keys_generate(&keys, dated, needs, NULL));
  assert_ok(umbra_public_key_save(public, in_folder("public"), NULL));
  assert_ok(umbra_eval_keys_save(keys, in_folder("keys"), NULL));
  assert_life_of_file(in_folder("public"), 0);
  assert_life_of_file(in_folder("keys"), 0);
  assert_ok(umbra_public_key_load(&public, s.context, in_folder("public"), NULL));
  assert_ok(umbra_eval_keys_load(&keys, s.context, in_folder("keys"), NULL));
  assert_ok(umbra_public_key_life(public, &found));
  assert_life(&found, 0);
  found = (umbra_key_life){UMBRA_KEY_LIFE_INIT};
  assert_ok(umbra_eval_keys_life(keys, &found));
  assert_life(&found, 0);
  umbra_key_needs *served = NULL; /* what they serve is found without loading them, too */
  assert_ok(umbra_key_needs_create(&served, s.params));
  assert_ok(umbra_key_needs_of_file(served, in_folder("keys")));
  assert_int_equal(umbra_key_needs_count(served), umbra_key_needs_count(needs));
  empty_folder(folder);
  assert_ok(umbra_secret_key_save(dated, in_folder("secret"), NULL));
  assert_life_of_file(in_folder("secret"), 0);
  assert_ok(umbra_secret_key_load(&secret, s.context, in_folder("secret"), NULL));
  found = (umbra_key_life){UMBRA_KEY_LIFE_INIT};
  assert_ok(umbra_secret_key_life(secret, &found));
  assert_life(&found, 0);
  umbra_secret_key_destroy(secret);
  umbra_public_key_destroy(public);
  umbra_eval_keys_destroy(keys);
  umbra_key_needs_destroy(needs);
  umbra_key_needs_destroy(served);
}

/* As files were before there were lives, and as they are where nobody gives one. */
static void keys_without_a_life_say_nothing(void **state) {
  (void)state;
  umbra_key_life found = life;
  file f;
  assert_ok(umbra_secret_key_save(s.secret, in_folder("secret"), NULL));
  read_file(&f, in_folder("secret"));
  assert_int_equal(((const umbra_header *)f.bytes)->sections, 1);
  assert_ok(umbra_key_life_of_file(&found, in_folder("secret")));
  assert_true(found.created == 0 && found.expires == 0 && found.retired == 0);
  assert_ok(umbra_key_life_check(&found, UINT32_MAX));
}

static void keys_serve_until_they_expire(void **state) {
  (void)state;
  umbra_key_life retired = life;
  assert_ok(umbra_key_life_check(&life, 0)); /* clocks differ: a key from the future serves */
  assert_ok(umbra_key_life_check(&life, EXPIRES - 1));
  assert_fails(umbra_key_life_check(&life, EXPIRES), UMBRA_ERROR_EXPIRED, "has expired (2023-11-15 22:13:20 UTC)");
  assert_fails(umbra_key_life_check(&life, EXPIRES + 1000), UMBRA_ERROR_EXPIRED, "can still be decrypted");
  retired.retired = CREATED + 10;
  assert_ok(umbra_key_life_check(&retired, CREATED + 9));
  assert_fails(umbra_key_life_check(&retired, CREATED + 10), UMBRA_ERROR_EXPIRED,
               "was retired (2023-11-14 22:13:30 UTC)");
  assert_fails(umbra_key_life_check(NULL, 0), UMBRA_ERROR_INVALID_ARGUMENT, "life is NULL");
  assert_fails(umbra_key_life_check(&life, UINT64_MAX), UMBRA_ERROR_INVALID_ARGUMENT, "seconds since 1970");
}

static void lives_are_checked(void **state) {
  (void)state;
  static const umbra_key_life wrong[] = {
      {UMBRA_KEY_LIFE_INIT, .created = 10, .expires = 10}, {UMBRA_KEY_LIFE_INIT, .created = 10, .expires = 9},
      {UMBRA_KEY_LIFE_INIT, .created = 253402300800},      {UMBRA_KEY_LIFE_INIT, .expires = UINT64_MAX},
      {UMBRA_KEY_LIFE_INIT, .created = 10, .retired = 11},
  };
  umbra_secret_key *untouched = NULL;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(umbra_secret_key_generate_for(&untouched, s.context, &wrong[i]), UMBRA_ERROR_INVALID_ARGUMENT);
    assert_null(untouched);
  }
}

/* Malformed, under right checksums. */
static void files_with_wrong_lives_are_refused(void **state) {
  (void)state;
  static const uint64_t wrong[][2] = {{0, 0}, {10, 10}, {10, 5}, {UINT64_MAX, 0}, {0, 253402300800}};
  umbra_secret_key *untouched = NULL;
  umbra_key_life found = {UMBRA_KEY_LIFE_INIT};
  file f;
  assert_ok(umbra_secret_key_save(dated, in_folder("secret"), NULL));
  read_file(&f, in_folder("secret"));
  const section at = section_of(&f, 0);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    memcpy(payload(f.bytes, &at), wrong[i], sizeof wrong[i]);
    fix_checksums(f.bytes, f.size);
    write_file(in_folder("secret"), f.bytes, f.size);
    assert_fails(umbra_secret_key_load(&untouched, s.context, in_folder("secret"), NULL), UMBRA_ERROR_FORMAT,
                 "a key made at");
    assert_fails(umbra_key_life_of_file(&found, in_folder("secret")), UMBRA_ERROR_FORMAT, "a key made at");
    assert_null(untouched);
  }
}

/* Whoever changes it in a sealed file is found out. */
static void a_sealed_life_is_authentic(void **state) {
  (void)state;
  umbra_secret_key *secret = NULL;
  uint64_t later;
  file f;
  assert_ok(umbra_secret_key_save(dated, in_folder("secret"), "correct horse"));
  assert_ok(umbra_secret_key_load(&secret, s.context, in_folder("secret"), "correct horse"));
  umbra_secret_key_destroy(secret);
  secret = NULL;
  read_file(&f, in_folder("secret"));
  const section at = section_of(&f, 0);
  assert_int_equal(at.length, 16);
  memcpy(&later, payload(f.bytes, &at) + 8, sizeof later);
  assert_int_equal(later, EXPIRES);
  later++;
  memcpy(payload(f.bytes, &at) + 8, &later, sizeof later);
  fix_checksums(f.bytes, f.size);
  write_file(in_folder("secret"), f.bytes, f.size);
  assert_fails(umbra_secret_key_load(&secret, s.context, in_folder("secret"), "correct horse"), UMBRA_ERROR_PASSPHRASE,
               "");
  assert_null(secret);
}

static void keys_are_retired_once(void **state) {
  (void)state;
  umbra_key_life found = {UMBRA_KEY_LIFE_INIT};
  umbra_public_key *public = NULL;
  assert_ok(umbra_secret_key_save(dated, in_folder("secret"), NULL));
  assert_fails(umbra_key_retire(in_folder("secret"), 0), UMBRA_ERROR_INVALID_ARGUMENT, "seconds since 1970");
  assert_ok(umbra_key_retire(in_folder("secret"), CREATED + 5));
  assert_life_of_file(in_folder("secret"), CREATED + 5);
  assert_fails(umbra_key_retire(in_folder("secret"), CREATED + 6), UMBRA_ERROR_EXISTS, "retired already");
  assert_life_of_file(in_folder("secret"), CREATED + 5);
  /* What is beside another key, or is no such file, is refused; links are, too. */
  assert_int_equal(remove(in_folder("secret")), 0);
  assert_ok(umbra_public_key_generate(&public, s.secret));
  assert_ok(umbra_public_key_save(public, in_folder("public"), NULL));
  assert_int_equal(rename(in_folder("secret.retired"), in_folder("public.retired")), 0);
  assert_fails(umbra_key_life_of_file(&found, in_folder("public")), UMBRA_ERROR_MISMATCH, "retires another key");
  write_line("public.retired", "since yesterday\n");
  assert_fails(umbra_key_life_of_file(&found, in_folder("public")), UMBRA_ERROR_FORMAT, "not an Umbra file");
  assert_int_equal(unlink(in_folder("public.retired")), 0);
  assert_int_equal(symlink("public", in_folder("public.retired")), 0);
  assert_fails(umbra_key_life_of_file(&found, in_folder("public")), UMBRA_ERROR_IO, "not a regular file");
  assert_ok(umbra_params_save(s.params, in_folder("params")));
  assert_fails(umbra_key_retire(in_folder("params"), CREATED), UMBRA_ERROR_FORMAT, "and no key");
  umbra_public_key_destroy(public);
}

/* ---- outside key stores ---- */

/* Wraps by a byte that only it knows, and notices what it has not wrapped. */
typedef struct toy_store {
  uint8_t secret;
  uint32_t bytes; /* of what it wraps into */
  int answer;     /* not 0: fails by that */
  int calls;
} toy_store;

static int toy_wrap(void *user, uint8_t wrapped[UMBRA_WRAPPED_BYTES], uint32_t *bytes,
                    const uint8_t key[UMBRA_WRAPPING_BYTES]) {
  toy_store *t = user;
  t->calls++;
  memset(wrapped, 0x5a, UMBRA_WRAPPED_BYTES); /* what is behind the key is nobody's business */
  for (int i = 0; i < UMBRA_WRAPPING_BYTES; i++) wrapped[i] = key[i] ^ t->secret;
  wrapped[UMBRA_WRAPPING_BYTES] = t->secret;
  *bytes = t->bytes;
  return t->answer;
}

static int toy_unwrap(void *user, uint8_t key[UMBRA_WRAPPING_BYTES], const uint8_t *wrapped, uint32_t bytes) {
  toy_store *t = user;
  t->calls++;
  for (int i = 0; i < UMBRA_WRAPPING_BYTES; i++) key[i] = wrapped[i] ^ t->secret;
  return bytes == t->bytes && wrapped[UMBRA_WRAPPING_BYTES] == t->secret ? t->answer : -1;
}

static umbra_key_store store_of(toy_store *toy) {
  return (umbra_key_store){UMBRA_KEY_STORE_INIT, .wrap = toy_wrap, .unwrap = toy_unwrap, .user = toy};
}

static void keys_are_sealed_by_a_store(void **state) {
  (void)state;
  toy_store toy = {.secret = 7, .bytes = 33}, other = {.secret = 8, .bytes = 33};
  const umbra_key_store store = store_of(&toy), wrong = store_of(&other);
  umbra_secret_key *secret = NULL, *untouched = NULL;
  file f, plain;
  assert_ok(umbra_secret_key_save_stored(dated, in_folder("stored"), &store));
  assert_int_equal(toy.calls, 1);
  read_file(&f, in_folder("stored"));
  plain.size = sizeof plain.bytes;
  assert_ok(umbra_secret_key_write(dated, plain.bytes, &plain.size, NULL));
  assert_ok(umbra_secret_key_read_stored(&secret, s.context, f.bytes, f.size, &store));
  file again = {.size = sizeof again.bytes};
  assert_ok(umbra_secret_key_write(secret, again.bytes, &again.size, NULL));
  assert_int_equal(again.size, plain.size);
  assert_memory_equal(again.bytes, plain.bytes, plain.size);
  umbra_secret_key_destroy(secret);
  assert_life_of_file(in_folder("stored"), 0);
  assert_fails(umbra_secret_key_load_stored(&untouched, s.context, in_folder("stored"), &wrong), UMBRA_ERROR_PASSPHRASE,
               "did not unwrap the key: it returned -1");
  toy.answer = 1;
  assert_fails(umbra_secret_key_load_stored(&untouched, s.context, in_folder("stored"), &store), UMBRA_ERROR_CANCELLED,
               "");
  assert_fails(umbra_secret_key_save_stored(dated, in_folder("other"), &store), UMBRA_ERROR_CANCELLED, "did not wrap");
  toy.answer = 0;
  for (uint32_t bytes = 0; bytes <= UMBRA_WRAPPED_BYTES + 1; bytes += UMBRA_WRAPPED_BYTES + 1) {
    toy.bytes = bytes;
    assert_fails(umbra_secret_key_save_stored(dated, in_folder("other"), &store), UMBRA_ERROR_INVALID_ARGUMENT,
                 "1 to 512 are expected");
  }
  assert_int_equal(count_files(folder), 1);
  assert_null(untouched);
}

/* Neither way of sealing is taken for another. */
static void ways_of_sealing_are_not_mixed_up(void **state) {
  (void)state;
  toy_store toy = {.secret = 7, .bytes = 512};
  const umbra_key_store store = store_of(&toy), half = {UMBRA_KEY_STORE_INIT, .wrap = toy_wrap};
  umbra_secret_key *untouched = NULL;
  assert_ok(umbra_secret_key_save_stored(s.secret, in_folder("stored"), &store));
  assert_ok(umbra_secret_key_save(s.secret, in_folder("plain"), NULL));
  assert_ok(umbra_secret_key_save(s.secret, in_folder("sealed"), "word"));
  assert_fails(umbra_secret_key_load(&untouched, s.context, in_folder("stored"), NULL), UMBRA_ERROR_PASSPHRASE,
               "sealed by a key store");
  assert_fails(umbra_secret_key_load(&untouched, s.context, in_folder("stored"), "word"), UMBRA_ERROR_PASSPHRASE,
               "sealed by a key store");
  assert_fails(umbra_secret_key_load_stored(&untouched, s.context, in_folder("plain"), &store), UMBRA_ERROR_PASSPHRASE,
               "is not sealed");
  assert_fails(umbra_secret_key_load_stored(&untouched, s.context, in_folder("sealed"), &store), UMBRA_ERROR_PASSPHRASE,
               "needs its passphrase");
  assert_fails(umbra_secret_key_load_stored(&untouched, s.context, in_folder("stored"), &half),
               UMBRA_ERROR_INVALID_ARGUMENT, "one of the two is NULL");
  assert_fails(umbra_secret_key_load_stored(&untouched, s.context, in_folder("stored"), NULL),
               UMBRA_ERROR_INVALID_ARGUMENT, "store is NULL");
  assert_fails(umbra_signing_key_save(signing, in_folder("x"), "word", &store), UMBRA_ERROR_INVALID_ARGUMENT,
               "not both");
  assert_null(untouched);
}

/* Every bit of the file is authentic, or is a checksum's. */
static void stored_keys_are_authentic(void **state) {
  (void)state;
  toy_store toy = {.secret = 7, .bytes = 33};
  const umbra_key_store store = store_of(&toy);
  umbra_secret_key *untouched = NULL;
  file f, changed;
  assert_ok(umbra_secret_key_save_stored(dated, in_folder("stored"), &store));
  read_file(&f, in_folder("stored"));
  for (size_t at = sizeof(umbra_header); at < f.size; at += 7) {
    memcpy(&changed, &f, sizeof f);
    changed.bytes[at] ^= 4;
    fix_checksums(changed.bytes, changed.size);
    if (memcmp(changed.bytes, f.bytes, f.size) == 0) continue;
    if (umbra_secret_key_read_stored(&untouched, s.context, changed.bytes, changed.size, &store) == UMBRA_OK)
      fail_msg("byte %zu can be changed", at);
    assert_null(untouched);
  }
}

/* ---- keys that sign ---- */

static void signing_keys_are_kept_as_secrets_are(void **state) {
  (void)state;
  struct stat about;
  umbra_signing_key *loaded = NULL;
  umbra_signer found = {UMBRA_SIGNER_INIT};
  toy_store toy = {.secret = 7, .bytes = 33};
  const umbra_key_store store = store_of(&toy);
  assert_ok(umbra_signing_key_save(signing, in_folder("signing"), NULL, NULL));
  assert_int_equal(stat(in_folder("signing"), &about), 0);
  assert_int_equal(about.st_mode & 0777, 0600);
  assert_fails(umbra_signing_key_save(signing, in_folder("signing"), NULL, NULL), UMBRA_ERROR_EXISTS, "signing");
  assert_fails(umbra_signer_save(&signer, in_folder("signer")), UMBRA_ERROR_INVALID_ARGUMENT, "separate folders");
  assert_fails(umbra_public_key_save(s.public, in_folder("public"), NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "separate folders");
  assert_ok(umbra_signing_key_load(&loaded, in_folder("signing"), NULL, NULL));
  assert_life_of_file(in_folder("signing"), 0);
  assert_ok(umbra_signing_key_signer(loaded, &found));
  assert_memory_equal(found.key, signer.key, sizeof signer.key);
  assert_true(found.created == CREATED && found.expires == EXPIRES);
  assert_ok(umbra_signing_key_save(signing, in_folder("sealed"), "word", NULL));
  assert_ok(umbra_signing_key_save(signing, in_folder("stored"), NULL, &store));
  assert_fails(umbra_signing_key_load(&loaded, in_folder("sealed"), "other word", NULL), UMBRA_ERROR_PASSPHRASE,
               "wrong passphrase");
  assert_ok(umbra_signing_key_load(&loaded, in_folder("sealed"), "word", NULL));
  assert_ok(umbra_signing_key_load(&loaded, in_folder("stored"), NULL, &store));
  empty_folder(folder);
  assert_ok(umbra_signer_save(&signer, in_folder("signer")));
  assert_fails(umbra_signing_key_save(signing, in_folder("signing"), NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "separate folders");
  found = (umbra_signer){UMBRA_SIGNER_INIT};
  assert_ok(umbra_signer_load(&found, in_folder("signer")));
  assert_memory_equal(&found, &signer, sizeof signer);
  umbra_signing_key_destroy(loaded);
}

/* ---- manifests ---- */

/* Two files of an owner, and one that is not Umbra's, signed. */
static void sign_folder(void) {
  write_line("notes", "read me\n");
  assert_ok(umbra_public_key_save(s.public, in_folder("public"), NULL));
  assert_ok(umbra_params_save(s.params, in_folder("params")));
  assert_ok(umbra_manifest_sign(folder, signing, CREATED, NULL));
}

static void assert_untrusted(umbra_status expected, const char *text) {
  umbra_manifest_info untouched = {UMBRA_MANIFEST_INFO_INIT};
  assert_fails(umbra_manifest_verify(&untouched, folder, &signer, NULL), expected, text);
  assert_true(untouched.files == 0 && untouched.date == 0);
}

static void what_was_signed_is_verified(void **state) {
  (void)state;
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_manifest_info info = {UMBRA_MANIFEST_INFO_INIT};
  struct stat about;
  sign_folder();
  assert_ok(umbra_manifest_verify(&info, folder, &signer, NULL));
  umbra_secret_key_owner(s.secret, owner);
  assert_int_equal(info.files, 3);
  assert_int_equal(info.date, CREATED);
  assert_memory_equal(info.owner, owner, sizeof owner);
  assert_memory_equal(info.signer, signer.key, sizeof signer.key);
  uint64_t bytes = 0;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(stat(in_folder((const char *const[]){"notes", "public", "params"}[i]), &about), 0);
    bytes += (uint64_t)about.st_size;
  }
  assert_int_equal(info.bytes, bytes);
  assert_ok(umbra_manifest_verify(NULL, folder, &signer, NULL));
  write_line(".job.lock", ""); /* somebody works here */
  assert_ok(umbra_manifest_verify(NULL, folder, &signer, NULL));
  assert_int_equal(remove(in_folder(".job.lock")), 0);
  assert_ok(umbra_manifest_sign(in_folder("public"), signing, CREATED, NULL));
  assert_ok(umbra_manifest_verify(&info, in_folder("public"), &signer, NULL));
  assert_int_equal(info.files, 1);
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "'public.manifest'");
}

static void whatever_changes_is_named(void **state) {
  (void)state;
  char outside[sizeof folder + sizeof "-notes"];
  snprintf(outside, sizeof outside, "%s-notes", folder);
  sign_folder();
  write_line("notes", "read us\n");
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "'notes' of");
  write_line("notes", "read me, too\n");
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "another length");
  assert_int_equal(remove(in_folder("notes")), 0);
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "not there");
  write_line("notes", "read me\n");
  assert_ok(umbra_manifest_verify(NULL, folder, &signer, NULL));
  assert_int_equal(rename(in_folder("notes"), in_folder("zotes")), 0);
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "'notes'");
  assert_int_equal(symlink("zotes", in_folder("notes")), 0);
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "'zotes' of");
  assert_int_equal(rename(in_folder("zotes"), outside), 0);
  assert_int_equal(remove(in_folder("notes")), 0);
  assert_int_equal(symlink(outside, in_folder("notes")), 0);
  assert_untrusted(UMBRA_ERROR_IO, "symbolic link");
  assert_int_equal(remove(in_folder("notes")), 0);
  assert_int_equal(rename(outside, in_folder("notes")), 0);
  assert_int_equal(mkdir(in_folder("deeper"), 0700), 0);
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "'deeper' of");
  assert_int_equal(rmdir(in_folder("deeper")), 0);
  assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "'pipe' of");
  assert_int_equal(remove(in_folder("pipe")), 0);
  assert_ok(umbra_manifest_verify(NULL, folder, &signer, NULL));
  assert_int_equal(remove(in_folder("manifest.umbra")), 0);
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "is not signed");
  assert_int_equal(symlink("notes", in_folder("manifest.umbra")), 0);
  assert_untrusted(UMBRA_ERROR_IO, "not a regular file");
}

static void others_do_not_sign_for_the_signer(void **state) {
  (void)state;
  umbra_signing_key *other = NULL;
  assert_ok(umbra_signing_key_generate(&other, NULL));
  sign_folder();
  assert_ok(umbra_manifest_sign(folder, other, CREATED, NULL));
  assert_untrusted(UMBRA_ERROR_UNTRUSTED, "somebody else");
  umbra_signing_key_destroy(other);
}

static void what_is_not_to_be_signed_is_refused(void **state) {
  (void)state;
  umbra_secret_key *stranger = NULL;
  umbra_public_key *foreign = NULL;
  assert_fails(umbra_manifest_sign(folder, signing, CREATED, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "0 files");
  assert_ok(umbra_secret_key_save(s.secret, in_folder("secret"), NULL));
  assert_fails(umbra_manifest_sign(folder, signing, CREATED, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "is a secret key");
  empty_folder(folder);
  assert_ok(umbra_secret_key_generate(&stranger, s.context));
  assert_ok(umbra_public_key_generate(&foreign, stranger));
  assert_ok(umbra_public_key_save(s.public, in_folder("public"), NULL));
  assert_ok(umbra_public_key_save(foreign, in_folder("foreign"), NULL));
  assert_fails(umbra_manifest_sign(folder, signing, CREATED, NULL), UMBRA_ERROR_MISMATCH, "another owner");
  assert_int_equal(remove(in_folder("foreign")), 0);
  assert_int_equal(symlink("public", in_folder("link")), 0);
  assert_fails(umbra_manifest_sign(folder, signing, CREATED, NULL), UMBRA_ERROR_IO, "symbolic link");
  assert_int_equal(remove(in_folder("link")), 0);
  write_line("two\nlines", "");
  assert_fails(umbra_manifest_sign(folder, signing, CREATED, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "control characters");
  umbra_secret_key_destroy(stranger);
  umbra_public_key_destroy(foreign);
}

/* ---- hostile files ---- */

static uint64_t random_state;

static uint64_t chance(uint64_t bound) { /* splitmix64 */
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (z ^ (z >> 31)) % bound;
}

/* Some bytes of the sections, the counts of the header, or the length change, and checksums are right again. */
static void mutate(file *f) {
  for (uint64_t times = 1 + chance(3); times > 0; times--) {
    if (f->size <= sizeof(umbra_header)) break;
    const size_t from = chance(8) ? sizeof(umbra_header) : 16, at = from + (size_t)chance(f->size - from);
    switch (chance(4)) {
      case 0: f->bytes[at] = (uint8_t)chance(256); break;
      case 1: f->bytes[at] ^= (uint8_t)(1u << chance(8)); break;
      case 2: memset(f->bytes + at, chance(2) ? 0 : 0xff, f->size - at < 4 ? f->size - at : 4); break;
      default:
        if (!chance(8)) f->size = at < sizeof(umbra_header) ? f->size : at;
    }
  }
  fix_checksums(f->bytes, f->size);
}

/* The signer himself is hostile: what is behind the signature is read. */
static void sign_again(file *f) {
  section found[MAX_SECTIONS];
  uint8_t message[BYTES];
  if (find_sections(found, f->bytes, f->size) != 3 || found[2].length != crypto_sign_BYTES) return;
  size_t size = offsetof(umbra_header, checksum);
  memcpy(message, f->bytes, size);
  for (int i = 0; i < 2; i++) {
    memcpy(message + size, payload(f->bytes, &found[i]), found[i].length);
    size += found[i].length;
  }
  crypto_sign_detached(payload(f->bytes, &found[2]), NULL, message, size, signing->secret);
  fix_checksums(f->bytes, f->size);
}

static void count_name(void *user, const char *name, uint64_t bytes, const uint8_t digest[UMBRA_FILE_DIGEST_BYTES],
                       const char *kind) {
  (void)bytes;
  (void)digest;
  assert_non_null(kind);
  assert_true(*name && !strchr(name, '/') && strcmp(name, "..") != 0);
  ++*(uint64_t *)user;
}

static umbra_status read_manifest(const char *path) {
  umbra_manifest_info info = {UMBRA_MANIFEST_INFO_INIT};
  uint64_t names = 0;
  const umbra_status status = umbra_manifest_inspect(&info, path, count_name, &names);
  assert_int_equal(names, info.files);
  return status;
}

static umbra_status read_signer(const char *path) {
  umbra_signer read = {UMBRA_SIGNER_INIT};
  return umbra_signer_load(&read, path);
}

static umbra_status read_signing(const char *path) {
  umbra_signing_key *key = NULL;
  const umbra_status status = umbra_signing_key_load(&key, path, NULL, NULL);
  assert_true((key != NULL) == (status == UMBRA_OK));
  umbra_signing_key_destroy(key);
  return status;
}

/* Of the key beside it. */
static umbra_status read_retired(const char *path) {
  umbra_key_life read = {UMBRA_KEY_LIFE_INIT};
  (void)path;
  return umbra_key_life_of_file(&read, in_folder("signer"));
}

static void hostile_files_are_refused(void **state) {
  (void)state;
  enum { MUTATIONS = 2000 };
  static const struct {
    const char *name;
    umbra_status (*read)(const char *path);
  } kinds[] = {{"manifest.umbra", read_manifest},
               {"signer", read_signer},
               {"signing", read_signing},
               {"signer.retired", read_retired}};
  file f, changed;
  for (int k = 0; k < 4; k++) {
    unsigned accepted = 0;
    empty_folder(folder);
    if (kinds[k].read == read_signing) assert_ok(umbra_signing_key_save(signing, in_folder("signing"), NULL, NULL));
    else assert_ok(umbra_signer_save(&signer, in_folder("signer")));
    if (kinds[k].read == read_manifest) sign_folder();
    if (kinds[k].read == read_retired) assert_ok(umbra_key_retire(in_folder("signer"), CREATED));
    const char *path = in_folder(kinds[k].name);
    read_file(&f, path);
    for (uint64_t i = 0; i < MUTATIONS; i++) {
      random_state = i;
      memcpy(&changed, &f, sizeof f);
      mutate(&changed);
      if (kinds[k].read == read_manifest && chance(4)) sign_again(&changed);
      write_file(path, changed.bytes, changed.size);
      umbra_status status = kinds[k].read(path);
      accepted += status == UMBRA_OK;
      if (status == UMBRA_ERROR_OUT_OF_MEMORY || status == UMBRA_ERROR_INTERNAL || status == UMBRA_ERROR_IO)
        fail_msg("%s, mutation %lu: %s", kinds[k].name, (unsigned long)i, umbra_last_error());
    }
    assert_in_range(accepted, 1, MUTATIONS - MUTATIONS / 4);
  }
}

/* ---- the whole ---- */

static int set_up(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return 1;
  scheme_open(&s, test_params(11, 30, 1), NULL, NULL, 0);
  assert_ok(umbra_secret_key_generate_for(&dated, s.context, &life));
  assert_ok(umbra_signing_key_generate(&signing, &life));
  umbra_signer_init(&signer);
  assert_ok(umbra_signing_key_signer(signing, &signer));
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  umbra_signing_key_destroy(signing);
  umbra_secret_key_destroy(dated);
  scheme_close(&s);
  empty_folder(folder);
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(keys_of_a_key_have_its_life, begin),
      cmocka_unit_test_setup(keys_without_a_life_say_nothing, begin),
      cmocka_unit_test_setup(keys_serve_until_they_expire, begin),
      cmocka_unit_test_setup(lives_are_checked, begin),
      cmocka_unit_test_setup(files_with_wrong_lives_are_refused, begin),
      cmocka_unit_test_setup(a_sealed_life_is_authentic, begin),
      cmocka_unit_test_setup(keys_are_retired_once, begin),
      cmocka_unit_test_setup(keys_are_sealed_by_a_store, begin),
      cmocka_unit_test_setup(ways_of_sealing_are_not_mixed_up, begin),
      cmocka_unit_test_setup(stored_keys_are_authentic, begin),
      cmocka_unit_test_setup(signing_keys_are_kept_as_secrets_are, begin),
      cmocka_unit_test_setup(what_was_signed_is_verified, begin),
      cmocka_unit_test_setup(whatever_changes_is_named, begin),
      cmocka_unit_test_setup(others_do_not_sign_for_the_signer, begin),
      cmocka_unit_test_setup(what_is_not_to_be_signed_is_refused, begin),
      cmocka_unit_test_setup(hostile_files_are_refused, begin),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
