"""The rows that a suite looks at: those of the given deliveries, with the few columns that a rule needs beside them."""

from collections.abc import Sequence

# Below this many impressions one click that was paid for moves the cost per 1,000 by hundreds.
IMPRESSIONS_TO_JUDGE_CPM = 1_000

# The bounds on the cost per 1,000 are amounts of dollars, so they are put only to currencies of a like value.
DOLLAR_LIKE_CURRENCIES = ("USD", "EUR", "GBP", "CHF", "CAD", "AUD", "NZD", "SGD")


def batch_query(table: str, delivery_ids: Sequence[str]) -> str:
    """SQL with one row per delivered row of `table` (`schema.name`) in the given deliveries.

    Rows of a load package that never became whole are left out: `ledger.deliveries` says which are.
    Beside the delivered columns: `copies_of_source_row` (1 unless a row came twice), `year`, `is_declared_day`,
    `days_after_as_of` (days, negative for the past), `reported_cpm` (reported spend per 1,000 impressions; NULL where
    it says nothing) and `conversions_without_impressions` (NULL where there are impressions).
    """
    source = table.split(".")[0].removeprefix("raw_")
    ids = _literals(delivery_ids)
    # Great Expectations insists that a query begins with SELECT.
    return f"""
select judged.* from (
    with deliveries as (
        select distinct on (delivery_id) delivery_id, client_id, as_of
        from ledger.deliveries
        where source = '{source}' and delivery_id in ({ids})
    ),

    declared_days as (
        select distinct delivery_id, date
        from ledger.delivery_days
        where source = '{source}' and delivery_id in ({ids})
    ),

    delivered as (
        select * from {table}
        where
            delivery_id in ({ids})
            and _dlt_load_id in (select load_id from ledger.packages where source = '{source}')
    )

    select
        delivered.delivery_id,
        delivered.source_row,
        count(*) over (partition by delivered.delivery_id, delivered.source_row) as copies_of_source_row,
        delivered.date,
        cast(extract(year from delivered.date) as integer) as year,
        declared_days.date is not null as is_declared_day,
        delivered.date - cast(deliveries.as_of at time zone 'UTC' as date) as days_after_as_of,
        delivered.campaign_name,
        delivered.strategy_name,
        delivered.placement_name,
        delivered.creative_name,
        delivered.impressions,
        delivered.clicks,
        delivered.conversions,
        case when delivered.impressions = 0 then delivered.conversions end as conversions_without_impressions,
        delivered.conversion_revenue,
        delivered.reported_spend,
        case
            when
                delivered.impressions >= {IMPRESSIONS_TO_JUDGE_CPM}
                and coalesce(delivered.currency, clients.currency) in {DOLLAR_LIKE_CURRENCIES}
                then delivered.reported_spend * 1000 / delivered.impressions
        end as reported_cpm,
        delivered.currency
    from delivered
    left join deliveries on delivered.delivery_id = deliveries.delivery_id
    left join control.clients on deliveries.client_id = clients.client_id
    left join declared_days on delivered.delivery_id = declared_days.delivery_id and delivered.date = declared_days.date
) as judged
""".strip()  # noqa: S608  # names are ours, ids are quoted


def _literals(values: Sequence[str]) -> str:
    """Text values as SQL. In hex, because Great Expectations compiles the query twice, which doubles percent signs.

    With the collation of a column: that of the function's result, "C", would keep the index from being used.
    """
    text = "convert_from(decode('{}', 'hex'), 'UTF8') collate \"default\""
    return ", ".join(text.format(value.encode().hex()) for value in values)
