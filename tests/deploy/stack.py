"""The services of docker-compose.yml as processes: its commands, environment, health checks and restarts.

What differs is where things are: containers' names become 127.0.0.1, their ports free ones, /data and /run/secrets
folders of a test. Each service leads a process group, which dies as one, as a container does.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

from tests.crashes.victims import wait_for
from tests.deploy.compose import services
from tests.end_to_end.servers import free_port
from warehouse.settings import PROJECT_ROOT

PORTS = {"webserver": "3000", "code": "4000", "streamlit": "8501", "docs": "8080"}
GRACE = 10  # seconds from SIGTERM to SIGKILL, as Compose has it
SECRETS = ("postgres_password", "database_password", "dagster_database_password", "secret_key",
           "aws_secret_access_key", "vibe_api_key", "smtp_password", "alert_urls",
           "heartbeat_url", "oidc_client_secret")  # fmt: skip


def make_secrets(folder: Path) -> None:
    """What deploy/make-secrets.sh makes, in a folder of a test."""
    folder.mkdir()
    for name in SECRETS:
        is_optional = name in SECRETS[-5:]
        (folder / name).write_text("" if is_optional else f"{name.replace('_', '')}1")


class Stack:
    """The services of production but Postgres and the proxy; `told` is what .env says beside docker-compose.yml."""

    def __init__(self, folder: Path, secrets: Path, postgres_port: str, told: Mapping[str, str]) -> None:
        self.home, self.told = folder / "data", told
        self._secrets, self._postgres_port, self._logs = secrets, postgres_port, folder / "logs"
        self._services = services("production")
        self._ports = {container: free_port() for container in PORTS.values()}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ending = threading.Event()
        self._held: set[str] = set()
        (self.home / "dagster").mkdir(parents=True)
        self._logs.mkdir()
        shutil.copy(PROJECT_ROOT / "deploy" / "dagster.yaml", self.home / "dagster")
        workspace = yaml.safe_load((PROJECT_ROOT / "deploy" / "workspace.yaml").read_text())
        (location,) = (each["grpc_server"] for each in workspace["load_from"])
        assert (location["host"], str(location["port"])) == ("code", PORTS["code"])
        location |= {"host": "127.0.0.1", "port": int(self._ports[PORTS["code"]])}
        self._workspace = folder / "workspace.yaml"
        self._workspace.write_text(yaml.safe_dump(workspace))

    def url(self, service: str) -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self._ports[PORTS[service]]}"

    def environment(self, service: str = "migrate") -> dict[str, str]:
        """The environment of a service's container: nothing of the machine's but where programs are."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        given = {name: self._here(str(value)) for name, value in self._services[service]["environment"].items()}
        return {"PATH": path, "PYTHONPATH": str(PROJECT_ROOT), "LANG": "C.UTF-8", **self.told, **given}

    def run(self, service: str) -> None:
        """Run a service that does one thing."""
        done = subprocess.run(
            self._words(self._services[service]["command"]), env=self.environment(service), cwd=PROJECT_ROOT,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def paidmedia(self, *words: str, typed: str | None = None) -> str:
        """What a command says, typed in a container."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("paidmedia")), *words], env=self.environment(), cwd=PROJECT_ROOT,
            input=typed, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *names: str) -> None:
        """Start services in the order of what they wait for, and restart each that ends until `stop`."""
        for name in names:
            self._start(name)
            if any(name in self._services[other].get("depends_on", {}) for other in names):
                self.wait_until_healthy(name)
        self._supervisor = threading.Thread(target=self._supervise)
        self._supervisor.start()
        for name in names:
            self.wait_until_healthy(name)

    def stop(self) -> None:
        """End them, their children too."""
        self._ending.set()
        if hasattr(self, "_supervisor"):
            self._supervisor.join()
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for name, process in self._running.items():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0))
            self.kill(name)

    def kill(self, name: str) -> None:
        """SIGKILL of a service with all of its children."""
        process = self._running[name]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)

    def hold(self, name: str, how: signal.Signals) -> None:
        """End a service by a signal to its process; it stays down until it is released."""
        self._held.add(name)
        process = self._running[name]
        process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        self.kill(name)

    def release(self, name: str) -> None:
        """Start a service again that was held."""
        self._start(name)
        self._held.remove(name)

    def worker(self, run_id: str) -> psutil.Process | None:
        """The process that works on a run, once it has taken it."""
        lock = self.home / "dagster" / "workers" / f"{run_id}.lock"
        pid = lock.read_text() if lock.exists() else ""
        return psutil.Process(int(pid)) if pid and psutil.pid_exists(int(pid)) else None

    def wait_until_healthy(self, name: str, seconds: float = 180) -> None:
        """Until the service's own health check says so."""
        _, *check = self._services[name]["healthcheck"]["test"]
        command, environment = self._words(check), self.environment(name)

        def is_healthy() -> bool:
            ended = self._running[name].poll() is not None and not hasattr(self, "_supervisor")
            assert not ended, "it has ended"
            done = subprocess.run(command, env=environment, cwd=PROJECT_ROOT, capture_output=True, check=False)
            return done.returncode == 0

        try:
            wait_for(is_healthy, seconds, every=1)
        except AssertionError:
            raise AssertionError(f"{name} is not healthy:\n{self.log(name)[-5000:]}") from None

    def log(self, name: str) -> str:
        """What a service has said."""
        return (self._logs / name).read_text()

    def _start(self, name: str) -> None:
        with (self._logs / name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._words(self._services[name]["command"]), env=self.environment(name), cwd=PROJECT_ROOT,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _supervise(self) -> None:
        while not self._ending.wait(0.2):
            for name, process in list(self._running.items()):
                if process.poll() is not None and name not in self._held:
                    with suppress(ProcessLookupError):  # what is left of its group ends with it, as in a container
                        os.killpg(process.pid, signal.SIGKILL)
                    time.sleep(0.2)
                    self._start(name)

    def _words(self, command: list[str]) -> list[str]:
        return [self._here(word) for word in command]

    def _here(self, word: str) -> str:
        """A word of the file, of this machine."""
        word = word.replace("/run/secrets", str(self._secrets)).replace("0.0.0.0", "127.0.0.1")
        word = word.replace("@postgres:5432", f"@127.0.0.1:{self._postgres_port}")
        word = word.replace("deploy/workspace.yaml", str(self._workspace))
        word = re.sub(r"(?<![\w/])/data\b", str(self.home), word)
        return re.sub(r"\b(3000|4000|8501|8080)\b", lambda found: self._ports[found[0]], word)
