"""What the roles of the escalation policy resolve to: people, rotations, groups, or another role."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import func, select

from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..policy.escalation import ON_CALL
from ..records.actors import Actor
from ..records.oncall import NAME_LENGTH, OnCallRole
from . import audit, journal
from .oncall import ON_CALL_ENGINEER, ROLES, problem_with, words_of_role
from .rotations import who_uses

MOST_WORDS = 50
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def assign(slug: str, *, by: Actor, tell: Sequence[str], label: str | None = None) -> OnCallRole:
    """Say whom a role means; no words at all: nobody. A role that was not there is added as the team's own.

    Raises Malformed (``role``, ``label``, and such as ``tell/0``) for a word that means nothing and for a circle.
    """
    if not _SLUG.fullmatch(slug):
        raise Malformed({"role": "Name a role with letters from a to z, digits and _."})
    _check(slug, tell)
    row = db.session.get(OnCallRole, slug)
    if row is None:
        row = OnCallRole(slug=slug, label=ROLES.get(slug, _in_words(slug)), position=_behind_all())
        db.session.add(row)
    if label is not None:
        row.label = journal.name(label, field="label", sentence="Give the role a name.", longest=NAME_LENGTH)
    row.tell = [*dict.fromkeys(tell)]
    audit.note("assigned the role", by=by, subject=row.label, tell=row.tell)
    db.session.flush()
    return row


def remove(slug: str, *, by: Actor) -> None:
    """Take back a role of the team's own. Raises NotAllowed for the manual's three, and while it is used."""
    row = db.session.get(OnCallRole, slug)
    if slug in ROLES:
        raise NotAllowed(f"{ROLES[slug]} stands in the escalation policy and stays.")
    if row is None:
        return
    users = who_uses(f"role:{slug}")
    if users:
        raise NotAllowed(f"{row.label} is used by {' and '.join(users)}. Choose another there first.")
    audit.note("removed the role", by=by, subject=row.label)
    db.session.delete(row)
    db.session.flush()


def _check(slug: str, tell: Sequence[str]) -> None:
    if len(tell) > MOST_WORDS:
        raise Malformed({"tell": f"Use at most {MOST_WORDS}."})
    problems = {f"tell/{place}": wrong for place, word in enumerate(tell) if (wrong := _wrong(slug, word))}
    if problems:
        raise Malformed(problems)


def _wrong(slug: str, word: str) -> str | None:
    wrong = problem_with(word)
    if wrong is None and slug in _reached_from(word, frozenset()):
        return "This role leads back to the one that you are assigning."
    return wrong


def _reached_from(word: str, above: frozenset[str]) -> frozenset[str]:
    """The roles that a word leads to, itself among them."""
    slug = ON_CALL_ENGINEER if word == ON_CALL else word.removeprefix("role:") if word.startswith("role:") else None
    if slug is None or slug in above:
        return above
    for each in words_of_role(slug):
        above = _reached_from(each, above | {slug})
    return above | {slug}


def _behind_all() -> int:
    last = db.session.scalar(select(func.max(OnCallRole.position)))
    return 0 if last is None else last + 1


def _in_words(slug: str) -> str:
    return slug.replace("_", " ").strip().capitalize() or slug
