"""Start the product's servers as processes on free ports and wait until they answer."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import psutil

from warehouse.settings import PROJECT_ROOT


def free_port() -> str:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def wait_until_healthy(url: str, seconds: float = 60) -> None:
    """Return when `url` answers 200; raise its last error after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                assert answer.status == 200
                return
        except (URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


@contextmanager
def app_server(environment: Mapping[str, str], port: str | None = None) -> Iterator[str]:
    """The app, answering; gives its URL. The port is a free one where none is given."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app/main.py", "--server.port", port,
               "--server.address", "127.0.0.1", "--server.headless", "true"]  # fmt: skip
    process = subprocess.Popen(
        command, env=dict(environment), cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def everything(
    environment: Mapping[str, str], output: Path
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    """What `make serve` starts, answering: its process, and the URLs of `dagster`, `streamlit`, `docs`, `metrics`.

    What it prints is in `output`. It is ended at the end where that was not done before.
    """
    ports = {name: free_port() for name in ("dagster", "streamlit", "docs", "metrics")}
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "exec", "--", sys.executable, "-m", "orchestration.serve"],
            env={**environment, **{f"{name.upper()}_PORT": port for name, port in ports.items()}},
            cwd=PROJECT_ROOT, stdout=log, stderr=log,
        )  # fmt: skip
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    try:
        wait_until_healthy(f"{urls['streamlit']}/_stcore/health", 120)
        wait_until_healthy(f"{urls['dagster']}/server_info", 120)
        wait_until_healthy(urls["docs"], 120)
        wait_until_healthy(f"{urls['metrics']}/metrics", 120)
        yield process, urls
    finally:
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        process.wait(90)
        psutil.wait_procs(family, timeout=60)  # a run that was launched may be at its end
