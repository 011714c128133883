"""What changed delivered days after they were delivered first."""

from streamlit_app.queries.asking import Row, kept, rows
from streamlit_app.scope import Reading


@kept
def restatements(reading: Reading, client_ids: tuple[str, ...], sources: tuple[str, ...], limit: int) -> list[Row]:
    """What changed delivered days after their first delivery, newest first, each with the change of the measures."""
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
        order by changed_at desc, client_name, source, date desc, step desc
        limit :limit
        """,
        client_ids=list(client_ids),
        sources=list(sources),
        limit=limit,
    )
