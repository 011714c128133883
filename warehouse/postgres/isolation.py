"""Whether the database keeps readers of the marts apart: what in its catalog could show one of them another's rows.

The policies themselves stand in `access.protect` (migrations), the views of clients in `access.make_client_view`, those
of the ledger for the app in `ledger.show_viewer`. This looks at what there is, however it came there.
"""

from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from warehouse.ledger import EVERYTHING, OF_VIEWER
from warehouse.postgres import public_functions, roles
from warehouse.postgres.server_rights import RESERVE_ROLE

# What `access.protect` makes, as Postgres writes it down.
POLICIES = {
    "owner": "true",
    "viewer": (
        "((client_id <> ''::text) AND (client_id = ANY (ARRAY( SELECT access.viewer_clients() AS viewer_clients))))"
    ),
    "agency": "true",
    "client": (
        "( CASE WHEN (client_id = ''::text) THEN ''::text ELSE client_id END = ANY ((ARRAY( SELECT bi_logins.client_id"
        " FROM access.bi_logins WHERE ((bi_logins.login)::text = (CURRENT_USER)::text)))::text[]))"
    ),
}


def violations(current: Session) -> list[str]:
    """One line for everything that opens a way around the policies, and one if a reader can do harm to all."""
    harmful = public_functions.executable(current)
    return leaks(current) + ([f"every login can call what does harm: {', '.join(harmful)}"] if harmful else [])


def leaks(current: Session) -> list[str]:
    """One line for everything that opens a way around the policies; none when every reader sees only what is theirs."""
    url = make_url(current.connection().engine.url)
    names = {
        "shown": list(vars(OF_VIEWER).values()),
        "behind": list(vars(EVERYTHING).values()),
        "app": roles.app_role(url),
        "readers": roles.readers_role(url),
        "agents": roles.agency_role(url),
        "views": roles.views_role(url),
        "reserve": RESERVE_ROLE,
        **POLICIES,
    }
    found: list[str] = []
    for query in (
        _UNPROTECTED,
        _POLICIES,
        _OTHER_RELATIONS,
        _CLIENT_VIEWS,
        _VIEWER_VIEWS,
        _ESTIMATES,
        _INDEXES,
        _REACHABLE,
        _WRITABLE,
        _FUNCTIONS,
        _ROLES,
        _MEMBERS,
        _LOGINS,
    ):
        found += current.scalars(text(query), names)
    return found


_MARTS = "relnamespace = to_regnamespace('marts') and relkind in ('r', 'p')"

# The roles that read: the app's, those of the BI logins, and each of these. The owner is a member of what it has made.
_READERS = """
    readers as (
        select oid, rolname from pg_roles
        where
            rolname <> current_user
            and (
                rolname in (:app, :readers, :agents)
                or rolname in (select login from access.bi_logins)
                or oid in (
                    select members.member
                    from pg_auth_members as members
                    inner join pg_roles as groups on groups.oid = members.roleid
                    where groups.rolname in (:readers, :agents)
                )
            )
    )
"""

_UNPROTECTED = f"""
    select format('%s has no row-level security that holds for everyone', oid::regclass)
    from pg_class
    where {_MARTS} and not (relrowsecurity and relforcerowsecurity)
    order by 1
"""  # noqa: S608 – text of ours, here and below

_POLICIES = f"""
    with
    expected (polname, qual, role) as (
        values ('owner', :owner, null), ('viewer', :viewer, :app), ('agency', :agency, :agents),
        ('client', :client, :views)
    ),
    there as (
        select
            marts.oid::regclass as mart, policies.polname,
            regexp_replace(pg_get_expr(policies.polqual, policies.polrelid), '\\s+', ' ', 'g') as qual,
            array(select pg_get_userbyid(role) from unnest(policies.polroles) as role) as roles,
            pg_get_userbyid(marts.relowner) as owner, policies.polpermissive
        from pg_class as marts
        inner join pg_policy as policies on policies.polrelid = marts.oid
        where {_MARTS.replace("rel", "marts.rel")}
    ),
    wanted as (
        select marts.oid::regclass as mart, expected.polname
        from pg_class as marts cross join expected
        where {_MARTS.replace("rel", "marts.rel")}
    )
    select format('%s lacks the policy %s', wanted.mart, wanted.polname)
    from wanted left join there on there.mart = wanted.mart and there.polname = wanted.polname
    where there.mart is null
    union all
    select format('%s has a policy %s that is not as it should be', there.mart, there.polname)
    from there left join expected on expected.polname = there.polname
    where
        expected.polname is null
        or there.qual <> expected.qual
        or there.roles <> array[coalesce(expected.role, there.owner)]::name[]
        or not there.polpermissive
    order by 1
"""  # noqa: S608

