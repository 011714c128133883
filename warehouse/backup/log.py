"""The write-ahead log on its way to the folder of backups, and back.

The embedded server archives its own: every segment when it is full, or `BACKUP_LOG_SECONDS` after its first commit,
compressed, because most segments of a quiet hour are nearly empty. A server of your own does it by the same command, or
sends it to `paidmedia backup --receive-log`.
"""

import os
import shlex
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg2.errors

from warehouse.backup.servers import Server, copying_program
from warehouse.backup.store import Store
from warehouse.errors import PaidMediaError
from warehouse.postgres import embedded
from warehouse.settings import Settings

NOWHERE = "true"  # what the embedded server archives with while no backup was ever asked for
PATIENCE = 30.0  # seconds beyond BACKUP_LOG_SECONDS


def archive_command(log: Path) -> str:
    """Copies a segment: whole and on the disk before it has its name, and never in the place of another content."""
    folder, part = _quoted(log), _quoted(log / ".%f.part", keep="%f")
    target = _quoted(log / "%f.gz", keep="%f")
    copy = f'gzip -1 -c "%p" > {part} && sync {part} && mv {part} {target} && sync {folder}'
    return f'if [ -f {target} ]; then gzip -dc {target} | cmp -s - "%p"; else {copy}; fi'


def restore_command(log: Path, *more: Path) -> str:
    """Brings a segment back, whoever archived it; `more` are folders with segments that nobody has archived yet."""
    packed = _quoted(log / "%f.gz", keep="%f")
    plain = [log / "%f", log / "%f.partial", *(folder / "%f" for folder in more)]
    copies = (_quoted(path, keep="%f") for path in plain)
    others = " ".join(f'elif [ -f {path} ]; then cp {path} "%p";' for path in copies)
    return f'if [ -f {packed} ]; then gzip -dc {packed} > "%p"; {others} else exit 1; fi'


def keep(server: Server, store: Store, settings: Settings) -> None:
    """Let the embedded server archive into the store from now on. A server of your own is left as it is."""
    store.log.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not server.is_embedded:
        return
    embedded.hand_over(store.log)
    if server.ask("show archive_mode") != "on":
        fix = "paidmedia db stop; the next start is ready for backups"
        raise PaidMediaError("the embedded Postgres was started before it could be backed up", fix=fix)
    wanted = {
        "archive_command": archive_command(store.log),
        "archive_timeout": f"{settings.backup_log_seconds}s",
        "summarize_wal": "on",  # what an incremental backup is made from
    }
    _configure(server, wanted)


def let_go(server: Server) -> None:
    """End what `keep` began: the log goes nowhere again. Backups that are there stay, up to this moment."""
    if not server.is_embedded:
        raise PaidMediaError("this server archives by its own settings", fix="mend its archive_command")
    _configure(server, {"archive_command": NOWHERE, "archive_timeout": "0", "summarize_wal": "off"})


def push(server: Server) -> str:
    """Commit a mark and close its segment, where the role may. Returns the segment's name, to be waited for."""
    # A restore stops at the first commit after its moment: without one it could not tell that the log reaches so far.
    name: str = server.ask("select pg_walfile_name(pg_logical_emit_message(true, 'paidmedia', 'mark'))")
    with suppress(psycopg2.errors.InsufficientPrivilege):  # it arrives when the server's archive_timeout is over
        server.ask("select pg_switch_wal()")
    return name


def wait_for(name: str, store: Store, settings: Settings) -> bool:
    """Whether a segment arrives in time. Raises nothing: whoever waits knows what follows."""
    deadline = time.monotonic() + settings.backup_log_seconds + PATIENCE
    while not has(store, name):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def has(store: Store, name: str) -> bool:
    """Whether a whole segment is in the store."""
    return (store.log / f"{name}.gz").exists() or (store.log / name).exists()


def reaches_to(store: Store) -> datetime | None:
    """When the newest segment arrived; None before the first."""
    arrived = [path.stat().st_mtime for path in store.log.glob("[0-9A-F]*") if not path.name.endswith(".backup.gz")]
    return datetime.fromtimestamp(max(arrived), UTC) if arrived else None


def receive(server: Server, store: Store) -> None:
    """Become the program that receives the log of a server as it is written, until it is stopped."""
    store.log.mkdir(parents=True, exist_ok=True, mode=0o700)
    program = str(copying_program("pg_receivewal"))
    command = [program, "--directory", str(store.log), "--no-password", "--synchronous"]
    slot = ["--slot", f"paidmedia_{store.system}"]
    creation = [*command, *slot, "--create-slot", "--if-not-exists"]
    created = subprocess.run(creation, env=server.environment, capture_output=True, text=True, check=False)
    if created.returncode != 0:
        reason = created.stderr.strip().splitlines()[-1]
        raise PaidMediaError("the server's log cannot be received", where=reason, fix="see docs/runbooks/restore.md")
    os.execve(program, [*command, *slot], server.environment)  # noqa: S606


def _configure(server: Server, wanted: dict[str, str]) -> None:
    with server.connected() as cursor:
        for name, value in wanted.items():
            cursor.execute(f"alter system set {name} = %s", (value,))
        cursor.execute("select pg_reload_conf()")


def _quoted(path: Path, *, keep: str = "") -> str:
    """A path for the shell, in a command of Postgres, where `%` is a sign of its own."""
    text = str(path)
    if keep:
        before, _, after = text.rpartition(keep)
        return f"{shlex.quote(before.replace('%', '%%'))}{keep}{after}"
    return shlex.quote(text.replace("%", "%%"))
