"""Ten logins of a client do all the harm they can; loads and builds finish, and nobody else waits."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from tests.isolation.harm import (
    ENDLESS,
    FUNCTIONS,
    IDLE,
    LONGEST_WAIT,
    REFUSED,
    Harm,
    be_strict,
    harmful_logins,
    other_readers,
    watched,
)
from tests.loaders.files import facebook, facebook_row
from tests.orchestration.conftest import Shell, add_client, paidmedia, warm
from tests.sizes import cases, report
from warehouse.access import bi_logins
from warehouse.postgres import database
from warehouse.settings import get_settings

__all__ = ["paidmedia", "warm"]

pytestmark = [pytest.mark.long, pytest.mark.torture, pytest.mark.usefixtures("warm")]

ROUNDS = cases(1, 10)  # a load, a build and a status each
LOGINS = 10
DAYS = 14


def deliver(paidmedia: Shell, folder: Path, number: int) -> None:
    """Both clients' last days by upload, without a build."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=back) for back in range(1, DAYS + 1)]
    for slug in ("acme", "bolt"):
        export = folder / f"{slug}-{number}.csv"
        export.write_bytes(facebook(*(facebook_row(day, impressions=1_000 + number) for day in days)))
        answer = paidmedia("upload", str(export), "--client", slug, "--no-build")
        assert answer.code == 0, answer.err


def impressions(paidmedia: Shell) -> set[int]:
    """What the mart says of every day and client."""
    return {row[0] for row in paidmedia.sql("select distinct impressions from marts.daily_metrics")}


def test_no_login_stops_a_load_a_build_or_another_reader(
    paidmedia: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str
) -> None:
    be_strict(monkeypatch)
    add_client(paidmedia, "acme")
    add_client(paidmedia, "bolt")
    deliver(paidmedia, tmp_path, 0)
    assert paidmedia("build").code == 0
    with database.session() as current:
        urls = harmful_logins(current, "acme", LOGINS)
        other = bi_logins.add(current, get_settings(), "bolt")
        readers = other_readers(current, "bolt", other)
        views = list(current.scalars(text("select viewname from pg_views where schemaname = 'bi' order by 1")))
    harm = Harm(urls, str(make_url(other).username), views)
    statuses = 0
    with watched() as seen, harm.at_work(), readers.at_work():
        for number in range(1, ROUNDS + 1):
            deliver(paidmedia, tmp_path, number)
            answer = paidmedia("build")
            assert answer.code == 0, answer.err
            assert impressions(paidmedia) == {1_000 + number}
            statuses += paidmedia("status").code == 0
    waited = max(readers.longest.values())
    print(dict(harm.done), f"{waited:.2f} s of {readers.count} reads", f"{len(seen.ended)} ended", seen.most)
    assert statuses == ROUNDS
    assert set(harm.surprises) == set()
    assert readers.problems == []
    assert {each.action for each in seen.ended} == {"cancel", "terminate"}
    assert waited <= LONGEST_WAIT
    kinds = len(REFUSED) + harm.revoked + len(ENDLESS) + len(IDLE) + 3  # connections, a sort, a cursor
    report(
        "harm by ten logins of a client",
        harm.done["statements"],
        kinds=kinds,
        functions_that_public_may_not_call=f"{harm.revoked} of {len(FUNCTIONS)}",
        connections_opened=harm.done["connections opened"],
        ended_by_the_watch=len(seen.ended),
        connections_of_the_product=seen.most,
        loads=2 * ROUNDS,
        builds=ROUNDS,
        reads_of_others=readers.count,
        longest_wait=f"{waited:.2f} s",
    )
