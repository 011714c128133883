"""The code location: everything below `orchestration/defs/`.

S3 file, Vibe API, upload → raw_<source>/… (ingest) → expectations (raw_checks) → staging … marts (transform) → pages
"""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Load `defs/`; steps of a run share one process, because starting one costs more than most steps take."""
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent.parent),
        dg.Definitions(executor=dg.in_process_executor),
    )
