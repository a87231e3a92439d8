"""What happens when their words mean announced work: it is planned, moved, begun, finished, written about or called off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...access import actor
from ...actions import maintenance as actions
from ...kernel.errors import Malformed, NotAllowed
from ...policy.maintenance import OVER, State
from ...published.maintenances import TITLE_LENGTH, Maintenance

_OURS = {"title": "name", "starts_at": "scheduled_for", "ends_at": "scheduled_until", "components": "component_ids"}
_PLANNED = {"name", "scheduled_for", "scheduled_until", "scheduled_auto_completed"}


def plan(wanted: Mapping[str, Any]) -> str:
    """Announce the work; its public id. It begins by the clock, and ends so where the program asked for that."""
    missing = {name: f"{name}: Say when." for name in ("scheduled_for", "scheduled_until") if name not in wanted}
    if missing:
        raise Malformed(missing)
    said = actions.words(
        title=_title(wanted),
        body=wanted["body"],
        components=list(wanted["touched"]),
        ends_by_itself=wanted.get("scheduled_auto_completed", False),
        notify=wanted.get("deliver_notifications", True),
    )
    try:
        work = actions.plan(said, by=actor(), starts_at=wanted["scheduled_for"], ends_at=wanted["scheduled_until"])
    except Malformed as wrong:
        raise _in_their_words(wrong) from None
    _go_on(work, wanted.get("status") or State.SCHEDULED, body="")
    return work.public_id


def change(work: Maintenance, wanted: Mapping[str, Any]) -> None:
    """Other words or times; then how far it is; then what is said of it. Raises Malformed and NotAllowed."""
    if wanted["touched"] or wanted["names_components"] or wanted.keys() & _PLANNED:
        _plan_anew(work, wanted)
    was_said = _go_on(work, wanted.get("status") or work.state, body=wanted["body"])
    last = work.updates[-1].body if work.updates else work.body
    if wanted["body"] and not was_said and wanted["body"] not in (last, work.body):
        actions.write(work, by=actor(), body=wanted["body"], notify=wanted.get("deliver_notifications", True))


def reword(work: Maintenance, body: str) -> None:
    """Another announcement; nobody is told again."""
    said = actions.words(
        title=work.title,
        body=body,
        components=work.components,
        checklist_url=work.checklist_url,
        ends_by_itself=work.ends_by_itself,
        verify_minutes=work.verify_minutes,
        notify=work.notify,
    )
    actions.change(work, said, by=actor(), starts_at=work.starts_at, ends_at=work.ends_at)


def cancel(work: Maintenance) -> None:
    """Call it off; its page goes on saying so. What is over stays: that is history."""
    if work.state == State.COMPLETED:
        raise NotAllowed("It is over. What was announced and done stays on the page.")
    if work.state != State.CANCELLED:
        actions.cancel(work, by=actor())


def _plan_anew(work: Maintenance, wanted: Mapping[str, Any]) -> None:
    said = actions.words(
        title=_title(wanted) if "name" in wanted else work.title,
        body=work.body,
        components=_components(work, wanted),
        checklist_url=work.checklist_url,
        ends_by_itself=wanted.get("scheduled_auto_completed", work.ends_by_itself),
        verify_minutes=work.verify_minutes,
        notify=work.notify,
    )
    starts_at = wanted.get("scheduled_for", work.starts_at)
    ends_at = wanted.get("scheduled_until", work.ends_at)
    try:
        actions.change(work, said, by=actor(), starts_at=starts_at, ends_at=ends_at)
    except Malformed as wrong:
        raise _in_their_words(wrong) from None


def _go_on(work: Maintenance, status: str, *, body: str) -> bool:
    """Bring it to where the program says it is; whether ``body`` was told on the way."""
    if status not in list(State):
        raise Malformed(
            {"status": f"status: Choose one of {', '.join(each for each in State if each != 'cancelled')}."}
        )
    here = work.state
    if status in (here, State.SCHEDULED) or here in OVER:
        return False
    if here == State.SCHEDULED:
        actions.begin(work, by=actor())
    if status == State.VERIFYING:
        actions.verify(work, by=actor(), body=body)
    if status == State.COMPLETED:
        actions.finish(work, by=actor(), body=body)
    return status != State.IN_PROGRESS


def _title(wanted: Mapping[str, Any]) -> str:
    name = " ".join((wanted.get("name") or "").split())
    if not name:
        raise Malformed({"name": "name: Give it a title."})
    return name if len(name) <= TITLE_LENGTH else f"{name[: TITLE_LENGTH - 1]}…"


def _components(work: Maintenance, wanted: Mapping[str, Any]) -> list[str]:
    """All that were listed; or, where only some were given a status, these too."""
    return list(wanted["touched"]) if wanted["names_components"] else [*work.components, *wanted["touched"]]


def _in_their_words(wrong: Malformed) -> Malformed:
    return Malformed({name: f"{_OURS.get(name, name)}: {said}" for name, said in wrong.fields.items()})
