"""Keep every rate that was ever entered: a trigger copies each change of a rate, so that no writer can forget it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_cpm_rate_entries",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("cpm", sa.Numeric(10, 4), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_client_cpm_rate_entries_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_client_cpm_rate_entries")),
        schema="control",
    )
    op.create_index(
        op.f("ix_client_cpm_rate_entries_client_id"), "client_cpm_rate_entries", ["client_id"], schema="control"
    )
    op.execute(
        "insert into control.client_cpm_rate_entries"
        " (client_id, effective_date, cpm, currency, entered_at, entered_by)"
        " select client_id, effective_date, cpm, currency, created_at, created_by from control.client_cpm_rates"
        " order by created_at"
    )
    op.execute(
        """
        create function control.keep_cpm_rate_entry() returns trigger language plpgsql as $$
        begin
            if tg_op = 'DELETE' then
                insert into control.client_cpm_rate_entries
                    (client_id, effective_date, cpm, currency, entered_at, entered_by)
                values (old.client_id, old.effective_date, null, old.currency, now(), current_user);
                return old;
            end if;
            if tg_op = 'UPDATE' and old.effective_date <> new.effective_date then
                raise exception 'a rate does not move to another day: enter a new one';
            end if;
            insert into control.client_cpm_rate_entries
                (client_id, effective_date, cpm, currency, entered_at, entered_by)
            values (new.client_id, new.effective_date, new.cpm, new.currency, now(), new.created_by);
            return new;
        end
        $$
        """
    )
    op.execute(
        "create trigger keep_cpm_rate_entry after insert or update or delete on control.client_cpm_rates"
        " for each row execute function control.keep_cpm_rate_entry()"
    )


def downgrade() -> None:
    op.execute("drop trigger keep_cpm_rate_entry on control.client_cpm_rates")
    op.execute("drop function control.keep_cpm_rate_entry()")
    op.drop_table("client_cpm_rate_entries", schema="control")
