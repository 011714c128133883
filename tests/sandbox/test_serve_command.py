"""`python -m sandbox serve` as a person runs it."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from sandbox.plan import MediaPlan
from sandbox.s3 import s3_client
from sandbox.serve import set_up_commands


def test_serve_prints_working_settings_and_ends_on_interrupt(tmp_path: Path) -> None:
    words = ("serve", "--days", "3", "--clients", "1", "--last-day", "2025-06-27", "--exports", str(tmp_path))
    command = [sys.executable, "-m", "sandbox", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("# Serving"):
                break
        exports = (line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
        settings = {name: shlex.split(value)[0] if value else "" for name, value in exports}
        bucket = s3_client(settings["AWS_ENDPOINT_URL"]).list_objects_v2(Bucket=settings["S3_BUCKET_NAME"])
        assert bucket["KeyCount"] == 3
        answer = httpx.post(f"{settings['VIBE_API_BASE_URL']}/create_async_report", json={})
        assert answer.status_code == 403
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert "paidmedia load vibe --from 2025-06-25 --to 2025-06-27" in lines
    assert len([line for line in lines if line.startswith("paidmedia upload ")]) == len(list(tmp_path.rglob("*-ads-*")))


def test_set_up_commands_name_every_rate_and_the_credentials(plan: MediaPlan) -> None:
    client = plan.clients[2]
    add, *rates, key = set_up_commands(client)
    assert add[:4] == ["paidmedia", "client", "add", "cafe-lumiere"]
    assert "surfside.campaign=Café Lumière Always On" in add
    assert len(rates) == len(client.rates) - 1
    assert client.api_key in key
