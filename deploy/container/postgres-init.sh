#!/bin/sh
# Run once by the PostgreSQL image: the role and database of docs/administration.md. The password is the product's, from its own file.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/hocba-password)" <<'SQL'
create role hoc_ba login password :'password' nosuperuser nobypassrls;
create database hoc_ba owner hoc_ba;
SQL
