"""Backups of the warehouse, and the way back from them.

server ──pg_basebackup──► base/<label>   ┐
       ──log, every 60 s──► log/         ├─► a data folder as it was at any moment since ─► server
landing zone ──new files──► landing/     ┘

`store` is the folder of backups, `servers` whom they are taken of, `log` how the write-ahead log gets there, `taking`
and `expiry` a backup's life, `history` which backup leads to a moment, `restoring` and `in_place` the way back, `drill`
and `totals` the proof. `landed` copies the files. Decision 22 has the reasons.
"""
