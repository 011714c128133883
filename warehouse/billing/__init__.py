"""What a client pays for a day: rates, closed months, adjustments, and what a change of them would do.

Prices and days only; who a client is comes from `warehouse.control`. What is delivered changes nothing here.
"""
