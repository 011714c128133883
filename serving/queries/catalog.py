"""Which state the marts are in, and what a viewer can choose from: clients, and how far their sources reach."""

from serving.queries.asking import rows
from serving.scope import Reading, Row
from serving.viewer import Viewer


def reading(viewer: Viewer) -> Reading | None:
    """The viewer and the state of the marts now; None while there are no marts. Never to be kept.

    A build replaces or changes tables, so their oids and change counters say whether anything is new.
    """
    row = rows(
        viewer,
        """
        select
            md5(string_agg(concat_ws(':', relid, n_tup_ins, n_tup_upd, n_tup_del), ',' order by relid)) as data_version,
            to_regclass('marts.daily_campaign_metrics') is not null as is_built,
            cast(now() at time zone 'UTC' as date) as today
        from pg_stat_all_tables
        where schemaname = 'marts'
        """,
    )[0]
    return Reading(viewer, row["data_version"] or "", row["today"]) if row["is_built"] else None


def clients(reading: Reading) -> list[Row]:
    """The clients that the viewer may see, by name: client_id, client_name, currency, is_active."""
    return rows(
        reading.viewer,
        """
        select client_id, client_name, currency, is_active
        from marts.dim_clients
        where :sees_all or client_id = any(cast(:client_ids as text[]))
        order by client_name, client_id
        """,
        **_allowed(reading.viewer),
    )


def freshness(reading: Reading) -> list[Row]:
    """One row per client and source that ever delivered, of the clients that the viewer may see."""
    return rows(
        reading.viewer,
        """
        select
            client_id, client_name, source, first_date, last_date, last_delivered_at, last_as_of,
            deliveries, held_deliveries, pending_deliveries, rows_read, rows_accepted, rows_rejected, rows_dropped
        from marts.data_freshness
        where :sees_all or client_id = any(cast(:client_ids as text[]))
        order by client_name, client_id, source
        """,
        **_allowed(reading.viewer),
    )


def _allowed(viewer: Viewer) -> dict[str, object]:
    return {"sees_all": viewer.client_ids is None, "client_ids": list(viewer.client_ids or ())}
