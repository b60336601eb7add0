#include "signer/pkcs11_module.h"

#include "signer/passphrase.h"

#include <dlfcn.h>
#include <openssl/rand.h>

#define SLOTS_MOST 256
#define ID_SIZE 20

struct pkcs11_module {
	void *library;
	CK_FUNCTION_LIST *functions;
	bool initialized;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	bool open;
	struct passphrase pin;
	enum pkcs11_trouble trouble;
};

/* The reasons that people meet; others by their number (PKCS #11, 2.40, 11.1). */
static const struct {
	CK_RV value;
	const char *words;
} reasons[] = {
	{CKR_PIN_INCORRECT, "the PIN is wrong"},
	{CKR_PIN_INVALID, "no PIN can be like this one"},
	{CKR_PIN_LEN_RANGE, "the PIN is too short or too long"},
	{CKR_PIN_LOCKED, "the PIN is locked, after too many wrong ones"},
	{CKR_PIN_EXPIRED, "the PIN has expired"},
	{CKR_USER_PIN_NOT_INITIALIZED, "the token has no user PIN yet"},
	{CKR_TOKEN_NOT_PRESENT, "the token is not there"},
	{CKR_TOKEN_NOT_RECOGNIZED, "the token is not recognized"},
	{CKR_DEVICE_REMOVED, "the token was removed"},
	{CKR_DEVICE_ERROR, "the token has failed"},
	{CKR_SESSION_HANDLE_INVALID, "the session is gone"},
	{CKR_SESSION_COUNT, "the token has no session left"},
	{CKR_TOKEN_WRITE_PROTECTED, "the token is write-protected"},
	{CKR_MECHANISM_INVALID, "the token cannot do this"},
	{CKR_ATTRIBUTE_VALUE_INVALID, "the token does not take such a key"},
};

#define PKCS11_WORDS 48 /* octets of them */

static const char *words_of(CK_RV value, char text[PKCS11_WORDS])
{
	for (size_t i = 0; i < array_size(reasons); i++)
		if (reasons[i].value == value)
			return reasons[i].words;
	(void)snprintf(text, PKCS11_WORDS, "PKCS #11 error 0x%lx", (unsigned long)value);
	return text;
}

static int fail(struct pkcs11_module *m, const char *what, enum pkcs11_trouble trouble, CK_RV value,
		struct fault *fault)
{
	char text[PKCS11_WORDS];
	m->trouble = trouble;
	return fault_set(fault, -EIO, "%s: %s", what, words_of(value, text));
}

/* ---- the module ---- */

static int load(struct pkcs11_module *m, const char *path, struct fault *fault)
{
	CK_C_GetFunctionList get = NULL;
	m->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = m->library ? dlsym(m->library, "C_GetFunctionList") : NULL;
	m->trouble = PKCS11_HOPELESS;
	memcpy(&get, &symbol, sizeof(get));
	if (!get || get(&m->functions) != CKR_OK)
		return fault_set(fault, -ENOENT,
				 "no PKCS #11 module can be loaded from %s (%s); set pkcs11_module",
				 path, m->library ? "it is no such module" : dlerror());
	CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
	CK_RV value = m->functions->C_Initialize(&arguments);
	if (value != CKR_OK && value != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return fail(m, path, PKCS11_AWAY, value, fault);
	m->initialized = value == CKR_OK;
	return 0;
}

/* ---- the token ---- */

static int find_token(struct pkcs11_module *m, const struct pkcs11_address *address,
		      CK_TOKEN_INFO *info, struct fault *fault)
{
	CK_SLOT_ID slots[SLOTS_MOST];
	CK_ULONG count = SLOTS_MOST;
	unsigned found = 0;
	CK_RV value = m->functions->C_GetSlotList(CK_TRUE, slots, &count);
	if (value != CKR_OK)
		return fail(m, address->token, PKCS11_AWAY, value, fault);
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO other;
		CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(address->uri);
		if (m->functions->C_GetTokenInfo(slots[i], &other) != CKR_OK ||
		    !p11_kit_uri_match_token_info(address->uri, &other) ||
		    (wanted != (CK_SLOT_ID)-1 && wanted != slots[i]))
			continue;
		found++;
		m->slot = slots[i];
		*info = other;
	}
	if (found == 1)
		return 0;
	m->trouble = found ? PKCS11_HOPELESS : PKCS11_AWAY;
	return found ? fault_set(fault, -EEXIST,
				 "%s: %u tokens are meant; say more of the one, such as its serial",
				 address->token, found)
		     : fault_set(fault, -ENODEV, "%s: the token is not there", address->token);
}

static CK_RV try_login(struct pkcs11_module *m, const CK_TOKEN_INFO *info)
{
	bool pad = info->flags & CKF_PROTECTED_AUTHENTICATION_PATH; /* its own keyboard */
	CK_RV value =
		m->functions->C_Login(m->session, CKU_USER, pad ? NULL : (CK_UTF8CHAR *)m->pin.text,
				      pad ? 0 : strlen(m->pin.text));
	return value == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : value;
}

