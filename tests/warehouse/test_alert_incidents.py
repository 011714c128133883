"""What begins, what goes on and what is over; who is told of it."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from warehouse.alerts.finding import TITLES, Finding
from warehouse.alerts.incidents import compare, note, open_incidents
from warehouse.control import FAULTS, AlertMessage
from warehouse.postgres import database
from warehouse.settings import PROJECT_ROOT, Settings

NOW = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)


def finding(subject: str, what: str = "it is wrong", kind: str = "failed_run") -> Finding:
    return Finding(kind, subject, what, "somewhere", "mend it")


@pytest.fixture(autouse=True)
def _empty(settings: Settings) -> None:
    with database.session(settings) as current:
        current.execute(text("truncate control.alert_incidents cascade"))


def look(settings: Settings, *found: Finding, channels: tuple[str, ...] = ("mail",), minutes: int = 0) -> None:
    with database.session(settings) as current:
        note(current, found, channels, now=NOW + timedelta(minutes=minutes), secrets=["hunter22"])


def messages(settings: Settings) -> list[tuple[str, str]]:
    with Session(database.engine(settings)) as current:
        rows = current.scalars(select(AlertMessage).order_by(AlertMessage.number))
        return [(row.channel, row.news) for row in rows]


def test_every_combination_of_wrong_and_open_begins_goes_on_or_is_over() -> None:
    for is_wrong, is_open in product((True, False), repeat=2):
        changes = compare([finding("a")] if is_wrong else [], [("failed_run", "a")] if is_open else [])
        assert bool(changes.opens) == (is_wrong and not is_open)
        assert bool(changes.lasts) == (is_wrong and is_open)
        assert bool(changes.clears) == (is_open and not is_wrong)


def test_the_same_subject_of_another_kind_is_another_incident() -> None:
    changes = compare([finding("a", kind="stale_source")], [("failed_run", "a")])
    assert [each.kind for each in changes.opens] == ["stale_source"]
    assert changes.clears == [("failed_run", "a")]


def test_an_incident_gives_one_message_however_often_it_is_seen(settings: Settings) -> None:
    for minutes in range(3):
        look(settings, finding("a", f"seen {minutes} times"), minutes=minutes)
    assert messages(settings) == [("mail", "opened")]
    with database.session(settings) as current:
        (incident,) = open_incidents(current)
        assert (incident.what, incident.opened_at) == ("seen 2 times", NOW)
        assert incident.last_seen_at == NOW + timedelta(minutes=2)
    look(settings, minutes=3)
    look(settings, minutes=4)
    assert messages(settings) == [("mail", "opened"), ("mail", "cleared")]


def test_what_comes_back_is_told_again(settings: Settings) -> None:
    look(settings, finding("a"))
    look(settings, minutes=1)
    look(settings, finding("a"), minutes=2)
    assert messages(settings) == [("mail", "opened"), ("mail", "cleared"), ("mail", "opened")]


def test_a_new_channel_hears_of_what_is_open_and_one_that_left_of_nothing(settings: Settings) -> None:
    look(settings, finding("a"), channels=())
    assert messages(settings) == []
    look(settings, finding("a"), channels=("mail", "slack-1"))
    look(settings, finding("a"), channels=("mail", "teams-2"))
    assert messages(settings) == [("mail", "opened"), ("teams-2", "opened")]
    look(settings, channels=("mail", "slack-1"))
    assert messages(settings) == [("mail", "opened"), ("mail", "cleared")]


def test_a_secret_in_a_reason_is_not_written_down(settings: Settings) -> None:
    look(settings, finding("a", "postgresql://owner:open-sesame@db/x refused hunter22"))
    with database.session(settings) as current:
        (incident,) = open_incidents(current)
        assert incident.what == "postgresql://owner:••••@db/x refused ••••"


def test_what_was_over_long_ago_and_told_is_let_go(settings: Settings) -> None:
    count = text("select count(*) from control.alert_incidents")
    look(settings, finding("a"))
    look(settings, minutes=1)
    look(settings, minutes=60 * 24 * 100)
    with database.session(settings) as current:
        assert current.scalar(count) == 1  # its messages wait
        current.execute(text("update control.alert_outbox set sent_at = now()"))
    look(settings, minutes=60 * 24 * 100)
    with database.session(settings) as current:
        assert current.scalar(count) == 0


def test_every_kind_has_a_title_and_a_section_of_the_runbook() -> None:
    assert set(TITLES) == set(FAULTS)
    runbook = (PROJECT_ROOT / "docs" / "runbooks" / "alerts.md").read_text()
    assert [kind for kind in FAULTS if f"## {kind}\n" not in runbook] == []
