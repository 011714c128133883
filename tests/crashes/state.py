"""What Postgres holds after a kill, and what it must hold after the rerun."""

from collections.abc import Callable
from typing import Any

from tests.crashes.outside import DAYS, ROWS, Delivery, Outside

Ask = Callable[..., list[Any]]


def where_it_died(outside: Outside, delivery: Delivery, folders_before: int, ask: Ask) -> str:
    """How far a killed load had come, by what it has left."""
    is_running = is_loading(outside, ask)
    if whole_deliveries(outside, delivery, ask):
        return "between package and ledger" if is_running else "after the ledger"
    if has_begun_to_write(outside, ask):
        return "between two tables"
    if package_folders(outside) > folders_before:
        return "making the package"
    return "reading" if is_running else "before reading"


def is_loading(outside: Outside, ask: Ask) -> bool:
    """Whether an attempt is noted as running."""
    query = "select 1 from control.ingestion_runs where client_id = :client and status = 'running'"
    return bool(ask(query, client=outside.client_id))


def has_begun_to_write(outside: Outside, ask: Ask) -> bool:
    """Whether a table holds rows of the attempt that is noted as running."""
    tables = (outside.table, "deliveries", "delivery_days")
    query = " union all ".join(
        f"(select 1 from raw_{outside.source}.{table} inner join control.ingestion_runs as runs using (delivery_id)"
        " where runs.client_id = :client and runs.status = 'running' limit 1)"
        for table in tables
    )
    return bool(ask(query, client=outside.client_id))


def package_folders(outside: Outside) -> int:
    """How many folders of load packages there are: a killed load leaves its own."""
    return len(list((outside.settings.paidmedia_home / "dlt").glob(f"{outside.source}-*")))


def whole_deliveries(outside: Outside, delivery: Delivery, ask: Ask) -> list[str]:
    """The ids of the whole deliveries that came of one delivery: one, or none yet."""
    query = f"""
        select deliveries.delivery_id
        from raw_{outside.source}.deliveries
        inner join raw_{outside.source}._dlt_loads as loads on deliveries._dlt_load_id = loads.load_id
        where loads.status = 0 and deliveries.client_id = :client and deliveries.origin = any(:origins)
    """
    return [row[0] for row in ask(query, client=outside.client_id, origins=outside.origins(delivery))]


def torn_rows(outside: Outside, ask: Ask) -> int:
    """Rows without a whole package: they stay, and nobody may see them."""
    query = f"""
        select count(*) from raw_{outside.source}.{outside.table} as rows
        where not exists (select 1 from raw_{outside.source}._dlt_loads as loads
            where loads.load_id = rows._dlt_load_id and loads.status = 0)
    """
    return int(ask(query)[0][0])


def check(outside: Outside, delivery: Delivery, ask: Ask) -> None:
    """Each row of the delivery is there once, its sums are those of the file, it wins its days, nothing is open."""
    (delivery_id,) = whole_deliveries(outside, delivery, ask)
    seen = f"""
        select count(*), count(distinct rows.source_row), sum(impressions), sum(clicks), sum(conversions),
            sum(conversion_revenue), sum(reported_spend)
        from raw_{outside.source}.{outside.table} as rows
        inner join raw_{outside.source}._dlt_loads as loads on rows._dlt_load_id = loads.load_id and loads.status = 0
        where rows.delivery_id = :delivery_id
    """
    assert ask(seen, delivery_id=delivery_id) == [(ROWS, ROWS, *delivery.sums)]
    winners = f"""
        select distinct on (days.date) days.date, days.delivery_id
        from raw_{outside.source}.delivery_days as days
        inner join raw_{outside.source}.deliveries on days.delivery_id = deliveries.delivery_id
        inner join raw_{outside.source}._dlt_loads as loads on deliveries._dlt_load_id = loads.load_id
        where loads.status = 0 and days.client_id = :client
        order by days.date, deliveries.as_of desc, deliveries.delivered_at desc, deliveries.delivery_id desc
    """
    assert ask(winners, client=outside.client_id) == [(day, delivery_id) for day in DAYS]
    assert not is_loading(outside, ask)


def marts(ask: Ask) -> dict[str, str]:
    """Each mart by name, as a hash over all of its rows. What dbt sets aside while it replaces a table is none."""
    query = r"select table_name from information_schema.tables where table_schema = 'marts' and table_name not like "
    names = ask(query + r"'%\_\_dbt\_%' order by 1")
    content = "select md5(string_agg(rows::text, '|' order by rows::text)) from marts.{} as rows"
    return {name: ask(content.format(name))[0][0] for (name,) in names}
