"""Rows that are only ever added."""

from __future__ import annotations

from alembic import op


def create() -> None:
    op.execute(_REFUSE)
    for ledger in ("consent", "identity_event", "audit"):
        op.execute(
            f"create trigger {ledger}_append_only before update or delete on {ledger} "
            "for each row execute function refuse_change()"
        )


# Two changes are lawful, and say so: erasing a person (GDPR 17; `set local hub.erasing = 'on'`), and consent that goes
# with customers who are made one, and back (`set local hub.merging = 'on'`), where nothing but whose it is may change.
_REFUSE = """
create function refuse_change() returns trigger language plpgsql as $$
begin
  if current_setting('hub.erasing', true) = 'on' then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  if tg_table_name = 'consent' and tg_op = 'UPDATE' and current_setting('hub.merging', true) = 'on'
    and to_jsonb(new) - 'customer_id' = to_jsonb(old) - 'customer_id' then
    return new;
  end if;
  raise exception '% is append-only: add a row instead', tg_table_name using errcode = 'restrict_violation';
end $$
"""
