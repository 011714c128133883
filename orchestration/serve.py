"""`make serve`: the Dagster UI with its daemon, the app, the dbt docs and the metrics, until Ctrl-C.

Ports 3000, 8501, 8080 and 9108 of 127.0.0.1; where one is taken a free one is used and named.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from orchestration.docs import build_docs
from orchestration.lib.instance import prepare_dagster_home
from warehouse.cli.console import complain, say
from warehouse.errors import PaidMediaError
from warehouse.migrate import ensure_migrated
from warehouse.settings import PROJECT_ROOT, Settings, get_settings

PORTS: Mapping[str, int] = {"dagster": 3000, "streamlit": 8501, "docs": 8080, "metrics": 9108}
TITLES: Mapping[str, str] = {"dagster": "Dagster", "streamlit": "the app", "docs": "dbt docs", "metrics": "metrics"}
GRACE_SECONDS = 15


def port_for(service: str) -> int:
    """The service's own port, `<SERVICE>_PORT` of the environment, or a free one where it is taken."""
    wanted = int(os.environ.get(f"{service.upper()}_PORT", PORTS[service]))
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PaidMediaError(f"no free port for {service}", fix=f"set {service.upper()}_PORT")


def commands(settings: Settings, ports: Mapping[str, int]) -> dict[str, list[str]]:
    """What is started, by service."""
    programs = Path(sys.executable).parent
    page = build_docs(settings)
    return {
        "dagster": [
            str(programs / "dagster"), "dev", "--workspace", str(PROJECT_ROOT / "workspace.yaml"),
            "--host", "127.0.0.1", "--port", str(ports["dagster"]), "--log-level", "warning",
        ],
        "streamlit": [
            str(programs / "streamlit"), "run", str(PROJECT_ROOT / "streamlit_app" / "main.py"),
            "--server.address", "127.0.0.1", "--server.port", str(ports["streamlit"]), "--server.headless", "true",
        ],
        "docs": [
            sys.executable, "-m", "http.server", str(ports["docs"]), "--bind", "127.0.0.1",
            "--directory", str(page.parent),
        ],
        "metrics": [str(programs / "paidmedia"), "metrics", "--port", str(ports["metrics"])],
    }  # fmt: skip


def serve(settings: Settings) -> int:
    """Start everything, wait for the first to end or for Ctrl-C, then end the rest. Returns an exit code."""
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, signal.default_int_handler)
    ensure_migrated(settings)
    environment = os.environ | {"DAGSTER_HOME": str(prepare_dagster_home(settings))}
    ports = {service: port_for(service) for service in PORTS}
    logs = settings.paidmedia_home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    running: dict[str, subprocess.Popen[bytes]] = {}
    for service, command in commands(settings, ports).items():
        with (logs / f"{service}.log").open("ab") as log:
            running[service] = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=PROJECT_ROOT, env=environment,
                start_new_session=True,
            )  # fmt: skip
        say(f"{TITLES[service]:>8}  http://127.0.0.1:{ports[service]}")
    say(f"Logs are in {logs}. Ctrl-C ends all of them.")
    try:
        return _wait(running, logs)
    finally:
        _end(running.values())


def _wait(running: Mapping[str, subprocess.Popen[bytes]], logs: Path) -> int:
    """0 after Ctrl-C or SIGTERM; 1 when a service ended by itself, which is named."""
    try:
        while True:
            for service, process in running.items():
                if process.poll() is not None:
                    complain(f"{TITLES[service]} ended with code {process.returncode}; see {logs / service}.log")
                    return 1
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("Stopping …")
        return 0


def _end(processes: Collection["subprocess.Popen[bytes]"]) -> None:
    """Ask as Ctrl-C does, which `dagster dev` passes on to its own processes; after a while end what is left."""
    for process in processes:
        process.send_signal(signal.SIGINT)
    for process in processes:
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):  # what a service has left in its process group
            os.killpg(process.pid, signal.SIGTERM)


def main() -> None:
    """Entry point of `make serve`."""
    try:
        sys.exit(serve(get_settings()))
    except PaidMediaError as error:
        complain(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
