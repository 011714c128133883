"""The app in Chromium under the clock: from a click, or from entering an address, until the page can be used.

click → script runs → content of the page is there, the script has ended, the browser has painted → milliseconds

The clock runs inside the page, so that it measures what a person waits for and not how busy the benchmark is.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page
from playwright.async_api import TimeoutError as TimedOut

from warehouse.errors import PaidMediaError
from warehouse.settings import PROJECT_ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without these Chromium asks the network for updates and, as root, refuses to start.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_SECONDS = 60
END_SECONDS = 20
GIVE_UP_MS = 90_000
LIST_MS = 5_000

# Streamlit says on its outermost element whether the script runs. A page is there when its title and every mark of its
# content are, when the script has ended, and when the browser has painted that.
CLOCK = """
window.paidmedia = {
  isThere(marks) {
    const app = document.querySelector('[data-testid=stApp]');
    return app?.getAttribute('data-test-script-state') === 'notRunning'
      && !document.querySelector('[data-testid=stSkeleton]')
      && marks.every(mark => document.querySelector(mark));
  },
  until(marks, began, giveUp) {
    return new Promise((done, fail) => {
      const look = () => {
        const now = performance.now();
        const failure = document.querySelector('.st-key-failure, [data-testid=stException]');
        if (this.isThere(marks)) requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
        else if (failure) fail(new Error(failure.innerText.replaceAll('\\n', ' ')));
        else if (now - began > giveUp) fail(new Error('not there: ' + marks.filter(m => !document.querySelector(m))));
        else setTimeout(look, 10);
      };
      look();
    });
  },
  click(target, marks, giveUp) {
    const began = performance.now();
    if (this.isThere(marks)) throw new Error('is there already: ' + marks);
    target.click();
    return this.until(marks, began, giveUp);
  },
};
"""


@dataclass(frozen=True)
class Server:
    """The app as a process."""

    url: str
    process: int


def chromium() -> str:
    """Chromium on the path. Raises `PaidMediaError` where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise PaidMediaError("there is no Chromium to open the pages with", fix="apt-get install chromium")
    return found


async def by_address(page: Page, url: str, marks: Sequence[str]) -> float:
    """Milliseconds from entering an address until the page is there."""
    await page.goto(url, wait_until="commit", timeout=GIVE_UP_MS)
    asked = "([marks, giveUp]) => window.paidmedia.until(marks, 0, giveUp)"
    return float(await page.evaluate(asked, [list(marks), GIVE_UP_MS]))


async def by_click(page: Page, target: str, marks: Sequence[str], appears_ms: int = GIVE_UP_MS) -> float:
    """Milliseconds from a click on what a selector finds first until the page is there."""
    element = await page.wait_for_selector(target, timeout=appears_ms)
    assert element is not None
    asked = "([target, marks, giveUp]) => window.paidmedia.click(target, marks, giveUp)"
    return float(await page.evaluate(asked, [element, list(marks), GIVE_UP_MS]))


async def open_list(page: Page, box: str, option: str) -> None:
    """Open a list to choose from; one that a page which still settles has closed again is opened once more."""
    for key in ("ArrowDown", "ArrowUp") * 5:
        await page.locator(box).press(key, timeout=GIVE_UP_MS)
        with suppress(TimedOut):
            await page.wait_for_selector(option, timeout=LIST_MS)
            return


@contextmanager
def app(log: Path) -> Iterator[Server]:
    """The app as `make serve` starts it, on a port of its own, answering; what it says is kept in a file."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).parent / "streamlit"
    process = subprocess.Popen(
        [str(program), "run", str(PROJECT_ROOT / "streamlit_app" / "main.py"), "--server.address", "127.0.0.1",
         "--server.port", str(port), "--server.headless", "true"],
        cwd=PROJECT_ROOT, env=os.environ.copy(), stdout=log.open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}/_stcore/health")
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def _wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 – it is our own
                return
        except OSError:
            if time.monotonic() > deadline:
                raise PaidMediaError("the app does not answer", where=url) from None
            time.sleep(0.2)
