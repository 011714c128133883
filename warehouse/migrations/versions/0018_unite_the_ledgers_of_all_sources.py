"""Unite the ledgers of all sources in views, keep what final days rest on, and ask for builds by rows."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_final_days()
    _create_build_requests()
    op.execute(_DROP_REPLACED)
    op.execute("create schema ledger")
    op.execute(_HORIZONS)
    op.execute(_UNITE)
    op.execute(_SHOW_VIEWER)
    op.execute("revoke all on all functions in schema ledger from public")
    op.execute("select ledger.unite(array(select name from control.sources order by position, name))")
    op.execute(_GRANTS)


# Views of dbt's that the ledger replaces; they would hold the raw tables.
_DROP_REPLACED = """
    drop view if exists
        staging.stg_surfside__deliveries, staging.stg_surfside__delivery_days, staging.stg_vibe__deliveries,
        staging.stg_vibe__delivery_days, staging.stg_facebook__deliveries, staging.stg_facebook__delivery_days,
        staging.stg_control__delivery_verdicts
        cascade
"""


def downgrade() -> None:
    op.execute(_REVOKES)
    op.execute("drop schema ledger cascade")
    op.drop_table("build_requests", schema="control")
    op.drop_table("final_days", schema="control")


def _create_final_days() -> None:
    op.create_table(
        "final_days",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_final_days_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("client_id", "source", "date", name=op.f("pk_final_days")),
        schema="control",
    )
    op.execute(_FILL_FINAL_DAYS)


def _create_build_requests() -> None:
    op.create_table(
        "build_requests",
        sa.Column("request_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("requested_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_build_requests")),
        schema="control",
    )
    op.execute(_ASK_ONCE)


# What was decided before may not be built yet: which of it is, only the sensor of the earlier version knew.
_ASK_ONCE = """
    insert into control.build_requests (what, why)
    select 'everything', 'the database was migrated'
    where
        exists (select from control.delivery_verdicts where verdict in ('passed', 'released'))
        or exists (select from control.audit_log where entity in ('cpm', 'client'))
"""

# What the days before the first open one rest on; nothing where no month was archived or no build has run.
_FILL_FINAL_DAYS = """
    do $$
    begin
        if to_regclass('intermediate.int_source_days__published') is not null then
            insert into control.final_days (client_id, source, date, delivery_id)
            select client_id, source, date, delivery_id from intermediate.int_source_days__published
            where date < (
                select date_trunc('week', max(month) + interval '1 month' + interval '6 days')
                from control.archived_months
            );
        end if;
    end $$
"""

# An archived month is final, and so are the days after it up to the first Monday: the week that it ends in.
_HORIZONS = """
    create view ledger.horizons as
    select
        month,
        archived_at,
        cast(month + interval '1 month' as date) as first_hot_day,
        cast(date_trunc('week', month + interval '1 month' + interval '6 days') as date) as first_open_day
    from control.archived_months;

    create view ledger.horizon as
    select
        coalesce(max(first_hot_day), cast('0001-01-01' as date)) as first_hot_day,
        coalesce(max(first_open_day), cast('0001-01-01' as date)) as first_open_day
    from ledger.horizons;

    comment on view ledger.horizons is 'One row per archived month: since when it is final, and the first days after.';
    comment on view ledger.horizon is
        'One row: the first day that is not archived, and the first Monday from it on. Days before that are final.';
