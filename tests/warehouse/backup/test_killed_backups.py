"""SIGKILL of a backup and of a restore at any moment: what is half done never counts, and the next one is whole."""

import time
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from tests.crashes.victims import Victim, in_a_process, seconds_of
from tests.sizes import cases, report
from tests.warehouse.backup.writing import Writer, state
from warehouse.backup import in_place, servers, taking
from warehouse.settings import Settings, get_settings

pytestmark = [pytest.mark.heavy, pytest.mark.torture]


def take() -> str:
    """A backup of the settings in the environment: its label."""
    return taking.take(get_settings(), print).backup.label


def restore(moment: datetime) -> None:
    """A restore of the settings in the environment."""
    in_place.restore(get_settings(), moment, print)


def test_a_killed_backup_is_not_listed_and_the_next_one_is_whole(settings: Settings, home: Path) -> None:
    store = servers.find(settings).store(settings)
    whole, kills, random = seconds_of(take), cases(3, 40), Random("backups")
    for kill in range(kills):
        victim = Victim.start(take)
        victim.kill_after((kill + random.random()) / kills * whole)
        for backup in store.backups():
            assert taking.compare(backup.data) > 0
    label = in_a_process(take)
    assert store.backups()[-1].label == label
    assert not list(store.base.glob(".*"))
    report("kills of a backup", kills, half_backups_listed=0)


def test_a_killed_restore_leaves_all_of_the_old_data_or_all_of_the_restored(
    settings: Settings, writer: Writer, home: Path
) -> None:
    writer.write(1.0)
    moment, kills, random = writer.any_moment(), cases(2, 30), Random("restores")
    whole, ended = 0.0, {"old": 0, "restored": 0}
    for kill in range(kills):
        if kill % 5 == 0:  # the way to the moment grows with what is written
            whole = seconds_of(restore, moment)
        writer.write(0.5)
        newest, old = writer.moments[-1][1], writer.truth(moment)
        victim = Victim.start(restore, moment)
        victim.kill_after((kill + random.random()) / kills * whole)
        found = state(settings)  # starts the server, which ends what was begun
        assert found in (newest, old)
        ended["old" if found == newest else "restored"] += 1
    time.sleep(0.1)
    assert in_a_process(restore, moment) is None
    assert state(settings) == writer.truth(moment)
    assert not list((home / "postgres").glob("data.restored-*"))
    report("kills of a restore", kills, torn_states=0, **ended)
