"""What a post-mortem asks for, by severity: changed on screen, and put back to the defaults."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed
from ...policy import postmortem_templates as policy
from ...policy.postmortems import WRITABLE
from ...records.actors import Actor
from ...records.postmortem_templates import PostmortemTemplate
from .. import audit


def change_template(kind: str, *, sections: Collection[str], questions: Mapping[str, str], by: Actor) -> None:
    """Ask for these sections, with these questions; it holds for every post-mortem of the kind from now on.

    Nothing that was written is lost: a section with somebody's words is shown whatever the template says.
    """
    _check_kind(kind)
    asked = {name: " ".join(questions.get(name, "").split()) for name in WRITABLE}
    too_long = {
        f"question-{name}": f"Use at most {policy.LONGEST_QUESTION} characters."
        for name, words in asked.items()
        if len(words) > policy.LONGEST_QUESTION
    }
    if too_long:
        raise Malformed(too_long)
    row = db.session.get(PostmortemTemplate, kind)
    if row is None:
        row = PostmortemTemplate(kind=kind)
        db.session.add(row)
    row.sections = [name.value for name in policy.of(list(sections), {}).sections]
    row.questions = {name: words for name, words in asked.items() if words}
    row.changed_at, row.by_name = clock.now(), by.name
    audit.note("changed the post-mortem template", by=by, subject=kind)


def reset_template(kind: str, *, by: Actor) -> None:
    """The default holds again."""
    _check_kind(kind)
    row = db.session.get(PostmortemTemplate, kind)
    if row is not None:
        db.session.delete(row)
        audit.note("put the post-mortem template back", by=by, subject=kind)


def _check_kind(kind: str) -> None:
    if kind not in policy.KINDS:
        raise Malformed({"kind": f"Choose one of {', '.join(policy.KINDS)}."})
