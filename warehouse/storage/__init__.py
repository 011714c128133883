"""Where files lie: a folder, or a bucket of S3 below a prefix. Both answer the same calls.

address (/data/landing | s3://bucket/prefix) ─► places.place ─► Folder | Bucket ─► files by key

A key is names joined by "/", relative to the place: whoever remembers keys finds every file after the place has moved.
What a file is, and under which key it lies, is decided above: `deliveries.landing`, `retention`, `backup`.
"""
