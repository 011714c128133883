"""Where messages go: a mail server, and whatever Apprise knows (Slack, Teams, …). A channel's name tells no secret.

Every `send` raises `NotSent` with one line, after `ALERT_TIMEOUT_SECONDS` at the latest where a server says nothing.
"""

import hashlib
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from ipaddress import ip_address
from typing import Protocol

from warehouse.alerts.messages import Message
from warehouse.secrets.redaction import alert_urls
from warehouse.settings import Settings

TLS_FROM_THE_START = 465


class NotSent(Exception):  # noqa: N818 – an outcome that callers name
    """The channel did not take the message; it may have taken it and failed to say so."""


class Channel(Protocol):
    """Somewhere to send a message to."""

    @property
    def name(self) -> str:
        """Its name in the outbox."""

    def send(self, message: Message) -> None:
        """Send one message. Raises `NotSent`."""


def configured(settings: Settings) -> list[Channel]:
    """The channels of the settings."""
    channels: list[Channel] = []
    if settings.smtp_host and settings.smtp_to:
        channels.append(Mail(settings))
    return channels + [Address(url, settings.alert_timeout_seconds) for url in alert_urls(settings)]


@dataclass(frozen=True)
class Mail:
    """The mail server of the settings. The password is sent over an encrypted connection only, or on this machine."""

    settings: Settings
    name: str = "mail"

    @property
    def _seconds(self) -> float:
        return self.settings.alert_timeout_seconds

    def send(self, message: Message) -> None:
        """Hand a message over to the server."""
        host = str(self.settings.smtp_host)
        try:
            with self._connected(host) as server:
                if self.settings.smtp_username:
                    server.login(self.settings.smtp_username, self.settings.smtp_password or "")
                server.send_message(self._mail(message))
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"mail server {host}:{self.settings.smtp_port}: {_line(error)}") from error

    def _connected(self, host: str) -> smtplib.SMTP:
        port = self.settings.smtp_port
        if port == TLS_FROM_THE_START:
            return smtplib.SMTP_SSL(host, port, timeout=self._seconds, context=ssl.create_default_context())
        server = smtplib.SMTP(host, port, timeout=self._seconds)
        try:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            elif self.settings.smtp_username and not _is_here(host):
                raise NotSent(f"mail server {host}:{port} offers no encryption, so it is not told the password")
        except BaseException:
            server.close()
            raise
        return server

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["To"] = str(self.settings.smtp_to)
        mail["From"] = sender = self.settings.smtp_from or str(self.settings.smtp_to).split(",")[0].strip()
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = f"<{message.message_id}@{sender.rpartition('@')[2].rstrip('>') or 'paidmedia'}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.body)
        return mail


@dataclass(frozen=True)
class Address:
    """One Apprise address. Its name holds a hash, for the address itself is a secret."""

    url: str = field(repr=False)
    seconds: float

    @property
    def name(self) -> str:
        """The service and a hash of the address."""
        return f"{self.url.partition(':')[0]}-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"

    def send(self, message: Message) -> None:
        """Hand a message over to Apprise."""
        import logging

        import apprise

        # Its words are in the error below; without a handler they would be printed as well.
        logging.getLogger("apprise").addHandler(logging.NullHandler())

        sender = apprise.Apprise()
        if not sender.add(self.url):
            raise NotSent(f"{self.name}: Apprise does not know such an address; see ALERT_URLS")
        kind = apprise.NotifyType.WARNING if message.is_bad else apprise.NotifyType.SUCCESS
        result = sender.notify(message.body, title=message.subject, notify_type=kind, timeout=self.seconds)
        if not result:
            words = " ".join(entry.message for entry in result.logs())
            raise NotSent(f"{self.name}: {' '.join((words or str(result.status)).split())[:500]}")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__
