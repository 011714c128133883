"""Every moment since the first backup can be had again, from a server that lives, and from one whose disk is gone."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.sizes import cases, report
from tests.warehouse.backup.writing import Writer, state
from warehouse.backup import drill, history, in_place, servers, taking
from warehouse.backup.store import stores
from warehouse.deliveries import landing
from warehouse.errors import PaidMediaError
from warehouse.postgres import embedded
from warehouse.postgres.database import session
from warehouse.settings import Settings

pytestmark = pytest.mark.heavy
DAY = date(2026, 3, 1)


@pytest.mark.torture
def test_a_random_moment_is_restored_as_it_was(settings: Settings, writer: Writer) -> None:
    writer.write(1.5)
    moments, longest = cases(2, 25), 0.0
    for number in range(moments):
        if number % 3 == 1:
            taking.take(settings, print)  # now and then the way is short
            writer.write(1.0)
        moment = writer.any_moment()  # also one of a timeline that an earlier restore has left
        done = in_place.restore(settings, moment, print)
        assert state(settings) == writer.truth(moment), moment
        longest = max(longest, done.seconds)
        writer.write(1.0)
    report("restores to a random moment", moments, wrong_totals=0, seconds_at_most=f"{longest:.1f}")


@pytest.mark.torture
def test_a_lost_disk_costs_the_log_of_two_seconds_and_no_delivered_file(
    settings: Settings, writer: Writer, home: Path
) -> None:
    losses, lost, longest = cases(1, 10), timedelta(0), 0.0
    for number in range(losses):
        file = landing.store(
            f"file {number}".encode(), settings, source="vibe", client_id="acme", filename="report.csv", on=DAY
        )
        taking.take(settings, print)
        writer.write(3.0 + writer.random.random() * 3)
        kill(home)
        shutil.rmtree(home / "postgres")
        shutil.rmtree(home / "secrets")
        shutil.rmtree(settings.landing)
        done = in_place.restore(settings, None, print)
        found = state(settings)
        held = [moment for moment, held in writer.moments if held == found]
        assert held, "a state that never was"
        lost, longest = max(lost, writer.spans[-1][1] - held[-1]), max(longest, done.seconds)
        assert done.files >= 1
        assert landing.read(settings, file.path, file.sha256) == f"file {number}".encode()
    # A segment is closed two seconds after its first commit, and the archiver looks as often.
    assert lost < timedelta(seconds=2 * settings.backup_log_seconds + 3)
    report("disks lost", losses, seconds_lost_at_most=f"{lost.total_seconds():.1f}", restored_in=f"{longest:.1f} s")


def test_a_killed_server_whose_disk_is_there_loses_nothing(settings: Settings, writer: Writer, home: Path) -> None:
    writer.write(0.5)
    kill(home)
    (embedded.Cluster.of(home).data / "global" / "pg_control").unlink()  # so that it cannot come back by itself
    done = in_place.restore(settings, None, print)
    assert state(settings) == writer.truth(datetime.now(UTC))
    assert done.aside is not None
    assert done.aside.exists()


def test_a_drill_beside_a_writer_finds_the_totals_of_its_moment(settings: Settings, writer: Writer) -> None:
    writer.begin()
    done = drill.drill(settings, print)
    writer.end()
    deliveries, impressions = writer.truth(done.moment)
    assert done.totals["raw_test.deliveries"]["rows"] == str(deliveries)
    assert done.totals["raw_test.deliveries"]["impressions"] == str(impressions)
    assert (done.status, done.error) == ("passed", None)
    assert 0 < (done.restore_seconds or 0) < (done.seconds or 0)


def test_a_drill_that_fails_is_noted_with_the_reason(settings: Settings) -> None:
    taking.take(settings, print, full=True)
    store = servers.find(settings).store(settings)
    whole = store.backups()[-1].folder / "backup.json"
    control = store.backups()[-1].data / "global" / "pg_control"
    kept = control.read_bytes()
    control.write_bytes(kept[:100] + bytes(len(kept) - 100))
    with pytest.raises(PaidMediaError, match="the restored server does not start"):
        drill.drill(settings, print)
    control.write_bytes(kept)
    assert whole.exists()
    with session(settings) as current:
        row = current.connection().exec_driver_sql(
            "select status, error from control.restore_drills order by started_at desc limit 1"
        ).one()  # fmt: skip
    assert row.status == "failed"
    assert "does not start" in row.error
    assert not list(store.folder.glob(".drill*"))


def test_a_moment_that_nothing_leads_to_is_refused_and_nothing_changes(settings: Settings, home: Path) -> None:
    before = state(settings)
    for moment, line in (
        (datetime(2020, 1, 1, tzinfo=UTC), "no backup leads to"),
        (datetime.now(UTC) + timedelta(hours=1), "is still to come"),
    ):
        with pytest.raises(PaidMediaError, match=line):
            in_place.restore(settings, moment, print)
    store = stores(settings.backups)[0]
    newest = max(path for path in store.log.glob("*.gz") if "." not in path.name[:-3])
    assert history.timelines(store)[-1].number == int(newest.name[:8], 16)
    assert state(settings) == before


def kill(home: Path) -> None:
    """SIGKILL of every process of the server."""
    pid_file = embedded.Cluster.of(home).data / "postmaster.pid"
    server = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)