_OTHER_RELATIONS = """
    select format('%s is a %s, which shows the rows that its owner may see', oid::regclass, kinds.kind)
    from pg_class
    inner join (values ('v', 'view'), ('m', 'materialized view'), ('f', 'foreign table')) as kinds (relkind, kind)
        on kinds.relkind = pg_class.relkind
    where
        relnamespace = to_regnamespace('marts')
        and not (pg_class.relkind = 'v' and coalesce(reloptions, '{}') @> array['security_invoker=true'])
    order by 1
"""

# A view for clients is as it was made: a barrier, with the owner whose policy decides its rows.
_CLIENT_VIEWS = """
    select format('bi.%s is not the view that clients were given', pg_class.relname)
    from pg_class
    left join access.client_views on client_views.view_name = pg_class.relname
    where
        relnamespace = to_regnamespace('bi')
        and not coalesce(
            relkind = 'v'
            and reloptions @> array['security_barrier=true']
            and not coalesce(reloptions @> array['security_invoker=true'], false)
            and pg_get_userbyid(relowner) = :views
            and pg_get_viewdef(pg_class.oid) = client_views.definition,
            false
        )
    order by 1
"""

# A view of the ledger for the app is as `ledger.show_viewer` makes it: a barrier that shows the rows of one relation
# which are of the viewer's clients, and no more. Before 16 Postgres names the relation of each column.
_VIEWER_VIEWS = """
    with expected as (
        select unnest(cast(:shown as text[])) as shown, unnest(cast(:behind as text[])) as behind
    )

    select format('%s is not the view of the ledger that the app was given', expected.shown)
    from expected
    left join pg_class on pg_class.oid = to_regclass(expected.shown)
    where
        not coalesce(
            relkind = 'v'
            and reloptions @> array['security_barrier=true']
            and not coalesce(reloptions @> array['security_invoker=true'], false)
            and pg_get_userbyid(relowner) = current_user
            and regexp_replace(pg_get_viewdef(pg_class.oid), '\\s+', ' ', 'g') ~ format(
                '^ SELECT [a-z0-9_,. ]+ FROM %s WHERE \\(\\(([a-z_]+\\.)?client_id\\)::text = ANY '
                '\\(ARRAY\\( SELECT access.viewer_clients\\(\\) AS viewer_clients\\)\\)\\);$',
                expected.behind
            ),
            false
        )
    order by 1
"""

# What a client's view looks for its client by has no statistics: estimates would tell how others share out the rows.
_ESTIMATES = """
    with own_indexes as (
        select indexes.oid, coalesce(trees.relid, indexes.oid) as leaf
        from pg_index
        inner join pg_class as indexes on pg_index.indexrelid = indexes.oid
        inner join pg_class as marts on pg_index.indrelid = marts.oid
        left join lateral pg_partition_tree(indexes.oid) as trees on true
        where marts.relnamespace = to_regnamespace('marts') and indexes.relname = marts.relname || '_of_client'
    )

    select format('%s has statistics, which tell a client how rows are shared out among others', leaf::regclass)
    from own_indexes
    inner join pg_attribute on attrelid = leaf and attnum = 1
    where
        coalesce(attstattarget, -1) <> 0
        or exists (
            select from pg_stats
            where format('%I.%I', schemaname, tablename)::regclass = leaf and attname = pg_attribute.attname
        )
    order by 1
"""

