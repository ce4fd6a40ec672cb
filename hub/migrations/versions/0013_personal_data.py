"""Personal data: people who were erased, and what bars their addresses"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Erasures with their certificates, barred addresses, and a trail whose details can be taken out."""
    _erasures()
    _addresses()
    _exports()
    op.add_column("audit", sa.Column("salt", sa.String(), server_default="", nullable=False))
    op.add_column("audit", sa.Column("said", sa.String(), server_default="", nullable=False))


def _erasures() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer()),
        sa.Column("asked_by_name", sa.String(), nullable=False),
        sa.Column("waits_for", sa.Integer(), nullable=False),
        sa.Column("rows", JSONB(none_as_null=True), nullable=False),
        sa.Column("remains", JSONB(none_as_null=True), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("shared_files", sa.Integer(), nullable=False),
        sa.Column("pending", JSONB(none_as_null=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    open_ = sa.text("state <> 'done'")
    op.create_index("erasure_open", "erasure", ["subject_id"], unique=True, postgresql_where=open_)
    op.create_index("erasure_subject", "erasure", ["subject_id"])


def _addresses() -> None:
    op.create_table(
        "erased_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("barred", JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "hash", name="erased_address_once"),
    )
    op.create_table(
        "erasure_salt",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("insert into erasure_salt values (1, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))")
    for statement in _BARS:
        op.execute(statement)


def _exports() -> None:
    op.create_table(
        "personal_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer()),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("parts", JSONB(none_as_null=True), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("problem", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_personal_export_customer_id", "personal_export", ["customer_id"])
    op.create_table("going_file", sa.Column("digest", sa.String(), primary_key=True))
    op.create_table(
        "audit_cut",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(), nullable=False),
    )


# By whichever way somebody gets an address: an import, a mail, a program, a merge that is taken back. What the erased
# person refused is their own word again, so that they can take it back themselves; the hash has done its work.
_BARS = (
    """
create function address_hash(address text) returns bytea language sql stable as $$
  select sha256(s.salt || convert_to(address, 'UTF8')) from erasure_salt s
$$
""",
    """
create function erased_people_stay_barred() returns trigger language plpgsql as $$
begin
  if not exists (select from erased_address) then return null; end if;
  with back as (
    delete from erased_address e using came i where e.kind = i.kind and e.hash = address_hash(i.value)
    returning i.customer_id, i.value, e.barred
  ), listed as (
    insert into suppression (kind, value, purpose, reason, source, at)
    select one ->> 'kind', b.value, one ->> 'purpose', one ->> 'reason', 'erased before', (one ->> 'at')::timestamptz
    from back b cross join jsonb_array_elements(b.barred) as one on conflict do nothing
  )
  insert into consent (customer_id, at, granted, wording, wording_version, source, evidence, topic)
  select distinct customer_id, now(), false, '', '', 'erased before', '', '' from back;
  return null;
end $$
""",
    """
create trigger erased_people_stay_barred after insert on identity
referencing new table as came for each statement execute function erased_people_stay_barred()
""",
)
