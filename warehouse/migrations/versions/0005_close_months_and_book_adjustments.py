"""Close months, book adjustments of their spend, and keep a closed month's price whoever writes a rate."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "client_cpm_rates",
        sa.Column("is_agreed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        schema="control",
    )
    op.add_column("client_cpm_rates", sa.Column("agreed_cpm", sa.Numeric(10, 4), nullable=True), schema="control")
    op.create_check_constraint(
        op.f("ck_client_cpm_rates_agreed_cpm"),
        "client_cpm_rates",
        "agreed_cpm is null or (is_agreed and agreed_cpm > 0)",
        schema="control",
    )
    _create_closed_periods()
    _create_spend_adjustments()
    op.execute(
        """
        create function control.keep_closed_prices() returns trigger language plpgsql as $$
        declare
            its_client text := case when tg_op = 'DELETE' then old.client_id else new.client_id end;
            first_day date := case when tg_op = 'DELETE' then old.effective_date else new.effective_date end;
            price_now numeric;
            price_then numeric;
            next_day date;
        begin
            select rates.cpm into price_now from control.client_cpm_rates as rates
            where rates.client_id = its_client and rates.effective_date <= first_day
            order by rates.effective_date desc limit 1;
            select rates.cpm into price_then from control.client_cpm_rates as rates
            where rates.client_id = its_client and rates.effective_date < first_day
            order by rates.effective_date desc limit 1;
            select min(rates.effective_date) into next_day from control.client_cpm_rates as rates
            where rates.client_id = its_client and rates.effective_date > first_day;
            if tg_op <> 'DELETE' then
                price_then := new.cpm;
            end if;
            if price_now is distinct from price_then and exists (
                select from control.closed_periods as closed
                where
                    closed.client_id = its_client
                    and closed.month < coalesce(next_day, 'infinity')
                    and closed.month + interval '1 month' > first_day
            ) then
                raise exception 'the rate of % from % would change the price of a closed month', its_client, first_day
                    using errcode = 'check_violation';
            end if;
            return case when tg_op = 'DELETE' then old else new end;
        end
        $$
        """
    )
    op.execute(
        "create trigger keep_closed_prices before insert or update or delete on control.client_cpm_rates"
        " for each row execute function control.keep_closed_prices()"
    )


def _create_closed_periods() -> None:
    op.create_table(
        "closed_periods",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("impressions", sa.BigInteger(), nullable=False),
        sa.Column("spend", sa.Numeric(24, 7), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_closed_periods_month")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_closed_periods_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("client_id", "month", name=op.f("pk_closed_periods")),
        schema="control",
    )


def _create_spend_adjustments() -> None:
    op.create_table(
        "spend_adjustments",
        sa.Column("adjustment_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("for_month", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(24, 7), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("cpm", sa.Numeric(10, 4), nullable=True),
        sa.Column("effective_date", sa.Date(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_spend_adjustments_amount")),
        sa.CheckConstraint("extract(day from for_month) = 1", name=op.f("ck_spend_adjustments_for_month")),
        sa.ForeignKeyConstraint(
            ["client_id", "currency"],
            ["control.clients.client_id", "control.clients.currency"],
            name=op.f("fk_spend_adjustments_client_id_clients"),
        ),
        sa.PrimaryKeyConstraint("adjustment_id", name=op.f("pk_spend_adjustments")),
        schema="control",
    )
    op.create_index(
        op.f("ix_spend_adjustments_client_id_for_month"),
        "spend_adjustments",
        ["client_id", "for_month"],
        schema="control",
    )


def downgrade() -> None:
    op.execute("drop trigger keep_closed_prices on control.client_cpm_rates")
    op.execute("drop function control.keep_closed_prices()")
    op.drop_table("spend_adjustments", schema="control")
    op.drop_table("closed_periods", schema="control")
    op.drop_constraint(op.f("ck_client_cpm_rates_agreed_cpm"), "client_cpm_rates", type_="check", schema="control")
    op.drop_column("client_cpm_rates", "agreed_cpm", schema="control")
    op.drop_column("client_cpm_rates", "is_agreed", schema="control")
