"""Queries that a curious reader might send: generated from a seed, over every mart and around the policies."""

from dataclasses import dataclass
from random import Random

from tests.isolation.marks import FOREIGN, MEASURES, OWN

# Marts with the measures of days or periods, and those without.
MEASURED = (
    "daily_metrics", "daily_campaign_metrics", "weekly_summaries", "monthly_summaries", "top_performers",
    "source_breakdown",
)  # fmt: skip
NAMED = (
    "dim_clients", "dim_campaigns", "dim_strategies", "dim_placements", "dim_creatives", "data_freshness",
    "metric_restatements", "spend_adjustments", "underperformers",
)  # fmt: skip
EVERY = (*MEASURED, *NAMED)
HIDDEN = (
    "control.clients", "control.users", "control.client_cpm_rates", "control.vibe_credentials", "control.audit_log",
    "access.bi_logins", "raw_vibe.performance_report", "raw_facebook.ads_export", "raw_surfside.delivery_days",
    "ledger.deliveries", "ledger.current_days", "ledger.viewer_delivery_days",
    "staging.stg_control__clients", "intermediate.int_metrics__united", "publishing.daily_metrics",
    "publishing.daily_metrics_2026_03", "publishing.dim_clients", "pg_stats", "pg_stats_ext", "pg_stat_activity",
    "pg_statistic", "pg_policies", "pg_roles", "pg_authid", "information_schema.tables", "pg_largeobject",
    "pg_stat_user_tables",
)  # fmt: skip
SETTINGS = (
    "set row_security = off",
    "set session_replication_role = replica",
    "set default_transaction_read_only = off",
    "set search_path = publishing, marts, intermediate, staging, control, public",
    "set search_path = pg_temp, marts",
    "set paidmedia.viewer = '{number}'",
    "select set_config('paidmedia.viewer', '{number}', false)",
    "set role {role}",
    "set local role {role}",
    "set session authorization {role}",
    "set enable_seqscan = off",
    "set enable_indexscan = off",
    "set force_parallel_mode = on",
    "set debug_parallel_query = on",
    "set plan_cache_mode = force_generic_plan",
    "set jit = on",
    "reset all",
    "reset role",
)


@dataclass(frozen=True)
class Attempt:
    """Statements of one session, sent one after the other; whatever any of them returns or says is looked at."""

    statements: tuple[str, ...]


def attempts(seed: int, count: int, *, roles: tuple[str, ...], as_app: bool = False) -> list[Attempt]:
    """That many attempts. The app's role runs no SQL of users: as it, nothing changes who is asking."""
    return [_attempt(Random(f"{seed}-{number}"), roles, as_app) for number in range(count)]


def _attempt(random: Random, roles: tuple[str, ...], as_app: bool) -> Attempt:
    before = []
    while random.random() < 0.45:
        setting = random.choice(SETTINGS).format(number=random.randint(1, 6), role=f'"{random.choice(roles)}"')
        if not (as_app and "paidmedia" in setting):
            before.append(setting)
    query = _query(random)
    if not as_app and random.random() < 0.9:  # what the login of a client has no right to is asked for now and then
        query = query.replace("marts.", "bi.")
    wrapped = random.choice(_WRAPPERS).format(query=query) if random.random() < 0.4 else query
    return Attempt((*before, wrapped))


def _query(random: Random) -> str:
    return random.choice(_SHAPES)(random)


def _mart(random: Random) -> str:
    name = random.choice(EVERY)
    return random.choice((f"marts.{name}", f"marts.{name}", f"only marts.{name}", name))


def _measured(random: Random) -> str:
    return f"marts.{random.choice(MEASURED)}"


