"""The mail sink keeps what a real mail client hands over."""

import smtplib
from email.message import EmailMessage

import pytest

from sandbox.smtp import smtp_sink


def test_a_sent_message_is_kept_with_its_envelope() -> None:
    message = EmailMessage()
    message["Subject"] = "Harbor & Pine: Café report late"
    message["From"], message["To"] = "warehouse@example.com", "team@example.com"
    message.set_content("No file for 2025-06-27.\n")
    with smtp_sink() as mailbox:
        with smtplib.SMTP(mailbox.host, mailbox.port) as client:
            client.send_message(message)
        (mail,) = mailbox.wait_for(1)
    assert (mail.sender, mail.recipients) == ("warehouse@example.com", ("team@example.com",))
    assert mail.subject == "Harbor & Pine: Café report late"
    assert mail.text.strip() == "No file for 2025-06-27."


def test_waiting_for_mail_that_does_not_come_ends() -> None:
    with smtp_sink() as mailbox, pytest.raises(TimeoutError, match="0 of 1 messages"):
        mailbox.wait_for(1, seconds=0.1)
