"""The stand-ins, running: an S3 bucket with report files, the Vibe API, and the settings that point at them.

The plan of a home is decided at its first run and kept, so that a second run finds the same world.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.plan import Client, MediaPlan
from warehouse.settings import Settings

BUCKET = "surfside-reports"
SEED = 7
DAYS = 60
POLL_SECONDS = 0.2  # the stand-in's report is ready at once: no reason to poll it as rarely as the real one


def remembered_plan(settings: Settings, days: int = DAYS) -> MediaPlan:
    """The plan of this home; made at the first call, `days` long and ending yesterday (UTC).

    Its file names the clients as well, for `paidmedia doctor`.
    """
    path = plan_file(settings)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    made: dict[str, Any] = {"seed": SEED, "days": days, "last_day": yesterday.isoformat()}
    kept = json.loads(path.read_text()) if path.exists() else made
    plan = MediaPlan.generate(seed=kept["seed"], days=kept["days"], last_day=date.fromisoformat(kept["last_day"]))
    if "clients" not in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(kept | {"clients": [client.client_id for client in plan.clients]}))
    return plan


def plan_file(settings: Settings) -> Path:
    """Where a home keeps its plan; missing where `make run` was never called."""
    return settings.paidmedia_home / "sandbox" / "plan.json"


@contextmanager
def running(plan: MediaPlan) -> Iterator[dict[str, str]]:
    """Start the stand-ins and yield an environment in which the product finds them."""
    from sandbox.s3 import s3_client, s3_server
    from sandbox.surfside import write_world
    from sandbox.vibe_api import vibe_api

    with s3_server() as endpoint, vibe_api(plan, min_poll_seconds=POLL_SECONDS) as api:
        write_world(plan, s3_client(endpoint), BUCKET)
        yield os.environ | {
            "S3_BUCKET_NAME": BUCKET,
            "S3_PREFIX": "/",  # the whole bucket, whatever .env says: an empty value would not override it
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "VIBE_API_BASE_URL": api.base_url,
            "VIBE_POLL_SECONDS": str(POLL_SECONDS),
        }


def write_exports(plan: MediaPlan, client: Client, folder: Path) -> list[Path]:
    """A client's Facebook exports as files in a folder of its own, oldest first."""
    from sandbox.facebook import exports

    folder = folder / client.client_id
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for export in exports(plan, client):
        path = folder / export.filename
        path.write_bytes(export.data)
        paths.append(path)
    return paths
