"""Create the control schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("entity_id", sa.String(), nullable=False),
        sa.Column("old_values", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("new_values", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_log")),
        schema="control",
    )
    op.create_table(
        "clients",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("client_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'", name=op.f("ck_clients_slug")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_clients_currency")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_clients")),
        sa.UniqueConstraint("client_id", "currency", name=op.f("uq_clients_client_id_currency")),
        sa.UniqueConstraint("name", name=op.f("uq_clients_name")),
        schema="control",
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role in ('admin', 'analyst', 'client')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        schema="control",
    )
    op.create_table(
        "client_cpm_rates",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("cpm", sa.Numeric(precision=10, scale=4), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint("cpm > 0", name=op.f("ck_client_cpm_rates_cpm_positive")),
        sa.ForeignKeyConstraint(
            ["client_id", "currency"],
            ["control.clients.client_id", "control.clients.currency"],
            name=op.f("fk_client_cpm_rates_client_id_currency_clients"),
        ),
        sa.PrimaryKeyConstraint("client_id", "effective_date", name=op.f("pk_client_cpm_rates")),
        schema="control",
    )
    op.create_table(
        "client_source_settings",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("setting", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.CheckConstraint("source in ('surfside', 'vibe', 'facebook')", name=op.f("ck_client_source_settings_source")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_client_source_settings_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("client_id", "source", "setting", name=op.f("pk_client_source_settings")),
        schema="control",
    )
    op.create_table(
        "delivery_verdicts",
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column(
            "failures", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("judged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.CheckConstraint("source in ('surfside', 'vibe', 'facebook')", name=op.f("ck_delivery_verdicts_source")),
        sa.CheckConstraint("verdict in ('passed', 'held', 'released')", name=op.f("ck_delivery_verdicts_verdict")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_delivery_verdicts_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_delivery_verdicts")),
        schema="control",
    )
    op.create_table(
        "ingestion_runs",
        sa.Column("ingestion_run_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("covers_from", sa.Date(), nullable=True),
        sa.Column("covers_to", sa.Date(), nullable=True),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("delivery_id", sa.String(), nullable=True),
        sa.Column("rows_read", sa.BigInteger(), nullable=True),
        sa.Column("rows_accepted", sa.BigInteger(), nullable=True),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=True),
        sa.Column("rows_dropped", sa.BigInteger(), nullable=True),
        sa.Column(
            "warnings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dagster_run_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("is_resolved", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("source in ('surfside', 'vibe', 'facebook')", name=op.f("ck_ingestion_runs_source")),
        sa.CheckConstraint(
            "status in ('running', 'loaded', 'duplicate', 'refused', 'failed', 'held')",
            name=op.f("ck_ingestion_runs_status"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_ingestion_runs_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("ingestion_run_id", name=op.f("pk_ingestion_runs")),
        schema="control",
    )
    op.create_index(
        op.f("ix_ingestion_runs_client_id_source_started_at"),
        "ingestion_runs",
        ["client_id", "source", "started_at"],
        unique=False,
        schema="control",
    )
    op.create_index(
        op.f("ix_ingestion_runs_delivery_id"), "ingestion_runs", ["delivery_id"], unique=False, schema="control"
    )
    op.create_table(
        "uploaded_files",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("landed_path", sa.String(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supersede", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.String(), server_default="received", nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("delivery_id", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status in ('received', 'loaded', 'held', 'duplicate', 'refused', 'failed')",
            name=op.f("ck_uploaded_files_status"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_uploaded_files_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_uploaded_files")),
        schema="control",
    )
    op.create_index(op.f("ix_uploaded_files_sha256"), "uploaded_files", ["sha256"], unique=False, schema="control")
    op.create_index(op.f("ix_uploaded_files_status"), "uploaded_files", ["status"], unique=False, schema="control")
    op.create_table(
        "user_clients",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_user_clients_client_id_clients")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["control.users.user_id"], name=op.f("fk_user_clients_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("pk_user_clients")),
        schema="control",
    )
    op.create_table(
        "vibe_credentials",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("advertiser_id", sa.String(), nullable=False),
        sa.Column("api_key_encrypted", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_vibe_credentials_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_vibe_credentials")),
        schema="control",
    )
    op.create_table(
        "vibe_report_requests",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("report_id", sa.String(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status in ('created', 'done', 'error', 'expired', 'consumed')", name=op.f("ck_vibe_report_requests_status")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_vibe_report_requests_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_vibe_report_requests")),
        schema="control",
    )
    op.create_index(
        op.f("ix_vibe_report_requests_account_requested_at"),
        "vibe_report_requests",
        ["account", "requested_at"],
        unique=False,
        schema="control",
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_vibe_report_requests_account_requested_at"), table_name="vibe_report_requests", schema="control"
    )
    op.drop_table("vibe_report_requests", schema="control")
    op.drop_table("vibe_credentials", schema="control")
    op.drop_table("user_clients", schema="control")
    op.drop_index(op.f("ix_uploaded_files_status"), table_name="uploaded_files", schema="control")
    op.drop_index(op.f("ix_uploaded_files_sha256"), table_name="uploaded_files", schema="control")
    op.drop_table("uploaded_files", schema="control")
    op.drop_index(op.f("ix_ingestion_runs_delivery_id"), table_name="ingestion_runs", schema="control")
    op.drop_index(op.f("ix_ingestion_runs_client_id_source_started_at"), table_name="ingestion_runs", schema="control")
    op.drop_table("ingestion_runs", schema="control")
    op.drop_table("delivery_verdicts", schema="control")
    op.drop_table("client_source_settings", schema="control")
    op.drop_table("client_cpm_rates", schema="control")
    op.drop_table("users", schema="control")
    op.drop_table("clients", schema="control")
    op.drop_table("audit_log", schema="control")
