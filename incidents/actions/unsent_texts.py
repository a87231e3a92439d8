"""Unsent texts: kept while somebody types, offered back to the same person, gone when they were sent or discarded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..records.people import Person
from ..records.unsent import KEPT_FOR, LONGEST_KEY, UnsentText

LONGEST = 300_000  # characters of one form: a paste of 100 kB that no update takes is still not lost
_MOST_OF_ONE_PERSON = 50
_PAGE = re.compile(r"[A-Za-z0-9_-]{8,32}")


def keep(
    person: Person,
    *,
    key: str,
    page: str,
    fields: Mapping[str, str],
    continues: int | None = None,
    continues_from: str = "",
) -> UnsentText | None:
    """Remember what stands in a form now. None where that form was sent meanwhile: its text is not unsent.

    ``continues`` is the row that the page was shown with, ``continues_from`` when that had been saved: as long as
    nobody wrote on in it, it becomes this page's own; else (another tab is alive) this page gets one beside it.
    """
    if not _PAGE.fullmatch(page) or not 0 < len(key) <= LONGEST_KEY:
        raise Malformed({"page": "This is no page of ours."})
    if sum(len(name) + len(value) for name, value in fields.items()) > LONGEST:
        raise Malformed({"fields": f"At most {LONGEST:,} characters are kept."})
    mine = _of_page(person, page)
    if mine is not None and mine.sent_at is not None:
        return None
    if mine is None:
        mine = _continued(person, key, continues, continues_from) or UnsentText(person_id=person.id)
        db.session.add(mine)
    mine.key, mine.page = key, page
    mine.fields, mine.saved_at = {name: value.replace("\x00", "") for name, value in fields.items()}, clock.now()
    db.session.flush()
    _leave_only_the_newest(person)
    return mine


def offered(person: Person, key: str) -> Sequence[UnsentText]:
    """What this person has not sent from that form, the newest first."""
    wanted = select(UnsentText).where(
        UnsentText.person_id == person.id,
        UnsentText.key == key,
        UnsentText.sent_at.is_(None),
        UnsentText.saved_at > clock.now() - KEPT_FOR,
    )
    return db.session.scalars(wanted.order_by(UnsentText.saved_at.desc(), UnsentText.id.desc())).all()


def discard(person: Person, unsent_id: int) -> None:
    """Forget one of them; nothing happens where it is another person's or gone."""
    db.session.execute(delete(UnsentText).where(UnsentText.id == unsent_id, UnsentText.person_id == person.id))


def mark_sent(
    person: Person, *, key: str, page: str, fields: Mapping[str, str], continues: int | None, continues_from: str
) -> None:
    """The form was sent: its text never comes back, not by a late save of its page either.

    Where another tab went on with the text that this page began with, that tab's words stay.
    """
    now = clock.now()
    sent = _continued(person, key, continues, continues_from)
    same = [each.id for each in offered(person, key) if _says_no_more(each.fields, fields)]
    gone = [UnsentText.id.in_([*same, *([sent.id] if sent else [])]), UnsentText.saved_at < now - KEPT_FOR]
    if _PAGE.fullmatch(page):
        gone.append(UnsentText.page == page)
    db.session.execute(delete(UnsentText).where(UnsentText.person_id == person.id, or_(*gone)))
    if _PAGE.fullmatch(page):
        db.session.add(
            UnsentText(person_id=person.id, key=key[:LONGEST_KEY], page=page, fields={}, saved_at=now, sent_at=now)
        )


def _of_page(person: Person, page: str) -> UnsentText | None:
    wanted = select(UnsentText).where(UnsentText.person_id == person.id, UnsentText.page == page)
    return db.session.scalars(wanted).one_or_none()


def _continued(person: Person, key: str, unsent_id: int | None, saved_at: str) -> UnsentText | None:
    found = db.session.get(UnsentText, unsent_id) if unsent_id is not None else None
    if found is None or found.person_id != person.id or found.key != key or found.sent_at is not None:
        return None
    return found if stamp(found.saved_at) == saved_at else None


def _says_no_more(kept: Mapping[str, str], sent: Mapping[str, str]) -> bool:
    """Whether every text of the kept form went out with the sent one: an untouched copy in another tab."""
    texts = {name: value.strip() for name, value in kept.items() if name == "body" or len(value) > 20}
    return bool(texts) and all(sent.get(name, "").strip() == value for name, value in texts.items())


def _leave_only_the_newest(person: Person) -> None:
    kept = select(UnsentText.id).where(UnsentText.person_id == person.id).order_by(UnsentText.saved_at.desc())
    newest = db.session.scalars(kept.limit(_MOST_OF_ONE_PERSON)).all()
    if len(newest) == _MOST_OF_ONE_PERSON:
        db.session.execute(delete(UnsentText).where(UnsentText.person_id == person.id, UnsentText.id.not_in(newest)))


def stamp(saved_at: datetime) -> str:
    """When it was saved, as a form carries it."""
    return saved_at.isoformat()
