"""Surfside: S3 object → landing zone → `raw_surfside.media_report`."""

from loaders.surfside.loading import load

__all__ = ["load"]
