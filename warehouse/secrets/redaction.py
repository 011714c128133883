"""Keeping secrets out of what is written down: log lines, alerts, the reasons that are kept of a failure."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from warehouse.settings import Settings

HIDDEN = "••••"
SHORTEST = 6  # a shorter part of an address is a word such as `hook`, and hiding it would tear every text that has it
HAS_A_HOST = frozenset(("http", "https", "json", "jsons", "xml", "xmls", "form", "forms"))
_URL_PASSWORD = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)", re.IGNORECASE)


def secrets_of(settings: Settings) -> list[str]:
    """Every secret value of the settings, longest first. Any part of an address for alerts may be a token."""
    plain = [
        settings.secret_key,
        settings.aws_secret_access_key,
        settings.aws_session_token,
        settings.vibe_api_key,
        settings.smtp_password,
        settings.oidc_client_secret,
        settings.database_password,
        settings.dagster_database_password,
        *(urlsplit(url or "").password for url in (settings.database_url, settings.dagster_database_url)),
    ]
    found = {secret for each in plain if each for secret in (each, unquote(each))}
    for url in [*alert_urls(settings), *filter(None, [settings.heartbeat_url])]:
        parts = urlsplit(url)
        values = [url, parts.username, parts.password, *parts.path.split("/"), *(v for _, v in parse_qsl(parts.query))]
        # For Slack, Teams and others the host is no host but the first token.
        values += [] if parts.scheme in HAS_A_HOST else [parts.netloc]
        found |= {value for value in values if value and len(value) >= SHORTEST}
    return sorted(found, key=lambda each: (-len(each), each))


def alert_urls(settings: Settings) -> list[str]:
    """The addresses of `ALERT_URLS`."""
    return [url.strip() for url in (settings.alert_urls or "").split(",") if url.strip()]


def redacted(text: str, secrets: list[str]) -> str:
    """The text without the secrets, and without the password of any URL."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _URL_PASSWORD.sub(rf"\g<before>{HIDDEN}", text)
