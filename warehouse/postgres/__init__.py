"""Postgres, below every table of ours: the embedded server, connections, roles, locks, and proof that nobody sees more.

Here stands how the product talks to a server and what a role may do in it. What a table means stands above.
"""
