#include "client/asking.h"

enum ask_status ask_status_of(const struct ocsp_finding *finding)
{
	if (!finding->proven)
		return ASK_NO_ANSWER;
	return finding->status == OCSP_GOOD      ? ASK_GOOD
	       : finding->status == OCSP_REVOKED ? ASK_REVOKED
						 : ASK_UNKNOWN;
}

/* What a monitor must not miss comes first: no answer, revoked, unknown, good. */
static int weight(enum ask_status status)
{
	return status == ASK_NO_ANSWER ? 3 : status == ASK_REVOKED ? 2 : status == ASK_UNKNOWN;
}

enum ask_status ask_status_worst(const struct asking *asking)
{
	enum ask_status worst = ASK_GOOD;
	for (unsigned i = 0; i < asking->question.count; i++) {
		enum ask_status status = ask_status_of(&asking->answer.findings[i]);
		if (weight(status) > weight(worst))
			worst = status;
	}
	return worst;
}

const char *ask_status_name(enum ask_status status)
{
	switch (status) {
	case ASK_GOOD:
		return "good";
	case ASK_REVOKED:
		return "revoked";
	case ASK_UNKNOWN:
		return "unknown";
	case ASK_NO_ANSWER:
		break;
	}
	return "none";
}