static enum pin_result pin_result_of(CK_RV value)
{
	switch (value) {
	case CKR_OK:
		return PIN_RIGHT;
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_LOCKED:
	case CKR_PIN_EXPIRED:
		return PIN_WRONG;
	default:
		return PIN_UNTOLD;
	}
}

/* A wrong PIN must never lock the token for everybody else, however often we are started. */
static int refuse_last_try(struct pkcs11_module *m, const struct pkcs11_address *address,
			   const CK_TOKEN_INFO *info, struct fault *fault)
{
	m->trouble = PKCS11_PIN;
	if (info->flags & CKF_USER_PIN_LOCKED)
		return fault_set(fault, -EKEYREJECTED,
				 "%s: the PIN is locked, after too many wrong ones",
				 address->token);
	if (info->flags & CKF_USER_PIN_FINAL_TRY)
		return fault_set(fault, -EKEYREJECTED,
				 "%s: one more wrong PIN would lock the token, so none is tried; "
				 "log in by hand (pkcs11-tool --login --test), then reload",
				 address->token);
	return 0;
}

/* The PIN, and when its file was written: a token whose PIN was set right is tried again after a touch. */
static void attempt_of(const struct passphrase *pin, struct buffer *ret)
{
	buffer_put_i64(ret, pin->changed);
	buffer_put_string(ret, pin->text);
}

static int login(struct pkcs11_module *m, const struct pkcs11_address *address,
		 const CK_TOKEN_INFO *info, struct view attempt, struct fault *fault)
{
	m->trouble = PKCS11_PIN;
	int result = vault_pin_try(address->token, attempt);
	if (result == -EKEYREJECTED)
		return fault_set(
			fault, result,
			"%s: the PIN is wrong (the token has refused it), and is not tried "
			"again; give the right one, then reload",
			address->token);
	if (result < 0)
		return fault_set(fault, result, "%s: %s", address->token, strerror(-result));
	CK_RV value = try_login(m, info);
	enum pin_result told = pin_result_of(value);
	vault_pin_tried(address->token, attempt, told);
	return value == CKR_OK ? 0
			       : fail(m, address->token,
				      told == PIN_WRONG ? PKCS11_PIN : PKCS11_AWAY, value, fault);
}

static int log_in(struct pkcs11_module *m, const struct pkcs11_address *address,
		  const CK_TOKEN_INFO *info, struct fault *fault)
{
	if (!(info->flags & CKF_LOGIN_REQUIRED))
		return 0;
	m->trouble = PKCS11_PIN;
	if (!m->pin.given && !(info->flags & CKF_PROTECTED_AUTHENTICATION_PATH))
		return fault_set(
			fault, -EACCES,
			"%s: the token wants a PIN; give it (signer_key_passphrase_file, or "
			"pin-source)",
			address->token);
	int result = refuse_last_try(m, address, info, fault);
	if (result < 0)
		return result;
	struct buffer attempt = {0};
	attempt_of(&m->pin, &attempt);
	result = login(m, address, info, buffer_view(&attempt), fault);
	if (attempt.data)
		explicit_bzero(attempt.data, attempt.capacity);
	buffer_deinit(&attempt);
	return result;
}

static int open_session(struct pkcs11_module *m, const struct pkcs11_address *address,
			struct fault *fault)
{
	CK_TOKEN_INFO info = {.flags = 0};
	int result = find_token(m, address, &info, fault);
	if (result < 0)
		return result;
	CK_FLAGS flags =
		CKF_SERIAL_SESSION | (info.flags & CKF_WRITE_PROTECTED ? 0 : CKF_RW_SESSION);
	CK_RV value = m->functions->C_OpenSession(m->slot, flags, NULL, NULL, &m->session);
	if (value != CKR_OK)
		return fail(m, address->token, PKCS11_AWAY, value, fault);
	m->open = true;
	return log_in(m, address, &info, fault);
}

int pkcs11_module_open(const struct pkcs11_address *address, struct pkcs11_module **ret,
		       enum pkcs11_trouble *trouble, struct fault *fault)
{
	cleanup(pkcs11_module_freep) struct pkcs11_module *m = calloc(1, sizeof(*m));
	*trouble = PKCS11_AWAY;
	if (!m)
		return fault_set(fault, -ENOMEM, "%s: out of memory", address->token);
	m->trouble = PKCS11_HOPELESS;
	int result = passphrase_read(address->passphrase, address->text, &m->pin, fault);
	if (result == 0)
		result = load(m, address->module, fault);
	if (result == 0)
		result = open_session(m, address, fault);
	*trouble = m->trouble;
	if (result < 0)
		return result;
	*ret = m;
	m = NULL;
	return 0;
}

