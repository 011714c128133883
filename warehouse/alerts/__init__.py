"""Everything that goes wrong reaches a person: one message when it begins, one when it is over.

what is wrong now (findings) → incidents → outbox → channels (mail, Apprise)

`note` compares what is wrong with what is open and writes down the messages, all in one transaction; `outbox.send`
sends what waits. Neither is done by the process of a load: `orchestration/defs/alerts.py` does both every minute.
"""
