"""Give BI logins of clients views in `bi` and take the marts from them; let a login of the agency read all."""

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What a client does not see of the marts that exist: a build says it of later ones, where it calls `access.protect`.
AGENCY_ONLY = (
    "reported_spend", "reported_spend_change", "reported_spend_delta_pct", "last_as_of", "deliveries",
    "held_deliveries", "pending_deliveries", "rows_read", "rows_accepted", "rows_rejected", "rows_dropped",
)  # fmt: skip


def upgrade() -> None:
    # First what takes long and keeps no reader waiting; from the next statement on readers wait for the end of this.
    op.execute(_INDEX_FOR_CLIENTS)
    op.execute(_of_0008()._EVERY_MART.format(action="perform access.index_for_clients(mart)"))
    op.alter_column("bi_logins", "client_id", nullable=True, schema="access")
    op.execute("drop policy own_row on access.bi_logins")
    op.create_table(
        "client_views",
        sa.Column("view_name", sa.String(), nullable=False),
        sa.Column("asked_sha256", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("view_name", name=op.f("pk_client_views")),
        schema="access",
    )
    op.execute("create schema bi")
    op.execute(_ROLES)
    op.execute("drop function access.protect(regclass)")
    op.execute("drop function access.unprotect(regclass)")
    op.execute(_WRAPPED)
    op.execute(_OWN_ROWS)
    op.execute(_MAKE_CLIENT_VIEW)
    op.execute(_PROTECT)
    op.execute("revoke all on all functions in schema access from public")
    names = ", ".join(f"'{name}'" for name in AGENCY_ONLY)
    op.execute(_of_0008()._EVERY_MART.format(action=_CHANGE.format(names=names)))


def downgrade() -> None:
    before = _of_0008()
    op.execute(before._EVERY_MART.format(action="perform access.unprotect(mart)"))
    op.execute("drop schema bi cascade")
    op.execute("drop function access.protect(regclass, text[])")
    op.execute("drop function access.unprotect(regclass)")
    op.execute("drop function access.make_client_view(regclass, text[])")
    op.execute("drop function access.index_for_clients(regclass)")
    op.execute("drop function access.show_own_rows(regclass)")
    op.execute("drop function access.wrapped(name, regtype)")
    op.drop_table("client_views", schema="access")
    op.execute(_DROP_AGENCY)
    op.execute("delete from access.bi_logins where client_id is null")
    op.alter_column("bi_logins", "client_id", nullable=False, schema="access")
    op.execute(_OWN_ROW)
    op.execute(before._PROTECT)
    op.execute("revoke all on all functions in schema access from public")
    op.execute(before._EVERY_MART.format(action="perform access.protect(mart)"))


def _of_0008() -> Any:
    """The migration whose policy for BI logins the views and their owner's policy replace."""
    return context.script.get_revision("0008").module


_CHANGE = """
    execute format('drop policy bi_login on %s', mart);
    execute format('revoke all on %s from %I', mart, current_database() || '_readers');
    execute format('revoke all on schema marts from %I', current_database() || '_readers');
    execute format('create policy agency on %s for select to %I using (true)', mart, current_database() || '_agency');
    execute format('grant select on %s to %I', mart, current_database() || '_agency');
    execute format('grant usage on schema marts to %I', current_database() || '_agency');
    perform access.show_own_rows(mart);
    perform access.make_client_view(mart, array[{names}])
"""

# The readers keep no way to the list of logins: the role of their views finds there the client of whoever asks.
_ROLES = """
    do $$
    declare
        agency text := current_database() || '_agency';
        readers text := current_database() || '_readers';
        views text := current_database() || '_views';
        its_name text;
    begin
        foreach its_name in array array[agency, views] loop
            begin
                execute format('create role %I nologin', its_name);
            exception when duplicate_object then
                null;
            end;
        end loop;
        execute format('revoke all (login, client_id) on access.bi_logins from %I', readers);
        execute format('revoke all on schema access from %I', readers);
        execute format('grant usage on schema bi to %I', readers);
        execute format('grant %I to current_user', views);
        execute format('grant usage, create on schema bi to %I', views);
        execute format('grant usage on schema access to %I', views);
        execute format('grant select (login, client_id) on access.bi_logins to %I', views);
        execute format(
            'create policy own_row on access.bi_logins for select to %I using (login = current_user)', views
        );
    end $$
"""

# A condition of a reader on such an expression may fail with what it has seen, so Postgres asks it after the policy of
# the view's owner; and no statistics of the table tell how many rows it finds. The value stays what it is, null too.
_WRAPPED = """
    create function access.wrapped(column_name name, column_type regtype) returns text
    language plpgsql immutable as $$
    declare
        wrapping text := case column_type
            when 'text'::regtype then $w$%I || ''$w$
            when 'bigint'::regtype then '%I + 0'
            when 'integer'::regtype then '%I + 0'
            when 'numeric'::regtype then '%I + 0'
            when 'date'::regtype then '%I + 0'
            when 'boolean'::regtype then '(%I::integer + 0)::boolean'
            when 'timestamp with time zone'::regtype then $w$%I + interval '0'$w$
            when 'jsonb'::regtype then $w$%I #> '{}'$w$
        end;
    begin
        if wrapping is null then
            raise exception 'no view for clients: nothing is known that hides a column of type %', column_type;
        end if;
        return format(wrapping, column_name);
    end $$
"""

# What is compared with the client of whoever asks. It is `client_id`, as an expression that Postgres believes, so that
# an index serves it, and does not see through: it has no statistics, while those of the column would tell in estimates
# how the rows are shared out among others.
_CLIENT_OF_ROW = "case when client_id = '' then '' else client_id end"

# An index on that, where the mart has one on `client_id`. A partition that is new must come here before it has rows: a
# sample of them would be statistics.
_INDEX_FOR_CLIENTS = f"""
    create function access.index_for_clients(mart regclass) returns void language plpgsql as $$
    declare
        its_index name := (select relname || '_of_client' from pg_class where oid = mart);
        its_schema name := (select relnamespace::regnamespace::text from pg_class where oid = mart);
        own_index regclass := to_regclass(format('%I.%I', its_schema, its_index));
        its_date text := (
            select ', date' from pg_attribute where attrelid = mart and attname = 'date' and attnotnull
        );
        leaf regclass;
    begin
        if own_index is null and exists (
            select
            from pg_index as indexes
            inner join pg_attribute as attributes
                on indexes.indrelid = attributes.attrelid and indexes.indkey[0] = attributes.attnum
            where indexes.indrelid = mart and attributes.attname = 'client_id'
        ) then
            execute format($q$create index %I on %s (({_CLIENT_OF_ROW})%s)$q$, its_index, mart, its_date);
            own_index := to_regclass(format('%I.%I', its_schema, its_index));
        end if;
        for leaf in
            select attributes.attrelid
            from pg_attribute as attributes
            where
                (attrelid = own_index or attrelid in (select relid from pg_partition_tree(own_index)))
                and attributes.attnum = 1 and coalesce(attributes.attstattarget, -1) <> 0
        loop
            execute format('alter index %s alter column 1 set statistics 0', leaf);
        end loop;
    end $$
"""  # noqa: S608

# A policy of the role that owns the views, because Postgres asks what a policy says before all that it does not
# believe, whatever it costs: the conditions of a view are sorted among the reader's by costs that the reader can set.
_OWN_ROWS = f"""
    create function access.show_own_rows(mart regclass) returns void language plpgsql as $$
    declare
        views text := current_database() || '_views';
    begin
        execute format(
            $q$create policy client on %s for select to %I using ({_CLIENT_OF_ROW} = any (array(
                select bi_logins.client_id from access.bi_logins where bi_logins.login = current_user::text
            )))$q$,
            mart, views
        );
        execute format(
            'grant usage on schema %s to %I', (select relnamespace::regnamespace from pg_class where oid = mart), views
        );
        execute format('grant select on %s to %I', mart, views);
    end $$
"""  # noqa: S608

# `date` stays bare, so that the months that are not asked for are not read. How many rows a day has may be learned.
_MAKE_CLIENT_VIEW = """
    create function access.make_client_view(mart regclass, agency_only text[]) returns void language plpgsql as $$
    declare
        its_name name := (select relname from pg_class where oid = mart);
        readers text := current_database() || '_readers';
        views text := current_database() || '_views';
        body text;
        comments text;
    begin
        perform access.index_for_clients(mart);
        select
            format(
                'select %s from %s',
                string_agg(
                    case
                        when attname = 'date' then 'date'
                        else format('%s as %I', access.wrapped(attname, atttypid), attname)
                    end,
                    ', ' order by attnum
                ),
                mart
            ),
            string_agg(
                format('comment on column bi.%I.%I is %L', its_name, attname, col_description(attrelid, attnum)), '; '
                order by attnum
            )
        into body, comments
        from pg_attribute
        where attrelid = mart and attnum > 0 and not attisdropped and attname <> all (agency_only);
        comments := concat_ws(
            '; ', format('comment on view bi.%I is %L', its_name, obj_description(mart, 'pg_class')), comments
        );
        if exists (
            select from access.client_views
            where
                view_name = its_name
                and asked_sha256 = encode(sha256(convert_to(body || comments, 'UTF8')), 'hex')
                and definition = pg_get_viewdef(to_regclass(format('bi.%I', its_name)))
        ) and exists (
            select from pg_class
            where
                oid = to_regclass(format('bi.%I', its_name))
                and reloptions @> array['security_barrier=true'] and relowner = views::regrole
        ) then
            return;
        end if;
        execute format('drop view if exists bi.%I', its_name);
        execute format('create view bi.%I with (security_barrier = true) as %s', its_name, body);
        execute comments;
        execute format('grant select on bi.%I to %I', its_name, readers);
        execute format('alter view bi.%I owner to %I', its_name, views);
        delete from access.client_views where view_name = its_name;
        insert into access.client_views (view_name, asked_sha256, definition)
        values (
            its_name, encode(sha256(convert_to(body || comments, 'UTF8')), 'hex'),
            pg_get_viewdef(to_regclass(format('bi.%I', its_name)))
        );
    end $$
"""

# The one definition of who reads what: dbt calls it in the transaction that creates a mart.
_PROTECT = """
    create function access.protect(mart regclass, agency_only text[] default '{}') returns void language plpgsql as $$
    declare
        app text := current_database() || '_app';
        agency text := current_database() || '_agency';
        its_schema text := (select relnamespace::regnamespace::text from pg_class where oid = mart);
    begin
        execute format('alter table %s enable row level security, force row level security', mart);
        execute format('create policy owner on %s to current_user using (true) with check (true)', mart);
        execute format(
            'create policy viewer on %s for select to %I'
            || ' using (client_id = any (array(select access.viewer_clients())))',
            mart, app
        );
        execute format('create policy agency on %s for select to %I using (true)', mart, agency);
        execute format('grant usage on schema %s to %I, %I', its_schema, app, agency);
        execute format('grant select on %s to %I, %I', mart, app, agency);
        perform access.show_own_rows(mart);
        perform access.make_client_view(mart, agency_only);
    end $$;

    create function access.unprotect(mart regclass) returns void language plpgsql as $$
    declare
        app text := current_database() || '_app';
        agency text := current_database() || '_agency';
        views text := current_database() || '_views';
        its_schema text := (select relnamespace::regnamespace::text from pg_class where oid = mart);
        its_name name := (select relname from pg_class where oid = mart);
        its_policy text;
    begin
        execute format('drop view if exists bi.%I', its_name);
        execute format('drop index if exists %I.%I', its_schema, its_name || '_of_client');
        for its_policy in select polname from pg_policy where polrelid = mart loop
            execute format('drop policy %I on %s', its_policy, mart);
        end loop;
        execute format('alter table %s no force row level security, disable row level security', mart);
        execute format('revoke all on %s from %I, %I, %I', mart, app, agency, views);
        execute format('revoke all on schema %s from %I, %I, %I', its_schema, app, agency, views);
    end $$;
"""

_DROP_AGENCY = """
    do $$
    declare
        login text;
    begin
        for login in select bi_logins.login from access.bi_logins where client_id is null loop
            continue when not exists (select from pg_roles where rolname = login);
            execute format('grant %I to current_user', login);
            execute format('drop owned by %I', login);
            execute format('drop role %I', login);
        end loop;
        execute format('drop role %I', current_database() || '_agency');
        drop policy own_row on access.bi_logins;
        execute format('revoke all (login, client_id) on access.bi_logins from %I', current_database() || '_views');
        execute format('revoke all on schema access from %I', current_database() || '_views');
        execute format('drop role %I', current_database() || '_views');
    end $$
"""

_OWN_ROW = """
    do $$
    declare
        readers text := current_database() || '_readers';
    begin
        execute format(
            'create policy own_row on access.bi_logins for select to %I using (login = current_user)', readers
        );
        execute format('grant usage on schema access to %I', readers);
        execute format('grant select (login, client_id) on access.bi_logins to %I', readers);
    end $$
"""
