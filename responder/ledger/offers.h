/* What signers can sign with, issuer by issuer (P-37), and what a client's preferences come to
 * (P-17). All signers have the same keys and the same clock, so the latest word of any of them
 * counts; one that cannot do what it is asked for signs as it can. */
#pragma once

#include "ipc/messages.h"
#include "ledger/issuers.h"

struct ledger;

struct offers;

must_check int offers_init(struct ledger *l);
void offers_deinit(struct ledger *l);
/* Nothing is said yet. NULL: no memory. */
struct offers *offers_new(const struct conf *conf);
void offers_free(struct offers *offers);
/* These count from here on. */
void offers_replace(struct ledger *l, struct offers *next);
/* A MESSAGE_OFFER for these; NULL: for those of a former configuration. 0 or -EBADMSG. */
must_check int offers_take(struct ledger *l, struct offers *offers, struct view payload);
/* Is something said of every issuer? */
bool offers_whole(const struct offers *offers);
/* Is one section's issuer signed for with the same as the other's? */
bool offers_same_signers(const struct offers *a, unsigned of_a, const struct offers *b,
			 unsigned of_b);
/* To a front, or to all: among what clients can choose. */
void offers_send(struct ledger *l, unsigned front);
void offers_send_all(struct ledger *l);
/* The first of the client's preferences that the issuer has a signer for; empty: the default. */
struct view offers_choose(const struct ledger *l, const struct issuer *issuer,
			  struct view preferred);
/* Is it a list of OBJECT IDENTIFIERs? */
bool offers_list_is_valid(struct view preferred);
/* How many algorithms signers have for this section now; -1: they have not told. */
int offers_count(const struct ledger *l, unsigned section);
/* SHA-1 of the key in its file, as signers tell; empty: they have not told. */
struct view offers_key(const struct ledger *l, unsigned section);
/* Of all that this section's answers are signed with now; empty: signers have not told, or have nothing. */
struct view offers_hash(const struct ledger *l, unsigned section);
/* Has any signer told anything yet? */
bool offers_any(const struct ledger *l);
/* Signers say that they have nothing valid to sign with for this section. */
bool offers_none(const struct ledger *l, unsigned section);
/* How often what signers offer has changed. */
uint64_t offers_changes(const struct ledger *l);
/* Is the key in the section's file, which signers tell, this issuer's? Until they tell, it may be. */
bool offers_fit(const struct ledger *l, unsigned section, const struct issuer *issuer);
/* May the CertID mean the CA whose key it is? */
bool offers_may_mean(const struct ledger *l, unsigned section, const struct ocsp_certid *certid);
