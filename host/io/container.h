/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container: what every file and buffer of Umbra looks like. docs/file-format.md describes it byte by byte.
 *
 * The structs of this file and the records that the layers define are the bytes of the file themselves: little-endian,
 * without padding.
 */
#ifndef UMBRA_IO_CONTAINER_H
#define UMBRA_IO_CONTAINER_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files hold the words of memory: hosts are little-endian");

enum {
  UMBRA_CONTAINER_VERSION = 1,
  UMBRA_CONTAINER_KEYLESS = 2, /* version of what the first one has not: keyless levels, three parts */
  UMBRA_CONTAINER_PIECES = 3,  /* version in which checksums are over the sums of pieces, see sum.h */
  UMBRA_PIECE_BYTES = 1 << 22,
  UMBRA_CHECKSUM_BYTES = 32,
  UMBRA_CONTAINER_DIGEST_BYTES = 32,
  UMBRA_CONTAINER_OWNER_BYTES = 16
};

/* What a container holds. Values are part of the format. */
typedef enum umbra_kind {
  UMBRA_KIND_PARAMS = 1,
  UMBRA_KIND_SECRET_KEY = 2,
  UMBRA_KIND_PUBLIC_KEY = 3,
  UMBRA_KIND_EVAL_KEYS = 4,
  UMBRA_KIND_PLAINTEXT = 5,
  UMBRA_KIND_CIPHERTEXT = 6,
  UMBRA_KIND_MATRIX = 7,
  UMBRA_KIND_LOGISTIC = 8,
  UMBRA_KIND_TRAIN_PLAN = 9,
  UMBRA_KIND_TRAIN_DATA = 10,
  UMBRA_KIND_TRAIN_BLOCK = 11,
  UMBRA_KIND_CHECKPOINT = 12,
  /* Reserved but for manifests: nothing writes these yet, and readers refuse them by name. */
  UMBRA_KIND_SHARE = 13,
  UMBRA_KIND_SESSION = 14,
  UMBRA_KIND_TRANSCRIPT = 15,
  UMBRA_KIND_MANIFEST = 16,
  UMBRA_KIND_COMMITMENT = 17,
  UMBRA_KIND_REENCRYPTION_KEY = 18,
  /* Later than these, and not reserved: */
  UMBRA_KIND_FEATURE_MAP = 19,
  UMBRA_KIND_INFERENCE_PLAN = 20,
  UMBRA_KIND_INFERENCE_WEIGHTS = 21,
  UMBRA_KIND_RETIREMENT = 22,
  UMBRA_KIND_SIGNING_KEY = 23,
  UMBRA_KIND_SIGNER = 24
} umbra_kind;

/* Flags of the header, part of the format. */
enum {
  UMBRA_CONTAINER_SEALED = 1u,   /* secret and signing keys: under a passphrase */
  UMBRA_CONTAINER_INSECURE = 2u, /* parameters, plans of them: below 128-bit security or of a test ring */
  UMBRA_CONTAINER_OPENED = 4u,   /* plaintexts: decrypted, with the error that would tell the key */
  UMBRA_CONTAINER_STORED = 8u    /* secret and signing keys: sealed under a key that an outside key store has wrapped */
};

