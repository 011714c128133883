#!/bin/sh
# Run once by the image of Postgres, on an empty volume. The warehouse's owner is no superuser, so that row-level security
# can bind it; it makes the roles that read, and limits them by rights that only a superuser can give
# (warehouse/postgres/server_rights.py). Dagster has a database of its own, which readers of the marts cannot enter.
# What any login could stop or fill the server with is taken from everybody: only the superuser may do that.
set -eu
psql --no-psqlrc --username postgres --dbname postgres --set=ON_ERROR_STOP=1 --quiet <<'SQL'
\set warehouse_password `cat "$DATABASE_PASSWORD_FILE"`
\set dagster_password `cat "$DAGSTER_DATABASE_PASSWORD_FILE"`
create role paidmedia login createrole createdb password :'warehouse_password';
create database paidmedia owner paidmedia;
create role dagster login password :'dagster_password';
create database dagster owner dagster;
revoke connect on database dagster, postgres, template1 from public;
grant set on parameter temp_file_limit, log_min_messages, log_min_error_statement to paidmedia;
select current_setting('server_version_num')::integer >= 160000 as has_reserve \gset
\if :has_reserve
grant pg_use_reserved_connections to paidmedia with admin option;
grant pg_use_reserved_connections to dagster;
\endif
SQL
psql --no-psqlrc --username postgres --dbname paidmedia --set=ON_ERROR_STOP=1 --quiet --file="$CLOSE_TO_PUBLIC_SQL"
