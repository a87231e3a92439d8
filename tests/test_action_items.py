"""What is to be done after an incident: added, changed, finished, dropped with a reason, and each of it on the timeline."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import action_items
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed, Outdated
from incidents.policy.action_items import Group, concerns_the_commander, group_of, reminders_due
from incidents.records.action_items import ActionItem, items_of
from incidents.records.timeline import TimelineEntry
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person

FRIDAY = date(2026, 11, 27)


def told() -> list[dict[str, object]]:
    """What the timeline says of action items, in order."""
    wanted = select(TimelineEntry).where(TimelineEntry.kind == "action_item").order_by(TimelineEntry.id)
    return [entry.detail for entry in db.session.scalars(wanted)]


def test_an_item_is_added_changed_finished_and_reopened_and_the_timeline_says_so(app: Flask, clock: WoundClock) -> None:
    maya, alice = make_person(), make_person("alice@example.com")
    incident = an_incident(by=maya)
    item = action_items.add(
        incident, title=" Alert on  the queue ", kind="detect", owner=maya, due_on=FRIDAY, by=alice.as_actor()
    )
    assert (item.title, item.status, item.priority, item.version) == ("Alert on the queue", "open", "normal", 1)

    assert action_items.change(item, by=maya.as_actor(), owner=alice, priority="high", status="in_progress")
    assert not action_items.change(item, by=maya.as_actor(), owner=alice, status="in_progress")
    assert action_items.finish(item, by=alice.as_actor())
    assert (item.done_at, item.done_by_name, item.is_undone) == (clock.moment, "Alice", False)
    assert action_items.reopen(item, by=maya.as_actor())
    assert (item.status, item.done_at, item.done_by_name, item.version) == ("open", None, None, 5)
    db.session.commit()

    assert [entry["did"] for entry in told()] == ["added", "changed", "begun", "done", "reopened"]
    assert told()[1]["changes"] == {"owner_id": ["Maya", "Alice"], "priority": ["normal", "high"]}
    assert items_of(incident.id) == [item]


def test_dropping_asks_for_a_reason_and_what_was_done_is_not_removed(app: Flask) -> None:
    maya = make_person()
    incident = an_incident(by=maya)
    first, second = (
        action_items.add(incident, title=title, kind="prevent", by=maya.as_actor()) for title in ("First", "Second")
    )
    with pytest.raises(Malformed) as refused:
        action_items.drop(first, by=maya.as_actor(), reason=" ")
    assert refused.value.fields == {"reason": "Say why it is dropped."}
    action_items.drop(first, by=maya.as_actor(), reason="Bought instead")
    assert (first.status, first.dropped_reason) == ("dropped", "Bought instead")

    action_items.finish(second, by=maya.as_actor())
    with pytest.raises(NotAllowed):
        action_items.remove(second, by=maya.as_actor())
    action_items.remove(first, by=maya.as_actor())
    db.session.commit()
    assert list(db.session.scalars(select(ActionItem))) == [second]


def test_who_saw_an_older_item_changes_nothing(app: Flask) -> None:
    maya = make_person()
    item = action_items.add(an_incident(by=maya), title="Retry", kind="mitigate", by=maya.as_actor())
    action_items.change(item, by=maya.as_actor(), title="Retry with a pause", seen_version=1)
    with pytest.raises(Outdated) as refused:
        action_items.finish(item, by=maya.as_actor(), seen_version=1)
    assert (refused.value.version, item.status) == (2, "open")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"kind": "blame"}, "kind"),
        ({"priority": "P1"}, "priority"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"due_on": date(2096, 1, 1)}, "due_on"),
    ],
)
def test_what_cannot_be_an_item_is_refused_by_its_field(app: Flask, given: dict[str, object], field: str) -> None:
    maya = make_person()
    incident = an_incident(by=maya)
    with pytest.raises(Malformed) as refused:
        action_items.add(incident, **({"title": "T", "kind": "prevent", "by": maya.as_actor()} | given))  # type: ignore[arg-type]
    assert [*refused.value.fields] == [field]


def test_an_owner_is_somebody_who_can_respond_and_see_the_incident(app: Flask, clock: WoundClock) -> None:
    maya, alice = make_person(), make_person("alice@example.com")
    bob, amira = (
        make_person("bob@example.com", disabled_at=clock.moment),
        make_person("amira@example.com", role="viewer"),
    )
    incident = an_incident(by=maya)
    actions.change_visibility(incident, to="restricted", by=maya.as_actor(), viewer_person=maya)
    for nobody in (alice, bob, amira):
        with pytest.raises(Malformed, match=nobody.name):
            action_items.add(incident, title="T", kind="prevent", owner=nobody, by=maya.as_actor())
    actions.name_person(incident, person=alice, by=maya.as_actor(), reason="helps")
    assert action_items.add(incident, title="T", kind="prevent", owner=alice, by=maya.as_actor()).owner_id == alice.id


def test_the_list_is_grouped_by_the_day_of_who_reads_it() -> None:
    groups = [group_of("open", day, today=FRIDAY) for day in (date(2026, 11, 26), FRIDAY, date(2026, 12, 4), None)]
    assert groups == [Group.LATE, Group.DUE, Group.DUE, Group.LATER]
    assert group_of("in_progress", date(2026, 12, 5), today=FRIDAY) is Group.LATER
    assert group_of("dropped", date(2026, 11, 1), today=FRIDAY) is Group.DONE


def test_reminders_come_the_day_before_on_the_day_and_more_rarely_the_later_it_gets() -> None:
    berlin, since = ZoneInfo("Europe/Berlin"), datetime(2026, 11, 1, tzinfo=UTC)
    now = datetime(2026, 12, 12, tzinfo=UTC)
    days = reminders_due(FRIDAY, now=now, zone=berlin, told=[], since=since)
    assert [(day - FRIDAY).days for day in days] == [-1, 0, 1, 3, 7, 14]
    assert [concerns_the_commander(FRIDAY, day) for day in days] == [False] * 4 + [True] * 2

    early = datetime(2026, 11, 27, 7, 59, tzinfo=UTC)
    assert reminders_due(FRIDAY, now=early, zone=berlin, told=[days[0]], since=since) == []
    assert (
        reminders_due(FRIDAY, now=now, zone=berlin, told=days[:3], since=datetime(2026, 12, 11, 12, tzinfo=UTC)) == []
    )
