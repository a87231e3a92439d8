"""Roles and cause categories of the team's own."""

from __future__ import annotations

from sqlalchemy import select

from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..policy.lifecycle import Cause
from ..records.actors import Actor
from ..records.incidents import Incident, IncidentRole
from ..records.matrix import TeamWord
from . import audit, journal


def add(kind: str, *, label: str, by: Actor) -> TeamWord:
    """Add a role or a cause category of the team's own."""
    label = journal.name(label, field="label", sentence="Give it a name.", longest=80)
    slug = "".join(character if character.isalnum() else "_" for character in label.lower()).strip("_")[:40]
    if not slug or not slug.isascii():
        raise Malformed({"label": "Use letters from a to z and digits."})
    ours = {"role": ("commander", "communications_lead", "scribe"), "cause": tuple(Cause)}[kind]
    taken = select(TeamWord).where(TeamWord.kind == kind, TeamWord.slug == slug)
    if slug in ours or db.session.scalars(taken).one_or_none():
        raise NotAllowed("This one exists already.")
    word = TeamWord(kind=kind, slug=slug, label=label)
    db.session.add(word)
    audit.note(f"added the {kind}", by=by, subject=label)
    db.session.flush()
    return word


def remove(word: TeamWord, *, by: Actor) -> None:
    """Take back a role or cause that no incident ever used. Raises NotAllowed once one has: history keeps its words."""
    used = IncidentRole.role if word.kind == "role" else Incident.cause
    if db.session.scalar(select(used).where(used == word.slug).limit(1)) is not None:
        raise NotAllowed(f"{word.label} stands in an incident and stays, so that history keeps its words.")
    audit.note(f"removed the {word.kind}", by=by, subject=word.label)
    db.session.delete(word)