/* Types of sections, part of the format. */
typedef enum umbra_section {
  UMBRA_SECTION_COUNTS = 1,         /* parameters: sizes of what follows */
  UMBRA_SECTION_CHAIN = 2,          /* parameters: primes, levels, digits */
  UMBRA_SECTION_LOCK = 3,           /* how a passphrase becomes the key of the next section */
  UMBRA_SECTION_SECRET = 4,         /* ternary coefficients, or their encryption */
  UMBRA_SECTION_SEED = 5,           /* of uniform residues */
  UMBRA_SECTION_RESIDUES = 6,       /* of polynomials, limb by limb */
  UMBRA_SECTION_VALUE = 7,          /* level, slots and estimate of a plaintext or ciphertext */
  UMBRA_SECTION_KEY = 8,            /* what an evaluation key is for */
  UMBRA_SECTION_MATRIX = 9,         /* shape of a matrix */
  UMBRA_SECTION_LOGISTIC = 10,      /* public part of a logistic model */
  UMBRA_SECTION_COEFFICIENTS = 11,  /* of a polynomial */
  UMBRA_SECTION_BOOT = 12,          /* parameters: how they refresh */
  UMBRA_SECTION_TRAINING = 13,      /* options and digest of a training plan */
  UMBRA_SECTION_EARLIER_STAMP = 14, /* of plans before plans had versions: nothing reads or writes it */
  UMBRA_SECTION_STAMP = 15,         /* which training something is of, and which part of it */
  UMBRA_SECTION_RANGE = 16,         /* level, slots and ranges of a ciphertext; before there were these: VALUE */
  UMBRA_SECTION_KEYLESS = 17,       /* parameters: how many levels have no keys */
  UMBRA_SECTION_PARTS = 18,         /* ciphertext: how many polynomials it has, if they are not two */
  UMBRA_SECTION_FEATURES = 19,      /* shape and layout of a feature map */
  UMBRA_SECTION_INFERENCE = 20,     /* plan of a network: sizes of what follows, layout, report */
  UMBRA_SECTION_NUMBERS = 21,       /* plan of a network: ranges, scales, labels, weights, ... */
  UMBRA_SECTION_TEXT = 22,          /* plan of a network: the output's name */
  UMBRA_SECTION_NEEDS = 23,         /* plan of a network: its keys */
  UMBRA_SECTION_STEP = 24,          /* plan of a network: a step, but for its numbers */
  UMBRA_SECTION_DIGEST = 25,        /* plan of a network: digest of its steps, which a client's has not */
  UMBRA_SECTION_PLAN = 26,          /* matrix: of which plan or training it has records or results */
  UMBRA_SECTION_WEIGHTS = 27,       /* encrypted weights of a network: of which plan, and how many matrices */
  UMBRA_SECTION_ORIGIN = 28,        /* training plan, logistic model: id of the training with its records */
  UMBRA_SECTION_LEARNING = 29,      /* training plan: optimizer, loss and layers, where they are not those of old */
  UMBRA_SECTION_PRIVACY = 30,       /* training plan: what its model may tell of the records */
  UMBRA_SECTION_LINK = 31,          /* checkpoint: what it follows, and the data used; the earlier ones have none */
  UMBRA_SECTION_LIFE = 32,          /* keys: when made, and until when they serve, if that is known */
  UMBRA_SECTION_RETIRED = 33,       /* retirement of a key: since when */
  UMBRA_SECTION_STORE = 34,         /* the key of the next section, as an outside key store has wrapped it */
  UMBRA_SECTION_MANIFEST = 35,      /* manifest: date, signer, how many files */
  UMBRA_SECTION_LIST = 36,          /* manifest: the files */
  UMBRA_SECTION_SIGNATURE = 37,     /* manifest: of all before it */
  UMBRA_SECTION_SIGNER = 38         /* signer: the public key */
} umbra_section;

typedef struct umbra_header {
  uint8_t magic[8];
  uint32_t version, kind, flags, sections;
  uint64_t bytes;                               /* of the whole container */
  uint8_t digest[UMBRA_CONTAINER_DIGEST_BYTES]; /* of the parameters */
  uint8_t owner[UMBRA_CONTAINER_OWNER_BYTES];   /* zero for parameters, plaintexts, plans */
  uint8_t checksum[UMBRA_CHECKSUM_BYTES];       /* BLAKE2b-256 of the fields above */
} umbra_header;
_Static_assert(sizeof(umbra_header) == 112, "no padding");

/*
 * A section is this head, `length` bytes, and a checksum of both (sum.h), keyed with the header's: a section of another
 * container, or at another place, does not pass. The digest of a container stands for all of its bytes: BLAKE2b-256
 * of the checksums of its header and its sections, one after the other. Whoever reads or writes one has it for nothing.
 */
typedef struct umbra_section_head {
  uint32_t type, index;
  uint64_t length;
} umbra_section_head;
_Static_assert(sizeof(umbra_section_head) == 16, "no padding");

enum { UMBRA_SECTION_OVERHEAD = sizeof(umbra_section_head) + UMBRA_CHECKSUM_BYTES };

extern const uint8_t umbra_container_magic[8];

/* "secret key" and the like; NULL if there is no such kind. */
const char *umbra_kind_name(uint32_t kind);

/* Of a kind that has a name: whether nothing reads it yet; the flags that its header may carry; whether it has an owner. */
int umbra_kind_is_reserved(uint32_t kind);
uint32_t umbra_kind_flags(uint32_t kind);
int umbra_kind_is_owned(uint32_t kind);

/* Whether there are objects of that kind in that version. */
int umbra_kind_has_version(uint32_t kind, uint32_t version);

/* What sections of this type hold, in words. */
const char *umbra_section_name(uint32_t type);

void umbra_header_checksum(uint8_t checksum[UMBRA_CHECKSUM_BYTES], const umbra_header *header);

/* Secrets, and kinds of files that go to others: these lie in other folders. */
#define UMBRA_KINDS_SECRET (1u << UMBRA_KIND_SECRET_KEY | 1u << UMBRA_KIND_SIGNING_KEY)
#define UMBRA_KINDS_GIVEN_AWAY                                                              \
  (1u << UMBRA_KIND_PUBLIC_KEY | 1u << UMBRA_KIND_EVAL_KEYS | 1u << UMBRA_KIND_TRAIN_DATA | \
   1u << UMBRA_KIND_TRAIN_BLOCK | 1u << UMBRA_KIND_CHECKPOINT | 1u << UMBRA_KIND_SIGNER)

#endif
