"""How many days of a delivery a newer one gives now, in SQL: shared by the questions about deliveries."""

# To be joined laterally to `raw_{source}.deliveries as deliveries`. A day is replaced when a whole delivery that builds
# read, and that comes later in the order in which deliveries win, declares it too.
REPLACED_DAYS = """
    (
        select
            count(*) as days,
            count(*) filter (
                where exists (
                    select 1
                    from raw_{source}.delivery_days as theirs
                    inner join raw_{source}.deliveries as newer on theirs.delivery_id = newer.delivery_id
                    inner join raw_{source}._dlt_loads as whole
                        on newer._dlt_load_id = whole.load_id and whole.status = 0
                    inner join control.delivery_verdicts as allowed
                        on newer.delivery_id = allowed.delivery_id and allowed.verdict in ('passed', 'released')
                    where
                        theirs.client_id = mine.client_id
                        and theirs.date = mine.date
                        and (newer.as_of, newer.delivered_at, newer.delivery_id)
                        > (deliveries.as_of, deliveries.delivered_at, deliveries.delivery_id)
                )
            ) as replaced_days
        from raw_{source}.delivery_days as mine
        where mine.delivery_id = deliveries.delivery_id
    )
"""
