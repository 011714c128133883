"""The doors of production: Caddy with deploy/Caddyfile, TLS and passwords, before servers that say who they are."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.crashes.victims import wait_for
from tests.end_to_end.servers import free_port
from warehouse.settings import PROJECT_ROOT

CADDY = str(Path(sys.executable).with_name("caddy"))
FILE = (PROJECT_ROOT / "deploy" / "Caddyfile").read_text()
HOSTS = {"APP_HOST": "app.localhost", "DAGSTER_HOST": "dagster.localhost", "DOCS_HOST": "docs.localhost"}


@dataclass(frozen=True)
class Doors:
    """A running Caddy."""

    port: str
    authority: Path

    def ask(self, name: str, **options: object) -> httpx.Response:
        """What a door answers under its name."""
        host = f"{name}.localhost"
        with httpx.Client(verify=str(self.authority), timeout=60) as client:
            request = client.build_request("GET", f"https://127.0.0.1:{self.port}/", headers={"Host": host})
            request.extensions["sni_hostname"] = host
            return client.send(request, **options)  # type: ignore[arg-type]


@contextmanager
def behind(name: str) -> Iterator[str]:
    """A server that says its name and the scheme that it was asked by; gives its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{name} by {self.headers['X-Forwarded-Proto']}".encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def doors(folder: Path, engineers: str) -> Iterator[Doors]:
    """Caddy with the file as it is, but for addresses and ports."""
    folder.mkdir()
    (folder / "engineers").write_text(engineers)
    port, plain = free_port(), free_port()
    text = FILE.replace("/run/secrets", str(folder))
    text = text.replace(
        "skip_install_trust", f"skip_install_trust\n\thttps_port {port}\n\thttp_port {plain}\n\tadmin off"
    )
    with ExitStack() as servers:
        for name in re.findall(r"reverse_proxy (\S+)", FILE):
            text = text.replace(f"reverse_proxy {name}", f"reverse_proxy {servers.enter_context(behind(name))}")
        (folder / "Caddyfile").write_text(text)
        places = {"XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config")}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [CADDY, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
                env=os.environ | HOSTS | places, stdout=log, stderr=log,
            )  # fmt: skip
        open_doors = Doors(port, folder / "data/caddy/pki/authorities/local/root.crt")

        def answers() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                return all(open_doors.ask(name).status_code in (200, 401) for name in ("app", "dagster", "docs"))
            except (httpx.HTTPError, OSError):
                return False

        try:
            wait_for(answers, 30)
            yield open_doors
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    command = [CADDY, "hash-password", "--plaintext", "let me in"]
    hashed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    with doors(tmp_path_factory.mktemp("caddy") / "home", f"ana {hashed}\n") as caddy:
        yield caddy


def test_the_app_answers_by_tls_and_is_told_so(opened: Doors) -> None:
    answer = opened.ask("app")
    assert (answer.status_code, answer.text) == (200, "streamlit:8501 by https")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Server" not in answer.headers


@pytest.mark.parametrize(("name", "server"), [("dagster", "webserver:3000"), ("docs", "docs:8080")])
def test_dagster_and_the_docs_ask_for_a_password(opened: Doors, name: str, server: str) -> None:
    assert opened.ask(name).status_code == 401
    assert opened.ask(name, auth=httpx.BasicAuth("ana", "a guess")).status_code == 401
    answer = opened.ask(name, auth=httpx.BasicAuth("ana", "let me in"))
    assert (answer.status_code, answer.text) == (200, f"{server} by https")


def test_while_no_engineer_is_named_nobody_comes_in(tmp_path: Path) -> None:
    with doors(tmp_path / "caddy", "") as caddy:
        assert caddy.ask("app").status_code == 200
        for name in ("dagster", "docs"):
            assert caddy.ask(name).status_code == 401
            assert caddy.ask(name, auth=httpx.BasicAuth("", "")).status_code == 401


@pytest.mark.parametrize("file", ["Caddyfile", "Caddyfile.development"])
def test_the_file_is_valid_and_formatted_as_caddy_writes_it(file: str, tmp_path: Path) -> None:
    (tmp_path / "engineers").touch()
    path = tmp_path / file
    path.write_text((PROJECT_ROOT / "deploy" / file).read_text().replace("/run/secrets", str(tmp_path)))
    checks = (["validate", "--adapter", "caddyfile", "--config", str(path)], ["fmt", "--diff", str(path)])
    for words in checks:
        done = subprocess.run(
            [CADDY, *words], env=os.environ | HOSTS, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
