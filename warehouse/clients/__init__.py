"""Clients: adding them, the rules for their files, their keys, where their creatives can be seen.

Who a client is, is looked up in `warehouse.control.lookup`; what a client pays stands in `warehouse.billing`.
"""
