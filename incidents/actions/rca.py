"""The root cause analysis for the public: a text of its own, published to the incident's page once it is over.

It is a published update with the public status ``postmortem``, so editing, history, withdrawal and the feeds treat it as
any other; it has a page of its own besides. Nothing in it is taken from the internal post-mortem.
"""

from __future__ import annotations

from sqlalchemy import select

from ..kernel.database import db
from ..kernel.errors import NotAllowed, Outdated
from ..policy.lifecycle import PublicStatus
from ..policy.postmortems import SectionName
from ..published import publishing
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.postmortems import find_postmortem
from ..records.updates import Update
from . import corrections, updates
from .postmortem import course, writing

NOTHING_OUT = 0  # the version that somebody saw who saw none


def publish_rca(
    incident: Incident,
    *,
    by: Actor,
    body: str,
    notify: bool = True,
    can_be_undone: bool = False,
    version: int | None = None,
    draft_seen: int | None = None,
) -> Update:
    """Put the text on the status page, whatever the internal post-mortem's state; the public status becomes that too.

    One that is out already is revised. Raises NotAllowed before the end, in a drill, and for what is not on the page,
    Outdated when it was published, revised or withdrawn after ``version``: NOTHING_OUT, or the one that is out; or when
    somebody saved other words after ``draft_seen``, the draft's version.
    """
    out = find_rca(incident)
    if out is not None:
        return revise_rca(incident, by=by, body=body, version=version)
    if version not in (None, NOTHING_OUT):
        raise Outdated(
            "Somebody withdrew it meanwhile. The public sees nothing of it now.",
            version=NOTHING_OUT,
            theirs={"body": ""},
        )
    check_can_be_published(incident)
    update = updates.post_update(
        incident,
        by=by,
        body=body,
        audience="public",
        public_status=PublicStatus.POSTMORTEM,
        notify=notify,
        can_be_undone=can_be_undone,
    )
    _keep_as_draft(incident, by=by, body=update.body, seen_version=draft_seen)
    return update


def save_rca_draft(incident: Incident, *, by: Actor, body: str, seen_version: int | None = None) -> None:
    """Keep it for later, where the public sees nothing of it. Raises Outdated as ``writing.write_section`` does."""
    postmortem = course.begin_postmortem(incident, by=by)
    writing.write_section(postmortem, SectionName.RCA_PUBLIC, by=by, body=body, seen_version=seen_version)


def revise_rca(incident: Incident, *, by: Actor, body: str, version: int | None = None) -> Update:
    """Another wording of the one that is out: the page says "edited" and keeps the earlier one; nobody is told again."""
    update = _the_one_that_is_out(incident)
    if update.body != body:
        corrections.revise_update(incident, update, by=by, body=body, version=version)
        _keep_as_draft(incident, by=by, body=update.body)
    return update


def withdraw_rca(incident: Incident, *, by: Actor) -> None:
    """Take it from everything that we serve; the incident reads as resolved again, and the text stays a draft here."""
    update = find_rca(incident)
    if update is not None:
        corrections.withdraw_update(incident, update, by=by)


def find_rca(incident: Incident) -> Update | None:
    """The text that is out, or None."""
    out = select(Update).where(
        Update.incident_id == incident.id,
        Update.audience == "public",
        Update.state == "published",
        Update.public_status == PublicStatus.POSTMORTEM,
    )
    return db.session.scalar(out.order_by(Update.id.desc()).limit(1))


def last_words(incident: Incident) -> str:
    """What it said when it was last out, or nothing."""
    said = select(Update.body).where(Update.incident_id == incident.id, Update.public_status == PublicStatus.POSTMORTEM)
    return db.session.scalar(said.order_by(Update.id.desc()).limit(1)) or ""


def check_can_be_published(incident: Incident) -> None:
    """Raise NotAllowed with the reason where this incident can have no public text."""
    if incident.is_open:
        raise NotAllowed("Resolve the incident first. The root cause analysis comes after it.")
    if incident.is_drill:
        raise NotAllowed("This was a drill. Nothing of it reaches the public.")
    if publishing.find(incident.id) is None:
        raise NotAllowed(f"{incident.ref} is not on the status page: there is nothing that this text could explain.")


def _the_one_that_is_out(incident: Incident) -> Update:
    update = find_rca(incident)
    if update is None:
        raise NotAllowed("No root cause analysis is published.")
    return update


def _keep_as_draft(incident: Incident, *, by: Actor, body: str, seen_version: int | None = None) -> None:
    """The post-mortem's public section holds the same words, so that whoever goes on writes on."""
    postmortem = find_postmortem(incident.id)
    if postmortem is not None:
        writing.write_section(postmortem, SectionName.RCA_PUBLIC, by=by, body=body, seen_version=seen_version)
