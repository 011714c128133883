"""Eight kinds of fault, made for real: each is told once by mail and once by a webhook, and so is its end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import dagster as dg
import pytest

from loaders.registry import source_of
from loaders.transports.report_api import requests
from loaders.transports.report_api.clock import Clock
from orchestration.definitions import defs
from orchestration.defs.alerts import alerts
from sandbox.s3 import put_object
from sandbox.smtp import Mail, Mailbox, smtp_sink
from sandbox.vibe_api import vibe_api
from sandbox.vibe_service import DEFAULT_KEY
from sandbox.webhook import Webhook, webhook
from tests.loaders.files import facebook, facebook_row, surfside, surfside_row
from tests.loaders.vibe_accounts import daily_report
from tests.orchestration.conftest import BUCKET, Shell, add_client
from tests.sizes import report
from warehouse.control import FAULTS
from warehouse.settings import get_settings

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)

REPORTS = {f"advertiser-of-{slug}": daily_report for slug in ("ciphered", "refused")}


@cache
def repository() -> dg.RepositoryDefinition:
    return defs().get_repository_def()


@dataclass
class World:
    """What the faults are made with, and where the alerts arrive."""

    paidmedia: Shell
    bucket: Any
    folder: Path
    patch: pytest.MonkeyPatch
    mailbox: Mailbox
    hook: Webhook

    def client(self, slug: str, since: date | None = None) -> None:
        """A client with a folder of the bucket and a Vibe account, once."""
        if not self.paidmedia.sql("select 1 from control.clients where client_id = :slug", slug=slug):
            words = ("--surfside-prefix", slug, "--set", "surfside.campaign=Always On")
            if since is None:
                add_client(self.paidmedia, slug, *words)
            else:
                named = ("--name", slug.title(), "--cpm", "5", "--currency", "USD", "--from", since.isoformat())
                assert self.paidmedia("client", "add", slug, *named, *words).code == 0

    def file(self, slug: str, day: date, *rows: tuple[object, ...]) -> None:
        put_object(self.bucket, BUCKET, f"{slug}/media-report-{day}.csv", surfside(*rows or [surfside_row(day)]))

    def load(self, source: str, slug: str, day: date) -> int:
        days = ("--from", day.isoformat(), "--to", day.isoformat())
        return self.paidmedia("load", source, *days, "--client", slug, "--no-build").code

    def upload(self, slug: str, *days: date) -> int:
        export = self.folder / f"{slug}.csv"
        export.write_bytes(facebook(*(facebook_row(day) for day in days)))
        return self.paidmedia("upload", str(export), "--client", slug, "--no-build").code

    def vibe_key(self, slug: str, key: str = DEFAULT_KEY) -> None:
        words = ("--advertiser-id", f"advertiser-of-{slug}", "--api-key", key)
        assert self.paidmedia("vibe-credentials", "set", slug, *words).code == 0

    def looked(self) -> tuple[list[Mail], list[dict[str, Any]]]:
        """What arrives when the sensor looks twice."""
        mails, posts = len(self.mailbox.messages), len(self.hook.messages)
        home = get_settings().dagster_home
        with dg.DagsterInstance.from_config(str(home)) as instance:
            for _ in range(2):
                context = dg.build_sensor_context(instance=instance, repository_def=repository())
                alerts(context)
        return self.mailbox.messages[mails:], self.hook.messages[posts:]


@pytest.fixture(scope="module")
def outside(bucket: Any) -> Iterator[tuple[Any, Mailbox, Webhook]]:
    """A bucket, Vibe, a mail server and a webhook; the settings point at them."""
    with (
        smtp_sink() as mailbox,
        webhook() as hook,
        vibe_api(min_poll_seconds=0, ready_after_seconds=0, reports=REPORTS) as api,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("VIBE_API_BASE_URL", api.base_url)
        patch.setenv("VIBE_POLL_SECONDS", "0.05")
        patch.setenv("SMTP_HOST", mailbox.host)
        patch.setenv("SMTP_PORT", str(mailbox.port))
        patch.setenv("SMTP_FROM", "warehouse@agency.example")
        patch.setenv("SMTP_TO", "team@agency.example")
        patch.setenv("ALERT_URLS", hook.address)
        yield bucket, mailbox, hook


@pytest.fixture
def world(
    outside: tuple[Any, Mailbox, Webhook], paidmedia: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    bucket, mailbox, hook = outside
    return World(paidmedia, bucket, tmp_path, monkeypatch, mailbox, hook)


Fault = Callable[[World], Iterator[str]]


def failed_run(world: World) -> Iterator[str]:
    """A client whose stored key cannot be decrypted, then a new one."""
    world.client("ciphered")
    with world.patch.context() as patch:
        patch.setenv("SECRET_KEY", "another key")
        world.vibe_key("ciphered")
    assert world.load("vibe", "ciphered", YESTERDAY) == 1
    yield "cannot be decrypted"
    world.vibe_key("ciphered")
    assert world.load("vibe", "ciphered", YESTERDAY) == 0


def missing_file(world: World) -> Iterator[str]:
    """No file for yesterday, then it comes."""
    world.client("nofile")
    assert world.load("surfside", "nofile", YESTERDAY) == 1
    yield f"nofile/media-report-{YESTERDAY}.csv (or .xlsx) in bucket {BUCKET}"
    world.file("nofile", YESTERDAY)
    assert world.load("surfside", "nofile", YESTERDAY) == 0


def rejects_above_threshold(world: World) -> Iterator[str]:
    """A file of bad rows, then a good one in its place."""
    world.client("rejected")
    world.file("rejected", YESTERDAY, surfside_row(YESTERDAY), surfside_row(YESTERDAY, "many"))
    assert world.load("surfside", "rejected", YESTERDAY) == 1
    yield "1 of 2 rows"
    world.file("rejected", YESTERDAY)
    assert world.load("surfside", "rejected", YESTERDAY) == 0


def failed_check(world: World) -> Iterator[str]:
    """A day of the future, then somebody lets it through."""
    world.client("future")
    assert world.upload("future", date(2099, 1, 1)) == 1
    yield "a delivery is held"
    (delivery,) = world.paidmedia.sql("select delivery_id from control.delivery_verdicts where verdict = 'held'")[0]
    assert world.paidmedia("release", delivery, "--why", "a test").code == 0


def stale_source(world: World) -> Iterator[str]:
    """An export of two weeks ago, then yesterday's."""
    world.client("late")
    assert world.upload("late", YESTERDAY - timedelta(days=14)) == 0
    yield f"nothing newer than {YESTERDAY - timedelta(days=14)}"
    assert world.upload("late", YESTERDAY) == 0


