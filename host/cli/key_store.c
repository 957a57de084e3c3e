/* SPDX-License-Identifier: Apache-2.0 */
#include "key_store.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "passphrase.h"
#include "pkcs11_uri.h"
#include "target.h"

enum { IV_BYTES = 12, TAG_BYTES = 16, SLOTS = 64 };
enum { WRAPPED_BYTES = IV_BYTES + UMBRA_WRAPPING_BYTES + TAG_BYTES };

static bool check(CK_ULONG result, const char *what) {
  switch (result) {
    case CKR_OK: return true;
    case CKR_PIN_INCORRECT: return cli_error("key store: the PIN is wrong");
    case CKR_PIN_LOCKED: return cli_error("key store: the PIN is locked, after too many wrong ones");
    default: return cli_error("key store: %s failed with PKCS#11's code %#lx", what, result);
  }
}

/* ---- wrapping ---- */

/* Its pointers lead into its arguments. The label keeps these keys apart from whatever else the token's key encrypts. */
static CK_ULONG begin(const cli_key_store *s, CK_CIPHER_INIT init, CK_BYTE iv[IV_BYTES]) {
  static CK_BYTE label[] = "key of an umbra secret key";
  CK_GCM_PARAMS gcm = {iv, IV_BYTES, 8 * IV_BYTES, label, sizeof label - 1, 8 * TAG_BYTES};
  CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof gcm};
  return init(s->session, &mechanism, s->key);
}

static int wrap(void *user, uint8_t wrapped[UMBRA_WRAPPED_BYTES], uint32_t *bytes,
                const uint8_t key[UMBRA_WRAPPING_BYTES]) {
  const cli_key_store *s = user;
  CK_BYTE plain[UMBRA_WRAPPING_BYTES];
  CK_ULONG count = WRAPPED_BYTES - IV_BYTES;
  if (getrandom(wrapped, IV_BYTES, 0) != IV_BYTES) return -1;
  memcpy(plain, key, sizeof plain);
  bool done = check(begin(s, s->pkcs11->C_EncryptInit, wrapped), "encryption by AES-GCM") &&
              check(s->pkcs11->C_Encrypt(s->session, plain, sizeof plain, wrapped + IV_BYTES, &count), "encryption") &&
              (count == WRAPPED_BYTES - IV_BYTES || cli_error("key store: %lu bytes are no tag and 32 bytes", count));
  explicit_bzero(plain, sizeof plain);
  *bytes = WRAPPED_BYTES;
  return done ? 0 : -1;
}

static int unwrap(void *user, uint8_t key[UMBRA_WRAPPING_BYTES], const uint8_t *wrapped, uint32_t bytes) {
  const cli_key_store *s = user;
  CK_BYTE copy[WRAPPED_BYTES], plain[WRAPPED_BYTES];
  CK_ULONG count = sizeof plain;
  if (bytes != WRAPPED_BYTES) return cli_error("key store: %u bytes are wrapped, and not %d", bytes, WRAPPED_BYTES) - 1;
  memcpy(copy, wrapped, sizeof copy);
  bool done = check(begin(s, s->pkcs11->C_DecryptInit, copy), "decryption by AES-GCM") &&
              (s->pkcs11->C_Decrypt(s->session, copy + IV_BYTES, sizeof copy - IV_BYTES, plain, &count) == CKR_OK ||
               cli_error("key store: this key of the token did not seal that file")) &&
              (count == UMBRA_WRAPPING_BYTES || cli_error("key store: the key has %lu bytes", count));
  if (done) memcpy(key, plain, UMBRA_WRAPPING_BYTES);
  explicit_bzero(plain, sizeof plain);
  return done ? 0 : -1;
}

/* ---- opening ---- */

