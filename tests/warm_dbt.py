"""dbt without its start: one process that has imported dbt and read the project forks for each command.

test, or a program named like dbt → socket → fork → dbt's own command line → code and output of that command

A start of `dbt build` costs 6 s of processor (imports, reading what was parsed) and 12 s more on a database that is
new to it, because dbt throws away what it has parsed when host, port or database are others. Tests that look at what
dbt makes have it from here: by `run`, or, where a Dagster job builds, by the program that `program` writes. That the
command itself works, those `paidmedia build` of the suite show that start it.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from warehouse.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt_project"
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
WITHOUT_DATA_TESTS = ("--exclude-resource-type", "test")
MODELS_ONLY = (*WITHOUT_UNIT_TESTS, *WITHOUT_DATA_TESTS)  # two thirds of a build's time are its tests
PROGRAM = """#!{python} -IS
import json, os, socket, sys
asked = {{"arguments": sys.argv[1:] + {more}, "environment": dict(os.environ), "output": f"/proc/{{os.getpid()}}/fd/1"}}
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    connection.sendall(json.dumps(asked).encode())
    connection.shutdown(socket.SHUT_WR)
    sys.exit(int(connection.recv(8) or 3))
"""


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What `dbt ARGUMENTS` comes to in the project's folder, with its standard output and errors in `stdout`."""
    with tempfile.NamedTemporaryFile("r", prefix="dbt-", suffix=".log") as output:
        asked = {"arguments": list(arguments), "environment": dict(environment), "output": output.name}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(_server())
            connection.sendall(json.dumps(asked).encode())
            connection.shutdown(socket.SHUT_WR)
            code = connection.recv(8)
        said = output.read()
    return subprocess.CompletedProcess(["dbt", *arguments], int(code or -9), said, "")


def program(folder: Path) -> str:
    """The path of a program in `folder` that builds as `dbt` would, without data tests, by this process's server."""
    path = folder / "dbt"
    path.write_text(PROGRAM.format(python=sys.executable, address=_server(), more=list(WITHOUT_DATA_TESTS)))
    path.chmod(0o755)
    return str(path)


def start_from(dbt: str) -> None:
    """Let the Dagster jobs that this process runs start `dbt` in place of the installed one."""
    from orchestration.defs import transform

    transform.dbt_executable = lambda: dbt


@cache
def _server() -> str:
    """The address of this test process's server. It ends with this process, which holds the other end of its input."""
    address = f"{tempfile.mkdtemp(prefix='warm-dbt-')}/socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_dbt", address], cwd=PROJECT_ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    said = server.stdout.readline()
    assert said == "ready\n", said + server.stdout.read()
    return address


def serve(address: str) -> None:
    """Fork for each connection until standard input ends."""
    import select
    import signal

    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    from orchestration.lib.dbt_files import manifest

    parsed = Manifest.from_msgpack(manifest().with_name("partial_parse.msgpack").read_bytes())  # type: ignore[attr-defined]
    parsed.build_flat_graph()
    _warm_up(address, parsed, dbtRunner)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _work(connection, parsed, dbtRunner)
            connection.close()


def _warm_up(address: str, parsed: Any, runner: Any) -> None:
    """Do once what each command would do anew: read the project, compile templates, describe classes."""
    import gc

    folder = str(Path(address).parent)
    words = ["--quiet", "ls", "--select", "dim_clients", "--target-path", folder, "--log-path", folder]
    os.chdir(PROJECT)
    with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing):
        assert runner(manifest=parsed).invoke(words).success
    gc.collect()
    gc.freeze()  # what is here stays: no collection of a command looks at it
    gc.disable()  # a command ends before it needs one


def _work(connection: socket.socket, parsed: Any, runner: Any) -> None:
    """One command, in a process of its own, which ends here."""
    import signal

    from dbt.adapters.factory import reset_adapters

    code = 2
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        asked = json.loads(b"".join(iter(lambda: connection.recv(65_536), b"")))
        with Path(asked["output"]).open("w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        os.environ.clear()
        os.environ.update(asked["environment"])
        os.chdir(PROJECT)
        reset_adapters()  # it is connected to what the warm-up was told
        _belongs_to(parsed, os.environ["PGDATABASE"])
        done = runner(manifest=parsed).invoke(asked["arguments"])
        code = 0 if done.success else 1 if done.exception is None else 2
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(str(code).encode())
        os._exit(code)


def _belongs_to(parsed: Any, database: str) -> None:
    """Name the database where parsing has written down the one that it was asked with."""
    nodes = [*parsed.nodes.values(), *parsed.sources.values()]
    for node in nodes:
        node.relation_name = _of(node.relation_name, node.database, database)
        node.database = database
    for kind in ("nodes", "sources"):  # what a macro reads as `graph`
        for each in parsed.flat_graph[kind].values():
            each["relation_name"] = _of(each.get("relation_name"), each["database"], database)
            each["database"] = database


def _of(relation: str | None, before: str, database: str) -> str | None:
    return relation and relation.replace(f'"{before}"', f'"{database}"', 1)


if __name__ == "__main__":
    serve(sys.argv[1])
