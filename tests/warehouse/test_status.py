"""What `paidmedia status`, `resolve` and `rejects` print, on terminals of two widths and into a pipe."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from loaders.ledger.pipeline import prepare_all
from tests.loaders import files
from tests.sources import facebook
from warehouse.clients import clients
from warehouse.control import IngestionRun
from warehouse.deliveries import verdicts
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

PAIDMEDIA = Path(sys.executable).with_name("paidmedia")
DAY = date(2025, 11, 4)
ERROR = "no Surfside file for 2025-11-04 (expected northlight-cycles/media-report-2025-11-04.csv): ask Surfside for it"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module", autouse=True)
def _one_of_each(database_url: str) -> None:
    """A client with a long name, an upload with rejected rows, a held delivery and a failed attempt."""
    settings = get_settings()
    with database.session(settings) as current:
        clients.add_client(
            current, "northlight-cycles", name="Northlight", currency="USD", cpm=Decimal(10), effective_date=DAY
        )
    prepare_all(settings)
    rows = [files.facebook_row(DAY, "many" if number == 7 else 123_456) for number in range(60)]
    upload_id = facebook.receive(settings, files.facebook(*rows), "export.csv", "northlight-cycles", "ann")
    assert facebook.load(settings, upload_id).ok
    started = datetime.now(UTC) + timedelta(minutes=1)
    with database.session(settings) as current:
        current.add(
            IngestionRun(
                source="surfside", client_id="northlight-cycles", origin="s3://b/n/media-report-2025-11-04.csv",
                covers_from=DAY, covers_to=DAY, status="failed", error=ERROR, started_at=started,
                finished_at=started + timedelta(seconds=83.25),
            )
        )  # fmt: skip
        ((delivery_id, client_id),) = verdicts.pending(current, "facebook")
        failures = [{"summary": "clicks of [/row 7] are many"}]
        verdicts.record(current, "facebook", [verdicts.Judgement(delivery_id, client_id, failures)])


def on_terminal(columns: int, *words: str) -> list[str]:
    """The lines that a command shows on a terminal of so many columns, without their colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [PAIDMEDIA, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment | {"TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # how a terminal of Linux says that nobody writes to it any more
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(60) == 0, shown.decode()
    return [line.rstrip() for line in COLOURS.sub("", shown.decode()).replace("\r", "").splitlines()]


def piped(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PAIDMEDIA, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_of_the_status_is_wider_than_the_terminal(settings: Settings, columns: int) -> None:
    lines = on_terminal(columns, "status", "--runs", "2")
    assert max(map(len, lines)) <= columns
    said = " ".join(" ".join(lines).split())
    for words in (
        "northlight-cycles 59 1 2025-11-04",
        "stale since 2025-11-13",
        "nothing delivered · failed",
        ", 83.2 s",
        ERROR,
        "clicks of [/row 7] are many",
        "Failed, and open: paidmedia resolve RUN --why TEXT",
        "The last 2 attempts",
        "59 rows, 1 rejected",
    ):
        assert words in said, words


def test_a_line_for_a_pipe_holds_all_that_is_said_of_one_thing(settings: Settings) -> None:
    lines = piped("status").stdout.splitlines()
    assert any(
        re.match(rf"[0-9a-f]{{8}}  surfside +northlight-cycles .* failed  {re.escape(ERROR)}$", x) for x in lines
    )
    assert any(re.match(r"facebook +northlight-cycles +59 +1 +2025-11-04 .* 1 held · held ", x) for x in lines)


def test_rejected_rows_are_listed_and_their_file_is_written(settings: Settings, tmp_path: Path) -> None:
    listed = piped("rejects").stdout
    found = re.search(r"(facebook-northlight-cycles-\S+) +1 of 60 rows", listed)
    assert found
    target = tmp_path / "marked.csv"
    shown = piped("rejects", found[1], "--out", str(target)).stdout
    assert re.search(r"9 +Impressions +many +not a number", shown)
    assert f"paidmedia upload {target} --client northlight-cycles --as-of 20" in shown
    assert "many" in target.read_text("utf-8-sig").splitlines()[8]
    again = piped("rejects", found[1], "--out", str(target))
    assert (again.returncode, again.stderr) == (1, f"Error: {target} is there already: name another file\n")
    assert f"paidmedia rejects {found[1]} --out export-corrected.csv" in piped("rejects", found[1]).stdout


def test_resolving_takes_one_attempt_or_all_of_a_client_and_a_reason(settings: Settings) -> None:
    for words in (("--why", "x"), ("abcd", "--client", "northlight-cycles", "--why", "x"), ("abcd",),
                  ("abcd", "--source", "vibe", "--why", "x")):  # fmt: skip
        assert piped("resolve", *words).returncode == 2, words
    assert piped("resolve", "abcd", "--why", "x").returncode == 1
    assert (
        "Nothing is open" in piped("resolve", "--client", "northlight-cycles", "--source", "vibe", "--why", "x").stdout
    )
    done = piped("resolve", "--client", "northlight-cycles", "--why", "nothing ran on that day")
    assert done.returncode == 0
    assert f"(surfside, northlight-cycles): {ERROR}" in done.stdout
    status = piped("status", "--runs", "1").stdout
    assert "Failed, and open" not in status
    assert "nothing ran on that day" in status


def test_a_held_delivery_is_named_until_a_newer_one_gives_its_days(settings: Settings) -> None:
    assert "Held: paidmedia release DELIVERY" in piped("status").stdout
    export = files.facebook(files.facebook_row(DAY, 100))
    upload_id = facebook.receive(settings, export, "newer.csv", "northlight-cycles", "ann")
    assert facebook.load(settings, upload_id).ok
    assert "1 held, 1 waiting" in piped("status").stdout.replace(" · ", ", ")
    with database.session(settings) as current:
        verdicts.record(
            current, "facebook", [verdicts.Judgement(*each) for each in verdicts.pending(current, "facebook")]
        )
    shown = piped("status").stdout
    assert "Held:" not in shown
    assert " held" not in shown
