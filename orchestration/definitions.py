"""The code location: everything below `orchestration/defs/`.

S3 file, report API, upload → raw_<source>/… (ingest) → expectations (raw_checks) → staging … marts (transform) → pages
"""

from pathlib import Path

import dagster as dg

from orchestration.lib.launcher import worker_executor


@dg.definitions
def defs() -> dg.Definitions:
    """Load `defs/`; every job runs in one process that can be seen to live."""
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent.parent),
        dg.Definitions(executor=worker_executor),
    )
