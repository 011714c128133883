"""`paidmedia explain` on a real history: uploads through the loader, verdicts and rates by their services.

export → raw_facebook → verdict → dbt build → marts.metric_restatements → what a person reads
"""

import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from loaders.ledger.pipeline import prepare_all
from tests.histories.building import build
from tests.loaders import files
from tests.sources import facebook
from warehouse.clients import clients
from warehouse.deliveries import verdicts
from warehouse.deliveries.restatements import Explanation, explain
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

DAY = date(2025, 11, 4)
LATER = DAY + timedelta(days=2)
Told = Callable[..., Explanation]


def row(impressions: int, ad: str = "Shears", day: date = DAY) -> tuple[object, ...]:
    """A row of an export, of one ad."""
    return tuple(ad if cell == "Video 1" else cell for cell in files.facebook_row(day, impressions))


def upload(settings: Settings, client_id: str, filename: str, *rows: tuple[object, ...], held: bool = False) -> str:
    """An export that is the newest of its days, judged at once."""
    upload_id = facebook.receive(settings, files.facebook(*rows), filename, client_id, "ann", supersede=True)
    [outcome] = facebook.load(settings, upload_id).deliveries
    assert outcome.delivery_id is not None
    failures = [{"expectation": "plausible"}] if held else []
    with database.session(settings) as current:
        verdicts.record(current, "facebook", [verdicts.Judgement(outcome.delivery_id, client_id, failures)])
    return outcome.delivery_id


@pytest.fixture(scope="module")
def story(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Three deliveries of one day, the last one held; a CPM edit; one build at the end. Returns their ids."""
    settings = get_settings()
    prepare_all(settings)
    with database.session(settings) as current:
        for slug, name in (("acme", "Acme"), ("bolt", "Bolt")):
            clients.add_client(
                current, slug, name=name, currency="USD", cpm=Decimal(10), effective_date=date(2025, 1, 1)
            )
    ids = [
        upload(settings, "acme", "first.csv", row(1000), row(1000, "Hoe")),
        upload(settings, "acme", "second.csv", row(1500)),
    ]
    with database.session(settings) as current:
        clients.set_cpm(current, "acme", cpm=Decimal("12.3457"), effective_date=DAY)
    ids.append(upload(settings, "acme", "third.csv", row(9), held=True))
    build(settings, tmp_path_factory.mktemp("target"))
    return ids


@pytest.fixture
def told(story: list[str], settings: Settings) -> Told:
    def run(day: date = DAY, client_id: str = "acme", **more: object) -> Explanation:
        with database.session(settings) as current:
            return explain(current, client_id, day, **more)  # type: ignore[arg-type]

    return run


def paidmedia(*words: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("paidmedia")), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def on_a_terminal(*words: str, width: int) -> str:
    """What a terminal of this width shows, without its colours."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, width))
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm", "NO_COLOR": "1"}
    command = [str(Path(sys.executable).with_name("paidmedia")), *words]
    running = subprocess.Popen(command, stdout=theirs, env=env)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end was closed
            break
        shown += part
    os.close(ours)
    assert running.wait() == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())


def test_each_change_of_a_day_has_its_cause_and_they_add_up(told: Told, story: list[str]) -> None:
    [facebook_day] = told().sources
    causes = [
        (each.step, each.cause, each.changes["impressions"], each.after["impressions"]) for each in facebook_day.changes
    ]
    assert causes == [
        (1, "first delivery", 2000, 2000),
        (2, "newer delivery", 500, 1500),
        (2, "vanished rows", -1000, 1500),
        (3, "cpm edit", 0, 1500),
    ]
    assert [each.filename for each in facebook_day.changes] == ["first.csv", "second.csv", "second.csv", "second.csv"]
    assert [each.cpm for each in facebook_day.changes] == [10, 10, 10, Decimal("12.3457")]
    assert facebook_day.total["spend"] == Decimal("18.51855")
    assert facebook_day.adds_up
    assert (told().held, told().waiting, told().due) == ([story[2]], [], [])


