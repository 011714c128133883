"""The admin half of the `paidmedia` command: database, clients, rates, credentials, users, status, release.

Commands parse, call one service and print. Heavy imports stay inside them: `paidmedia --help` has half a second.
"""
