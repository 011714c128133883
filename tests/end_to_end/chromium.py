"""Find Chromium for the browser tests, and install Debian's package where it is missing and may be installed.

`python -m tests.end_to_end.chromium --install` says in one line what was found or how to get it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = "install it (Debian: apt-get install chromium) or run `.venv/bin/playwright install chromium`"
# Without these Chromium asks the network for updates and, as root, refuses to start.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """Chromium on the path, else the newest in Playwright's cache, else None."""
    on_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if on_path:
        return on_path
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    cached = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(cached[-1]) if cached else None


def install() -> str | None:
    """Install Debian's package where this user may; None where it may not or that failed."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    print("Installing Debian's Chromium for the browser tests …", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=environment, **quiet)
    packages = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    subprocess.run(packages, env=environment, **quiet)
    return find()


def marks(group: str = "end_to_end") -> list[pytest.MarkDecorator]:
    """The marks of a file of browser tests: one process for those of a group."""
    return [pytest.mark.xdist_group(group), pytest.mark.browser, needed()]


def needed() -> pytest.MarkDecorator:
    """Skips, with the reason, where there is no browser; never on CI."""
    is_missing = find() is None and not os.environ.get("CI")
    return pytest.mark.skipif(is_missing, reason=f"there is no Chromium: {ADVICE}")


def main() -> int:
    """0 when there is a browser, or when its absence only skips tests; 1 on CI, where nothing is skipped."""
    found = find() or ("--install" in sys.argv and install()) or None
    if found:
        print(f"Browser tests use {found}.")
        return 0
    print(f"No Chromium: the browser tests are skipped; {ADVICE}.")
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
