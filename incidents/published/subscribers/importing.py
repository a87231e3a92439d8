"""Many addresses at once, in few statements: a list that was kept elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from ...kernel import clock, outbox
from ...kernel.database import db
from ..page_settings import page_settings
from ..public_ids import fresh_public_id
from . import invitations
from .choosing import Choice
from .letters import LINK, Letters
from .model import EMAIL, Subscriber, SubscriberComponent, fresh_token

_CHUNK = 500


@dataclass(frozen=True)
class Imported:
    """How many were new, and how many of those who were there already are confirmed by it."""

    new: int = 0
    confirmed: int = 0


def add_many(entries: Mapping[str, Choice], *, is_confirmed: bool, words: Letters) -> Imported:
    """Put these addresses (written as we keep them) on the list; what one that is there has chosen stays.

    ``is_confirmed`` is the word of somebody of ours that each of them agreed; without it each new one is asked, once. To do
    it again changes nothing.
    """
    new = confirmed = 0
    emails = list(entries)
    for start in range(0, len(emails), _CHUNK):
        chunk = emails[start : start + _CHUNK]
        added = _insert({email: entries[email] for email in chunk}, is_confirmed=is_confirmed)
        _choose({each.id: entries[each.email] for each in added})
        new += len(added)
        if is_confirmed:
            confirmed += _confirm(chunk)
        else:
            _ask(added, words)
    return Imported(new, confirmed)


def _insert(entries: Mapping[str, Choice], *, is_confirmed: bool) -> Sequence[Any]:
    now = clock.now()
    rows = [
        {
            "public_id": fresh_public_id(),
            "token": fresh_token(),
            "kind": EMAIL,
            "email": email,
            "all_components": choice.components is None,
            "hears_maintenance": choice.maintenance,
            "language": choice.language,
            "confirmed_at": now if is_confirmed else None,
            "asked_at": None if is_confirmed else now,
            "letters": 0 if is_confirmed else 1,
            "created_at": now,
            "updated_at": now,
        }
        for email, choice in entries.items()
    ]
    dialect: Any = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    written = (
        dialect.insert(Subscriber.__table__)
        .on_conflict_do_nothing(index_elements=["email"], index_where=text("email IS NOT NULL"))
        .returning(Subscriber.id, Subscriber.public_id, Subscriber.token, Subscriber.email, Subscriber.language)
    )
    # beside the statement: it takes longer to write five hundred rows into one than to insert them
    return db.session.execute(written, rows).all()


def _choose(choices: Mapping[int, Choice]) -> None:
    rows = [
        {"subscriber_id": number, "component_id": component}
        for number, choice in choices.items()
        for component in choice.components or ()
    ]
    if rows:
        db.session.execute(insert(SubscriberComponent), rows)


def _confirm(emails: Sequence[str]) -> int:
    """Those who were asked once and did not answer; not the ones that have just come."""
    silent = select(Subscriber.id).where(Subscriber.email.in_(emails), Subscriber.confirmed_at.is_(None))
    statement = update(Subscriber).where(Subscriber.id.in_(silent)).values(confirmed_at=clock.now())
    result: Any = db.session.execute(statement, execution_options={"synchronize_session": "fetch"})
    return int(result.rowcount)


def _ask(added: Sequence[Any], words: Letters) -> None:
    page, now = page_settings().name, clock.now().isoformat()
    letters = {
        language: words.please_confirm(page=page, address=LINK, language=language).payload("")
        for language in {each.language for each in added}
    }
    outbox.enqueue_each(
        [
            {
                "event": f"subscription/{each.public_id}/asked/{now}",
                "channel": EMAIL,
                "destination": each.email,
                "payload": _with_link(letters[each.language], invitations.address_of(each.id, each.token)),
            }
            for each in added
        ]
    )


def _with_link(letter: Mapping[str, Any], link: str) -> dict[str, Any]:
    """The words for this one; an address of ours needs no escaping."""
    filled = {name: value.replace(LINK, link) if isinstance(value, str) else value for name, value in letter.items()}
    return {name: value for name, value in filled.items() if name != "to"}
