"""What a check says."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "bad"]


@dataclass(frozen=True)
class Line:
    """One thing that was looked at. `fix` says what to do where it is not well."""

    part: str
    level: Level
    what: str
    fix: str | None = None

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def ok(part: str, what: str) -> Line:
    """It is well."""
    return Line(part, "ok", what)


def warning(part: str, what: str, fix: str) -> Line:
    """Somebody should know."""
    return Line(part, "warning", what, fix)


def bad(part: str, what: str, fix: str) -> Line:
    """It does not work, or will not for long."""
    return Line(part, "bad", what, fix)
