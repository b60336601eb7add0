/* What the page says, in one place. HTML as it is: no word of anybody else's is in here. */
#pragma once

#define W_TITLE "Stillgood"
#define W_SKIP "Skip to the answer form"
#define W_READY "Ready"
#define W_DEGRADED "Ready, with trouble"
#define W_NOT_READY "Not ready"
#define W_NOT_KNOWN "Nothing is known yet"
#define W_NOT_KNOWN_MORE "The other rooms have not reported. This page looks again in a moment."

#define W_ALARMS "Alarms"
#define W_GLANCE "At a glance"
#define W_ANSWERS_NOW "answers a second"
#define W_FROM_MEMORY "from memory"
#define W_EVIDENCE_AGE "age of the evidence"
#define W_LIVE_99 "99&nbsp;% of live answers are faster"

#define W_CHART "Answers over the last hour"
#define W_CHART_TITLE "Answers a second over the last hour, by what they said"
#define W_CHART_DESC "Stacked bars of half a minute each; the table below has the same figures."
#define W_CHART_KEPT "The admin room has kept this for"
#define W_CHART_TABLE "The same as a table"
#define W_CHART_CAPTION "Answers a second, averages of five minutes"
#define W_MINUTES_AGO "minutes ago"

#define W_TIMES "How long things take"
#define W_TIMES_CAPTION \
	"Time within which so many took place, over the last minute and the last hour"

#define W_TRUTH "How current it is"
#define W_EVIDENCE "Proven current up to"
#define W_FEED "Change log"
#define W_REVOKED "Certificates known as revoked or held"
#define W_KEPT "Answers kept for the next start"
#define W_KEPT_REUSED "given out again since this one:"
#define W_LOST "Revocations missing in the database"
#define W_LOST_MORE "They stay revoked here: see <code>stillgood accept-history --show</code>."

#define W_ISSUERS "Issuers and signers"
#define W_ISSUERS_MORE "more issuers are answered and not shown here."
#define W_NO_SIGNER "No signer has said anything about this issuer."
#define W_PRESIGNED "None here: answers were signed beforehand"
#define W_PRESIGNED_NONE "None here, and no answer that was signed beforehand is recorded"
#define W_PRESIGNED_END "the first ends on"
#define W_CRL_FROM "Good as its CRL says, as of "
#define W_CRL_UNTIL " until "
#define W_NO_CRL "No CRL of it is recorded: nothing is good."
#define W_RECORDED "CRL, recorded"
#define W_COMPARED "CRL, compared"
#define W_ENDS ", ends "
#define W_ENDED ", has ended "
#define W_NEXT_FETCH ", fetched again "

#define W_CACHES "HTTP caches"
#define W_CACHES_CAPTION "What the caches that are told what has changed know"
#define W_TOLD "told all"
#define W_UNTOLD "to be told, the first for"

#define W_ROOMS "Rooms"
#define W_ROOMS_CAPTION "The processes of this instance"

#define W_ASK "Ask about a certificate"
#define W_ASK_MORE                                                                                \
	"Shows what this instance answers now, and why. Nothing is changed, signed or stored by " \
	"asking."
#define W_FILE "Certificate file"
#define W_FILE_HINT "PEM or DER, up to 8 kB"
#define W_OR "or"
#define W_ISSUER "Issuer"
#define W_SERIAL "Serial number"
#define W_SERIAL_HINT "hexadecimal, or decimal:123"
#define W_SUBMIT "Show the answer"

#define W_WRONG "That cannot be asked"
#define W_FORM_BROKEN "The form did not arrive whole."
#define W_BECAUSE "Because"
#define W_BUT "But"
#define W_AGAIN "Ask about another certificate"

#define W_FOOT                                                                                     \
	"<a href=\"/metrics\">Metrics</a> and <a href=\"/readyz\">readiness</a> for monitors. On " \
	"a "                                                                                       \
	"terminal: <code>stillgood status --watch</code>, <code>stillgood explain</code>."
