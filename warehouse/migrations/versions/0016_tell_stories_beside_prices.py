"""Keep what a day's published story was told from beside what its published numbers rest on.

The tables are dbt's. Without this the next build would ask for a full refresh, because their columns change.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(_UPGRADE)


def downgrade() -> None:
    op.execute(_DOWNGRADE)


_UPGRADE = """
    do $$
    begin
        if to_regclass('intermediate.int_source_days__published') is null then
            return;
        end if;
        create table intermediate.int_restated_days__published (
            client_id text not null,
            source text not null,
            date date not null,
            client_name text not null,
            currency text not null,
            history_id text not null
        );
        insert into intermediate.int_restated_days__published
        select client_id, source, date, client_name, currency, history_id from intermediate.int_source_days__published;
        alter table intermediate.int_source_days__published drop column history_id;
    end $$
"""

# A history that is no longer known is told anew by the next build.
_DOWNGRADE = """
    do $$
    begin
        if to_regclass('intermediate.int_source_days__published') is null then
            return;
        end if;
        alter table intermediate.int_source_days__published add column history_id text not null default '';
        alter table intermediate.int_source_days__published alter column history_id drop default;
        update intermediate.int_source_days__published as days
        set history_id = stories.history_id
        from intermediate.int_restated_days__published as stories
        where
            days.client_id = stories.client_id and days.source = stories.source and days.date = stories.date;
        drop table intermediate.int_restated_days__published;
    end $$
"""
