"""Greetings: occasions of every kind, one a day, and what is left out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# The days of the year that attributes hold dates of, each with its attribute: "since=05-12".
_ATTRIBUTE_DATES = """
create function attribute_dates(attributes jsonb) returns text[] immutable strict parallel safe language sql return (
  select coalesce(array_agg(key || '=' || substr(value, 6, 5)), '{}')
  from jsonb_each_text(attributes) where value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}')
"""


def upgrade() -> None:
    for column in (
        sa.Column("kind", sa.String(), nullable=False, server_default="birthday"),
        sa.Column("title", sa.String(), nullable=False, server_default=""),
        sa.Column("rule", JSONB(none_as_null=True), nullable=False, server_default="{}"),
        sa.Column("keepers", sa.ARRAY(sa.String()), nullable=False, server_default="{}"),
    ):
        op.add_column("occasion", column)
    op.add_column("customer", sa.Column("culture", sa.String(), nullable=True))
    op.drop_index("customer_birthday", "customer")
    keeps = ["id", "birth_year", "culture", "country"]
    op.create_index("customer_birthday", "customer", ["birth_month", "birth_day"], postgresql_include=keeps)
    called = sa.text("latin_words(split_part(coalesce(nullif(given_name, ''), name), ' ', 1))")
    op.create_index("customer_called", "customer", [called, sa.text("coalesce(culture, country)")])
    op.execute(_ATTRIBUTE_DATES)
    op.create_index(
        "customer_dates",
        "customer",
        [sa.text("attribute_dates(attributes)")],
        postgresql_using="gin",
        postgresql_where=sa.text("attributes <> '{}'::jsonb"),
    )
    op.execute(
        "insert into occasion (name, template, enabled, at_hour, late_days, leap_day) "
        "values ('birthday', 'birthday', true, '10:00', 2, 'february') on conflict do nothing"
    )
    op.execute("update schedule set name = 'greetings' where name = 'birthdays'")
    _greetings()
    _skips()


def _greetings() -> None:
    op.create_table(
        "greeting",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("occasion_id", sa.Integer(), nullable=True),
        sa.Column("kept", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("birthday_of", sa.SmallInteger(), nullable=True),
        sa.Column("years", sa.SmallInteger(), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("interaction_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_id", "day", name="greeting_a_day"),
        sa.UniqueConstraint("customer_id", "kept", name="greeting_of_a_day"),
    )
    born = sa.text("birthday_of is not null")
    op.create_index(
        "greeting_of_a_year", "greeting", ["customer_id", "birthday_of"], unique=True, postgresql_where=born
    )
    for statement in _LIGHT:
        op.execute(statement)


# A feast greets everybody at once. As in the log (0003_dispatch), who writes them has joined them with their customers
# beside nobody who deletes; whoever is deleted takes them along.
_LIGHT = (
    """
create function greetings_go_with_their_customers() returns trigger language plpgsql as $$
begin
  delete from greeting where customer_id in (select id from gone);
  return null;
end $$
""",
    """
create trigger greetings_go_with_their_customers after delete on customer
referencing old table as gone for each statement execute function greetings_go_with_their_customers()
""",
    """
create function greetings_forget_their_occasion() returns trigger language plpgsql as $$
begin
  update greeting set occasion_id = null where occasion_id in (select id from gone);
  return null;
end $$
""",
    """
create trigger greetings_forget_their_occasion after delete on occasion
referencing old table as gone for each statement execute function greetings_forget_their_occasion()
""",
)


def _skips() -> None:
    op.create_table(
        "greeting_look",
        sa.Column("occasion_id", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("empty", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["occasion_id"], ["occasion.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("occasion_id"),
    )
    op.create_table(
        "greeting_skip",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("occasion_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["occasion_id"], ["occasion.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_id", "occasion_id", "day", name="greeting_skip_once"),
    )
