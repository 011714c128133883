"""Progress of a run for whoever started it: the CLI listens, everyone else does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str], None]
_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


def report(message: str) -> None:
    """Tell the listener of this process, if there is one, what is being done now."""
    listener = _listener.get()
    if listener is not None:
        listener(message)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hear the reports of everything that runs inside."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def prefixed(label: str) -> Listener:
    """A reporter that says whose progress it is."""
    return lambda message: report(f"{label}: {message}")