void pkcs11_module_free(struct pkcs11_module *m)
{
	if (!m)
		return;
	if (m->open)
		(void)m->functions->C_CloseSession(m->session);
	if (m->initialized)
		(void)m->functions->C_Finalize(NULL);
	if (m->library)
		(void)dlclose(m->library);
	passphrase_wipe(&m->pin);
	free(m);
}

bool pkcs11_module_alive(struct pkcs11_module *m)
{
	CK_TOKEN_INFO token;
	CK_SESSION_INFO session;
	return m->functions->C_GetTokenInfo(m->slot, &token) == CKR_OK &&
	       m->functions->C_GetSessionInfo(m->session, &session) == CKR_OK &&
	       (session.state == CKS_RO_USER_FUNCTIONS || session.state == CKS_RW_USER_FUNCTIONS ||
		!(token.flags & CKF_LOGIN_REQUIRED));
}

const char *pkcs11_module_pin(const struct pkcs11_module *m)
{
	return m->pin.text;
}

/* ---- keys ---- */

int pkcs11_module_count(struct pkcs11_module *m, const struct pkcs11_address *address,
			unsigned *ret, struct fault *fault)
{
	CK_ULONG attributes = 0, found = 0;
	CK_OBJECT_HANDLE keys[8];
	CK_ATTRIBUTE *wanted = p11_kit_uri_get_attributes(address->uri, &attributes);
	CK_RV value = m->functions->C_FindObjectsInit(m->session, wanted, attributes);
	if (value == CKR_OK) {
		value = m->functions->C_FindObjects(m->session, keys, array_size(keys), &found);
		(void)m->functions->C_FindObjectsFinal(m->session);
	}
	if (value != CKR_OK)
		return fail(m, address->text, PKCS11_AWAY, value, fault);
	*ret = (unsigned)found;
	return 0;
}

/* What both halves have: what the URI says, and an id where it says none. */
static CK_ULONG put_names(const struct pkcs11_address *address, CK_BYTE id[ID_SIZE],
			  CK_ATTRIBUTE *out)
{
	const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(address->uri, CKA_LABEL);
	const CK_ATTRIBUTE *given = p11_kit_uri_get_attribute(address->uri, CKA_ID);
	CK_ULONG count = 0;
	if (label)
		out[count++] = *label;
	out[count++] = given ? *given : (CK_ATTRIBUTE){CKA_ID, id, ID_SIZE};
	return count;
}

static CK_RV generate(struct pkcs11_module *m, const struct pkcs11_kind *kind, CK_ATTRIBUTE *names,
		      CK_ULONG count)
{
	static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG bits = kind->rsa_bits;
	CK_BYTE exponent[] = {1, 0, 1};
	CK_MECHANISM mechanism = {bits ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE public_half[8] = {{CKA_TOKEN, &yes, sizeof(yes)},
				       {CKA_VERIFY, &yes, sizeof(yes)}};
	CK_ATTRIBUTE private_half[8] = {{CKA_TOKEN, &yes, sizeof(yes)},
					{CKA_PRIVATE, &yes, sizeof(yes)},
					{CKA_SENSITIVE, &yes, sizeof(yes)},
					{CKA_EXTRACTABLE, &no, sizeof(no)},
					{CKA_SIGN, &yes, sizeof(yes)}};
	CK_ULONG publics = 2, privates = 5;
	CK_OBJECT_HANDLE made[2];
	for (CK_ULONG i = 0; i < count; i++)
		public_half[publics++] = private_half[privates++] = names[i];
	if (bits) {
		public_half[publics++] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof(bits)};
		public_half[publics++] =
			(CK_ATTRIBUTE){CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)};
	} else {
		public_half[publics++] =
			(CK_ATTRIBUTE){CKA_EC_PARAMS, (void *)kind->curve.data, kind->curve.size};
	}
	return m->functions->C_GenerateKeyPair(m->session, &mechanism, public_half, publics,
					       private_half, privates, &made[0], &made[1]);
}

int pkcs11_module_make(struct pkcs11_module *m, const struct pkcs11_address *address,
		       const struct pkcs11_kind *kind, struct fault *fault)
{
	CK_BYTE id[ID_SIZE];
	CK_ATTRIBUTE names[2];
	unsigned count = 0;
	int result = pkcs11_module_count(m, address, &count, fault);
	if (result == 0 && count > 0)
		result = fault_set(
			fault, -EEXIST,
			"%s: there is such a key already, and none is ever replaced; name "
			"another",
			address->text);
	if (result < 0)
		return result;
	if (RAND_bytes(id, sizeof(id)) != 1)
		return fault_set(fault, -EIO, "%s: no random octets", address->text);
	CK_RV value = generate(m, kind, names, put_names(address, id, names));
	return value == CKR_OK ? 0 : fail(m, address->text, PKCS11_HOPELESS, value, fault);
}
