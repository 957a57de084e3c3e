/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of PKCS#11 (OASIS, version 2.40) as a key store needs: its names and values, and the beginning of a module's list
 * of functions, where those that are not called have no types.
 */
#ifndef UMBRA_CLI_PKCS11_H
#define UMBRA_CLI_PKCS11_H

typedef unsigned char CK_BYTE;
typedef unsigned long CK_ULONG;

enum {
  CKR_OK = 0,
  CKR_PIN_INCORRECT = 0xa0,
  CKR_PIN_LOCKED = 0xa4,
  CKF_TOKEN_INITIALIZED = 0x400,
  CKF_SERIAL_SESSION = 4,
  CKU_USER = 1,
  CKA_CLASS = 0,
  CKA_LABEL = 3,
  CKA_KEY_TYPE = 0x100,
  CKO_SECRET_KEY = 4,
  CKK_AES = 0x1f,
  CKM_AES_GCM = 0x1087
};

typedef struct CK_TOKEN_INFO {
  CK_BYTE label[32], manufacturer[32], model[16], serial[16]; /* padded with blanks */
  CK_ULONG flags, sessions[4], pin_length[2], memory[4];
  CK_BYTE versions[4], time[16];
} CK_TOKEN_INFO;

typedef struct CK_ATTRIBUTE {
  CK_ULONG type;
  void *value;
  CK_ULONG length;
} CK_ATTRIBUTE;

typedef struct CK_MECHANISM {
  CK_ULONG mechanism;
  void *parameter;
  CK_ULONG length;
} CK_MECHANISM;

typedef struct CK_GCM_PARAMS {
  CK_BYTE *iv;
  CK_ULONG iv_bytes, iv_bits;
  CK_BYTE *aad;
  CK_ULONG aad_bytes, tag_bits;
} CK_GCM_PARAMS;

typedef CK_ULONG (*CK_CIPHER)(CK_ULONG session, CK_BYTE *in, CK_ULONG in_bytes, CK_BYTE *out, CK_ULONG *out_bytes);
typedef CK_ULONG (*CK_CIPHER_INIT)(CK_ULONG session, CK_MECHANISM *mechanism, CK_ULONG key);
typedef void (*CK_OTHER)(void);

typedef struct CK_FUNCTION_LIST {
  CK_BYTE version[2];
  CK_ULONG (*C_Initialize)(void *arguments);
  CK_ULONG (*C_Finalize)(void *reserved);
  CK_OTHER get_info, get_function_list;
  CK_ULONG (*C_GetSlotList)(CK_BYTE with_token, CK_ULONG *slots, CK_ULONG *count);
  CK_OTHER get_slot_info;
  CK_ULONG (*C_GetTokenInfo)(CK_ULONG slot, CK_TOKEN_INFO *info);
  CK_OTHER mechanisms_and_pins[5];
  CK_ULONG (*C_OpenSession)(CK_ULONG slot, CK_ULONG flags, void *application, CK_OTHER notify, CK_ULONG *session);
  CK_ULONG (*C_CloseSession)(CK_ULONG session);
  CK_OTHER sessions[4];
  CK_ULONG (*C_Login)(CK_ULONG session, CK_ULONG user, CK_BYTE *pin, CK_ULONG bytes);
  CK_OTHER logout_and_objects[7];
  CK_ULONG (*C_FindObjectsInit)(CK_ULONG session, CK_ATTRIBUTE *wanted, CK_ULONG count);
  CK_ULONG (*C_FindObjects)(CK_ULONG session, CK_ULONG *objects, CK_ULONG most, CK_ULONG *count);
  CK_ULONG (*C_FindObjectsFinal)(CK_ULONG session);
  CK_CIPHER_INIT C_EncryptInit;
  CK_CIPHER C_Encrypt;
  CK_OTHER pieces[2];
  CK_CIPHER_INIT C_DecryptInit;
  CK_CIPHER C_Decrypt;
} CK_FUNCTION_LIST;

typedef CK_ULONG (*CK_GET_FUNCTION_LIST)(CK_FUNCTION_LIST **list);

#endif
