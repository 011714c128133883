"""The dead man's switch: after each look `HEARTBEAT_URL` is asked, and the service behind it tells people of silence.

Alerts are looked for by a sensor of Dagster's daemon; that this one is dead, nobody inside can tell.
"""

import logging

from warehouse.secrets.redaction import redacted, secrets_of
from warehouse.settings import Settings

LONGEST_SECONDS = 5.0  # to connect, and again to be answered: a sensor has a minute, and the outbox may take 40 s


def beat(settings: Settings) -> str | None:
    """Ask it once. None where it has answered well or is not set, else one line why not, without its secrets."""
    if settings.heartbeat_url is None:
        return None
    import httpx

    seconds = min(LONGEST_SECONDS, settings.alert_timeout_seconds)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # below that it writes the address
    try:
        # A redirect is not followed: where it leads is another's, and a page for a log-in would answer well.
        with httpx.stream("GET", settings.heartbeat_url, timeout=seconds, follow_redirects=False) as answer:
            return None if answer.is_success else f"HEARTBEAT_URL answered {answer.status_code}"
    except Exception as error:  # whatever it is, alerts go on
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        return redacted(f"HEARTBEAT_URL: {reason}", secrets_of(settings))
