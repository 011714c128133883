"""Remember what is wrong and who was told, and of each failed attempt what kind of fault it was."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FAULTS = (
    "'failed_run', 'missing_file', 'rejects_above_threshold', 'failed_check', 'stale_source', 'missing_cpm_rate',"
    " 'vibe_budget_exhausted', 'source_unreachable'"
)


def upgrade() -> None:
    op.add_column("ingestion_runs", sa.Column("fault", sa.String(), nullable=True), schema="control")
    op.create_check_constraint(
        op.f("ck_ingestion_runs_fault"), "ingestion_runs", f"fault in ({FAULTS})", schema="control"
    )
    op.create_table(
        "alert_incidents",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("fix", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"kind in ({FAULTS})", name=op.f("ck_alert_incidents_kind")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_alert_incidents")),
        schema="control",
    )
    op.create_index(
        "uq_alert_incidents_open",
        "alert_incidents",
        ["kind", "subject"],
        unique=True,
        schema="control",
        postgresql_where=sa.text("cleared_at is null"),
    )
    op.create_table(
        "alert_outbox",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("news", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint("news in ('opened', 'cleared')", name=op.f("ck_alert_outbox_news")),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["control.alert_incidents.incident_id"],
            name=op.f("fk_alert_outbox_incident_id_alert_incidents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alert_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_alert_outbox_message_id")),
        sa.UniqueConstraint("incident_id", "channel", "news", name=op.f("uq_alert_outbox_incident_id_channel_news")),
        schema="control",
    )
    op.create_index(
        "ix_alert_outbox_waiting",
        "alert_outbox",
        ["next_attempt_at"],
        schema="control",
        postgresql_where=sa.text("sent_at is null"),
    )


def downgrade() -> None:
    op.drop_table("alert_outbox", schema="control")
    op.drop_table("alert_incidents", schema="control")
    op.drop_column("ingestion_runs", "fault", schema="control")
