"""`paidmedia doctor` finds what is broken, says what to do, and fails only then."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData
from sqlalchemy import text

from loaders.ledger.pipeline import prepare_all
from orchestration.doctor.examination import examine
from orchestration.doctor.lines import Line
from orchestration.lib.instance import prepare_dagster_home
from sandbox.webhook import webhook
from tests.loaders.files import facebook, facebook_row
from tests.orchestration.conftest import BUCKET, Shell, add_client
from warehouse.control.migrate import HEAD
from warehouse.postgres import database, roles
from warehouse.settings import Settings, get_settings


@pytest.fixture(autouse=True)
def _world(bucket: Any, settings: Settings) -> None:
    """A bucket, raw tables, and the newest schema."""
    prepare_all(settings)


def told(level: str) -> list[Line]:
    """What is said besides that no daemon runs: none does, once a command has made Dagster's folder."""
    return [line for line in examine() if line.level == level and line.part != "dagster"]


def sql(statement: str) -> None:
    with database.session() as current:
        current.execute(text(statement))


def test_a_healthy_installation_has_nothing_bad_and_every_line_that_is_not_well_says_what_to_do(
    paidmedia: Shell,
) -> None:
    answer = paidmedia("doctor")
    assert answer.code == 0, answer.out
    assert "0 bad" in answer.out
    lines = json.loads(paidmedia("doctor", "--json").out)
    assert {line["part"] for line in lines} >= {
        "settings", "database", "isolation", "disk", "landing zone", "backups", "surfside", "vibe", "models", "alerts",
        "work", "heartbeat",
    }  # fmt: skip
    assert all(line["fix"] for line in lines if line["level"] != "ok")


def test_a_file_of_the_landing_zone_that_was_changed_or_is_gone_is_found(paidmedia: Shell, tmp_path: Path) -> None:
    add_client(paidmedia, "acme")
    export = tmp_path / "export.csv"
    export.write_bytes(facebook(facebook_row("2026-01-01")))
    assert paidmedia("upload", str(export), "--client", "acme", "--no-build").code == 0
    assert told("bad") == []
    (path,) = paidmedia.sql("select landed_path from raw_facebook.deliveries")[0]
    landed = Path(get_settings().landing, path)
    content = landed.read_bytes()
    landed.write_bytes(content + b" ")
    assert ["was changed" in line.what for line in told("bad")] == [True]
    landed.unlink()
    assert ["is not in the landing zone" in line.what for line in told("bad")] == [True]
    assert paidmedia("doctor").code == 1
    landed.write_bytes(content)


@pytest.fixture
def planted(request: pytest.FixtureRequest) -> Iterator[None]:
    """A statement that breaks something, and one that mends it."""
    breaks, mends = request.param
    role = roles.app_role(database.engine().url)
    sql(breaks.format(role=role))
    yield
    sql(mends.format(role=role))


@pytest.mark.parametrize(
    ("planted", "part", "says"),
    [
        (("grant usage on schema control to {role}; grant select on control.clients to {role}",
          "revoke all on control.clients from {role}; revoke usage on schema control from {role}"),
         "isolation", "control"),
        (("update control.alembic_version set version_num = '0001'",
          f"update control.alembic_version set version_num = '{HEAD}'"),
         "database", "not"),
    ],
    indirect=["planted"],
)  # fmt: skip
def test_what_is_wrong_in_the_database_is_found(planted: None, part: str, says: str) -> None:
    assert [(line.part, says in line.what) for line in told("bad")][:1] == [(part, True)]


def test_a_bucket_that_is_not_there_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_BUCKET_NAME", "another")
    assert [(line.part, line.what) for line in told("bad")] == [("surfside", "there is no bucket another")]


def test_an_api_that_takes_no_connection_is_found(paidmedia: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBE_API_BASE_URL", "http://127.0.0.1:9/rest")
    if not paidmedia.sql("select 1 from control.clients where client_id = 'vera'"):
        add_client(paidmedia, "vera")
    paidmedia("vibe-credentials", "set", "vera", "--advertiser-id", "a", "--api-key", "k")
    assert [(line.part, "127.0.0.1:9 takes no connection" in line.what) for line in told("bad")] == [("vibe", True)]
    paidmedia("client", "disable", "vera")


def test_a_message_that_waits_for_hours_is_found() -> None:
    incident = (
        "insert into control.alert_incidents values (gen_random_uuid(), 'failed_run', 'x', 'w', 'p', 'f', now(), now())"
    )
    sql(incident)
    sql(
        "insert into control.alert_outbox (message_id, incident_id, news, channel, written_at)"
        " select gen_random_uuid(), incident_id, 'opened', 'mail', now() - interval '2 hours'"
        " from control.alert_incidents"
    )
    assert ["1 messages wait" in line.what for line in told("bad")] == [True]
    sql("truncate control.alert_incidents cascade")


def test_without_a_heartbeat_there_is_a_hint_and_one_that_is_set_is_not_asked(
    paidmedia: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [line.fix is not None for line in told("warning") if line.part == "heartbeat"] == [True]
    with webhook() as hook:
        monkeypatch.setenv("HEARTBEAT_URL", hook.heartbeat)
        assert [line.level for line in examine() if line.part == "heartbeat"] == ["ok"]
        assert hook.asked == []
        assert "heartbeat-token" not in paidmedia("doctor").out


def test_a_daemon_that_is_silent_and_a_schedule_that_is_off_are_found(settings: Settings) -> None:
    home = prepare_dagster_home(settings)
    location = RegisteredCodeLocationOrigin("paid-media")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "surfside_daily")
    state = InstigatorState(
        origin, InstigatorType.SCHEDULE, InstigatorStatus.STOPPED, ScheduleInstigatorData("0 5 * * *")
    )
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_instigator_state(state)
    found = [(line.part, line.what) for line in examine() if line.level == "bad"]
    assert ("schedules", "surfside_daily is switched off") in found
    assert any(part == "dagster" and "SENSOR daemon is silent" in what for part, what in found)


def test_a_plan_of_the_sandbox_excuses_nothing_where_settings_of_ones_own_are_set(settings: Settings) -> None:
    plan = settings.paidmedia_home / "sandbox" / "plan.json"
    plan.parent.mkdir()
    plan.write_text('{"clients": ["acme", "vera"]}')
    prepare_dagster_home(settings)
    lines = examine()
    plan.unlink()
    assert any(line.part == "dagster" and line.level == "bad" for line in lines)
    assert [line.what for line in lines if line.part == "surfside"] == [f"bucket {BUCKET} can be listed"]
    assert not any("made up" in line.what for line in lines)


def test_without_a_database_the_rest_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:a-password@127.0.0.1:9/none")
    lines = examine()
    assert [
        (line.part, line.what.startswith("the database cannot be reached")) for line in lines if line.level == "bad"
    ][:1] == [("database", True)]
    assert any(line.part == "surfside" and line.what == f"bucket {BUCKET} can be listed" for line in lines)
    assert not any("a-password" in line.what for line in lines)


def test_a_setting_that_cannot_be_used_is_the_only_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PORT", "many")
    (line,) = examine()
    assert (line.level, "SMTP_PORT" in line.what) == ("bad", True)
    monkeypatch.delenv("SMTP_PORT")
    assert get_settings().smtp_port == 587
