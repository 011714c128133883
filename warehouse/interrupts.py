"""Ctrl-C in the seconds in which a command begins.

Python tells it by an exception in whatever runs then, and some packages swallow it while they are imported. Who begins
with many imports calls `raise_if_wished` when they are over.
"""

import signal

_wishes: list[int] = []


def heed() -> None:
    """From now on remember Ctrl-C, beside raising KeyboardInterrupt as always."""
    _wishes.clear()
    signal.signal(signal.SIGINT, _remember)


def raise_if_wished() -> None:
    """Raise the KeyboardInterrupt that somebody may have swallowed since `heed`."""
    if _wishes:
        raise KeyboardInterrupt


def _remember(number: int, _frame: object) -> None:
    _wishes.append(number)
    raise KeyboardInterrupt
