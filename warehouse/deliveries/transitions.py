"""What vanished when one delivery of a day replaced another: kept, so that the raw rows of the old one can go.

The marts tell it by creative, which needs the rows of both deliveries; everything else about a change is in the ledger,
which stays. `control.kept_transitions` is read by a full refresh where the rows are gone.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.billing.final_days import first_open_day
from warehouse.errors import PaidMediaError
from warehouse.postgres.database import relation_exists

ORDERED = "intermediate.int_delivery_transitions__ordered"
SPLIT = "intermediate.int_delivery_transitions__split"
SHOWN = 3


def keep_transitions(current: Session, delivery_ids: Sequence[str]) -> int:
    """Keep what vanished in every change to or from these deliveries; to be called in the transaction that drops them.

    Returns how many changes were newly kept. Raises `PaidMediaError` where one of them is not published yet: the rows
    are needed until it is. Of final days nothing is told any more.
    """
    if not (relation_exists(current, ORDERED) and relation_exists(current, SPLIT)):
        raise PaidMediaError("nothing was built yet", fix="paidmedia build")
    wanted = {"delivery_ids": list(delivery_ids), "first_open_day": first_open_day(current)}
    unpublished = list(current.scalars(text(_UNPUBLISHED), wanted))
    if unpublished:
        named = ", ".join(unpublished[:SHOWN]) + (" …" if len(unpublished) > SHOWN else "")
        raise PaidMediaError("rows are needed by changes that are not built yet", where=named, fix="paidmedia build")
    return len(list(current.scalars(text(_KEEP), wanted)))


_UNPUBLISHED = f"""
    select distinct ordered.delivery_id
    from {ORDERED} as ordered
    left join {SPLIT} as split
        on
            ordered.client_id = split.client_id
            and ordered.source = split.source
            and ordered.date = split.date
            and ordered.previous_delivery_id = split.previous_delivery_id
            and ordered.delivery_id = split.delivery_id
    where
        ordered.previous_delivery_id is not null
        and split.delivery_id is null
        and ordered.date >= :first_open_day
        and (ordered.delivery_id = any(:delivery_ids) or ordered.previous_delivery_id = any(:delivery_ids))
    order by 1
"""  # noqa: S608 – the names are ours

_MEASURES = (
    "vanished_impressions, vanished_clicks, vanished_conversions, vanished_conversion_revenue, vanished_reported_spend"
)

_KEEP = f"""
    insert into control.kept_transitions (previous_delivery_id, delivery_id, date, client_id, source, {_MEASURES})
    select previous_delivery_id, delivery_id, date, client_id, source, {_MEASURES}
    from {SPLIT}
    where
        vanished_impressions is not null
        and (delivery_id = any(:delivery_ids) or previous_delivery_id = any(:delivery_ids))
    on conflict do nothing
    returning delivery_id
"""  # noqa: S608
