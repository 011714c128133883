"""What changed delivered days after they were delivered first."""

from serving.queries.asking import rows
from serving.scope import Reading, Row


def restatements(reading: Reading, client_ids: tuple[str, ...], sources: tuple[str, ...], limit: int) -> list[Row]:
    """What changed delivered days after their first delivery, newest first, each with the change of the measures.

    A change of the platform's cost alone is told to people of the agency only, and so is one by which a measure became
    known without a number.
    """
    return rows(
        reading.viewer,
        """
        select
            changed_at, client_name, source, date, cause, currency, impressions_change, clicks_change,
            conversions_change, conversion_revenue_change, spend_change
        from marts.metric_restatements
        where
            client_id = any(cast(:client_ids as text[])) and source = any(cast(:sources as text[]))
            and cause <> 'first delivery'
            and (
                :sees_cost
                or (impressions_change, clicks_change, conversions_change, conversion_revenue_change, spend_change)
                <> (0, 0, 0, 0, 0)
            )
        order by changed_at desc, client_name, source, date desc, step desc
        limit :limit
        """,
        client_ids=list(client_ids),
        sources=list(sources),
        sees_cost=reading.viewer.is_staff,
        limit=limit,
    )