def _condition(random: Random, alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    foreign = random.choice(FOREIGN).client_id
    return random.choice(
        (
            "true",
            f"{prefix}client_id = '{foreign}'",
            f"{prefix}client_id <> '{OWN.client_id}'",
            f"{prefix}client_id in ('{OWN.client_id}', '{foreign}')",
            f"{prefix}client_id like '%%o%%'",
            f"{prefix}client_id is not null or true",
            f"not ({prefix}client_id = '{OWN.client_id}')",
            f"{prefix}client_id between 'a' and 'z'",
            f"lower({prefix}client_id) ~ '^[b-z]'",
            f"{prefix}client_id = any (array['{foreign}', '{OWN.client_id}'])",
            # An error tells, too: none of these may ever see a foreign row.
            f"1 / (case when {prefix}client_id = '{OWN.client_id}' then 1 else 0 end) = 1",
            f"(case when {prefix}client_id <> '{OWN.client_id}' then cast({prefix}client_id as int) else 1 end) = 1",
        )
    )


def _rows(random: Random) -> str:
    return f"select * from {_mart(random)} where {_condition(random)} limit {random.randint(1, 400)}"


def _names_in_errors(random: Random) -> str:
    column = random.choice(("client_name", "campaign_name"))
    return f"select * from {_measured(random)} where cast({column} as int) > 0"


def _sums(random: Random) -> str:
    measure, function = random.choice(MEASURES), random.choice(("sum", "max", "avg", "min"))
    grouped = random.choice(
        ("", " group by client_id", " group by rollup (client_id)", " group by grouping sets ((), (client_id))")
    )
    return f"select {function}({measure}) from {_measured(random)} where {_condition(random)}{grouped}"


def _lists(random: Random) -> str:
    table = _mart(random)
    function = random.choice(
        ("string_agg(t::text, ' ')", "array_agg(t)", "jsonb_agg(t)", "json_object_agg(t.client_id, t)")
    )
    return f"select {function} from {table} as t where {_condition(random, 't')}"


def _joined(random: Random) -> str:
    kind = random.choice(("inner join", "left join", "full join", "right join"))
    on = random.choice(("a.client_id = b.client_id", "a.client_id <> b.client_id", "a.client_id < b.client_id"))
    return (
        f"select a.*, b.* from {_measured(random)} as a {kind} marts.{random.choice(NAMED)} as b on {on} "
        f"limit {random.randint(1, 200)}"
    )


def _cte(random: Random) -> str:
    kind = random.choice(("", "materialized ", "not materialized "))
    return (
        f"with these as {kind}(select * from {_mart(random)}), others as (select * from these where "
        f"{_condition(random)}) select * from others union all select * from these limit 300"
    )


def _recursive(random: Random) -> str:
    return (
        "with recursive walk (client_id, depth) as (select client_id, 1 from marts.dim_clients union "
        f"select m.client_id, depth + 1 from walk, {_measured(random)} as m where depth < 3) "
        "select walk.*, c.* from walk left join marts.dim_clients as c using (client_id)"
    )


def _lateral(random: Random) -> str:
    return (
        f"select ids.id, t.* from (values ('acme'), ('bolt'), ('cosmo')) as ids (id) "
        f"cross join lateral (select * from {_measured(random)} as m where m.client_id = ids.id limit 3) as t"
    )


def _scalar(random: Random) -> str:
    inner = random.choice(FOREIGN).client_id
    return (
        f"select (select max(impressions) from {_measured(random)} where client_id = '{inner}'), "
        f"exists (select from marts.dim_clients where client_id = '{inner}')::text || 'ly', "
        "(select array_agg(client_name) from marts.dim_clients)"
    )


def _window(random: Random) -> str:
    return (
        f"select client_id, {random.choice(MEASURES)}, max(impressions) over (), first_value(client_name) over "
        f"(order by client_id desc) from {_measured(random)} where {_condition(random)} limit 200"
    )


def _set_operation(random: Random) -> str:
    word = random.choice(("union", "union all", "except", "intersect"))
    return (
        f"select client_id, client_name from {_measured(random)} {word} "
        "select client_id, client_name from marts.data_freshness"
    )


def _sample(random: Random) -> str:
    return f"select * from {_measured(random)} tablesample system (100) where {_condition(random)} limit 300"


def _as_xml(random: Random) -> str:
    name = random.choice(EVERY)
    return random.choice(
        (
            f"select query_to_xml('select * from marts.{name}', true, false, '')",
            f"select table_to_xml('marts.{name}', true, false, '')",
            "select schema_to_xml('marts', true, false, '')",
            "select database_to_xml(true, false, '')",
        )
    )


def _around(random: Random) -> str:
    return f"select * from {random.choice(HIDDEN)} limit 500"


def _functions(random: Random) -> str:
    return random.choice(
        (
            "select access.viewer_clients()",
            "select * from access.viewer_clients()",
            "select access.protect('marts.daily_metrics')",
            "select access.unprotect('marts.daily_metrics')",
            "select pg_read_file('pg_hba.conf')",
            "select lo_import('/etc/hostname')",
            "select * from pg_stat_get_activity(null)",
            "select pg_get_viewdef('staging.stg_control__clients'::regclass)",
            "select currval('control.users_user_id_seq')",
            "select row_security_active('marts.daily_metrics')",
            "select most_common_vals::text from pg_stats where schemaname in ('marts', 'publishing')",
            "select reltuples > 0 from pg_class where relname = 'daily_metrics'",
        )
    )


def _changes(random: Random) -> str:
    name = random.choice(EVERY)
    return random.choice(
        (
            f"create view marts.mine as select * from marts.{name}",
            f"create temporary table mine as select * from marts.{name}",
            f"create policy mine on marts.{name} using (true)",
            f"alter table marts.{name} disable row level security",
            f"delete from marts.{name} returning *",
            f"update marts.{name} set client_id = 'acme' returning *",
            f"insert into marts.{name} select * from marts.{name} returning *",
            f"create function pg_temp.peek() returns setof marts.{name} language sql as 'select * from marts.{name}'",
            f"lock table marts.{name}",
            f"truncate marts.{name}",
            "insert into access.bi_logins (login, client_id) values (current_user, 'bolt')",
            "update access.bi_logins set client_id = 'bolt'",
            "grant select on control.clients to current_user",
        )
    )


_SHAPES = (
    _rows, _rows, _rows, _sums, _sums, _sums, _lists, _names_in_errors, _joined, _joined, _cte, _recursive, _lateral,
    _scalar, _window, _set_operation, _sample, _as_xml, _around, _around, _functions, _changes,
)  # fmt: skip
_WRAPPERS = (
    "explain {query}",
    "explain (analyze, verbose, buffers, format json) {query}",
    "copy ({query}) to stdout",
    "copy ({query}) to stdout (format csv, header)",
    "prepare mine as {query}",
    "declare mine cursor with hold for {query}",
    "select * from ({query}) as inner_query",
    "select (inner_query)::text from ({query}) as inner_query",
    "do $do$ declare line record; begin for line in {query} loop raise notice '%', line; end loop; end $do$",
)
FOLLOW_UP = {"prepare mine": "execute mine", "declare mine": "fetch all from mine"}
