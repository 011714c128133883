"""The ground floor: settings, Postgres, the `control` schema, the landing zone and the services that write them.

Everything that more than one room needs and that is neither loading, modelling, scheduling nor showing belongs here.
"""
