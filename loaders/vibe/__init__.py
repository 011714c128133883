"""Vibe: asynchronous API report → landing zone → `raw_vibe.performance_report`."""

from loaders.vibe.loading import load

__all__ = ["load"]
