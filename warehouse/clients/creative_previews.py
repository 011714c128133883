"""Where a creative can be seen: an address that people of the agency enter, of a host that the agency has allowed.

typed address → checked against CREATIVE_PREVIEW_HOSTS → control.creative_previews → checked again when it is shown

A browser loads what such an address names, so anything but https on an allowed host is refused.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.control import CreativePreview, lookup
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings

LONGEST = 2_000  # letters that every browser and proxy passes on
HOST = re.compile(r"(\*?\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]")


def hosts(settings: Settings) -> tuple[str, ...]:
    """The allowed hosts; `*.example.com` stands for every host below example.com.

    Raises `PaidMediaError` for an entry that is no name of a host.
    """
    listed = [entry.strip().lower() for entry in settings.creative_preview_hosts.split(",") if entry.strip()]
    wrong = [entry for entry in listed if not HOST.fullmatch(entry)]
    if wrong:
        raise PaidMediaError(
            f"CREATIVE_PREVIEW_HOSTS: {wrong[0]!r} is no host", fix="write cdn.example.com or *.example.com"
        )
    return tuple(f"*{entry}" if entry.startswith(".") else entry for entry in listed)


def checked(url: str, allowed: Sequence[str]) -> str:
    """The address, trimmed. Raises `PaidMediaError` that says why it cannot be taken."""
    trimmed = url.strip()
    if len(trimmed) > LONGEST:
        raise PaidMediaError(f"the address is longer than {LONGEST:,} letters", fix="find a shorter one")
    # Browsers drop or turn around what is refused here, and then read another address than this function.
    if not re.fullmatch(r"[!-\[\]-~]+", trimmed):
        raise PaidMediaError("the address has a blank, a backslash or a letter that is not ASCII", fix="encode it")
    try:
        parts = urlsplit(trimmed)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise PaidMediaError("this is no address", where=str(error), fix="write https://host/path") from error
    if parts.scheme != "https":
        raise PaidMediaError("the address does not begin with https://", fix="find one that does")
    if "@" in parts.netloc:
        raise PaidMediaError("the address has a user name in it", fix="write it without")
    if port not in (None, 443):
        raise PaidMediaError(f"the address names port {port}", fix="write it without")
    if not any(_is_meant(host, entry) for entry in allowed):
        listed = ", ".join(allowed) or "no host at all"
        raise PaidMediaError(f"{host or 'an address without a host'} is not allowed", fix=f"allowed: {listed}")
    return trimmed


def find(
    current: Session, settings: Settings, creative_id: str, *, client_id: str, client_ids: Sequence[str] | None = None
) -> str | None:
    """The address of a creative; None without one, for a client that is not among `client_ids` (None: every client),
    and where its host is no longer allowed.
    """
    if client_ids is not None and client_id not in client_ids:
        return None
    row = current.get(CreativePreview, (client_id, creative_id))
    try:
        return checked(row.url, hosts(settings)) if row else None
    except PaidMediaError:
        return None


def enter(current: Session, settings: Settings, creative_id: str, *, client_id: str, url: str) -> None:
    """Keep the address of a creative; an empty one takes it away. Raises `PaidMediaError`."""
    lookup.get_client(current, client_id)
    new = checked(url, hosts(settings)) if url.strip() else None
    row = current.get(CreativePreview, (client_id, creative_id))
    old = row.url if row else None
    if new == old:
        return
    if new is None:
        current.delete(row)
    elif row is None:
        current.add(CreativePreview(client_id=client_id, creative_id=creative_id, url=new, set_by=audit.actor_name()))
    else:
        row.url, row.set_by, row.set_at = new, audit.actor_name(), datetime.now(UTC)
    audit.record(
        current, "remove" if new is None else "set", "creative preview", f"{client_id}/{creative_id}",
        old={"url": old} if old else None, new={"url": new} if new else None,
    )  # fmt: skip


def _is_meant(host: str, entry: str) -> bool:
    return host.endswith(entry[1:]) if entry.startswith("*") else host == entry