def missing_cpm_rate(world: World) -> Iterator[str]:
    """A day before the first rate, then a rate for it."""
    world.client("unpriced", since=YESTERDAY)
    before = YESTERDAY - timedelta(days=1)
    assert world.upload("unpriced", before, YESTERDAY) == 0
    yield f"paidmedia cpm set unpriced RATE --from {before}"
    assert world.paidmedia("cpm", "set", "unpriced", "4", "--from", before.isoformat()).code == 0


def vibe_budget_exhausted(world: World) -> Iterator[str]:
    """A client that waits for the hour's budget, then has its turn."""
    world.client("waiting")
    settings = get_settings().model_copy(update={"vibe_creates_per_hour": 1})

    def asked(limit: int) -> None:
        requests.reserve(
            settings.model_copy(update={"vibe_creates_per_hour": limit}), source_of("vibe"), "an-account", "waiting",
            YESTERDAY, YESTERDAY,
            clock=Clock(now=lambda: datetime.now(UTC), sleep=killed), tell=lambda _: None,
        )  # fmt: skip

    def killed(_: float) -> NoReturn:
        raise KeyboardInterrupt

    asked(1)
    with pytest.raises(KeyboardInterrupt):
        asked(1)
    yield "waiting wait since"
    asked(2)


def source_unreachable(world: World) -> Iterator[str]:
    """A refused key, then the right one."""
    world.client("refused")
    world.vibe_key("refused", "a-wrong-key")
    assert world.load("vibe", "refused", YESTERDAY) == 1
    yield "client refused"
    world.vibe_key("refused")
    assert world.load("vibe", "refused", YESTERDAY) == 0


KINDS: dict[str, Fault] = {
    each.__name__: each
    for each in (
        failed_run, missing_file, rejects_above_threshold, failed_check, stale_source, missing_cpm_rate,
        vibe_budget_exhausted, source_unreachable,
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, set[str]]]:
    """The kinds of fault whose alert, and whose all-clear, came once by mail and once by the webhook."""
    kinds: dict[str, set[str]] = {"alert": set(), "all-clear": set()}
    yield kinds
    if kinds["all-clear"] == set(KINDS):  # one kind may be made alone
        report("kinds of fault", len(KINDS), one_alert_each=len(kinds["alert"]),
               one_all_clear_each=len(kinds["all-clear"]), by="mail and webhook")  # fmt: skip


def test_every_kind_is_made_here() -> None:
    assert set(KINDS) == set(FAULTS)


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_told_once_and_so_is_its_end(world: World, told: dict[str, set[str]], kind: str) -> None:
    fault = KINDS[kind](world)
    says = next(fault)
    mails, posts = world.looked()
    assert [mail.subject.startswith("[paid media] ") for mail in mails] == [True], [mail.subject for mail in mails]
    assert says in " ".join(mails[0].text.split()), mails[0].text
    assert f"section {kind}" in mails[0].text
    assert [post["title"] for post in posts] == [mails[0].subject]
    assert says in " ".join(posts[0]["message"].split())
    assert world.paidmedia("alerts", "list").out.count("Open") == 1
    told["alert"].add(kind)

    assert next(fault, None) is None
    mails, posts = world.looked()
    assert [mail.subject.startswith("[paid media] Over: ") for mail in mails] == [True], [m.subject for m in mails]
    assert [post["title"] for post in posts] == [mails[0].subject]
    assert "Nothing is open" in world.paidmedia("alerts", "list").out
    told["all-clear"].add(kind)
