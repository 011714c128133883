"""`make serve`: the Dagster UI with its daemon, the app, the metrics and the dbt docs, until Ctrl-C.

Each address is printed when its server answers. Ports 3000, 8501, 9108 and 8080 of 127.0.0.1; where one is taken a free
one is used and named.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from warehouse import interrupts
from warehouse.cli.console import complain, say
from warehouse.errors import PaidMediaError
from warehouse.settings import PROJECT_ROOT, Settings, get_settings

LOOK_SECONDS = 0.5  # between two looks at what runs and answers
ASK_SECONDS = 3
LONG_SECONDS = 120  # after which a service that does not answer is named; it is still waited for
GRACE_SECONDS = 15


@dataclass(frozen=True)
class Service:
    """`asked` is the path that answers 200 as soon as the service works, `shown` the one that people open."""

    title: str
    port: int
    asked: str
    shown: str = ""


SERVICES: Mapping[str, Service] = {
    "dagster": Service("Dagster", 3000, "/server_info"),
    "streamlit": Service("the app", 8501, "/_stcore/health"),
    "metrics": Service("metrics", 9108, "/metrics", "/metrics"),
    "docs": Service("dbt docs", 8080, "/"),
}


def port_for(service: str) -> int:
    """The service's own port, `<SERVICE>_PORT` of the environment, or a free one where it is taken."""
    wanted = int(os.environ.get(f"{service.upper()}_PORT", SERVICES[service].port))
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PaidMediaError(f"no free port for {service}", fix=f"set {service.upper()}_PORT")


def commands(ports: Mapping[str, int]) -> dict[str, list[str]]:
    """What is started, by service."""
    programs = Path(sys.executable).parent
    return {
        "dagster": [
            str(programs / "dagster"), "dev", "--workspace", str(PROJECT_ROOT / "workspace.yaml"),
            "--host", "127.0.0.1", "--port", str(ports["dagster"]), "--log-level", "warning",
        ],
        "streamlit": [
            str(programs / "streamlit"), "run", str(PROJECT_ROOT / "streamlit_app" / "main.py"),
            "--server.address", "127.0.0.1", "--server.port", str(ports["streamlit"]), "--server.headless", "true",
        ],
        "metrics": [str(programs / "paidmedia"), "metrics", "--port", str(ports["metrics"])],
        "docs": [sys.executable, "-m", "orchestration.docs", str(ports["docs"])],
    }  # fmt: skip


def serve(settings: Settings) -> int:
    """Start everything, wait for the first to end or for Ctrl-C, then end the rest. Returns an exit code.

    Raises KeyboardInterrupt before anything is started; later a wish to end only puts an end to the waiting, so that
    nothing that was started is forgotten.
    """
    started = time.monotonic()
    interrupts.heed()
    logs = settings.paidmedia_home / "logs"
    titles = ", ".join(each.title for each in SERVICES.values())
    say(f"Starting the database, then {titles}. Logs are in {logs}. Ctrl-C ends all of them.")
    from orchestration.lib.instance import prepare_dagster_home  # after the first word: they take seconds
    from warehouse.control.migrate import ensure_migrated

    ensure_migrated(settings)
    environment = os.environ | {"DAGSTER_HOME": str(prepare_dagster_home(settings))}
    ports = {service: port_for(service) for service in SERVICES}
    logs.mkdir(parents=True, exist_ok=True)
    wishes: list[int] = []
    for wish in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wish, lambda number, _: wishes.append(number))
    interrupts.raise_if_wished()
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for service, command in commands(ports).items():
            with _log(logs, service).open("ab") as log:
                running[service] = subprocess.Popen(
                    command, stdout=log, stderr=log, cwd=PROJECT_ROOT, env=environment,
                    start_new_session=True,
                )  # fmt: skip
        return _watch(running, ports, logs, wishes, started)
    finally:
        _end(running.values())


def _watch(
    running: Mapping[str, "subprocess.Popen[bytes]"], ports: Mapping[str, int], logs: Path, wishes: Sequence[int],
    started: float,
) -> int:  # fmt: skip
    """Tell who answers. 0 after a wish to end; 1 when a service ended by itself, which is named."""
    silent, is_late = list(running), False
    while not wishes:
        seconds = time.monotonic() - started
        for service, process in running.items():
            if process.poll() is not None:
                complain(f"{SERVICES[service].title} ended with code {process.returncode}; see {_log(logs, service)}")
                return 1
        for service in [each for each in silent if _answers(ports[each], SERVICES[each].asked)]:
            silent.remove(service)
            for line in _greeting(service, ports[service], seconds):
                say(line)
            if not silent:
                say("All of them answer. Ctrl-C ends them.")
        if seconds > LONG_SECONDS and not is_late:
            is_late = True
            for service in silent:
                complain(f"{SERVICES[service].title} does not answer after {seconds:.0f} s; see {_log(logs, service)}")
        time.sleep(LOOK_SECONDS)
    say("Stopping …")
    return 0


def _greeting(service: str, port: int, seconds: float) -> Iterator[str]:
    """The address, and for the app who may log in."""
    address = f"http://127.0.0.1:{port}{SERVICES[service].shown}"
    yield f"{SERVICES[service].title:>8}  {address:<29}  answers after {seconds:.0f} s"
    if service == "streamlit":
        people = os.environ.get("SANDBOX_PEOPLE")  # of the stand-ins: a file with e-mail addresses and passwords
        made_up = json.loads(Path(people).read_text()) if people else {}
        for email, password in made_up.items():
            yield f"{'':>8}  log in as {email}, password {password}"
        if not made_up:
            yield f"{'':>8}  log in as somebody of `paidmedia user list`; `paidmedia user add` adds people"


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _log(logs: Path, service: str) -> Path:
    return logs / f"{service}.log"


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
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