"""

# The views over these sources, of which those without raw tables are left out. The first branch of each union has no
# row: it gives the columns their names and types, also where no source is there. Each source's branch joins by itself,
# so that the condition on a client, a day or a delivery reaches its indexes, and one on `source` leaves branches out.
_UNITE = """
    create function ledger.unite(sources text[]) returns void language plpgsql as $$
    declare
        packages text := $q$
            select cast(null as varchar) as source, cast(null as varchar) as load_id where false$q$;
        deliveries text := $q$
            select
                cast(null as varchar) as source, cast(null as varchar) as delivery_id,
                cast(null as varchar) as client_id, cast(null as varchar) as load_id, cast(null as varchar) as origin,
                cast(null as varchar) as landed_path, cast(null as varchar) as sha256,
                cast(null as bigint) as size_bytes, cast(null as varchar) as mapping_fingerprint,
                cast(null as timestamptz) as as_of, cast(null as timestamptz) as delivered_at,
                cast(null as date) as covers_from, cast(null as date) as covers_to, cast(null as bigint) as rows_read,
                cast(null as bigint) as rows_accepted, cast(null as bigint) as rows_rejected,
                cast(null as bigint) as rows_dropped
            where false$q$;
        delivery_days text := $q$
            select
                cast(null as varchar) as source, cast(null as varchar) as delivery_id,
                cast(null as varchar) as client_id, cast(null as date) as date, cast(null as timestamptz) as as_of,
                cast(null as timestamptz) as delivered_at, cast(null as bigint) as accepted_rows,
                cast(null as numeric(38, 9)) as impressions, cast(null as numeric(38, 9)) as clicks,
                cast(null as numeric(38, 9)) as conversions, cast(null as numeric(38, 9)) as conversion_revenue,
                cast(null as numeric(38, 9)) as reported_spend
            where false$q$;
        rejects text := $q$
            select
                cast(null as varchar) as source, cast(null as varchar) as delivery_id,
                cast(null as varchar) as client_id, cast(null as bigint) as source_row,
                cast(null as varchar) as column_name, cast(null as varchar) as value, cast(null as varchar) as reason,
                cast(null as jsonb) as row_values
            where false$q$;
        -- A package that landed completely has status 0 in dlt's own ledger.
        whole text;
        -- Of two deliveries of a day the one of greater precedence is the newer: by as-of, then arrival, then id.
        judged text := $q$
            coalesce(verdicts.verdict, 'pending') as verdict,
            coalesce(verdicts.verdict in ('passed', 'released'), false) as is_allowed,
            case
                when verdicts.verdict in ('passed', 'released')
                    then greatest(delivered.delivered_at, coalesce(verdicts.released_at, verdicts.judged_at))
            end as allowed_at,
            (
                to_char(delivered.as_of at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US ')
                || to_char(delivered.delivered_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US ')
                || delivered.delivery_id
            ) collate "C" as precedence$q$;
        its_source text;
        raw text;
    begin
        foreach its_source in array sources loop
            raw := quote_ident('raw_' || its_source);
            continue when exists (
                select from unnest(array['deliveries', 'delivery_days', 'rejects', '_dlt_loads']) as name
                where to_regclass(raw || '.' || name) is null
            );
            whole := format('select %L as source, load_id from %s._dlt_loads where status = 0', its_source, raw);
            packages := packages || ' union all ' || whole;
            deliveries := deliveries || format(
                $q$ union all
                select
                    %L, delivery_id, client_id, _dlt_load_id, origin, landed_path, sha256, size_bytes,
                    mapping_fingerprint, as_of, delivered_at, covers_from, covers_to, rows_read, rows_accepted,
                    rows_rejected, rows_dropped
                from %s.deliveries where _dlt_load_id in (select load_id from (%s) as packages)$q$,
                its_source, raw, whole
            );
            delivery_days := delivery_days || format(
                $q$ union all
                select
                    %1$L, days.delivery_id, days.client_id, days.date, its.as_of, its.delivered_at, days.rows,
                    cast(days.impressions as numeric(38, 9)), cast(days.clicks as numeric(38, 9)),
                    cast(days.conversions as numeric(38, 9)), cast(days.conversion_revenue as numeric(38, 9)),
                    cast(days.reported_spend as numeric(38, 9))
                from %2$s.delivery_days as days
                inner join %2$s.deliveries as its on days.delivery_id = its.delivery_id
                where
                    days._dlt_load_id in (select load_id from (%3$s) as packages)
                    and its._dlt_load_id in (select load_id from (%3$s) as packages)$q$,
                its_source, raw, whole
            );
            rejects := rejects || format(
                $q$ union all
                select
                    %1$L, rejects.delivery_id, its.client_id, rejects.source_row, rejects.column_name, rejects.value,
                    rejects.reason, rejects.row_values
                from %2$s.rejects as rejects
                inner join %2$s.deliveries as its on rejects.delivery_id = its.delivery_id
                where
                    rejects._dlt_load_id in (select load_id from (%3$s) as packages)
                    and its._dlt_load_id in (select load_id from (%3$s) as packages)$q$,
                its_source, raw, whole
            );
        end loop;
        execute 'create or replace view ledger.packages as ' || packages;
        execute format(
            'create or replace view ledger.deliveries as select delivered.*, %s, sources.title, sources.transport'
            || ' from (%s) as delivered'
            || ' left join control.delivery_verdicts as verdicts on delivered.delivery_id = verdicts.delivery_id'
            || ' left join control.sources as sources on delivered.source = sources.name',
            judged, deliveries
        );
        execute format(
            'create or replace view ledger.delivery_days as select delivered.*, %s from (%s) as delivered'
            || ' left join control.delivery_verdicts as verdicts on delivered.delivery_id = verdicts.delivery_id',
            judged, delivery_days
        );
        execute 'create or replace view ledger.rejects as ' || rejects;
        comment on view ledger.packages is 'One row per source and load package that landed completely.';
        comment on view ledger.deliveries is
            'One row per delivery of any source, in a whole package, with the verdict on its content.';
        comment on view ledger.delivery_days is
            'One row per delivery and day that it declares, in a whole package, with the verdict on the delivery.';
        comment on view ledger.rejects is
            'One row per reason for which a delivered row was not loaded, in a whole package.';
    end $$
"""

# A view of a relation for the app's role: the rows of the clients of the person that it asks for. It is a barrier, so
# that this is asked before anything a reader asks. `paidmedia db migrate` calls it for each that the app reads.
_SHOW_VIEWER = """
    create function ledger.show_viewer(shown name, relation regclass) returns void language plpgsql as $$
    begin
        execute format(
            'create or replace view ledger.%I with (security_barrier = true) as select * from %s'
            || ' where client_id = any (array(select access.viewer_clients()))',
            shown, relation
        );
        execute format('grant select on ledger.%I to %I', shown, current_database() || '_app');
    end $$
"""

_GRANTS = """
    do $$ begin
        execute format('grant usage on schema ledger to %I', current_database() || '_app');
    end $$
"""

_REVOKES = """
    do $$ begin
        execute format('revoke all on schema ledger from %I', current_database() || '_app');
    end $$
"""
