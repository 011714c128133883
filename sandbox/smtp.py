"""A mail server that keeps what it is sent, for alerts, and can be slow and fail."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it was handed over: envelope and content."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """The plain-text body."""
        body = self.message.get_body(preferencelist=("plain",))
        return "" if body is None else str(body.get_content())


@dataclass
class Mailbox:
    """The sink's address and its messages, oldest first. `answer` other than 250 refuses one, `seconds` late."""

    host: str = "127.0.0.1"
    port: int = 0
    messages: list[Mail] = field(default_factory=list)
    answer: str = "250 Message accepted"
    seconds: float = 0.0

    def wait_for(self, number: int, seconds: float = 10.0) -> list[Mail]:
        """The messages once there are that many. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while len(self.messages) < number:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.messages)} of {number} messages came within {seconds:g} s")
            time.sleep(0.02)
        return list(self.messages)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one message."""
        answer = self.answer  # of now: a late answer is not that of a better day
        await asyncio.sleep(self.seconds)
        if not answer.startswith("250"):
            return answer
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(Mail(envelope.mail_from, tuple(envelope.rcpt_tos), message))
        return answer


@contextmanager
def smtp_sink(port: int = 0) -> Iterator[Mailbox]:
    """Accept mail on a port of 127.0.0.1, a free one if none is named, until the block ends."""
    from aiosmtpd.controller import Controller

    class OnAFreePort(Controller):  # type: ignore[misc]  # aiosmtpd has no types
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    mailbox = Mailbox()
    controller = OnAFreePort(mailbox, hostname=mailbox.host, port=port)
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()
