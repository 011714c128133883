"""What was delivered and what became of it: verdicts, rejected rows, uploads, what replaced what, what failed.

Questions and decisions about deliveries that are there. How one comes in stands in `loaders`.
"""
