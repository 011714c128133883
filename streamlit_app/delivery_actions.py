"""What the pages about deliveries need of the loaders: exports that people send in, files that they correct.

What they only read is `serving.ledger`. The viewer is checked here or there, before anything is read or kept.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loaders.files.columns import normalized
from loaders.files.corrections import marked_file
from loaders.registry import columns_of, names, source_of
from loaders.transports import upload_loader
from serving import ledger
from serving.viewer import Viewer
from streamlit_app import session
from warehouse.deliveries import landing
from warehouse.deliveries.monitor import Attempt
from warehouse.deliveries.rejects import Reject, RejectingDelivery
from warehouse.errors import PaidMediaError, ReaderError
from warehouse.settings import get_settings

LOST = "The delivered file is not in the landing zone that this app can read, so it cannot be marked."


def rejected_rows(viewer: Viewer, delivery: RejectingDelivery) -> Sequence[Reject]:
    """The rejected rows of one of the viewer's deliveries, in the order of its file: the cells that they may see.

    Raises `PaidMediaError` where the delivery is not one of theirs.
    """
    return ledger.rejected_rows(viewer, delivery, is_shown)


def whole_file(viewer: Viewer, delivery: RejectingDelivery) -> bytes:
    """The whole file of a delivery as CSV, its rejected rows marked. Raises `PaidMediaError`."""
    return marked_file(get_settings(), *ledger.whole_delivery(viewer, delivery))


def missing(delivery: RejectingDelivery) -> str | None:
    """Why the file of a delivery cannot be had; None where it can."""
    try:
        is_there = landing.holds(get_settings(), delivery.landed_path)
    except PaidMediaError as error:
        return f"The delivered file cannot be marked: {error}"
    return None if is_there else LOST


def resolve(viewer: Viewer, attempts: Sequence[Attempt], why: str) -> None:
    """Settle failed attempts, all or none. Raises `PaidMediaError` where the viewer may not or one is not open."""
    with session.acting(viewer.name):
        ledger.resolve(viewer, attempts, why)


def accepted(source: str) -> str:
    """Which exports of a source are taken, in words: `Facebook exports by day, CSV or XLSX`."""
    return source_of(source).accepts


def preview(viewer: Viewer, source: str, client_id: str, filename: str, data: bytes) -> dict[str, Any]:
    """What an export of a source would bring; nothing is stored. Raises `PaidMediaError` with what is wrong with it."""
    _check_may_upload(viewer, client_id)
    return upload_loader(source).validate(get_settings(), data, filename, client_id)


def upload(
    viewer: Viewer, source: str, client_id: str, filename: str, data: bytes, *, as_of: datetime | None, supersede: bool
) -> None:
    """Keep an export of a source; Dagster takes it in as soon as it sees it. Raises `PaidMediaError`."""
    _check_may_upload(viewer, client_id)
    with session.acting(viewer.name):
        upload_loader(source).receive(
            get_settings(), data, filename, client_id, viewer.name, as_of=as_of, supersede=supersede
        )


def is_shown(source: str, heading: str) -> bool:
    """Whether clients may see the cells under a heading: all that is read of a source but the platform's cost.

    Of a source that is known no more nobody can say, so they see none.
    """
    if source not in names():
        return False
    spec = columns_of(source)
    fields = [*spec.aliases.items(), *spec.fallbacks.items()]
    seen = {normalized(each) for name, headings in fields if name != "reported_spend" for each in headings}
    return normalized(heading) in seen


def _check_may_upload(viewer: Viewer, client_id: str) -> None:
    if not (viewer.is_staff and viewer.may_see(client_id)):
        raise ReaderError("only people of the agency may upload exports", fix="send them the file")
