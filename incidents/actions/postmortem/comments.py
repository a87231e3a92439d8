"""Comments beside a post-mortem's sections: written, mended by whoever wrote them, settled and opened again by anybody."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...policy.postmortems import SectionName
from ...records.actors import Actor
from ...records.postmortem_writing import PostmortemComment
from ...records.postmortems import Postmortem
from .. import journal
from . import mentions

LONGEST = 5000  # characters
_TWICE_WITHIN = timedelta(minutes=1)


def add_comment(postmortem: Postmortem, section: str, *, body: str, by: Actor) -> PostmortemComment:
    """Say something about a section; whoever it names with an @ is told. It changes no section's version.

    The same words again within a minute are a form that was sent twice.
    """
    if section not in list(SectionName) or section == SectionName.RCA_PUBLIC:
        raise Malformed({"section": "Choose the section that it is about."})
    text = journal.words(body, field="comment", sentence="Write what you have to say.", longest=LONGEST)
    known = _said_just_now(postmortem, section, text, by=by)
    if known is not None:
        return known
    comment = PostmortemComment(
        postmortem_id=postmortem.id,
        section=section,
        body=text,
        at=clock.now(),
        by_kind=by.kind,
        by_id=by.id,
        by_name=by.name,
    )
    db.session.add(comment)
    db.session.flush()
    mentions.tell(postmortem, _place(comment), comment.body, by=by)
    return comment


def edit_comment(comment: PostmortemComment, *, body: str, by: Actor) -> None:
    """Other words in place of one's own; whoever they name anew is told. Raises NotAllowed for another's."""
    if not comment.is_by(by.kind, by.id):
        raise NotAllowed(f"{comment.by_name} wrote this. Answer with a comment of your own.")
    text = journal.words(body, field="comment", sentence="Write what you have to say.", longest=LONGEST)
    if text == comment.body:
        return
    before, comment.body, comment.edited_at = comment.body, text, clock.now()
    mentions.tell(db.session.get_one(Postmortem, comment.postmortem_id), _place(comment), text, by=by, before=before)


def resolve_comment(comment: PostmortemComment, *, by: Actor) -> None:
    """It is settled. A second time changes nothing."""
    if comment.resolved_at is None:
        comment.resolved_at, comment.resolved_by_name = clock.now(), by.name


def reopen_comment(comment: PostmortemComment, *, by: Actor) -> None:
    """It is not settled after all."""
    comment.resolved_at = comment.resolved_by_name = None


def _said_just_now(postmortem: Postmortem, section: str, text: str, *, by: Actor) -> PostmortemComment | None:
    wanted = select(PostmortemComment).where(
        PostmortemComment.postmortem_id == postmortem.id,
        PostmortemComment.section == section,
        PostmortemComment.body == text,
        PostmortemComment.by_kind == by.kind,
        PostmortemComment.by_id == by.id,
        PostmortemComment.at > clock.now() - _TWICE_WITHIN,
    )
    return db.session.scalars(wanted.limit(1)).first()


def _place(comment: PostmortemComment) -> str:
    return f"comment/{comment.id}"
