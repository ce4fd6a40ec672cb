"""Words are found without accents and across alphabets"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Words without their accents, names in Latin letters; see docs/decisions, "Search without diacritics"."""
    for statement in (_PLAIN_WORDS, _LATIN_WORDS, "create extension if not exists pg_trgm", *_FOUND_BY):
        op.execute(statement)


# Letters that carry no mark of their own in Unicode, then the marks that decomposition sets free.
_UNMARKED, _PLAIN = "łøđħıŧŁØĐĦŦ", "lodhitLODHT"
_MARKS = "".join(
    map(chr, (*range(0x300, 0x305), *range(0x306, 0x309), *range(0x30A, 0x30D), 0x323, *range(0x326, 0x329)))
)
# What joins words is a space: of `FV/118/2026`, `ana@nowak.example` and `co-op` each part is found.
_PLAIN_WORDS = f"""
create function plain_words(words text) returns text immutable strict parallel safe language sql return
translate(
  case when octet_length(words) = length(words) then words
  else replace(translate(normalize(words, nfkd), '{_UNMARKED}{_MARKS}', '{_PLAIN}'), 'ß', 'ss') end,
  '@./-_', '     ')
"""
_CYRILLIC, _LETTERS = "абвгдезиклмнопрстуфхъыэіьjyw", "abvgdeziklmnoprstufhaiei"
_SYLLABLES = (
    *(("ж", "zh"), ("ц", "ts"), ("ч", "ch"), ("ш", "sh"), ("щ", "sht"), ("ю", "iu"), ("я", "ia")),
    *(
        ("sz", "sh"),
        ("cz", "ch"),
        ("shch", "sht"),
        ("kh", "h"),
        ("j", "i"),
        ("y", "i"),
        ("w", "v"),
        ("ii", "i"),
        ("ii", "i"),
    ),
)


def _latin() -> str:
    """Names as they sound, whichever alphabet and spelling they are written in: Юлия, Yulia and Julia are one."""
    spelt = f"translate(lower(plain_words(words)), '{_CYRILLIC[:-3]}', '{_LETTERS}')"
    for one, other in _SYLLABLES:
        spelt = f"replace({spelt}, '{one}', '{other}')"
    return spelt


_LATIN_WORDS = (
    "create function latin_words(words text) returns text immutable strict parallel safe language sql return "
    + _latin()
)
_FOUND_BY = (
    "alter table interaction add column search tsvector generated always as ("
    "case when origin in ('customer', 'agent', 'api') then to_tsvector('simple'::regconfig, "
    "plain_words(left(coalesce(subject, '') || ' ' || coalesce(body_text, ''), 100000))) end) stored",
    "create index interaction_search on interaction using gin (search) with (gin_pending_list_limit = 256) "
    "where search is not null",
    "create index interaction_words on interaction (id) where search is not null",
    "alter table conversation add column search tsvector generated always as "
    "(to_tsvector('simple'::regconfig, plain_words(subject))) stored",
    "create index conversation_search on conversation using gin (search) with (gin_pending_list_limit = 256)",
    "create index conversation_standing on conversation (channel) include (state, assignee_id, due_at) "
    "where state <> 'resolved'",
    "create index conversation_tagged on conversation (id) where state <> 'resolved' and labels <> '{}'",
    "create index interaction_by on interaction (staff_id, id) where staff_id is not null and search is not null",
    "create index conversation_latest on conversation (last_at desc, id desc)",
    "create index attachment_search on attachment using gin (to_tsvector('simple'::regconfig, plain_words(name))) "
    "with (gin_pending_list_limit = 256) where not inline",
    "alter table customer add column latin text not null generated always as (latin_words(name)) stored",
    "create index customer_latin on customer using gin (latin gin_trgm_ops)",
    "create index identity_part on identity using gin (value gin_trgm_ops)",
    "create index customer_labels on customer using gin (labels)",
)
