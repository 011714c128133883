"""dbt processes that have outlived the worker that started them: they would rename tables beside the next build."""

from contextlib import suppress
from pathlib import Path

END_SECONDS = 10


def end_orphans(target: Path) -> list[int]:
    """End every dbt that writes into the folder `target`; returns their numbers. To be called under the build's lock.

    What they have not committed is undone: a model's new table takes the old one's place in one transaction.
    """
    import psutil

    orphans = [
        process
        for process in psutil.process_iter(["environ"])  # None where it may not be read: another user's process
        if (process.info["environ"] or {}).get("DBT_TARGET_PATH") == str(target)
    ]
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(orphans, timeout=END_SECONDS)
    return [process.pid for process in orphans]