# An index that knows clients may only serve who says its condition: those who look through a client's view cannot. A
# question for a date alone would be planned with it, and its costs tell how the rows are shared out.
_INDEXES = f"""
    select distinct format(
        '%s serves plans of clients, which tell how rows are shared out among others; a build makes it anew',
        indexes.indexrelid::regclass
    )
    from pg_class
    left join lateral pg_partition_tree(pg_class.oid) as parts on true
    inner join pg_index as indexes on indexes.indrelid = coalesce(parts.relid, pg_class.oid)
    inner join pg_attribute as attributes
        on attributes.attrelid = indexes.indrelid and attributes.attnum = any (indexes.indkey)
    where {_MARTS} and attributes.attname = 'client_id' and indexes.indpred is null
    order by 1
"""  # noqa: S608

_REACHABLE = f"""
    with {_READERS}
    select distinct format('%s can read %s', readers.rolname, relations.oid::regclass)
    from readers
    cross join pg_class as relations
    inner join pg_namespace as schemas on schemas.oid = relations.relnamespace
    where
        relations.relkind in ('r', 'p', 'v', 'm', 'f')
        and schemas.nspname not in ('pg_catalog', 'information_schema')
        and schemas.nspname not like 'pg\\_%'
        and not (readers.rolname = :app and format('%I.%I', schemas.nspname, relations.relname) = any (:shown))
        and schemas.nspname <> case
            when readers.rolname in (:app, :agents) or pg_has_role(readers.oid, :agents, 'member') then 'marts'
            else 'bi'
        end
        and has_schema_privilege(readers.oid, schemas.oid, 'usage')
        and (
            has_table_privilege(readers.oid, relations.oid, 'select')
            or has_any_column_privilege(readers.oid, relations.oid, 'select')
        )
    order by 1
"""  # noqa: S608

_WRITABLE = f"""
    with {_READERS}
    select format('%s can write to %s', readers.rolname, pg_class.oid::regclass)
    from readers cross join pg_class
    where
        relnamespace in (to_regnamespace('marts'), to_regnamespace('bi'), to_regnamespace('ledger'))
        and relkind in ('r', 'p', 'v')
        and has_table_privilege(readers.oid, pg_class.oid, 'insert, update, delete, truncate')
    order by 1
"""  # noqa: S608

_FUNCTIONS = f"""
    with {_READERS}
    select format('%s can call %s, which runs as its owner', readers.rolname, functions.oid::regprocedure)
    from readers
    cross join pg_proc as functions
    inner join pg_namespace as schemas on schemas.oid = functions.pronamespace
    where
        functions.prosecdef
        and schemas.nspname <> 'pg_catalog'
        and has_schema_privilege(readers.oid, schemas.oid, 'usage')
        and has_function_privilege(readers.oid, functions.oid, 'execute')
        and not (readers.rolname = :app and functions.oid = to_regprocedure('access.viewer_clients()'))
    order by 1
"""  # noqa: S608

_ROLES = f"""
    with {_READERS}
    select format('%s is more than a reader: superuser, bypassrls, createrole, createdb or replication', rolname)
    from pg_roles
    where
        oid in (select readers.oid from readers)
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
    order by 1
"""  # noqa: S608

_MEMBERS = f"""
    with {_READERS}
    select format('%s can act as %s', readers.rolname, roles.rolname)
    from readers
    inner join pg_auth_members as members on members.member = readers.oid
    inner join pg_roles as roles on roles.oid = members.roleid
    where
        -- that one may only connect where others cannot any more
        (readers.rolname = :app and roles.rolname <> :reserve)
        or readers.rolname <> :app and roles.rolname <> case
            when readers.rolname in (select login from access.bi_logins where client_id is null) then :agents
            else :readers
        end
    order by 1
"""  # noqa: S608

_LOGINS = """
    select 'access.bi_logins has other policies than its own'
    from pg_class
    where
        oid = to_regclass('access.bi_logins')
        and not (
            relrowsecurity and relforcerowsecurity
            and (
                select array_agg(
                    format('%s of %s: %s', polname, pg_get_userbyid(polroles[1]), pg_get_expr(polqual, polrelid))
                    order by polname
                )
                from pg_policy where polrelid = pg_class.oid
            ) = array[
                format('own_row of %s: ((login)::text = CURRENT_USER)', :views),
                format('owner of %s: true', current_user)
            ]
        )
"""
