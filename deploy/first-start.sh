#!/bin/sh
# Run once by the image of Postgres, on an empty volume. The warehouse's owner is no superuser, so that row-level security
# can bind it; it makes the roles that read. Dagster has a database of its own, which readers of the marts cannot enter.
# What any login could stop or fill the server with is taken from everybody: only the superuser may do that.
set -eu
psql --no-psqlrc --username postgres --dbname postgres --set=ON_ERROR_STOP=1 --quiet <<'SQL'
\set warehouse_password `cat "$DATABASE_PASSWORD_FILE"`
\set dagster_password `cat "$DAGSTER_DATABASE_PASSWORD_FILE"`
create role paidmedia login createrole createdb password :'warehouse_password';
create database paidmedia owner paidmedia;
create role dagster login password :'dagster_password';
create database dagster owner dagster;
revoke connect on database dagster from public;
SQL
psql --no-psqlrc --username postgres --dbname paidmedia --set=ON_ERROR_STOP=1 --quiet --file="$CLOSE_TO_PUBLIC_SQL"
