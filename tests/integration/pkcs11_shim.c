/* A PKCS #11 module between a worker and SoftHSM that does what tokens do when they fail (doc/faults.md row
 * 19). The file SOFTHSM2_CONF.fault says what, by its first word: slow MS, hang, lost, absent, wrong, die or
 * last (try); without the file nothing. Every login is a line of SOFTHSM2_CONF.logins. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static CK_FUNCTION_LIST *real, ours;

static const char *beside(const char *suffix, char path[512])
{
	const char *conf = getenv("SOFTHSM2_CONF");
	(void)snprintf(path, 512, "%s%s", conf ? conf : "/nowhere", suffix);
	return path;
}

static int fault(const char *word)
{
	char path[512], found[32] = "";
	int number = 1;
	FILE *file = fopen(beside(".fault", path), "r");
	if (!file)
		return 0;
	if (fscanf(file, "%31s %d", found, &number) < 1)
		found[0] = '\0';
	(void)fclose(file);
	return strcmp(found, word) == 0 ? number : 0;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG size, CK_BYTE *signature,
		  CK_ULONG *signature_size)
{
	int ms = fault("slow");
	if (ms)
		(void)usleep((useconds_t)ms * 1000);
	while (fault("hang"))
		(void)usleep(20000);
	if (fault("die"))
		abort();
	if (fault("lost"))
		return CKR_SESSION_HANDLE_INVALID;
	if (fault("absent"))
		return CKR_DEVICE_REMOVED;
	CK_RV value = real->C_Sign(session, data, size, signature, signature_size);
	if (value == CKR_OK && signature && fault("wrong"))
		signature[*signature_size / 2] ^= 1;
	return value;
}

static CK_RV slots(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
	if (!fault("absent") || !present)
		return real->C_GetSlotList(present, list, count);
	*count = 0;
	return CKR_OK;
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV value = fault("absent") ? CKR_TOKEN_NOT_PRESENT : real->C_GetTokenInfo(slot, info);
	if (value == CKR_OK && fault("last"))
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	return value;
}

static CK_RV session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	return fault("lost") || fault("absent") ? CKR_SESSION_HANDLE_INVALID
						: real->C_GetSessionInfo(session, info);
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
			  CK_SESSION_HANDLE *session)
{
	return fault("lost") ? CKR_DEVICE_ERROR
			     : real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size)
{
	char path[512];
	CK_RV value = real->C_Login(session, user, pin, size);
	FILE *file = fopen(beside(".logins", path), "a");
	if (file) {
		(void)fprintf(file, "%s\n",
			      value == CKR_PIN_INCORRECT            ? "wrong"
			      : value == CKR_USER_ALREADY_LOGGED_IN ? "already"
								    : "right");
		(void)fclose(file);
	}
	return value;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	void *library = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);
	void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
	CK_C_GetFunctionList get;
	memcpy(&get, &symbol, sizeof(get));
	if (!get || get(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	ours = *real;
	ours.C_GetFunctionList = C_GetFunctionList;
	ours.C_Sign = sign;
	ours.C_GetSlotList = slots;
	ours.C_GetTokenInfo = token_info;
	ours.C_GetSessionInfo = session_info;
	ours.C_OpenSession = open_session;
	ours.C_Login = login;
	*list = &ours;
	return CKR_OK;
}
