"""Three people who may log in to the app of a made-up agency: one of each role. Their passwords stay in the home."""

import json
import secrets
from pathlib import Path
from typing import Protocol

from sandbox.plan import MediaPlan
from warehouse.settings import Settings, get_settings


class Typing(Protocol):
    """Runs one `paidmedia` command."""

    def __call__(self, environment: dict[str, str], *words: str, typed: str | None = None) -> None:
        """The words of the command, and what is typed when it asks."""


def add(plan: MediaPlan, environment: dict[str, str], paidmedia: Typing) -> None:
    """Add those who are not there yet; the client's person sees the first client of the plan."""
    known = remembered(get_settings())
    first = plan.clients[0].client_id
    for email, options in (
        ("admin@agency.example", ("--role", "admin")),
        ("analyst@agency.example", ("--role", "analyst")),
        (f"media@{first}.example", ("--role", "client", "--client", first)),
    ):
        if email not in known:
            known[email] = secrets.token_urlsafe(9)
            paidmedia(environment, "user", "add", email, *options, "--password-stdin", typed=known[email])
            _remember(get_settings(), known)


def remembered(settings: Settings) -> dict[str, str]:
    """E-mail address → password of the people of this home; none where `make run` was never called."""
    path = file_of(settings)
    return dict(json.loads(path.read_text())) if path.exists() else {}


def file_of(settings: Settings) -> Path:
    """Where a home keeps them, as one JSON object."""
    return settings.paidmedia_home / "secrets" / "sandbox_people.json"


def _remember(settings: Settings, people: dict[str, str]) -> None:
    path = file_of(settings)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(json.dumps(people, indent=2))
