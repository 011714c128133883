"""Take locks on what people read for a moment only, and name who is in the way."""

from typing import Any

from alembic import context, op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(_IN_THE_WAY)
    op.execute(_LOCK_BRIEFLY)
    op.execute(_WAIT_FOR_SNAPSHOTS)
    op.execute(_EXPECT_NOBODY)
    op.execute(_make_client_view().replace(_DROP, _LOCK + _DROP))
    op.execute("revoke all on all functions in schema access from public")


def downgrade() -> None:
    op.execute(_make_client_view())
    op.execute("drop function access.expect_nobody(text)")
    op.execute("drop function access.wait_for_snapshots(interval)")
    op.execute("drop function access.lock_briefly(text[], interval)")
    op.execute("drop function access.in_the_way(text[])")


def _make_client_view() -> str:
    """The function that makes a client's view, which replaces it without asking who reads it."""
    before: Any = context.script.get_revision("0012").module
    text: str = before._MAKE_CLIENT_VIEW
    assert _DROP in text, "the view of 0012 is dropped in other words"
    return text.replace("create function", "create or replace function", 1)


_DROP = "execute format('drop view if exists bi.%I', its_name);"
_LOCK = """perform access.expect_nobody(access.lock_briefly(array[format('bi.%I', its_name)], interval '5 minutes'));
        """

# Transactions, given by what `pg_locks` calls them, in a person's words. An owner who may not look into the sessions of
# others learns their process and login, not since when.
_IN_THE_WAY = """
    create function access.in_the_way(transactions text[]) returns text language plpgsql as $$
    begin
        perform pg_stat_clear_snapshot();
        return (
            select string_agg(
                format('process %s of %s', activity.pid, coalesce(activity.usename, 'the server'))
                || coalesce(
                    ', since ' || to_char(activity.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', ''
                ),
                '; ' order by activity.pid
            )
            from pg_stat_activity as activity
            where activity.pid in (select pid from pg_locks where virtualtransaction = any (transactions))
        );
    end $$
"""

# The one way to take what people read; a name that is not there is left out. `lock table` of a view would take all that
# it reads as well, so a view is given to its owner, which is the same lock. Whoever comes while locks are asked for
# waits 0.3 s at most, for all of them together. Between two attempts nothing is asked for while somebody is still there
# who was in the way of the last one. Null when the locks are held, else who is in the way.
_LOCK_BRIEFLY = """
    create function access.lock_briefly(relations text[], patience interval) returns text
    language plpgsql set lock_timeout = '300ms' as $$
    declare
        gives_up timestamptz := clock_timestamp() + patience;
        attempt_ends timestamptz;
        relation text;
        statement text;
        readers text[];
    begin
        loop
            attempt_ends := clock_timestamp() + interval '0.3 seconds';
            begin
                foreach relation in array relations loop
                    perform set_config(
                        'lock_timeout',
                        greatest(extract(milliseconds from attempt_ends - clock_timestamp())::integer, 1)::text,
                        true
                    );
                    statement := (
                        select
                            case relkind
                                when 'v' then format('alter view %s owner to %s', oid::regclass, relowner::regrole)
                                else format('lock table only %s in access exclusive mode', oid::regclass)
                            end
                        from pg_class where oid = to_regclass(relation)
                    );
                    continue when statement is null;
                    execute statement;
                end loop;
                return null;
            exception when lock_not_available or deadlock_detected then
                readers := array(
                    select distinct virtualtransaction from pg_locks
                    where
                        locktype = 'relation' and granted and pid <> pg_backend_pid()
                        and database = (select oid from pg_database where datname = current_database())
                        and pg_locks.relation in (select to_regclass(name) from unnest(relations) as name)
                );
            end;
            loop
                perform pg_sleep(0.15);
                if clock_timestamp() > gives_up then
                    return coalesce(access.in_the_way(readers), 'readers that come and go');
                end if;
                exit when not exists (select from pg_locks where virtualtransaction = any (readers));
            end loop;
        end loop;
    end $$
"""

# Wait for every transaction whose snapshot is older than what was committed before this call, and for no other: what it
# began to read it would look for in vain in a table that is newer. Null when none is left, else who is.
_WAIT_FOR_SNAPSHOTS = """
    create function access.wait_for_snapshots(patience interval) returns text language plpgsql as $$
    declare
        gives_up timestamptz := clock_timestamp() + patience;
        readers text[];
    begin
        perform pg_stat_clear_snapshot();
        readers := array(
            select distinct locks.virtualtransaction
            from pg_stat_activity as activity
            inner join pg_locks as locks on locks.pid = activity.pid and locks.locktype = 'virtualxid' and locks.granted
            where
                activity.datname = current_database() and activity.usesysid is not null
                and activity.backend_xmin is not null and activity.pid <> pg_backend_pid()
        );
        while exists (select from pg_locks where virtualtransaction = any (readers)) loop
            if clock_timestamp() > gives_up then
                return coalesce(access.in_the_way(readers), 'readers that are gone by now');
            end if;
            perform pg_sleep(0.1);
        end loop;
        return null;
    end $$
"""

_EXPECT_NOBODY = """
    create function access.expect_nobody(in_the_way text) returns void language plpgsql as $$
    begin
        if in_the_way is not null then
            raise exception 'nothing is published: an open transaction holds what is to be replaced (%): end it, or let'
                ' the administrator of the server call pg_terminate_backend(PROCESS), and build again', in_the_way
                using errcode = 'lock_not_available';
        end if;
    end $$
"""
