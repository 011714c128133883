"""The sensor of the alerts tells a service outside that it has looked; whatever comes of that, alerts go on."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest

from orchestration.definitions import defs
from orchestration.defs.alerts import alerts
from orchestration.lib.instance import prepare_dagster_home
from sandbox.smtp import Mailbox, smtp_sink
from sandbox.webhook import Webhook, webhook
from warehouse.alerts.finding import Finding
from warehouse.alerts.incidents import note
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

TOKEN = "heartbeat-token-of-the-tests"


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return defs().get_repository_def()


@pytest.fixture
def outside(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Mailbox, Webhook]]:
    with smtp_sink() as mailbox, webhook() as hook:
        told = {
            "SMTP_HOST": mailbox.host, "SMTP_PORT": str(mailbox.port), "SMTP_TO": "team@agency.example",
            "HEARTBEAT_URL": hook.heartbeat, "ALERT_TIMEOUT_SECONDS": "1",
        }  # fmt: skip
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        yield mailbox, hook


def look(repository: dg.RepositoryDefinition, settings: Settings, cursor: str | None = None) -> str | None:
    """What the sensor does once. Returns its cursor."""
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(settings))) as instance:
        context = dg.build_sensor_context(instance=instance, repository_def=repository, cursor=cursor)
        assert isinstance(alerts(context), dg.SkipReason)
        return context.cursor


def test_a_look_asks_once_and_no_minute_has_two(
    repository: dg.RepositoryDefinition, settings: Settings, outside: tuple[Mailbox, Webhook]
) -> None:
    _, hook = outside
    cursor = look(repository, settings)
    assert hook.asked == [f"/ping/{TOKEN}"]
    again = look(repository, settings, cursor)
    assert len(hook.asked) == len({cursor, again})
    look(repository, settings, "2026-11-01T05:07")
    assert len(hook.asked) == len({cursor, again}) + 1


def test_a_look_that_fails_asks_nothing(
    repository: dg.RepositoryDefinition,
    settings: Settings,
    outside: tuple[Mailbox, Webhook],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:none@127.0.0.1:9/none")
    with pytest.raises(PaidMediaError):
        look(repository, settings)
    assert outside[1].asked == []


@pytest.mark.parametrize("trouble", ["refused", "slow", "down"])
def test_whatever_becomes_of_the_heartbeat_alerts_are_sent_and_the_log_says_so(
    repository: dg.RepositoryDefinition,
    settings: Settings,
    outside: tuple[Mailbox, Webhook],
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    mailbox, hook = outside
    hook.status, hook.seconds = (500, 0.0) if trouble == "refused" else (200, 5.0)
    if trouble == "down":
        monkeypatch.setenv("HEARTBEAT_URL", f"http://127.0.0.1:9/{TOKEN}")
    wrong = Finding("failed_run", f"job {trouble}", "it failed", "run 1", "run it again")
    with database.session(settings) as current:
        note(current, [wrong], ["mail"], now=datetime.now(UTC))
    look(repository, settings)
    assert [mail.subject.startswith("[paid media] ") for mail in mailbox.messages] == [True, True]  # begun, and over
    (log,) = (settings.paidmedia_home / "logs").glob("paidmedia-*.log")
    lines = [line for line in log.read_text().splitlines() if "heartbeat not heard" in line]
    assert {"refused": "answered 500", "slow": "ReadTimeout", "down": "ConnectError"}[trouble] in lines[-1]
    assert TOKEN not in log.read_text()
