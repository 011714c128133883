"""The work: what is stale, failed, held or wrong, and whether people are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from orchestration.doctor.lines import Line, bad, ok, warning
from warehouse.alerts import channels, incidents, outbox
from warehouse.alerts.finding import TITLES
from warehouse.alerts.findings import wrong_now
from warehouse.deliveries import monitor, verdicts
from warehouse.postgres import database
from warehouse.settings import Settings

LONG = timedelta(hours=1)  # four attempts at the longest wait


def work(settings: Settings) -> Iterator[Line]:
    """What waits for a person."""
    with database.session(settings) as current:
        failures = monitor.open_failures(current)
        held = verdicts.held(current)
        pending = verdicts.pending_everywhere(current)
        wrong = wrong_now(current)
    if failures:
        yield warning("work", f"{len(failures)} failed attempts are open", "paidmedia status")
    if held:
        yield warning(
            "work", f"{len(held)} deliveries are held", 'paidmedia release DELIVERY --why "…", or a newer one'
        )
    if pending:
        yield warning("work", f"{sum(pending.values())} deliveries have no verdict yet", "paidmedia build")
    counted = {each.fault or "failed_run" for each in failures} | ({"failed_check"} if held else set())
    for each in wrong:
        if each.kind not in counted:
            yield warning("work", f"{TITLES[each.kind]}: {each.subject}: {each.what}", each.fix)
    if not (failures or held or pending or wrong):
        yield ok("work", "nothing has failed, is held, stale or without a price")


def channels_are_set(settings: Settings) -> Iterator[Line]:
    """Whether messages have somewhere to go."""
    names = [each.name for each in channels.configured(settings)]
    if names:
        yield ok("alerts", f"people are told by {', '.join(names)}; try it: paidmedia alerts test")
    else:
        yield warning("alerts", "nobody is told when something goes wrong", "set SMTP_HOST and SMTP_TO, or ALERT_URLS")


def heartbeat_is_set(settings: Settings) -> Iterator[Line]:
    """Whether somebody outside notices that the daemon is dead. It is not asked: that would tell that all is well."""
    if settings.heartbeat_url:
        yield ok("heartbeat", "HEARTBEAT_URL is asked once a minute, as long as somebody looks for alerts")
    else:
        yield warning(
            "heartbeat",
            "nobody is told when Dagster's daemon is dead",
            "set HEARTBEAT_URL to a check of healthchecks.io, Uptime Kuma or the like",
        )


def outbox_empties(settings: Settings) -> Iterator[Line]:
    """Whether messages get there."""
    with database.session(settings) as current:
        count, oldest = outbox.waiting(current)
        is_open = len(incidents.open_incidents(current))
    words = f"{is_open} incidents are open, {count} messages wait"
    if oldest is not None and datetime.now(UTC) - oldest > LONG:
        yield bad("alerts", f"{words}, the oldest since {oldest:%Y-%m-%d %H:%M} UTC", "paidmedia alerts test says why")
    else:
        yield ok("alerts", words)
