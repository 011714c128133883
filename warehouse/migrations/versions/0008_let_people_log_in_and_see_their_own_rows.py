"""Let people log in, and let Postgres decide which rows of the marts each of them, and each BI login, sees."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _extend_users()
    _create_sessions()
    op.execute("create schema access")
    _create_roles()
    _create_bi_logins()
    op.execute(_VIEWER_CLIENTS)
    op.execute(_PROTECT)
    op.execute(_GRANTS)
    op.execute(_EVERY_MART.format(action="perform access.protect(mart)"))
    op.execute(_APPEND_ONLY)


def downgrade() -> None:
    op.execute("drop trigger append_only on control.audit_log")
    op.execute("drop trigger append_only_statement on control.audit_log")
    op.execute("drop function control.keep_audit_log()")
    op.execute(_EVERY_MART.format(action="perform access.unprotect(mart)"))
    op.execute(_DROP_ROLES)
    op.execute("drop schema access cascade")
    op.drop_table("user_sessions", schema="control")
    for column in _USER_COLUMNS:
        op.drop_column("users", column.name, schema="control")


_USER_COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("password_hash", sa.String(), nullable=True),
    sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("password_changed_at", TIME, nullable=True),
    sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
    sa.Column("locked_until", TIME, nullable=True),
    sa.Column("last_login_at", TIME, nullable=True),
    sa.Column("disabled_at", TIME, nullable=True),
)


def _extend_users() -> None:
    for column in _USER_COLUMNS:
        op.add_column("users", column.copy(), schema="control")


def _create_sessions() -> None:
    op.create_table(
        "user_sessions",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["control.users.user_id"], name=op.f("fk_user_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_user_sessions")),
        schema="control",
    )
    op.create_index(op.f("ix_user_sessions_user_id"), "user_sessions", ["user_id"], schema="control")


def _create_roles() -> None:
    """One role that the app reads with, and one that every BI login is a member of. Roles are the server's, not the
    database's: their names begin with that of the database, and one that is there already is taken over."""
    for name, kind in (("app", "login noinherit"), ("readers", "nologin")):
        op.execute(
            f"""
            do $$ begin
                execute format('create role %I {kind}', current_database() || '_{name}');
            exception when duplicate_object then
                null;
            end $$
            """
        )
    op.execute(
        """
        do $$ declare
            app text := current_database() || '_app';
        begin
            execute format('alter role %I set default_transaction_read_only = on', app);
            execute format('alter role %I set statement_timeout = ''60s''', app);
            execute format('alter role %I set idle_in_transaction_session_timeout = ''60s''', app);
        end $$
        """
    )


def _create_bi_logins() -> None:
    op.create_table(
        "bi_logins",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_bi_logins_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_bi_logins")),
        schema="access",
    )
    op.execute("alter table access.bi_logins enable row level security, force row level security")
    op.execute("create policy owner on access.bi_logins to current_user using (true) with check (true)")
    op.execute(
        """
        do $$ begin
            execute format(
                'create policy own_row on access.bi_logins for select to %I using (login = current_user)',
                current_database() || '_readers'
            );
        end $$
        """
    )


# Which clients the person sees in whose name the app asks. The app says who that is for one transaction; only its role
# may call this, so that nobody else can ask it in another's name.
_VIEWER_CLIENTS = """
    create function access.viewer_clients() returns setof text
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select clients.client_id
        from control.users
        cross join control.clients
        where
            users.user_id = cast(nullif(current_setting('paidmedia.viewer', true), '') as bigint)
            and users.is_active
            and (
                users.role in ('admin', 'analyst')
                or exists (
                    select from control.user_clients as mine
                    where mine.user_id = users.user_id and mine.client_id = clients.client_id
                )
            )
    $$
"""

# The one definition of who reads what: dbt calls it in the transaction that creates a mart.
_PROTECT = """
    create function access.protect(mart regclass) returns void language plpgsql as $$
    declare
        app text := current_database() || '_app';
        readers text := current_database() || '_readers';
        its_schema text := (select relnamespace::regnamespace::text from pg_class where oid = mart);
    begin
        execute format('alter table %s enable row level security, force row level security', mart);
        execute format('create policy owner on %s to current_user using (true) with check (true)', mart);
        execute format(
            'create policy viewer on %s for select to %I'
            || ' using (client_id = any (array(select access.viewer_clients())))',
            mart, app
        );
        execute format(
            'create policy bi_login on %s for select to %I'
            || ' using (client_id = any (array(select bi_logins.client_id from access.bi_logins)))',
            mart, readers
        );
        execute format('grant usage on schema %s to %I, %I', its_schema, app, readers);
        execute format('grant select on %s to %I, %I', mart, app, readers);
    end $$;

    create function access.unprotect(mart regclass) returns void language plpgsql as $$
    declare
        app text := current_database() || '_app';
        readers text := current_database() || '_readers';
        its_schema text := (select relnamespace::regnamespace::text from pg_class where oid = mart);
        its_policy text;
    begin
        for its_policy in select polname from pg_policy where polrelid = mart loop
            execute format('drop policy %I on %s', its_policy, mart);
        end loop;
        execute format('alter table %s no force row level security, disable row level security', mart);
        execute format('revoke all on %s from %I, %I', mart, app, readers);
        execute format('revoke all on schema %s from %I, %I', its_schema, app, readers);
    end $$;
"""

# The database's own right to temporary tables is taken from everyone: a login that reads needs none.
_GRANTS = """
    do $$
    declare
        app text := current_database() || '_app';
        readers text := current_database() || '_readers';
    begin
        revoke all on all functions in schema access from public;
        execute format('grant usage on schema access to %I, %I', app, readers);
        execute format('grant execute on function access.viewer_clients() to %I', app);
        execute format('grant select (login, client_id) on access.bi_logins to %I', readers);
        execute format('revoke temporary on database %I from public', current_database());
    end $$
"""

_EVERY_MART = """
    do $$
    declare
        mart regclass;
    begin
        for mart in
            select oid from pg_class where relnamespace = to_regnamespace('marts') and relkind in ('r', 'p')
        loop
            {action};
        end loop;
    end $$
"""

_DROP_ROLES = """
    do $$
    declare
        login text;
    begin
        for login in select bi_logins.login from access.bi_logins loop
            execute format('drop role if exists %I', login);
        end loop;
        for login in select current_database() || suffix from unnest(array['_app', '_readers']) as suffix loop
            execute format('revoke all on all functions in schema access from %I', login);
            execute format('revoke all (login, client_id) on access.bi_logins from %I', login);
            execute format('revoke all on schema access from %I', login);
        end loop;
        drop policy own_row on access.bi_logins;
        for login in select current_database() || suffix from unnest(array['_app', '_readers']) as suffix loop
            execute format('drop role %I', login);
        end loop;
        execute format('grant temporary on database %I to public', current_database());
    end $$
"""

# An entry never changes, for nobody. Retention may delete what is older than a year, the least that its setting takes.
_APPEND_ONLY = """
    create function control.keep_audit_log() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' and tg_level = 'ROW' then
            if old.occurred_at < now() - interval '1 year' then
                return old;
            end if;
        end if;
        raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
    end $$;
    create trigger append_only before update or delete on control.audit_log
        for each row execute function control.keep_audit_log();
    create trigger append_only_statement before truncate on control.audit_log
        for each statement execute function control.keep_audit_log();
"""
