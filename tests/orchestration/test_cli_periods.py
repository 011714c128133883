"""Rates and months at the command line: looked at first, closed, refused, adjusted, opened again."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.orchestration.conftest import Shell, add_client

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("warm")]

HEAD = "Day,Campaign name,Ad set name,Ad name,Impressions,Link clicks,Amount spent (USD)\n"
SPEND = """
    select month_start::text, spend, spend_adjustments from marts.monthly_summaries where client_id = 'acme' order by 1
"""


@pytest.fixture(scope="module", autouse=True)
def _tables(database_url: str) -> None:
    """The raw tables, which a load would make."""
    from loaders.ledger.pipeline import prepare_all
    from warehouse.settings import get_settings

    prepare_all(get_settings())


@pytest.fixture
def acme(paidmedia: Shell, tmp_path: Path) -> str:
    """A client at 17 with 1,000 impressions in June and 2,000 in July 2025, built."""
    if not paidmedia.sql("select 1 from control.clients where client_id = 'acme'"):
        add_client(paidmedia, "acme")
        export = tmp_path / "export.csv"
        export.write_text(HEAD + "2025-06-05,C,S,A,1000,3,5.00\n2025-07-05,C,S,A,2000,3,5.00\n")
        answer = paidmedia("upload", str(export), "--client", "acme")
        assert answer.code == 0, answer.err
    return "acme"


def test_a_preview_shows_each_month_and_changes_nothing(paidmedia: Shell, acme: str) -> None:
    before = paidmedia.sql("select * from control.client_cpm_rates")
    answer = paidmedia("cpm", "set", acme, "18.0001", "--from", "2025-06-20", "--preview")
    assert answer.code == 0, answer.err
    [july] = [line.split() for line in answer.out.splitlines() if "2025-07 " in line]
    assert {"34.00", "36.0002", "+2.0002", "2,000"} <= set(july)
    assert "2025-06 " not in answer.out.replace("2025-06-20", "")
    assert "Nothing was changed." in answer.out
    assert paidmedia.sql("select * from control.client_cpm_rates") == before
    none = paidmedia("cpm", "set", acme, "18", "--from", "2030-01-01", "--preview")
    assert "No delivered day of acme is governed by a rate from 2030-01-01" in none.out
    assert paidmedia("cpm", "set", acme, "0", "--from", "2025-06-20", "--preview").code == 1


def test_a_closed_month_is_listed_and_a_rate_that_touches_it_is_refused(paidmedia: Shell, acme: str) -> None:
    assert "No month of acme is closed" in paidmedia("period", "list", acme).out
    closed = paidmedia("period", "close", acme, "2025-06")
    assert (closed.code, closed.out.strip()) == (0, "Closed 2025-06 of acme: 1,000 impressions, 17.00 USD.")
    for words, says in (
        (("period", "close", acme, "2025-06"), "closed already"),
        (("period", "close", acme, "2099-01"), "not over yet"),
        (("period", "close", acme, "2025-08"), "nothing is published"),
        (("period", "close", acme, "June"), "write it like 2026-10"),
        (("period", "close", "nobody", "2025-06"), "unknown client"),
        (("cpm", "set", acme, "20", "--from", "2025-06-01"), "closed months of acme: 2025-06 by +3.00 USD"),
        (("period", "reopen", acme, "2025-07", "--why", "x"), "2025-07 of acme is not closed"),
    ):
        answer = paidmedia(*words)
        assert (answer.code, says in answer.line) == (1, True), answer.err
    seen = paidmedia("cpm", "set", acme, "20", "--from", "2025-06-01", "--preview")
    assert "It would be refused: the rate would change the spend of closed months" in seen.out
    assert "2025-06 (closed)" in seen.out
    assert "1,000" in paidmedia("period", "list", acme).out


def test_an_adjusted_rate_is_booked_and_opening_the_month_takes_it_back(paidmedia: Shell, acme: str) -> None:
    seen = paidmedia("cpm", "set", acme, "20", "--from", "2025-06-01", "--preview", "--adjust")
    assert "the adjustments would be dated" in seen.out
    answer = paidmedia("cpm", "set", acme, "20", "--from", "2025-06-01", "--adjust", "--why", "a late agreement")
    assert answer.code == 0, answer.err
    assert "Booked +3.00 USD for 2025-06, dated 20" in answer.out
    history = paidmedia("cpm", "history", acme).out
    assert "20.0000 agreed; a closed month keeps its price" in history
    assert "a closed month's price begins or ends" in history
    assert paidmedia("build").code == 0
    june, july, booked = paidmedia.sql(SPEND)
    assert june == ("2025-06-01", 17, 0)
    assert july == ("2025-07-01", 40, 0)
    assert booked[1:] == (0, 3)
    assert "+3.00" in paidmedia("period", "list", acme).out

    opened = paidmedia("period", "reopen", acme, "2025-06", "--why", "the client wants a new invoice")
    assert opened.code == 0, opened.err
    assert "Booked -3.00 USD for 2025-06" in opened.out
    assert paidmedia("build").code == 0
    assert [row[1:] for row in paidmedia.sql(SPEND)] == [(20, 0), (40, 0), (0, 0)]
    assert paidmedia.sql("select sum(amount) from marts.spend_adjustments") == [(Decimal(0),)]
    audited = paidmedia.sql("select action, entity from control.audit_log order by audit_id")
    assert {("close", "period"), ("reopen", "period"), ("book", "spend adjustment"), ("set", "cpm")} <= set(audited)
