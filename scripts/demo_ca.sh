# shellcheck shell=bash
# A CA with an OCSP signer and three certificates, made with openssl: what quickstart shows, and what
# the linters look at. Sourced; expects `set -euo pipefail`, $state (an existing folder for all of it)
# and $port (where the responder will be asked).
# shellcheck disable=SC2154

make_key() {
	(umask 077 && openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1") 2>/dev/null
}

# issue_certificate NAME EXTENSIONS — $state/NAME.pem with a key of its own.
issue_certificate() {
	local name=$1 extensions=$2
	make_key "$state/$name.key"
	openssl req -new -key "$state/$name.key" -subj "/C=JP/O=Stillgood quickstart/CN=$name" |
		openssl x509 -req -CA "$state/ca.pem" -CAkey "$state/ca.key" -days 365 -sha256 \
			-set_serial "0x$(openssl rand -hex 15)" -extfile <(printf '%b' "$extensions") \
			-out "$state/$name.pem" 2>/dev/null
}

leaf_extensions='basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
signer_extensions=$leaf_extensions'keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n'

issue_leaf() { # with where to ask about it (authority information access)
	issue_certificate "$1" "${leaf_extensions}authorityInfoAccess=OCSP;URI:http://127.0.0.1:$port/\n"
}

make_ca() {
	[ ! -f "$state/ca.done" ] || return 0
	make_key "$state/ca.key"
	openssl req -x509 -new -key "$state/ca.key" -days 3650 -sha256 \
		-subj "/C=JP/O=Stillgood quickstart/CN=Demo CA" \
		-addext keyUsage=critical,keyCertSign,cRLSign -out "$state/ca.pem"
	issue_certificate signer "$signer_extensions"
	local name
	for name in good revoked unknown; do
		issue_leaf "$name"
	done
	touch "$state/ca.done"
}