/* A module is a file, and nothing that would be waited for. */
static bool load_module(cli_key_store *s, const char *option, const char *path) {
  CK_GET_FUNCTION_LIST list_of = NULL;
  const int file = cli_open_input(option, path);
  if (file < 0) return false;
  close(file);
  s->module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!s->module) return cli_error("%s: %s", option, dlerror());
  void *found = dlsym(s->module, "C_GetFunctionList");
  memcpy(&list_of, &found, sizeof list_of); /* ISO C has no cast for it */
  if (!list_of || list_of(&s->pkcs11) != CKR_OK) return cli_error("%s: %s is no PKCS#11 module", option, path);
  if (!check(s->pkcs11->C_Initialize(NULL), "its beginning")) return false;
  s->initialised = true;
  return true;
}

/* Labels of tokens are padded with blanks. "": any of a token that is in use. */
static bool has_label(const CK_TOKEN_INFO *info, const char *label) {
  const size_t length = strlen(label);
  if (!(info->flags & CKF_TOKEN_INITIALIZED)) return false;
  if (!length) return true;
  if (length > sizeof info->label || memcmp(info->label, label, length) != 0) return false;
  for (size_t i = length; i < sizeof info->label; i++)
    if (info->label[i] != ' ') return false;
  return true;
}

static bool find_token(CK_ULONG *slot, const cli_key_store *s, const char *option, const char *label) {
  CK_ULONG slots[SLOTS], count = SLOTS, found = 0;
  CK_TOKEN_INFO info;
  if (!check(s->pkcs11->C_GetSlotList(1, slots, &count), "looking for tokens")) return false;
  for (CK_ULONG i = 0; i < count; i++)
    if (s->pkcs11->C_GetTokenInfo(slots[i], &info) == CKR_OK && has_label(&info, label) && !found++) *slot = slots[i];
  if (found == 1) return true;
  return cli_error("%s: %lu tokens %s%s, and one is expected", option, found, *label ? "have the label " : "are there",
                   label);
}

static bool log_in(const cli_key_store *s, const char *pin_source) {
  char pin[CLI_PASSPHRASE];
  bool done = (*pin_source ? cli_passphrase_read(pin, "pin-source", pin_source)
                           : cli_passphrase_ask(pin, "PIN of the key store", "pin-source")) &&
              check(s->pkcs11->C_Login(s->session, CKU_USER, (CK_BYTE *)pin, strlen(pin)), "the login");
  explicit_bzero(pin, sizeof pin);
  return done;
}

static bool find_key(cli_key_store *s, const char *option, char *label) {
  CK_ULONG class = CKO_SECRET_KEY, type = CKK_AES, keys[2], count = 0;
  CK_ATTRIBUTE wanted[] = {
      {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type}, {CKA_LABEL, label, strlen(label)}};
  bool looked = check(s->pkcs11->C_FindObjectsInit(s->session, wanted, 3), "looking for the key") &&
                check(s->pkcs11->C_FindObjects(s->session, keys, 2, &count), "looking for the key") &&
                check(s->pkcs11->C_FindObjectsFinal(s->session), "looking for the key");
  if (!looked) return false;
  s->key = keys[0];
  return count == 1 ||
         cli_error("%s: the token has %s AES key with the label %s", option, count ? "more than one" : "no", label);
}

bool cli_key_store_open(cli_key_store *s, const char *option, const char *text) {
  cli_pkcs11_uri uri;
  CK_ULONG slot = 0;
  *s = (cli_key_store){.store = {UMBRA_KEY_STORE_INIT, .wrap = wrap, .unwrap = unwrap, .user = s}};
  return cli_pkcs11_uri_parse(&uri, option, text) && load_module(s, option, uri.module) &&
         find_token(&slot, s, option, uri.token) &&
         check(s->pkcs11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s->session), "opening the token") &&
         log_in(s, uri.pin_source) && find_key(s, option, uri.object);
}

/* Finalising closes sessions, and logs out. */
void cli_key_store_close(cli_key_store *s) {
  if (s->initialised) (void)s->pkcs11->C_Finalize(NULL);
  if (s->module) dlclose(s->module);
  *s = (cli_key_store){0};
}
