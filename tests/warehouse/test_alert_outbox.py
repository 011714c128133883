"""Messages reach a real mail server and a real HTTP endpoint, whether those are up, down, slow or failing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from sandbox.smtp import Mailbox, smtp_sink
from sandbox.webhook import Webhook, webhook
from warehouse.alerts import channels, outbox, service
from warehouse.alerts.finding import Finding
from warehouse.alerts.incidents import note
from warehouse.control import AlertMessage
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

WRONG = Finding("failed_run", "job build", "the build failed", "run 1", "build again")


@pytest.fixture(scope="module")
def sinks() -> Iterator[tuple[Mailbox, Webhook]]:
    with smtp_sink() as mailbox, webhook() as hook:
        yield mailbox, hook


@pytest.fixture
def alerting(settings: Settings, sinks: tuple[Mailbox, Webhook]) -> Settings:
    """Settings with both channels, an empty outbox and sinks that take everything."""
    mailbox, hook = sinks
    mailbox.answer, mailbox.seconds, hook.status, hook.seconds = "250 Message accepted", 0.0, 200, 0.0
    mailbox.messages.clear()
    hook.messages.clear()
    with database.session(settings) as current:
        current.execute(text("truncate control.alert_incidents cascade"))
    values = {
        "smtp_host": mailbox.host, "smtp_port": mailbox.port, "smtp_from": "warehouse@agency.example",
        "smtp_to": "team@agency.example", "alert_urls": hook.address, "alert_timeout_seconds": 2.0,
    }  # fmt: skip
    return settings.model_copy(update=values)


def look(settings: Settings, *found: Finding) -> None:
    names = [each.name for each in channels.configured(settings)]
    with database.session(settings) as current:
        note(current, found, names, now=datetime.now(UTC))


def later(settings: Settings) -> outbox.Sent:
    """A round once every wait is over."""
    with database.session(settings) as current:
        current.execute(text("update control.alert_outbox set next_attempt_at = now() where sent_at is null"))
    return service.send(settings)


def depth(settings: Settings) -> int:
    with database.session(settings) as current:
        return outbox.waiting(current)[0]


def arrived(sinks: tuple[Mailbox, Webhook]) -> tuple[list[str], list[str]]:
    """The subjects that came, by mail (each Message-ID once) and by the webhook."""
    mailbox, hook = sinks
    mails = {mail.message["Message-ID"]: mail.subject for mail in mailbox.messages}
    return list(mails.values()), [each["title"] for each in hook.messages]


OPENED, OVER = "[paid media] Failed run: job build", "[paid media] Over: Failed run: job build"


def test_beginning_and_end_are_sent_once_by_every_channel(alerting: Settings, sinks: tuple[Mailbox, Webhook]) -> None:
    look(alerting, WRONG)
    assert service.send(alerting) == outbox.Sent(2, [])
    assert service.send(alerting) == outbox.Sent(0, [])
    look(alerting)
    assert service.send(alerting).sent == 2
    assert arrived(sinks) == ([OPENED, OVER], [OPENED, OVER])
    text_of = sinks[0].messages[0].text
    for words in ("What: the build failed", "Where: run 1", "What to do: build again", "docs/runbooks/alerts.md"):
        assert words in text_of
    assert sinks[0].messages[0].message["Message-ID"].strip("<>").endswith("@agency.example")


def test_servers_that_are_down_lose_nothing(alerting: Settings, sinks: tuple[Mailbox, Webhook]) -> None:
    with smtp_sink() as gone, webhook() as away:
        ports = gone.port, away.port
    down = alerting.model_copy(update={"smtp_port": ports[0], "alert_urls": away.address})
    look(down, WRONG)
    for _ in range(3):
        answer = later(down)
        assert answer.sent == 0
        assert len(answer.problems) == 2
    assert service.send(down) == outbox.Sent(0, [])  # each waits for its next attempt
    assert depth(down) == 2
    with smtp_sink(ports[0]) as mailbox, webhook(ports[1]) as hook:
        assert later(down) == outbox.Sent(2, [])
        assert arrived((mailbox, hook)) == ([OPENED], [OPENED])
    assert depth(down) == 0


def test_slow_servers_are_left_alone_and_get_it_later(alerting: Settings, sinks: tuple[Mailbox, Webhook]) -> None:
    mailbox, hook = sinks
    mailbox.answer, mailbox.seconds = "451 Too slow", 4.0
    hook.status, hook.seconds = 503, 4.0
    look(alerting, WRONG)
    began = datetime.now(UTC)
    assert len(service.send(alerting).problems) == 2
    assert datetime.now(UTC) - began < timedelta(seconds=10)
    mailbox.answer, mailbox.seconds, hook.status, hook.seconds = "250 Message accepted", 0.0, 200, 0.0
    assert later(alerting) == outbox.Sent(2, [])
    assert arrived(sinks) == ([OPENED], [OPENED])


@pytest.mark.parametrize(("answer", "status"), [("451 Try again", 500), ("550 No such user", 404)])
def test_failing_servers_are_asked_again(
    alerting: Settings, sinks: tuple[Mailbox, Webhook], answer: str, status: int
) -> None:
    mailbox, hook = sinks
    mailbox.answer, hook.status = answer, status
    look(alerting, WRONG)
    problems = service.send(alerting).problems
    assert any(answer.split()[0] in problem for problem in problems)
    assert any(str(status) in problem for problem in problems)
    assert not any("webhook-token" in problem for problem in problems)
    mailbox.answer, hook.status = "250 Message accepted", 200
    assert later(alerting) == outbox.Sent(2, [])
    assert arrived(sinks) == ([OPENED], [OPENED])


def test_one_channel_that_fails_does_not_hold_up_the_other(alerting: Settings, sinks: tuple[Mailbox, Webhook]) -> None:
    sinks[0].answer = "451 Try again"
    look(alerting, WRONG)
    look(alerting)
    answer = service.send(alerting)
    assert (answer.sent, len(answer.problems)) == (2, 1)
    assert arrived(sinks) == ([], [OPENED, OVER])
    sinks[0].answer = "250 Message accepted"
    later(alerting)
    assert arrived(sinks)[0] == [OPENED, OVER]  # in their order


def test_a_repeat_after_a_lost_commit_is_recognised(alerting: Settings, sinks: tuple[Mailbox, Webhook]) -> None:
    look(alerting, WRONG)
    service.send(alerting)
    with database.session(alerting) as current:  # as if the process had been killed before it could say so
        current.execute(text("update control.alert_outbox set sent_at = null"))
    later(alerting)
    assert len(sinks[0].messages) == 2
    assert len({mail.message["Message-ID"] for mail in sinks[0].messages}) == 1
    assert len({post["message"] for post in sinks[1].messages}) == 1


def test_two_senders_at_once_send_each_message_once(alerting: Settings, sinks: tuple[Mailbox, Webhook]) -> None:
    look(alerting, *(Finding("failed_run", f"job {n}", "failed", "run", "again") for n in range(10)))
    senders = [Thread(target=service.send, args=(alerting,)) for _ in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert depth(alerting) == 0
    assert len(sinks[0].messages) == len(sinks[1].messages) == 10


def test_waits_grow_and_end_at_a_quarter_of_an_hour() -> None:
    waits = [outbox.wait_after(attempts).total_seconds() for attempts in (1, 2, 3, 7, 1000)]
    assert waits == [15, 30, 60, 900, 900]


def test_the_names_of_channels_in_the_outbox_tell_no_address(alerting: Settings) -> None:
    look(alerting, WRONG)
    with database.session(alerting) as current:
        names = {row.channel for row in current.query(AlertMessage)}
    assert "mail" in names
    assert not any("webhook-token" in name for name in names)


def test_a_password_is_not_told_to_a_server_without_encryption(alerting: Settings) -> None:
    known = alerting.model_copy(update={"smtp_host": "0.0.0.0", "smtp_username": "u", "smtp_password": "p"})
    with pytest.raises(channels.NotSent, match="offers no encryption"):
        channels.Mail(known)._connected("0.0.0.0")


def test_the_test_message_says_what_came_of_each_channel(
    alerting: Settings, sinks: tuple[Mailbox, Webhook], settings: Settings
) -> None:
    assert [problem for _, problem in service.send_test(alerting)] == [None, None]
    sinks[1].status = 500
    (_, mail), (_, hook) = service.send_test(alerting)
    assert mail is None
    assert hook is not None
    with pytest.raises(PaidMediaError, match="SMTP_HOST"):
        service.send_test(settings)
