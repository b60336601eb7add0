#!/bin/sh
# Run once by the image of PostgreSQL: the service's login, which may only read; `stillgood db init` gives its role
# the tables.
set -eu
psql -v ON_ERROR_STOP=1 -v "password=$(cut -d: -f5 /run/secrets/pgpass)" -U postgres -d stillgood <<'SQL'
CREATE ROLE stillgood_responder NOLOGIN;
CREATE ROLE stillgood_service LOGIN PASSWORD :'password' IN ROLE stillgood_responder;
SQL
