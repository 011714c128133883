"""Clients and the rules for their files: the only code that writes these tables. Rates are entered by `pricing`."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse import audit, builds
from warehouse.billing import pricing
from warehouse.control import Client, CpmRate, SourceSetting, lookup, sources
from warehouse.errors import PaidMediaError

LEVELS = ("campaign", "strategy", "placement", "creative")


def add_client(
    current: Session,
    client_id: str,
    *,
    name: str,
    currency: str,
    cpm: Decimal,
    effective_date: date,
    source_settings: Mapping[tuple[str, str], str] | None = None,
) -> Client:
    """Enter a client with its first rate. `source_settings` maps (source, setting) to a value.

    Raises `PaidMediaError` for a slug, currency, rate or setting that cannot be used, or a client that is there.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", client_id):
        raise PaidMediaError(f"{client_id!r} is no slug", fix="use lower-case letters, digits, - and _")
    if current.get(Client, client_id) is not None:
        raise PaidMediaError(f"client {client_id} is there already", fix=f"paidmedia client set {client_id} …")
    if current.scalar(select(Client).where(Client.name == name)) is not None:
        raise PaidMediaError(f"another client is named {name!r}", fix="choose a different --name")
    client = Client(client_id=client_id, name=name, currency=_currency(currency))
    current.add(client)
    current.flush()
    audit.record(current, "add", "client", client_id, new={"name": name, "currency": client.currency})
    builds.request(current, f"client {client_id}", "added")
    set_cpm(current, client_id, cpm=cpm, effective_date=effective_date)
    set_source_settings(current, client_id, source_settings or {})
    return client


def disable_client(current: Session, client_id: str) -> None:
    """Stop loading for a client; what was delivered stays."""
    client = lookup.get_client(current, client_id)
    if client.is_active:
        client.is_active, client.disabled_at = False, datetime.now(UTC)
        audit.record(current, "disable", "client", client_id, old={"is_active": True}, new={"is_active": False})
        builds.request(current, f"client {client_id}", "disabled")


def enable_client(current: Session, client_id: str) -> None:
    """Load for a disabled client again."""
    client = lookup.get_client(current, client_id)
    if not client.is_active:
        client.is_active, client.disabled_at = True, None
        audit.record(current, "enable", "client", client_id, old={"is_active": False}, new={"is_active": True})
        builds.request(current, f"client {client_id}", "enabled")


def rename_client(current: Session, client_id: str, name: str) -> None:
    """Give a client another display name; its slug stays. Raises `PaidMediaError` for one that cannot be used."""
    client = lookup.get_client(current, client_id)
    if not name.strip():
        raise PaidMediaError("a client needs a name", fix="write one")
    if current.scalar(select(Client).where(Client.name == name.strip(), Client.client_id != client_id)) is not None:
        raise PaidMediaError(f"another client is named {name.strip()!r}", fix="choose a different name")
    audit.record(current, "rename", "client", client_id, old={"name": client.name}, new={"name": name.strip()})
    builds.request(current, f"client {client_id}", "renamed")
    client.name = name.strip()


def set_cpm(
    current: Session,
    client_id: str,
    *,
    cpm: Decimal,
    effective_date: date,
    adjust: bool = False,
    why: str | None = None,
    today: date | None = None,
) -> pricing.Entered:
    """Enter the rate that holds from `effective_date` until the next one, in the client's currency.

    A rate of the same date is replaced, and the audit log keeps the old one. What it means for closed months, and what
    `adjust` does, stands at `pricing.enter`.
    """
    client = lookup.get_client(current, client_id)
    return pricing.enter(current, client, cpm=cpm, effective_date=effective_date, adjust=adjust, why=why, today=today)


def cpm_history(current: Session, client_id: str) -> list[CpmRate]:
    """A client's rates, oldest first."""
    lookup.get_client(current, client_id)
    return pricing.rate_rows(current, client_id)


def set_source_settings(current: Session, client_id: str, settings: Mapping[tuple[str, str], str]) -> None:
    """Set or change rules; `{(source, "campaign"): "Always On"}`. An empty value removes the rule.

    Raises `PaidMediaError` for an unknown source or level and for an S3 prefix inside another client's.
    """
    lookup.get_client(current, client_id)
    for (source, setting), value in settings.items():
        _check_setting(current, source, setting)
        stored = _prefix(current, client_id, value) if setting == "prefix" else value.strip()
        row = current.get(SourceSetting, (client_id, source, setting))
        old = None if row is None else {"value": row.value}
        if row is None and stored:
            current.add(SourceSetting(client_id=client_id, source=source, setting=setting, value=stored))
        elif row is not None and stored:
            row.value = stored
        elif row is not None:
            current.delete(row)
        audit.record(
            current, "set", "source setting", f"{client_id}:{source}.{setting}", old=old, new={"value": stored}
        )
    current.flush()


def source_settings(current: Session, client_id: str, source: str) -> dict[str, str]:
    """The rules of one client and source, by setting."""
    query = select(SourceSetting).where(SourceSetting.client_id == client_id, SourceSetting.source == source)
    return {row.setting: row.value for row in current.scalars(query)}


def parse_rule(text: str) -> tuple[tuple[str, str], str]:
    """`SOURCE.campaign=Always On` → `((SOURCE, "campaign"), "Always On")`. Raises `PaidMediaError`."""
    key, separator, value = text.partition("=")
    source, dot, level = key.strip().partition(".")
    if not (separator and dot):
        raise PaidMediaError(f"--set {text!r} cannot be read", fix='--set SOURCE.campaign="Always On"')
    return (source, level), value


def _check_setting(current: Session, source: str, setting: str) -> None:
    allowed = sources.get(current, source).client_settings
    if setting not in allowed:
        raise PaidMediaError(f"{source} has no setting {setting!r}", fix=f"one of {', '.join(allowed)}")


def _prefix(current: Session, client_id: str, value: str) -> str:
    """A folder-like prefix that neither holds nor lies in another client's: a file must have one owner."""
    prefix = value.strip().strip("/")
    prefix = f"{prefix}/" if prefix else ""
    others = select(SourceSetting).where(SourceSetting.setting == "prefix", SourceSetting.client_id != client_id)
    for other in current.scalars(others):
        if prefix and (prefix.startswith(other.value) or other.value.startswith(prefix)):
            where = f"client {other.client_id} reads {other.value}"
            raise PaidMediaError(f"the prefix {prefix} is shared", where=where, fix="give each client its own folder")
    return prefix


def _currency(value: str) -> str:
    code = value.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise PaidMediaError(f"{value!r} is no currency", fix="use the three letters of ISO 4217, such as USD")
    return code
