"""A second pair of eyes before an update goes out: ask for it, approve and publish, or send it back with words."""

from __future__ import annotations

from datetime import datetime

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import NotAllowed
from ..messages import about_approvals
from ..records.actors import Actor
from ..records.approvals import APPROVED, SENT_BACK, TAKEN_BACK, UpdateApproval
from ..records.incidents import Incident
from ..records.people import Person, Role
from ..records.updates import Update
from ..reports.ways import Ways
from . import approval, journal, telling, updates, watch


def ask_for_approval(incident: Incident, update: Update, *, by: Actor, of: Person | None = None) -> UpdateApproval:
    """Ask a colleague to read a draft before it goes out: ``of`` one person, or anybody who may publish.

    They are told by their addresses. Whoever is named, anybody else who may publish can answer too. Asked again, the
    earlier question gives way. The draft keeps no promise while it waits. Raises NotAllowed where nobody could answer.
    """
    if update.state != "draft":
        raise NotAllowed("Only a draft waits for approval." if update.state == "scheduled" else _is_over(update))
    asker = by.id if by.kind == "person" else None
    able = approval.may_answer(incident, asker)
    if not able:
        raise NotAllowed("Nobody else may publish. Take the role of communications lead to publish it yourself.")
    if of is not None and of not in able:
        raise NotAllowed(f"{of.name} cannot answer: it takes somebody else who may publish.")
    approval.close(update, TAKEN_BACK, by=by)
    db.session.flush()
    question = UpdateApproval(
        update_id=update.id,
        asked_at=clock.now(),
        asked_by_kind=by.kind,
        asked_by_id=by.id,
        asked_by_name=by.name,
        asked_of_id=of.id if of is not None else None,
        asked_of_name=of.name if of is not None else None,
        body=update.body,
        public_status=update.public_status,
        components=dict(update.components),
    )
    db.session.add(question)
    db.session.flush()
    told = approval.people_asked(incident, question)
    journal.write(
        incident,
        "approval_asked",
        by=by,
        detail={
            "of": question.of_whom,
            "people": [person.name for person in told],
            "publish_at": update.publish_at.isoformat() if update.publish_at else None,
        },
        update=update,
    )
    _write(incident, update, question, told)
    watch.rearm(incident)
    return question


def approve(
    incident: Incident, update: Update, *, by: Actor, publish_at: datetime | None = None, can_be_undone: bool = False
) -> Update:
    """Say yes, and publish: now, or at the time that it was meant for while that lies ahead.

    ``publish_at`` is another time. Raises NotAllowed for the asker himself, unless he leads, and for the second of two
    who answer at once, naming the first.
    """
    question = _open_question(update)
    approval.check_publication(incident, update, by)
    wanted = publish_at or update.publish_at
    if wanted is not None and wanted > clock.now():
        updates.set_time(incident, update, publish_at=wanted, by=by)
    else:
        updates.publish_draft(incident, update, by=by, can_be_undone=can_be_undone)
    _tell_asker(incident, update, question, by)
    return update


def send_back(incident: Incident, update: Update, *, by: Actor, words: str) -> UpdateApproval:
    """Say what is missing; it is a draft again, and the asker is told. Raises NotAllowed once it was answered."""
    question = _open_question(update)
    if question.was_asked_by(by.kind, by.id):
        raise NotAllowed("You asked for this yourself. Change the draft, or take the question back.")
    words = journal.words(words, field="words", sentence="Say what should be different.", longest=1000)
    approval.close(update, SENT_BACK, by=by, words=words)
    journal.write(incident, "sent_back", by=by, body=words, update=update)
    _tell_asker(incident, update, question, by)
    watch.rearm(incident)
    return question


def take_question_back(incident: Incident, update: Update, *, by: Actor) -> None:
    """No second pair of eyes after all: it is a plain draft again. Without an open question nothing happens.

    Raises NotAllowed for anybody but the asker.
    """
    question = approval.question_of(update)
    if question is not None and not question.was_asked_by(by.kind, by.id):
        raise NotAllowed("Only whoever asked can take the question back. Send it back instead.")
    if approval.close(update, TAKEN_BACK, by=by) is not None:
        journal.write(incident, "sent_back", by=by, detail={"by_asker": True}, update=update)
        watch.rearm(incident)


def _open_question(update: Update) -> UpdateApproval:
    question = approval.question_of(update)
    if question is not None:
        return question
    last = approval.questions_of([update.id]).get(update.id)
    if last is None or last.answer == TAKEN_BACK:
        raise NotAllowed(_is_over(update) if update.state != "draft" else "Nobody asks for approval of this any more.")
    done = "approved this" if last.answer == APPROVED else "sent this back"
    raise NotAllowed(f"{last.answered_by_name} {done} before you. Nothing more is to be done.")


def _is_over(update: Update) -> str:
    words = {"published": "This update is published.", "scheduled": "This update is set for its time."}
    return words.get(update.state, "This update was withdrawn. Write a new one.")


def _write(incident: Incident, update: Update, question: UpdateApproval, people: list[Person]) -> None:
    known = Ways(people)
    telling.send_all(
        [
            message
            for person in people
            for message in telling.addressed(
                about_approvals.asked(incident, update, question, zone=person.zone, base_url=telling.base_url()),
                to=person,
                event=approval.event_of(question),
                incident=incident,
                known=known,
            )
        ]
    )


def _tell_asker(incident: Incident, update: Update, question: UpdateApproval, by: Actor) -> None:
    if question.asked_by_kind != "person" or question.was_asked_by(by.kind, by.id):
        return
    asker = db.session.get(Person, question.asked_by_id)
    if asker is None or not asker.may(Role.RESPONDER) or not telling.who_may_hear(incident, [asker]):
        return
    letter = about_approvals.answered(incident, update, question, zone=asker.zone, base_url=telling.base_url())
    telling.send(letter, to=asker, event=f"{approval.event_of(question)}/answer", incident=incident)
