"""What raw already holds: the questions that the ledger asks of Postgres. Whole packages only."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from loaders.columns import MEASURES
from loaders.ledger import Claim, KnownDelivery

_WHOLE = """
    raw_{source}.deliveries as deliveries
    inner join raw_{source}._dlt_loads as loads on deliveries._dlt_load_id = loads.load_id and loads.status = 0
"""


def same_bytes(current: Session, source: str, client_id: str, sha256: str, fingerprint: str) -> list[KnownDelivery]:
    """Whole deliveries of the same bytes, read in the same way."""
    query = f"""
        select deliveries.delivery_id, deliveries.as_of, deliveries.delivered_at,
            array(
                select days.date from raw_{source}.delivery_days as days
                where days.delivery_id = deliveries.delivery_id
            ) as days
        from {_WHOLE.format(source=source)}
        where deliveries.client_id = :client_id and deliveries.sha256 = :sha256
            and deliveries.mapping_fingerprint = :fingerprint
    """  # noqa: S608 – the source is one of ours
    parameters = {"client_id": client_id, "sha256": sha256, "fingerprint": fingerprint}
    return [
        KnownDelivery(row.delivery_id, row.as_of, row.delivered_at, frozenset(row.days))
        for row in current.execute(text(query), parameters)
    ]


def claims(current: Session, source: str, client_id: str, days: Sequence[date]) -> list[Claim]:
    """Every whole delivery of a client that declares one of `days`, once per day."""
    measures = ", ".join(f"days.{measure}" for measure in MEASURES)
    query = f"""
        select deliveries.delivery_id, deliveries.as_of, deliveries.delivered_at, deliveries.covers_to,
            verdicts.verdict, days.date, {measures}
        from {_WHOLE.format(source=source)}
        inner join raw_{source}.delivery_days as days on deliveries.delivery_id = days.delivery_id
        left join control.delivery_verdicts as verdicts on deliveries.delivery_id = verdicts.delivery_id
        where days.client_id = :client_id and days.date = any(:days)
    """  # noqa: S608 – the source is one of ours
    return [
        Claim(
            row.delivery_id,
            row.as_of,
            row.delivered_at,
            row.covers_to,
            row.verdict,
            row.date,
            {measure: getattr(row, measure) for measure in MEASURES},
        )
        for row in current.execute(text(query), {"client_id": client_id, "days": list(days)})
    ]


def delivered_objects(
    current: Session, source: str, client_id: str, origins: Sequence[str], fingerprint: str
) -> dict[tuple[str, datetime], str]:
    """(origin, as-of) → delivery id, for what was delivered whole and read in the same way.

    An object that was fetched within moments of its writing is left out: S3 tells times by the second, so that another
    one may have taken its place since, under the same time.
    """
    query = f"""
        select deliveries.origin, deliveries.as_of, max(deliveries.delivery_id) as delivery_id
        from {_WHOLE.format(source=source)}
        where deliveries.client_id = :client_id and deliveries.origin = any(:origins)
            and deliveries.mapping_fingerprint = :fingerprint
            and deliveries.delivered_at > deliveries.as_of + interval '1 minute'
        group by deliveries.origin, deliveries.as_of
    """  # noqa: S608 – the source is one of ours
    parameters = {"client_id": client_id, "origins": list(origins), "fingerprint": fingerprint}
    return {(row.origin, row.as_of): row.delivery_id for row in current.execute(text(query), parameters)}


def is_whole(current: Session, source: str, delivery_id: str) -> bool:
    """Whether a delivery is in raw with its whole package."""
    query = f"select true from {_WHOLE.format(source=source)} where deliveries.delivery_id = :delivery_id limit 1"  # noqa: S608
    return current.scalar(text(query), {"delivery_id": delivery_id}) is True
