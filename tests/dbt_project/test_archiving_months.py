"""Months that leave for the archive: what is written, compared and recorded, what a crash leaves, what readers see.

raw tables filled by SQL → dbt build → months of the fact → Parquet
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from orchestration.lib import retention
from tests.dbt_project.old_months import FIRST_HOT, TODAY, ask, at, everything, rows_of
from tests.dbt_project.raw_tables import deliver
from tests.dbt_project.test_history_of_deliveries import Marts
from warehouse.errors import PaidMediaError
from warehouse.retention import months
from warehouse.settings import Settings

pytestmark = pytest.mark.heavy

KILLED_BEFORE_THE_NAME = "import os; os.fsync = lambda _: os._exit(9)"


def partitions(raw: Connection) -> list[str]:
    with raw.cursor() as cursor:
        cursor.execute("select relid::text from pg_partition_tree('marts.daily_metrics') where isleaf order by 1")
        found = [name.removeprefix("publishing.daily_metrics_") for (name,) in cursor.fetchall()]
    raw.commit()
    return found


@contextmanager
def at_work(hot: Settings, preface: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Another process that archives; ended, if need be, when the block ends."""
    code = f"{preface}\nfrom datetime import date\nfrom warehouse.retention import months\n"
    code += "from warehouse.settings import get_settings\n"
    code += f"list(months.expire(get_settings(), date.fromisoformat('{TODAY}'), dry_run=False))"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass
class Watched:
    """What readers of the marts met."""

    errors: list[str] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    longest: float = 0.0  # seconds of a statement

    def noticed_nothing(self) -> None:
        """They read all the time, without an error, a long wait or another number."""
        assert self.errors == []
        assert len(self.looks) > 5
        assert len(set(self.looks)) == 1
        assert self.longest < 2.5  # on a machine that does much else; 0.3 alone


@contextmanager
def watching(before: Marts, url: str) -> Iterator[Watched]:
    """Three readers of every mart, until the block ends."""
    stop, watched = threading.Event(), Watched()
    queries = [f"select count(*) from marts.{name}" for name in before if not name.startswith("int_")]
    queries.append("select sum(impressions) from marts.daily_metrics where date >= '2026-04-01'")

    def look(cursor: Any) -> int:
        for query in queries:
            began = time.monotonic()
            cursor.execute(query)
            watched.longest = max(watched.longest, time.monotonic() - began)
        [(last,)] = cursor.fetchall()
        return int(last)

    def read() -> None:
        with closing(psycopg2.connect(url)) as connection:
            while not stop.is_set():
                try:
                    with connection, connection.cursor() as cursor:
                        watched.looks.append(look(cursor))
                except psycopg2.Error as error:
                    watched.errors.append(str(error))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        yield watched
    finally:
        stop.set()
        for reader in readers:
            reader.join()


@contextmanager
def idle(url: str) -> Iterator[Connection]:
    """A transaction that has read the fact and stays open."""
    with closing(psycopg2.connect(url)) as connection:
        connection.cursor().execute("select count(*) from marts.daily_metrics")
        yield connection


def file_of(hot: Settings, month: str) -> Path:
    return Path(hot.archive) / "daily_metrics" / f"{month}.parquet"


# --- before anything is archived; each test leaves everything where it was


def test_a_dry_run_says_what_would_leave_and_changes_nothing(before: Marts, raw: Connection, hot: Settings) -> None:
    outcome = retention.run(hot, today=TODAY, dry_run=True)
    assert outcome.problems == []
    said = {each.what: (each.count, each.before) for each in outcome.expired}
    for month in (1, 2, 3):
        rows = [row for row in before["daily_metrics"] if row["date"].month == month]
        assert said[f"daily_metrics 2026-0{month}"] == (len(rows), FIRST_HOT)
    assert everything(raw) == before
    assert not Path(hot.archive).exists()
    assert ask(raw, "select count(*) from control.archived_months") == [(0,)]


def test_a_process_that_dies_before_the_file_has_its_name_leaves_the_month(
    before: Marts, raw: Connection, hot: Settings
) -> None:
    with at_work(hot, KILLED_BEFORE_THE_NAME) as process:
        assert process.wait(60) == 9
    assert not file_of(hot, "2026-01").exists()
    assert everything(raw) == before


def test_a_process_that_dies_before_the_drop_leaves_the_month_and_a_file(
    before: Marts, raw: Connection, hot: Settings, database_url: str
) -> None:
    with closing(psycopg2.connect(database_url)) as reader, at_work(hot) as process:
        reader.cursor().execute("select count(*) from marts.daily_metrics")  # its transaction stays open
        deadline = time.monotonic() + 60
        while not file_of(hot, "2026-01").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert file_of(hot, "2026-01").exists()
    assert everything(raw) == before
    assert ask(raw, "select count(*) from control.archived_months") == [(0,)]


