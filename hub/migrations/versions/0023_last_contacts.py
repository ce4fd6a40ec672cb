"""When customers were last in contact, kept beside the log"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "last_contact",
        sa.Column("customer_id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, sa.Uuid()) for name in ("contact", "word", "call")),
        postgresql_with={"fillfactor": 80},  # the latest of a customer takes the place of the one before
    )
    op.create_table(
        "last_contact_until",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("until", sa.Uuid(), nullable=False),
        sa.Column("wanted", sa.Uuid()),
        sa.Column("writers", sa.BigInteger()),
    )
    op.create_table(
        "stale_contact",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
    )
    for statement in (_STALE, *_TRIGGERS):
        op.execute(statement)


# Nothing waits for anybody here, and nothing is made unique: whoever writes about the same customers in another order
# would stand in the way.
_STALE = """
create function last_contact_goes_stale() returns trigger language plpgsql as $$
begin
  insert into stale_contact (customer_id)
  select distinct who from (values (old.customer_id), (new.customer_id)) as t(who) where who is not null;
  return null;
end $$
"""
# What is younger than six hours has not been read yet (`hub.segments.rolling_up`): messages are written and leave
# without any of this. The clock is the moment's, not the transaction's.
_OLD = """(lpad(to_hex((extract(epoch from clock_timestamp() - interval '6 hours') * 1000)::bigint), 12, '0')
  || '00000000000000000000')::uuid"""
_NEVER_LEFT = "in ('withheld', 'expired', 'cancelled', 'queued')"
_TRIGGERS = (
    f"""
create trigger last_contact_is_added after insert on interaction for each row
when ((new.direction = 'in' or new.state not {_NEVER_LEFT}) and new.id < {_OLD})
execute function last_contact_goes_stale()
""",
    f"""
create trigger last_contact_is_changed after update of customer_id, direction, kind, origin, state, auto on interaction
for each row when ((new.customer_id <> old.customer_id or (new.state {_NEVER_LEFT}) <> (old.state {_NEVER_LEFT})
  or new.direction <> old.direction or new.kind is distinct from old.kind or new.origin <> old.origin
  or new.auto <> old.auto) and new.id < {_OLD})
execute function last_contact_goes_stale()
""",
    f"""
create trigger last_contact_is_gone after delete on interaction for each row
when ((old.direction = 'in' or old.state not {_NEVER_LEFT}) and old.id < {_OLD})
execute function last_contact_goes_stale()
""",
)