def test_as_of_a_time_only_what_was_known_then_is_told(told: Told) -> None:
    [whole] = told().sources
    first, newer, _, edit = whole.changes
    [then] = told(as_of=newer.changed_at).sources
    assert then.changes == whole.changes[:3]
    assert (then.total["spend"], then.adds_up) == (15, True)
    assert told(as_of=edit.changed_at - timedelta(microseconds=1)).sources == [then]
    assert told(as_of=edit.changed_at).sources[0].changes == whole.changes
    with pytest.raises(PaidMediaError, match=r"nothing of 2025-11-04 was known at .*its first delivery counts from"):
        told(as_of=first.changed_at - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("acmee", "--date", "2025-11-04"), "unknown client 'acmee' (known: acme, bolt)"),
        (("acme", "--date", "2999-01-01"), "2999-01-01 is still to come"),
        (("acme", "--date", "2025-11-05"), "nothing was delivered for acme on 2025-11-05"),
        (("bolt", "--date", "2025-11-04"), "nothing was delivered for bolt on 2025-11-04"),
        (
            ("acme", "--date", "2025-11-04", "--source", "google"),
            "unknown source 'google': one of surfside, vibe, facebook",
        ),
        (("acme", "--date", "2025-11-04", "--source", "vibe"), "nothing was delivered for acme on 2025-11-04"),
        (("acme", "--date", "4 Nov"), "'4 Nov' is no date, write YYYY-MM-DD"),
        (("acme", "--date", "2025-11-04", "--as-of", "noon"), "'noon' is no time, write 2026-11-01T09:30, in UTC"),
    ],
)
def test_what_cannot_be_told_is_one_clear_line(story: list[str], words: tuple[str, ...], says: str) -> None:
    done = paidmedia("explain", *words)
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_pipe_gets_a_line_per_cause_and_one_that_says_whether_they_add_up(story: list[str]) -> None:
    lines = paidmedia("explain", "acme", "--date", DAY.isoformat()).stdout.splitlines()
    assert [line.split("  ")[2] for line in lines[:4]] == [
        "first delivery",
        "newer delivery",
        "vanished rows",
        "cpm edit",
    ]
    assert f"  {story[1]}  second.csv  CPM 10 · impressions +500 = 1,500 · " in lines[1]
    assert (
        "impressions 1,500 · clicks 3 · conversions – · conversion revenue – · spend +3.51855 = 18.51855 · " in lines[3]
    )
    assert lines[4].startswith("facebook now: impressions 1,500, ")
    assert lines[4].endswith("(USD). The causes add up.")
    assert lines[5] == f"Held, and not in these numbers: paidmedia release {story[2]} --why TEXT"
    assert len(lines) == 6


def test_a_terminal_gets_a_table(story: list[str]) -> None:
    shown = on_a_terminal("explain", "acme", "--date", DAY.isoformat(), width=110)
    table, _, below = shown.partition(f"{story[0][-8:]} is first.csv")
    assert "facebook · acme · 2025-11-04 · amounts in USD" in table
    assert max(len(line) for line in table.splitlines()) <= 110
    assert all(cause in table for cause in ("first delivery", "newer delivery", "vanished rows", "cpm edit"))
    assert f"{story[1][-8:]} is second.csv" in below
    assert "first delivery  facebook-acme-" in on_a_terminal("explain", "acme", "--date", DAY.isoformat(), width=80)


def test_json_holds_every_digit(story: list[str]) -> None:
    found = json.loads(paidmedia("explain", "acme", "--date", DAY.isoformat(), "--json").stdout)
    [source] = found["sources"]
    assert [each["changes"]["spend"] for each in source["changes"]] == [
        "20.0000000",
        "5.0000000",
        "-10.0000000",
        "3.5185500",
    ]
    assert source["changes"][1]["previous_delivery_id"] == story[0]
    assert datetime.fromisoformat(source["changes"][0]["changed_at"]).tzinfo is not None
    assert (source["adds_up"], found["held"], found["build_is_due"]) == (True, [story[2]], [])


def test_marts_that_lag_behind_say_so(told: Told, story: list[str], settings: Settings) -> None:
    with database.session(settings) as current:
        verdicts.release(current, story[2], why="checked")
    upload_id = facebook.receive(settings, files.facebook(row(7)), "fourth.csv", "acme", "ann", supersede=True)
    [waits] = facebook.load(settings, upload_id).deliveries
    upload(settings, "bolt", "new.csv", row(7, day=LATER))
    assert (told().due, told().waiting, told().held) == (["facebook"], [waits.delivery_id], [])
    assert told().sources[0].adds_up
    shown = paidmedia("explain", "acme", "--date", DAY.isoformat()).stdout
    assert f"Not judged yet, and not in these numbers: {waits.delivery_id}." in shown
    assert "A build is due: more is known of facebook than the marts say." in shown
    with pytest.raises(PaidMediaError, match="delivered for bolt on 2025-11-06 is not built yet: paidmedia build"):
        told(LATER, "bolt")


def test_marts_that_do_not_add_up_say_which_measure(told: Told, story: list[str], settings: Settings) -> None:
    with database.session(settings) as current:
        current.execute(text("update marts.daily_metrics set clicks = clicks + 1 where client_id = 'acme'"))
    assert not told().sources[0].adds_up
    assert "The causes add up to clicks " in paidmedia("explain", "acme", "--date", DAY.isoformat()).stdout
