"""The rules of the second pair of eyes: who has to ask for it, who may answer, and who is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.errors import NotAllowed
from ..policy import escalation
from ..policy.attention import earliest
from ..policy.lifecycle import RESOLVED_WITHOUT_WORDS, PublicStatus, Visibility
from ..published import publishing
from ..published.page_settings import page_settings
from ..records.actors import Actor
from ..records.approvals import TAKEN_BACK, UpdateApproval
from ..records.incidents import Incident
from ..records.people import Person
from ..records.updates import Update
from . import asked, oncall, roles, telling

MUST_ASK = (
    "On this page a second pair of eyes reads what goes public. Ask for approval, or let the commander or the "
    "communications lead publish it."
)
TITLE_IS_READ = (
    "The title stands on the page, where a second pair of eyes reads what goes public. Let the commander or the "
    "communications lead change it."
)
_REMIND_BEFORE = timedelta(minutes=10)


def must_ask(incident: Incident, by: Actor) -> bool:
    """Whether this person has a colleague read what goes public of this incident.

    Only where the page's settings say so; never the commander, the communications lead, a program or the clock, and
    never where the public sees nothing.
    """
    if by.kind != "person" or incident.visibility != Visibility.PUBLIC or incident.is_drill:
        return False
    page = asked.answer("page settings", page_settings)
    return page.needs_second_eyes and not roles.leads(incident, by.id)


def check_words(incident: Incident, update: Update, by: Actor) -> None:
    """Raise NotAllowed for public words of somebody who has to ask.

    The root cause analysis asks for no reader, and neither does the sentence with which an incident ends of itself.
    """
    is_ours = update.public_status == PublicStatus.POSTMORTEM or update.body == RESOLVED_WITHOUT_WORDS
    if update.audience == "public" and not is_ours and must_ask(incident, by):
        raise NotAllowed(MUST_ASK)


def check_title(incident: Incident, by: Actor) -> None:
    """Raise NotAllowed for another title on the page by somebody who has to ask; before it is out, its first update is read."""
    if publishing.find(incident.id) is not None and must_ask(incident, by):
        raise NotAllowed(TITLE_IS_READ)


def check_publication(incident: Incident, update: Update, by: Actor) -> None:
    """Raise NotAllowed where this draft is not this person's to publish: the asker never answers himself."""
    if update.audience != "public" or by.kind != "person" or roles.leads(incident, by.id):
        return
    question = question_of(update)
    if question is None:
        # what waits for its time was approved, or set by somebody who need not ask
        if update.state != "scheduled":
            check_words(incident, update, by)
    elif question.was_asked_by(by.kind, by.id):
        raise NotAllowed("You asked for a second pair of eyes on this text. Somebody else publishes it.")


def question_of(update: Update) -> UpdateApproval | None:
    """The open question about an update."""
    open_one = select(UpdateApproval).where(UpdateApproval.update_id == update.id, UpdateApproval.answer.is_(None))
    return db.session.scalars(open_one).one_or_none()


def questions_of(update_ids: Iterable[int]) -> dict[int, UpdateApproval]:
    """The newest question about each of these updates, answered or not."""
    asked = select(UpdateApproval).where(UpdateApproval.update_id.in_([*update_ids])).order_by(UpdateApproval.id)
    return {question.update_id: question for question in db.session.scalars(asked)}


def close(update: Update, answer: str, *, by: Actor, words: str | None = None) -> UpdateApproval | None:
    """Answer the open question, if there is one; letters about it that have not left are called off."""
    question = question_of(update)
    if question is None:
        return None
    is_own = question.was_asked_by(by.kind, by.id)
    question.answer = TAKEN_BACK if is_own else answer
    question.answered_at, question.answered_by_name, question.words = clock.now(), by.name, words
    outbox.skip(event_of(question), reason="The question was answered.")
    return question


def may_answer(incident: Incident, asked_by: int | None) -> list[Person]:
    """Everybody who may publish and did not ask, by name."""
    able = telling.who_may_hear(incident, oncall.responders())
    return [person for person in able if person.id != asked_by]


def people_asked(incident: Incident, question: UpdateApproval) -> list[Person]:
    """Who is told of a question: the person named, else whoever leads, else who is on call, else all who may answer."""
    able = may_answer(incident, question.asked_by_id if question.asked_by_kind == "person" else None)
    named = [person for person in able if person.id == question.asked_of_id]
    # a drill writes to nobody who did not agree, not even that
    return telling.who_plays_along(incident, named or likely_readers(incident, able))


def likely_readers(incident: Incident, able: list[Person]) -> list[Person]:
    """Of those who may answer, the ones who are told when nobody is named."""
    leading = {person.id for role, person in roles.current_roles(incident) if role.role in roles.LEADING}
    on_call = {person.id for person in oncall.people_of_word(incident, escalation.ON_CALL)}
    for group in (leading, on_call):
        found = [person for person in able if person.id in group]
        if found:
            return found
    return able


def remind_at(incident: Incident, update: Update, question: UpdateApproval) -> datetime | None:
    """When those asked are reminded, once: ten minutes before the text is needed, or halfway where there is less.

    It is needed by the promise, or by the time it was to go out. None where nothing presses.
    """
    needed_at = earliest(incident.next_update_due_at, update.publish_at)
    if needed_at is None:
        return None
    halfway = question.asked_at + (needed_at - question.asked_at) / 2
    at = clock.to_the_minute(max(needed_at - _REMIND_BEFORE, halfway))
    return at if at > question.asked_at else None


def event_of(question: UpdateApproval) -> str:
    """What the outbox knows the letters about a question by."""
    return f"approval/{question.id}"
