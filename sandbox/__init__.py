"""Stand-ins for the outside world over real protocols: sample plans with a known truth, S3, the Vibe API, a mail sink.

`make run` and the tests use them, production does not. Nothing here imports a loader or computes through the warehouse.
"""