def test_a_file_that_lacks_a_row_drops_nothing(
    before: Marts, raw: Connection, hot: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pq.ParquetWriter.write_batch
    monkeypatch.setattr(pq.ParquetWriter, "write_batch", lambda self, batch: whole(self, batch.slice(1)))
    with pytest.raises(PaidMediaError, match=r"2026-01\.parquet does not hold what it should; nothing is dropped"):
        list(months.expire(hot, TODAY, dry_run=False))
    assert everything(raw) == before
    assert [path.name for path in Path(hot.archive, "daily_metrics").iterdir()] == ["2026-01.parquet"]  # of the killed one


def test_a_policy_that_hides_rows_drops_nothing(before: Marts, raw: Connection, hot: Settings) -> None:
    with raw.cursor() as cursor:
        cursor.execute("create policy acme_only on marts.daily_metrics as restrictive using (client_id = 'acme')")
    raw.commit()
    outcome = retention.run(hot, today=TODAY)
    with raw.cursor() as cursor:
        cursor.execute("drop policy acme_only on marts.daily_metrics")
    raw.commit()
    assert [line for line in outcome.problems if "are hidden by a policy" in line]
    assert everything(raw) == before


def test_a_month_waits_until_its_deliveries_are_modelled(before: Marts, raw: Connection, hot: Settings) -> None:
    day = [date(2026, 1, 20)]
    deliver(raw, "vibe", "acme", "v-unmodelled", as_of=at(TODAY), days=day, rows=rows_of(day))
    outcome = retention.run(hot, today=TODAY)
    with raw.cursor() as cursor:  # it is none of the other tests' news
        for table in ("performance_report", "deliveries", "delivery_days"):
            cursor.execute(f"delete from raw_vibe.{table} where delivery_id = 'v-unmodelled'")
        cursor.execute("delete from control.delivery_verdicts where delivery_id = 'v-unmodelled'")
    raw.commit()
    [line] = outcome.problems
    said = "months: 2026-01 is not archived: no build has modelled what is delivered or entered for 1 day:"
    assert line.startswith(said)
    assert everything(raw) == before


def test_a_transaction_that_stays_keeps_the_month_and_nobody_waiting(
    before: Marts, raw: Connection, hot: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "LOCK_ROUNDS", 5)
    with watching(before, database_url) as watched, idle(database_url) as stays:
        outcome = retention.run(hot, today=TODAY)
        process = stays.info.backend_pid
    [line] = [line for line in outcome.problems if line.startswith("months: ")]
    assert "2026-01 could not be dropped: an open transaction reads marts.daily_metrics" in line
    assert f"process {process} of " in line
    watched.noticed_nothing()
    assert everything(raw) == before


# --- the archive


def test_readers_of_marts_notice_nothing_while_months_are_dropped(
    before: Marts, raw: Connection, hot: Settings, database_url: str
) -> None:
    with watching(before, database_url) as watched, idle(database_url) as stays:
        leaving = threading.Timer(3, stays.rollback)
        leaving.start()
        began = time.monotonic()
        outcome = retention.run(hot, today=TODAY)
        assert time.monotonic() - began > 3
        leaving.join()
    assert outcome.problems == []
    watched.noticed_nothing()
    assert partitions(raw) == ["2026_04", "2026_05", "2026_06", "2026_07"]


def test_archived_rows_are_in_the_file_to_the_last_digit(before: Marts, archived: Marts, hot: Settings) -> None:
    file = pq.read_table(file_of(hot, "2026-02"))
    assert file.schema.field("spend").type == pa.decimal128(20, 7)
    ratios = {"ctr", "cpc", "cpa", "roas"}
    expected = [
        {name: value for name, value in row.items() if name not in ratios}
        for row in before["daily_metrics"]
        if row["date"].month == 2
    ]

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["client_id"], row["date"], row["source"], row["creative_id"]

    assert sorted(file.to_pylist(), key=key) == sorted(expected, key=key)


def test_what_was_archived_is_recorded_with_its_sums(before: Marts, archived: Marts, raw: Connection) -> None:
    found = ask(raw, "select to_char(month, 'YYYY-MM'), rows, sums, file from control.archived_months order by 1")
    assert [row[0] for row in found] == ["2026-01", "2026-02", "2026-03"]
    _, rows, sums, file = found[1]
    february = [row for row in before["daily_metrics"] if row["date"].month == 2]
    conversions = [row["conversions"] for row in february if row["conversions"] is not None]
    assert rows == len(february)
    assert Decimal(sums["spend"]["sum"]) == sum(row["spend"] for row in february)
    assert sums["conversions"] == {"sum": str(sum(conversions)), "rows": len(conversions)}
    assert file == "daily_metrics/2026-02.parquet"


def test_only_rows_of_single_creatives_leave(before: Marts, archived: Marts) -> None:
    daily = [row for row in before["daily_metrics"] if row["date"] >= FIRST_HOT]
    assert archived == before | {"daily_metrics": daily}


def test_a_second_run_has_nothing_to_do(archived: Marts, raw: Connection, hot: Settings) -> None:
    assert [each for each in retention.run(hot, today=TODAY).expired if "daily" in each.what] == []
    assert everything(raw) == archived
