"""What was delivered already: the questions that a load asks of `ledger`, which knows whole packages only."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from loaders.files.columns import MEASURES
from loaders.ledger.entries import Claim, KnownDelivery


def same_bytes(current: Session, source: str, client_id: str, sha256: str, fingerprint: str) -> list[KnownDelivery]:
    """Whole deliveries of the same bytes, read in the same way; the newest first."""
    query = """
        select deliveries.delivery_id, deliveries.precedence,
            array(
                select days.date from ledger.delivery_days as days
                where days.source = deliveries.source and days.delivery_id = deliveries.delivery_id
            ) as days
        from ledger.deliveries as deliveries
        where deliveries.source = :source and deliveries.client_id = :client_id and deliveries.sha256 = :sha256
            and deliveries.mapping_fingerprint = :fingerprint
        order by deliveries.precedence desc
    """
    parameters = {"source": source, "client_id": client_id, "sha256": sha256, "fingerprint": fingerprint}
    return [
        KnownDelivery(row.delivery_id, row.precedence, frozenset(row.days))
        for row in current.execute(text(query), parameters)
    ]


def claims(current: Session, source: str, client_id: str, days: Sequence[date]) -> list[Claim]:
    """Every whole delivery of a client that declares one of `days`, once per day."""
    measures = ", ".join(f"days.{measure}" for measure in MEASURES)
    query = f"""
        select days.delivery_id, days.precedence, days.verdict, days.date, deliveries.covers_to, {measures}
        from ledger.delivery_days as days
        inner join ledger.deliveries as deliveries using (source, client_id, delivery_id)
        where source = :source and client_id = :client_id and days.date = any(:days)
    """  # noqa: S608 – names of ours
    return [
        Claim(
            row.delivery_id,
            row.precedence,
            row.covers_to,
            row.verdict,
            row.date,
            {measure: getattr(row, measure) for measure in MEASURES},
        )
        for row in current.execute(text(query), {"source": source, "client_id": client_id, "days": list(days)})
    ]


def delivered_objects(
    current: Session, source: str, client_id: str, origins: Sequence[str], fingerprint: str
) -> dict[tuple[str, datetime], str]:
    """(origin, as-of) → delivery id, for what was delivered whole and read in the same way.

    An object that was fetched within moments of its writing is left out: S3 tells times by the second, so that another
    one may have taken its place since, under the same time.
    """
    query = """
        select origin, as_of, max(delivery_id) as delivery_id
        from ledger.deliveries
        where source = :source and client_id = :client_id and origin = any(:origins)
            and mapping_fingerprint = :fingerprint
            and delivered_at > as_of + interval '1 minute'
        group by origin, as_of
    """
    parameters = {"source": source, "client_id": client_id, "origins": list(origins), "fingerprint": fingerprint}
    return {(row.origin, row.as_of): row.delivery_id for row in current.execute(text(query), parameters)}


def is_whole(current: Session, source: str, delivery_id: str) -> bool:
    """Whether a delivery is in raw with its whole package."""
    query = "select exists (select from ledger.deliveries where source = :source and delivery_id = :delivery_id)"
    return current.scalar(text(query), {"source": source, "delivery_id": delivery_id}) is True
