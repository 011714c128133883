"""docker-compose.yml as Compose reads it: anchors merged, services by profile."""

from functools import cache
from typing import Any

import yaml

from warehouse.settings import PROJECT_ROOT

PROFILES = ("development", "production")


@cache
def compose() -> dict[str, Any]:
    """The file."""
    content: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())
    return content


def services(profile: str) -> dict[str, dict[str, Any]]:
    """What a profile starts."""
    every: dict[str, dict[str, Any]] = compose()["services"]
    return {name: each for name, each in every.items() if profile in each.get("profiles", [profile])}


def is_kept(service: dict[str, Any]) -> bool:
    """Whether it runs until it is stopped; the others do one thing and end."""
    return bool(service["restart"] == "unless-stopped")
