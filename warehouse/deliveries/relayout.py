"""Files of the earlier layout, brought to where they would be landed today.

<two digits>/<sha256>/<file name> ─► <source>/<client>/<day>/<sha256>.csv, compared ─► the ledger ─► the old file goes

Killed at any moment, the ledger names files that are there, and the next call goes on. Files that no ledger names,
those of refused deliveries, stay where they are.
"""

from dataclasses import dataclass, field

from sqlalchemy import text

from warehouse.deliveries import landing
from warehouse.postgres import database
from warehouse.settings import Settings
from warehouse.storage.errors import StorageFailed

EARLIER = "^[0-9a-f]{2}/[0-9a-f]{64}/[^/]+$"


@dataclass
class Outcome:
    """How many files have their new place, and a line for each that could not be brought there."""

    files: int = 0
    problems: list[str] = field(default_factory=list)


def relayout(settings: Settings) -> Outcome:
    """Bring every file of the earlier layout that a ledger names to its place. To be called while nothing loads."""
    with database.session(settings) as current:
        rows = current.execute(text(_EARLIER), {"earlier": EARLIER}).mappings().all()
    outcome, moved, left = Outcome(), set[str](), set[str]()
    for row in rows:
        old = str(row["landed_path"])
        new = landing.path_of(row["source"], row["client_id"], row["day"], row["sha256"], old)
        try:
            _copy(settings, old, new, row["sha256"])
        except StorageFailed as error:
            outcome.problems.append(str(error))
            left.add(old)
            continue
        with database.session(settings) as current:
            named = {"new": new, "old": old, "id": row["id"]}
            table = f"raw_{row['source']}.deliveries" if row["is_delivery"] else "control.uploaded_files"
            column = "delivery_id" if row["is_delivery"] else "cast(upload_id as text)"
            current.execute(
                text(f"update {table} set landed_path = :new where {column} = :id and landed_path = :old"),  # noqa: S608
                named,
            )
        moved.add(old)
        outcome.files += 1
    for old in moved - left:
        landing.place_of(settings, old).delete(old)
    return outcome


def _copy(settings: Settings, old: str, new: str, sha256: str) -> None:
    landing.check(settings, old, sha256)
    place = landing.place_of(settings, old)
    with place.draft(new) as draft:
        place.fetch(old, draft)
        place.keep(draft, new)


# A delivery that was uploaded lies where its upload does.
_EARLIER = """
    select
        true as is_delivery, delivered.delivery_id as id, delivered.source, delivered.client_id, delivered.landed_path,
        delivered.sha256,
        cast(coalesce(uploads.uploaded_at, delivered.delivered_at) at time zone 'UTC' as date) as day
    from ledger.deliveries as delivered
    left join control.uploaded_files as uploads on delivered.delivery_id = uploads.delivery_id
        and delivered.landed_path = uploads.landed_path
    where delivered.landed_path ~ :earlier
    union all
    select
        false as is_delivery, cast(upload_id as text) as id, source, client_id, landed_path, sha256,
        cast(uploaded_at at time zone 'UTC' as date) as day
    from control.uploaded_files
    where landed_path ~ :earlier
    order by id
"""
