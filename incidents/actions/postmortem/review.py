"""Review: somebody who wrote none of it reads the post-mortem before colleagues have it, or sends it back with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...messages import about_postmortems
from ...messages.letters import Letter
from ...policy.postmortems import SectionName, State
from ...records.actors import Actor
from ...records.addresses import LOW
from ...records.incidents import Incident
from ...records.people import Person, Role, active_people
from ...records.postmortem_reviews import APPROVED, SENT_BACK, TAKEN_BACK, PostmortemReview, open_review
from ...records.postmortem_writing import PostmortemRevision
from ...records.postmortems import Postmortem
from .. import journal, telling


def authors_of(postmortem: Postmortem) -> set[int]:
    """Its owner, and all who wrote what stands in it now: none of them can be its reviewer.

    Whoever changes a word of another's text makes it no less the other's; a section that was emptied is nobody's.
    """
    kept = (
        select(
            PostmortemRevision.name,
            PostmortemRevision.by_kind,
            PostmortemRevision.by_id,
            PostmortemRevision.body.is_(None).label("is_empty"),
        )
        .where(PostmortemRevision.postmortem_id == postmortem.id, PostmortemRevision.name != SectionName.RCA_PUBLIC)
        .order_by(PostmortemRevision.version)
    )
    writers: dict[str, set[int]] = {}
    for row in db.session.execute(kept):
        mine = writers.setdefault(row.name, set())
        if row.is_empty:
            mine.clear()
        elif row.by_kind == "person" and row.by_id is not None:
            mine.add(row.by_id)
    written = set[int]().union(*writers.values())
    return written | ({postmortem.owner_id} if postmortem.owner_id is not None else set())


def possible_reviewers(postmortem: Postmortem, *, but: Actor | None = None) -> list[Person]:
    """Who may be asked: responders who may see the incident and wrote none of it."""
    incident = db.session.get_one(Incident, postmortem.incident_id)
    out = authors_of(postmortem) | ({but.id} if but is not None and but.kind == "person" and but.id else set())
    return [person for person in telling.who_may_hear(incident, active_people(Role.RESPONDER)) if person.id not in out]


def ask_for_review(postmortem: Postmortem, *, reviewer: Person, by: Actor) -> PostmortemReview:
    """Ask somebody to read it; asked already, the question goes to another. The reader is told.

    Raises NotAllowed once it is published, Malformed for somebody who wrote in it, asks, or may not see it.
    """
    if postmortem.state == State.PUBLISHED:
        raise NotAllowed("It is published already.")
    waiting = open_review(postmortem.id)
    if waiting is not None and waiting.reviewer_id == reviewer.id:
        return waiting
    if reviewer.id not in {person.id for person in possible_reviewers(postmortem, but=by)}:
        raise Malformed(
            {"reviewer": f"{reviewer.name} wrote in it, owns it, or may not read it. Choose somebody else."}
        )
    close_review(postmortem, TAKEN_BACK, by=by)
    review = PostmortemReview(
        postmortem_id=postmortem.id,
        asked_at=clock.now(),
        asked_by_kind=by.kind,
        asked_by_id=by.id,
        asked_by_name=by.name,
        reviewer_id=reviewer.id,
        reviewer_name=reviewer.name,
    )
    db.session.add(review)
    db.session.flush()
    _move(postmortem, State.IN_REVIEW, by=by, detail={"review": "asked", "reviewer": reviewer.name})
    _send(postmortem, review, "asked", [reviewer], about_postmortems.review_asked, by=by)
    return review


def send_back_postmortem(postmortem: Postmortem, *, by: Actor, reason: str) -> None:
    """It is a draft again, for this reason; owner and asker are told."""
    review = _waiting(postmortem)
    words = journal.words(reason, field="reason", sentence="Say what is missing or wrong.", longest=1000)
    close_review(postmortem, SENT_BACK, by=by, words=words)
    _move(postmortem, State.DRAFT, by=by, detail={"review": "sent_back"}, body=words)
    _send(postmortem, review, "sent-back", _those_who_wait(postmortem, review, by), about_postmortems.sent_back, by=by)


def take_back_review(postmortem: Postmortem, *, by: Actor) -> None:
    """Nobody needs to read it yet: it is a draft again."""
    _waiting(postmortem)
    close_review(postmortem, TAKEN_BACK, by=by)
    _move(postmortem, State.DRAFT, by=by, detail={"review": "taken_back"})


def approve(postmortem: Postmortem, *, by: Actor) -> bool:
    """Whether publishing by this person is a review: asked for, and by somebody who wrote none of it; it is closed then."""
    review = open_review(postmortem.id)
    if review is None or by.kind != "person" or by.id in authors_of(postmortem) or _asked_it(review, by):
        close_review(postmortem, TAKEN_BACK, by=by)
        return False
    close_review(postmortem, APPROVED, by=by)
    _send(postmortem, review, "approved", _those_who_wait(postmortem, review, by), about_postmortems.approved, by=by)
    return True


def may_review(postmortem: Postmortem, by: Actor) -> bool:
    """Whether this person's publishing would count as a review."""
    review = open_review(postmortem.id)
    return (
        review is not None and by.kind == "person" and by.id not in authors_of(postmortem) and not _asked_it(review, by)
    )


def close_review(postmortem: Postmortem, answer: str, *, by: Actor, words: str | None = None) -> None:
    """Write the answer into the question that waits, if one does."""
    review = open_review(postmortem.id)
    if review is not None:
        review.answer, review.answered_at, review.answered_by_name = answer, clock.now(), by.name
        review.words = words
        db.session.flush()


def _waiting(postmortem: Postmortem) -> PostmortemReview:
    review = open_review(postmortem.id)
    if review is None or postmortem.state != State.IN_REVIEW:
        raise NotAllowed("Nobody was asked to read it.")
    return review


def _asked_it(review: PostmortemReview, by: Actor) -> bool:
    return (review.asked_by_kind, review.asked_by_id) == (by.kind, by.id)


def _move(postmortem: Postmortem, state: State, *, by: Actor, detail: dict[str, Any], body: str = "") -> None:
    postmortem.state = state
    postmortem.version += 1
    incident = db.session.get_one(Incident, postmortem.incident_id)
    journal.write(incident, "postmortem", by=by, body=body, detail=detail)


def _those_who_wait(postmortem: Postmortem, review: PostmortemReview, by: Actor) -> list[Person]:
    """Its owner and whoever asked, but not the one who answers."""
    ids = dict.fromkeys([postmortem.owner_id, review.asked_by_id if review.asked_by_kind == "person" else None])
    people = [db.session.get(Person, number) for number in ids if number is not None]
    incident = db.session.get_one(Incident, postmortem.incident_id)
    active = [person for person in people if person is not None and person.is_active]
    return [each for each in telling.who_may_hear(incident, active) if (by.kind, by.id) != ("person", each.id)]


def _send(
    postmortem: Postmortem,
    review: PostmortemReview,
    what: str,
    people: list[Person],
    written: Callable[..., Letter],
    *,
    by: Actor,
) -> None:
    incident = db.session.get_one(Incident, postmortem.incident_id)
    for person in people:
        telling.send(
            written(incident, by_name=by.name, base_url=telling.base_url()),
            to=person,
            event=f"postmortem-review/{review.id}/{what}",
            incident=incident,
            urgency=LOW,
        )
