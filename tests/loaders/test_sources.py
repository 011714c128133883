"""A source is one record: what it takes, what it refuses, and what the registry makes of the files."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from loaders import registry as table
from loaders.ledger import attempts
from loaders.ledger.pipeline import prepare_all
from loaders.registry import loaded_by_day, names, registry, source_of, uploaded
from loaders.source import Setting, Source, source_from, value_of
from loaders.transports import upload_loader
from warehouse.alerts import findings
from warehouse.clients import clients
from warehouse.control import IngestionRun, KnownSource
from warehouse.control import sources as known_sources
from warehouse.deliveries import monitor, rejects, verdicts
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

PLAIN: dict[str, Any] = {
    "name": "pigeon_post",
    "title": "Pigeon Post",
    "row_table": "flights",
    "position": 9,
    "summary": "Letters",
    "delivers": "letter",
    "origin": "dovecote",
    "origin_summary": "Where they come home.",
    "transport": {"kind": "object_store", "file_pattern": "flights-{date}"},
    "columns": {
        "aliases": {"date": ["Day"], "impressions": ["Seen"]},
        "required": ["date", "impressions"],
        "export_hint": "write it again",
    },
    "late_after_days": 3,
    "fresh_hours": 26,
    "cron": {"setting": "SUMMARY_CRON"},
    "expectations": {"unnamed": "warning", "unnamed_because": "pigeons cannot write"},
    "set_up": "paidmedia client set SLUG --set pigeon_post.prefix=FOLDER",
}


def test_plain_data_become_a_source() -> None:
    source = source_from(PLAIN)
    assert (source.spec.source, source.spec.table) == ("pigeon_post", "flights")
    assert source.spec.aliases == {"date": ("Day",), "impressions": ("Seen",)}
    assert value_of(source.cron, Settings()) == Settings().summary_cron
    assert source.set_up_for("acme") == "paidmedia client set acme --set pigeon_post.prefix=acme/"
    assert source.record().client_settings == ("prefix", "campaign", "strategy", "placement", "creative")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Pigeon"}, "name 'Pigeon' is not lower-case words"),
        ({"row_table": "rejects"}, "is a table of the ledger"),
        ({"title": " "}, "title is empty"),
        ({"cron": None}, "cron is missing"),
        ({"late_after_days": 0}, "at least 1"),
        ({"transport": {"kind": "upload", "formats": "by day"}}, "people bring it"),
        ({"transport": {"kind": "pigeon"}}, "KeyError: 'pigeon'"),
        ({"wings": 2}, "unexpected keyword argument 'wings'"),
        ({"expectations": {"unnamed": "sad", "unnamed_because": "of rain"}}, "critical, warning"),
        ({"columns": PLAIN["columns"] | {"required": ["date", "clicks"]}}, "required without a heading: clicks"),
        ({"columns": PLAIN["columns"] | {"aliases": {"date": ["Day"], "wings": ["W"]}}}, "unknown fields: wings"),
        ({"columns": PLAIN["columns"] | {"required": ["impressions"]}}, "date is not required"),
    ],
)
def test_data_of_no_use_are_refused_by_the_name_of_the_field(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PaidMediaError, match=words):
        source_from(PLAIN | changes)


def test_the_registry_has_every_file_in_the_order_of_the_positions() -> None:
    files = {path.stem for path in (Path(table.__file__).parent / "sources").glob("[!_]*.py")}
    assert set(names()) == files
    assert names() == ("surfside", "vibe", "facebook")
    assert (loaded_by_day(), uploaded()) == (("surfside", "vibe"), ("facebook",))
    with pytest.raises(PaidMediaError, match="unknown source 'tiktok': one of surfside, vibe, facebook"):
        source_of("tiktok")


@pytest.mark.parametrize("source", registry().values(), ids=names())
def test_every_setting_that_a_source_names_is_there(source: Source) -> None:
    settings = Settings()
    values = [source.cron, source.reread_days, *vars(source.transport).values()]
    for value in (each for each in values if isinstance(each, Setting)):
        value_of(value, settings)
    with pytest.raises(PaidMediaError, match="there is no setting NO_SUCH"):
        value_of(Setting("NO_SUCH"), settings)


def test_two_sources_cannot_share_the_one_account_of_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    vibe = source_of("vibe")
    monkeypatch.setattr(table, "_read", lambda name: replace(vibe, name=name))
    with pytest.raises(PaidMediaError, match="a client has one account for reports"):
        registry.__wrapped__()


def test_what_other_rooms_know_of_a_source_follows_its_record(settings: Settings) -> None:
    pigeon = source_from(PLAIN).record()
    with database.session(settings) as current:
        known_sources.write(current, [source.record() for source in registry().values()])
        assert known_sources.listed(current) == tuple(source.record() for source in registry().values())
        known_sources.write(current, [pigeon])
        known_sources.write(current, [replace(pigeon, late_after_days=5)])
        assert asdict(known_sources.get(current, "pigeon_post"))["late_after_days"] == 5
        assert known_sources.names(current) == (*names(), "pigeon_post")
        with pytest.raises(PaidMediaError, match="one of surfside, vibe, facebook, pigeon_post"):
            known_sources.get(current, "owl_post")
        current.rollback()


def test_a_source_that_left_the_registry_keeps_its_place_among_the_others(settings: Settings) -> None:
    prepare_all(settings)
    with database.session(settings) as current:
        known_sources.write(current, [source_from(PLAIN).record()])
        client = {"name": "Acme", "currency": "USD", "cpm": Decimal(5), "effective_date": date(2026, 1, 1)}
        clients.add_client(current, "acme", **client)
        failed = {"client_id": "acme", "status": "failed", "error": "the loft is empty", "origin": "a flight"}
        current.add(IngestionRun(source="pigeon_post", started_at=datetime.now(UTC), **failed))
        current.flush()
        assert [(each.source, each.state) for each in monitor.overview(current)] == [
            ("pigeon_post", "nothing delivered")
        ]
        assert [each.source for each in monitor.open_failures(current)] == ["pigeon_post"]
        (found,) = findings.wrong_now(current)
        assert (found.kind, found.subject) == ("failed_run", "pigeon_post/acme")
        assert (rejects.deliveries(current), verdicts.held(current), verdicts.pending_everywhere(current)) == (
            [],
            [],
            {},
        )
        current.rollback()


def test_what_comes_before_the_tables_are_prepared_enters_its_source_itself(settings: Settings) -> None:
    with database.session(settings) as current:
        clients.add_client(
            current, "early", name="Early", currency="USD", cpm=Decimal(5), effective_date=date(2026, 1, 1)
        )
        current.execute(delete(KnownSource))
    upload_loader("facebook").receive(settings, b"Day\n", "early.csv", "early", "ann")
    with database.session(settings) as current:
        day = date(2026, 1, 2)
        attempts.note_unserved(current, "vibe", "early", day, day, error="nobody is there", dagster_run_id="run")
        current.flush()
        assert known_sources.names(current) == ("vibe", "facebook")
