#!/bin/sh
# Make the files of secrets/ that docker-compose.yml names and that are missing; none that is there is changed.
# The folder is its owner's alone. The files can be read by all, because each container reads them as a user of its own.
set -eu
cd "$(dirname "$0")/.."
umask 022
mkdir -p secrets
chmod 700 secrets

random() {
    test -e "secrets/$1" || LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 40 >"secrets/$1"
}

# Passwords between the services, and the key that encrypts stored API keys: keep a copy of secret_key elsewhere.
random postgres_password
random database_password
random dagster_database_password
random secret_key
# In production this one is given by AWS; in development MinIO starts with what is here.
random aws_secret_access_key
# Empty means unset. engineers: a line per person, a name and what `caddy hash-password` prints.
for name in vibe_api_key smtp_password alert_urls heartbeat_url oidc_client_secret engineers; do
    test -e "secrets/$name" || : >"secrets/$name"
done
