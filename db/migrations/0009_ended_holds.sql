-- Stillgood, migration 9: which hold was released last. After a promotion versions tell nothing: a responder that
-- remembers a hold, and finds the certificate good, believes its release where this history has that very hold, and
-- its end. Who did it and why is for auditors only.
GRANT SELECT (id, issuer, serial, version, old_status, new_status, revoked_at, invalidity_at)
    ON stillgood.revocation_event TO stillgood_responder;
