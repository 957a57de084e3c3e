/* SPDX-License-Identifier: Apache-2.0 */
#include "container.h"

#include <sodium.h>
#include <stddef.h>

/* As in PNG: a byte that no text has, and line ends that a transfer as text would change. */
const uint8_t umbra_container_magic[8] = {0xd5, 'U', 'M', 'B', 'R', 'A', '\r', '\n'};

enum { SEALS = UMBRA_CONTAINER_SEALED | UMBRA_CONTAINER_STORED };

#define V(version) (1u << (version))

static const struct {
  const char *name;
  uint32_t flags;
  int owned;
  uint32_t versions; /* mask: V(v), version v */
} kinds[] = {
    [UMBRA_KIND_PARAMS] = {"parameters", UMBRA_CONTAINER_INSECURE, 0, V(1) | V(2)},
    [UMBRA_KIND_SECRET_KEY] = {"secret key", SEALS, 1, V(1)},
    [UMBRA_KIND_PUBLIC_KEY] = {"public key", 0, 1, V(1)},
    [UMBRA_KIND_EVAL_KEYS] = {"evaluation keys", 0, 1, V(1) | V(3)},
    [UMBRA_KIND_PLAINTEXT] = {"plaintext", UMBRA_CONTAINER_OPENED, 0, V(1)},
    [UMBRA_KIND_CIPHERTEXT] = {"ciphertext", 0, 1, V(1) | V(2)},
    [UMBRA_KIND_MATRIX] = {"encrypted matrix", 0, 1, V(1)},
    [UMBRA_KIND_LOGISTIC] = {"encrypted logistic model", 0, 1, V(1)},
    [UMBRA_KIND_TRAIN_PLAN] = {"training plan", UMBRA_CONTAINER_INSECURE, 0, V(1)},
    [UMBRA_KIND_TRAIN_DATA] = {"training data", 0, 1, V(1)},
    [UMBRA_KIND_TRAIN_BLOCK] = {"training block", 0, 1, V(1)},
    [UMBRA_KIND_CHECKPOINT] = {"checkpoint", 0, 1, V(1)},
    [UMBRA_KIND_SHARE] = {"share of a secret key", 0, 0, V(1)},
    [UMBRA_KIND_SESSION] = {"session", 0, 0, V(1)},
    [UMBRA_KIND_TRANSCRIPT] = {"transcript", 0, 0, V(1)},
    [UMBRA_KIND_MANIFEST] = {"manifest", 0, 1, V(1)},
    [UMBRA_KIND_COMMITMENT] = {"commitment", 0, 0, V(1)},
    [UMBRA_KIND_REENCRYPTION_KEY] = {"re-encryption key", 0, 0, V(1)},
    [UMBRA_KIND_FEATURE_MAP] = {"encrypted feature map", 0, 1, V(1)},
    [UMBRA_KIND_INFERENCE_PLAN] = {"inference plan", UMBRA_CONTAINER_INSECURE, 0, V(1) | V(2)},
    [UMBRA_KIND_INFERENCE_WEIGHTS] = {"encrypted inference weights", 0, 1, V(1)},
    [UMBRA_KIND_RETIREMENT] = {"retirement of a key", 0, 1, V(1)},
    [UMBRA_KIND_SIGNING_KEY] = {"signing key", SEALS, 1, V(1)},
    [UMBRA_KIND_SIGNER] = {"signer", 0, 1, V(1)},
};

static const char *const sections[] = {
    [UMBRA_SECTION_COUNTS] = "numbers of primes, levels and digits",
    [UMBRA_SECTION_CHAIN] = "primes, levels and digits",
    [UMBRA_SECTION_LOCK] = "passphrase settings",
    [UMBRA_SECTION_SECRET] = "secret coefficients",
    [UMBRA_SECTION_SEED] = "a seed",
    [UMBRA_SECTION_RESIDUES] = "residues",
    [UMBRA_SECTION_VALUE] = "level, slots and estimate",
    [UMBRA_SECTION_KEY] = "the purpose of an evaluation key",
    [UMBRA_SECTION_MATRIX] = "the shape of a matrix",
    [UMBRA_SECTION_LOGISTIC] = "the settings of a logistic model",
    [UMBRA_SECTION_COEFFICIENTS] = "coefficients of a polynomial",
    [UMBRA_SECTION_BOOT] = "how parameters refresh",
    [UMBRA_SECTION_TRAINING] = "the options of a training",
    [UMBRA_SECTION_EARLIER_STAMP] = "the stamp of a training planned by an earlier version (plan anew, encrypt again)",
    [UMBRA_SECTION_STAMP] = "the stamp of a training",
    [UMBRA_SECTION_RANGE] = "level, slots and ranges",
    [UMBRA_SECTION_KEYLESS] = "how many levels have no keys",
    [UMBRA_SECTION_PARTS] = "the number of parts",
    [UMBRA_SECTION_FEATURES] = "the layout of a feature map",
    [UMBRA_SECTION_INFERENCE] = "the settings of a network",
    [UMBRA_SECTION_NUMBERS] = "numbers",
    [UMBRA_SECTION_TEXT] = "a name",
    [UMBRA_SECTION_NEEDS] = "the purposes of evaluation keys",
    [UMBRA_SECTION_STEP] = "a step of a network",
    [UMBRA_SECTION_DIGEST] = "the digest of a network's steps",
    [UMBRA_SECTION_PLAN] = "the plan of which a matrix is",
    [UMBRA_SECTION_WEIGHTS] = "the plan of encrypted weights",
    [UMBRA_SECTION_ORIGIN] = "the id of a training",
    [UMBRA_SECTION_LEARNING] = "the optimizer and layers of a training",
    [UMBRA_SECTION_PRIVACY] = "what is promised of the records of a training",
    [UMBRA_SECTION_LINK] = "what a checkpoint follows",
    [UMBRA_SECTION_LIFE] = "when a key was made and expires",
    [UMBRA_SECTION_RETIRED] = "since when a key is retired",
    [UMBRA_SECTION_STORE] = "a wrapped key",
    [UMBRA_SECTION_MANIFEST] = "what a manifest says of the whole",
    [UMBRA_SECTION_LIST] = "a list of files",
    [UMBRA_SECTION_SIGNATURE] = "a signature",
    [UMBRA_SECTION_SIGNER] = "the key of a signer",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *umbra_kind_name(uint32_t kind) { return kind < COUNT(kinds) ? kinds[kind].name : NULL; }

int umbra_kind_is_reserved(uint32_t kind) {
  return kind >= UMBRA_KIND_SHARE && kind <= UMBRA_KIND_REENCRYPTION_KEY && kind != UMBRA_KIND_MANIFEST;
}

uint32_t umbra_kind_flags(uint32_t kind) { return kinds[kind].flags; }

int umbra_kind_is_owned(uint32_t kind) { return kinds[kind].owned; }

int umbra_kind_has_version(uint32_t kind, uint32_t version) { return (kinds[kind].versions >> version) & 1; }

const char *umbra_section_name(uint32_t type) {
  const char *name = type < COUNT(sections) ? sections[type] : NULL;
  return name ? name : "something unknown";
}

void umbra_header_checksum(uint8_t checksum[UMBRA_CHECKSUM_BYTES], const umbra_header *header) {
  crypto_generichash(checksum, UMBRA_CHECKSUM_BYTES, (const uint8_t *)header, offsetof(umbra_header, checksum), NULL,
                     0);
}
