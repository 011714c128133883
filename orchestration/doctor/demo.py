"""The home of `make run`: its clients are made up, and what they are loaded from runs only beside `make serve`.

Its plan says which clients these are. A client or a source of one's own makes the home a real one: all is asked then.
"""

import json

from warehouse.control.lookup import list_clients
from warehouse.postgres import database
from warehouse.settings import Settings

OWN = {"database_url", "s3_bucket_name", "vibe_api_base_url", "vibe_api_key"}  # settings of a real installation
BESIDE = "runs beside make serve, or python -m sandbox exec -- COMMAND"


def is_demo(settings: Settings) -> bool:
    """Whether all that this home serves is made up, and nothing of one's own is set."""
    plan = settings.paidmedia_home / "sandbox" / "plan.json"
    if settings.model_fields_set & OWN or not plan.exists():
        return False
    made_up = set(json.loads(plan.read_text()).get("clients", ()))
    with database.session(settings) as current:
        return {client.client_id for client in list_clients(current, active_only=True)} <= made_up
