"""The three sources as tests use them: what loads each, and its columns."""

from loaders.registry import columns_of
from loaders.transports import day_loader, upload_loader

surfside, vibe, facebook = day_loader("surfside"), day_loader("vibe"), upload_loader("facebook")
SURFSIDE, VIBE, FACEBOOK = columns_of("surfside"), columns_of("vibe"), columns_of("facebook")
