"""Facebook: upload → landing zone → `raw_facebook.ads_export`."""

from loaders.facebook.loading import load
from loaders.facebook.source import pending, receive, validate

__all__ = ["load", "pending", "receive", "validate"]
