"""Addresses of creatives: which are taken, who gets them, and what the audit log keeps."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.clients import clients, creative_previews
from warehouse.control import AuditEntry, CreativePreview
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

HOSTS = ("cdn.example.com", "*.media.example.net")
GOOD = "https://cdn.example.com/spring/hoe.png"


@pytest.fixture
def current(database_url: str) -> Iterator[Session]:
    with database.session() as found:
        for slug in ("acme", "bolt"):
            clients.add_client(
                found, slug, name=slug.title(), currency="USD", cpm=Decimal(10), effective_date=date(2025, 1, 1)
            )
        yield found
        found.rollback()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CREATIVE_PREVIEW_HOSTS", "cdn.example.com, .media.example.net")
    return get_settings()


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        "https://CDN.example.com/a.png",
        "https://cdn.example.com:443/a.png?size=2#top",
        "https://eu.media.example.net/a.mp4",
        "https://a.b.media.example.net/",
        f"  {GOOD}\n",
    ],
)
def test_an_https_address_of_an_allowed_host_is_taken(url: str) -> None:
    assert creative_previews.checked(url, HOSTS) == url.strip()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://cdn.example.com/a.png", "https"),
        ("javascript:alert(1)//cdn.example.com", "https"),
        ("data:image/png;base64,AAAA", "https"),
        ("//cdn.example.com/a.png", "https"),
        ("https://cdn.example.com.evil.example/a.png", "not allowed"),
        ("https://evil.example/cdn.example.com", "not allowed"),
        ("https://evilmedia.example.net/a.png", "not allowed"),
        ("https://media.example.net/a.png", "not allowed"),
        ("https://cdn.example.com./a.png", "not allowed"),
        ("https:///a.png", "not allowed"),
        ("https:cdn.example.com/a.png", "not allowed"),
        ("https://me@cdn.example.com/a.png", "user name"),
        ("https://cdn.example.com@evil.example/a.png", "user name"),
        ("https://cdn.example.com:8443/a.png", "port 8443"),
        ("https://cdn.example.com:x/a.png", "no address"),
        ("https://[cdn.example.com/a.png", "no address"),
        ("https://evil.example\\.cdn.example.com/a.png", "backslash"),
        ("https://cdn.example.com/a b.png", "blank"),
        ("https://cdn.exa\tmple.com/a.png", "blank"),
        ("https://cdn.exаmple.com/a.png", "not ASCII"),
        (f"{GOOD}?{'x' * 2_000}", "longer"),
    ],
)
def test_any_other_address_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(PaidMediaError, match=why):
        creative_previews.checked(url, HOSTS)


def test_the_setting_names_hosts_and_nothing_else() -> None:
    listed = Settings(creative_preview_hosts=" CDN.example.com,.media.example.net , *.x.example,")
    assert creative_previews.hosts(listed) == ("cdn.example.com", "*.media.example.net", "*.x.example")
    assert creative_previews.hosts(Settings()) == ()
    for wrong in (
        "*",
        "https://cdn.example.com",
        "cdn.example.com:443",
        "a b.example",
        "'self'",
        "x.example;y.example",
    ):
        with pytest.raises(PaidMediaError, match="CREATIVE_PREVIEW_HOSTS"):
            creative_previews.hosts(Settings(creative_preview_hosts=wrong))


def test_an_address_is_kept_changed_and_taken_away_on_record(current: Session, settings: Settings) -> None:
    second = "https://eu.media.example.net/hoe.mp4"
    for url in (GOOD, GOOD, second, " "):
        creative_previews.enter(current, settings, "c1", client_id="acme", url=url)
        current.flush()
        found = creative_previews.find(current, settings, "c1", client_id="acme")
        assert found == (url.strip() or None)
    entries = current.scalars(
        select(AuditEntry).where(AuditEntry.entity == "creative preview").order_by(AuditEntry.audit_id)
    )
    assert [(each.action, each.entity_id, each.old_values, each.new_values) for each in entries] == [
        ("set", "acme/c1", None, {"url": GOOD}),
        ("set", "acme/c1", {"url": GOOD}, {"url": second}),
        ("remove", "acme/c1", {"url": second}, None),
    ]


def test_a_refused_address_leaves_the_former_one(current: Session, settings: Settings) -> None:
    creative_previews.enter(current, settings, "c1", client_id="acme", url=GOOD)
    with pytest.raises(PaidMediaError, match="not allowed"):
        creative_previews.enter(current, settings, "c1", client_id="acme", url="https://evil.example/a.png")
    assert creative_previews.find(current, settings, "c1", client_id="acme") == GOOD
    with pytest.raises(PaidMediaError, match="nobody"):
        creative_previews.enter(current, settings, "c1", client_id="nobody", url=GOOD)


def test_only_those_of_the_client_get_its_address_and_none_of_a_host_that_is_no_longer_allowed(
    current: Session, settings: Settings
) -> None:
    creative_previews.enter(current, settings, "c1", client_id="acme", url=GOOD)
    current.flush()
    [row] = current.scalars(select(CreativePreview))
    assert row.set_by
    for client_ids, found in ((None, GOOD), (("acme", "bolt"), GOOD), (("bolt",), None), ((), None)):
        assert creative_previews.find(current, settings, "c1", client_id="acme", client_ids=client_ids) == found
    assert creative_previews.find(current, settings, "c1", client_id="bolt", client_ids=("bolt",)) is None
    assert creative_previews.find(current, Settings(creative_preview_hosts=""), "c1", client_id="acme") is None
