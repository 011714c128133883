"""Files in a bucket: S3 object → landing zone → `raw_<source>.<rows>`."""
