"""Action items in the browser: grouped, narrowed by the address, changed one by one and many at once without script."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.actions import action_items
from incidents.kernel.database import db
from incidents.records.action_items import ActionItem
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import act, browser_of, main_of, opened, room, send
from tests.factories import a_component, an_incident
from tests.factories_people import make_person

LIST = "/console/action-items"


def an_item(incident: Incident, by: Person, title: str, **more: Any) -> ActionItem:
    item = action_items.add(incident, title=title, by=by.as_actor(), **{"kind": "prevent", **more})
    db.session.commit()
    return item


def titles(answer: Any) -> list[str]:
    """The items on the page, in order."""
    return [
        html.unescape(found) for found in re.findall(r'class="t" href="[^"]*" dir="auto">([^<]*)<', main_of(answer))
    ]


@pytest.fixture
def four(app: Flask) -> tuple[FlaskClient, Person, list[ActionItem]]:
    """On 23 Nov: one late, one due, one for later, one done."""
    client, maya = browser_of(app)
    incident = an_incident(by=maya, title="Queue stands still")
    found = [
        an_item(incident, maya, "Done already", due_on=date(2026, 11, 20)),
        an_item(incident, maya, "Some day", kind="process", priority="low"),
        an_item(incident, maya, "This week", due_on=date(2026, 11, 27), owner=maya),
        an_item(incident, maya, "Late by three", due_on=date(2026, 11, 20), kind="detect"),
    ]
    action_items.finish(found[0], by=maya.as_actor())
    db.session.commit()
    return client, maya, found


def test_the_list_says_what_is_late_due_later_and_done(four: tuple[FlaskClient, Person, list[ActionItem]]) -> None:
    client, _maya, _items = four
    page = client.get(LIST)
    assert titles(page) == ["Late by three", "This week", "Some day", "Done already"]
    headings = re.findall(r"<h2 id=\"g-[a-z]+\">([^<]+)<", page.text)
    assert headings == ["Late", "Due within 7 days", "Later, or without a date", "Done or dropped"]
    assert "3 days late" in page.text
    assert page.text.count(" checked>") == 0
    assert client.get(f"{LIST}?status=undone&chosen=all").text.count(" checked>") == 3


def test_the_address_narrows_it_and_the_file_holds_the_same(app: Flask, four: Any) -> None:
    client, maya, items = four
    other = an_incident(by=maya, title="Another")
    actions.set_components(other, {(api := a_component()): "degraded_performance"}, by=maya.as_actor())
    an_item(other, maya, "=1+1", priority="high")
    for query, found in {
        "owner=mine": ["This week"],
        "owner=nobody&status=undone": ["Late by three", "Some day", "=1+1"],
        "kind=detect": ["Late by three"],
        "priority=low": ["Some day"],
        "status=done": ["Done already"],
        "incident=inc-2": ["=1+1"],
        f"component={api}": ["=1+1"],
        "q=stands+still&status=open": ["Late by three", "This week", "Some day"],
        "kind=nonsense&owner=x&status=y&page=zero": ["Late by three", "This week", "Some day", "=1+1", "Done already"],
    }.items():
        assert titles(client.get(f"{LIST}?{query}")) == found, query
    file = client.get(f"{LIST}.csv?incident=INC-2").text
    assert "'=1+1" in file
    assert "Late by three" not in file
    assert "No action item fits" in client.get(f"{LIST}?q=nothing").text
    assert items[0].title not in client.get(f"{LIST}.csv?status=open").text


def test_many_are_changed_at_once_and_what_somebody_changed_meanwhile_is_left_and_named(four: Any) -> None:
    client, maya, (_done, some_day, this_week, late) = four
    form = opened(client, LIST, holding="bulk-owner")
    action_items.change(late, by=make_person("bob@example.com").as_actor(), title="Late by three days")
    chosen = [f"{some_day.id}:1", f"{late.id}:1", f"{this_week.id}:1"]

    answer = send(
        client,
        f"{LIST}/changes",
        form,
        item=chosen,
        owner=str(maya.id),
        status="in_progress",
        due_on="2026-12-01",
        reason="",
    )

    assert answer.status_code == 409
    assert "2 changed, 1 left as it is" in answer.text
    assert "“Late by three days” has changed since you opened it." in html.unescape(answer.text)
    states = [(item.status, item.owner_id, str(item.due_on)) for item in (some_day, this_week)]
    assert states == [("in_progress", maya.id, "2026-12-01")] * 2
    assert (late.status, late.owner_id) == ("open", None)

    nothing = send(client, f"{LIST}/changes", form, owner="keep", status="done", due_on="", reason="")
    assert (nothing.status_code, "Choose at least one item" in nothing.text) == (422, True)
    silent = send(client, f"{LIST}/changes", form, item=["2:2"], owner="keep", status="dropped", due_on="", reason="")
    assert (silent.status_code, "Say why they are dropped." in silent.text) == (422, True)
    went = send(
        client,
        f"{LIST}/changes",
        {**form, "query": "kind=process"},
        item=["2:3"],
        owner="keep",
        status="dropped",
        due_on="",
        reason="Bought",
    )
    assert (went.status_code, went.headers["Location"], some_day.dropped_reason) == (
        303,
        f"{LIST}?kind=process",
        "Bought",
    )


def test_an_item_is_added_in_the_room_changed_on_its_page_and_its_history_is_told(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    path = f"{room(incident)}/action-items"
    refused = act(client, path, title="", kind="detect", owner="", due_on="27.11.", priority="normal", link="")
    assert (refused.status_code, "Give a day, such as 2026-11-27." in refused.text) == (422, True)
    typed = {"title": "Alert <b>early</b>", "kind": "detect", "owner": str(maya.id), "due_on": "2026-11-27"}
    more = {"priority": "high", "link": "https://tracker.example.com/browse/OPS-7"}
    assert act(client, path, **typed, **more).headers["Location"] == room(incident)
    assert "Alert &lt;b&gt;early&lt;/b&gt;" in client.get(room(incident)).text

    assert "OPS-7" in client.get(f"{LIST}/1").text
    maya.disabled_at = incident.declared_at  # its owner stays though the account be disabled
    helper, bob = browser_of(app, "bob")
    form = opened(helper, f"{LIST}/1", holding="version")
    saved = send(
        helper, f"{LIST}/1", form, **{**typed, **more, "title": "Alert sooner"}, status="in_progress", reason=""
    )
    assert saved.status_code == 303, saved.text
    late = send(helper, f"{LIST}/1", form, **typed, **more, status="done", reason="")
    assert late.status_code == 409
    assert 'Title: <b class="brk" dir="auto">Alert sooner</b>' in late.text
    page = helper.get(f"{LIST}/1").text
    assert "title from Alert &lt;b&gt;early&lt;/b&gt; to <b>Alert sooner</b>" in page
    send(helper, f"{LIST}/1/done", opened(helper, f"{LIST}/1", holding=f"{LIST}/1/done"))
    assert "finished the action item" in main_of(helper.get(room(incident)))
    assert "{who}" not in page
    assert bob.name in main_of(helper.get(f"{LIST}/1"))


def test_now_shows_mine_that_are_late_or_due_and_takes_that_they_are_done(four: Any) -> None:
    client, maya, (_done, some_day, _this_week, late) = four
    action_items.change(some_day, by=maya.as_actor(), owner=maya)  # without a day nothing is pressing
    now = main_of(client.get("/console/"))
    assert "This week" in now
    assert "Some day" not in now
    assert "Late by three" not in now  # nobody's

    action_items.change(late, by=maya.as_actor(), owner=maya)
    now = main_of(client.get("/console/"))
    assert now.index("Late by three") < now.index("This week")
    form = opened(client, "/console/", holding=f"action-items/{late.id}/done")
    assert send(client, f"{LIST}/{late.id}/done", form).headers["Location"] == "/console/"
    assert late.done_by_name == "Maya"
    assert "Late by three" not in main_of(client.get("/console/"))


def test_items_of_a_restricted_incident_are_nowhere_for_who_is_not_named(app: Flask, four: Any) -> None:
    client, maya, items = four
    stranger, _bob = browser_of(app, "bob")
    actions.change_visibility(db.session.get_one(Incident, 1), to="restricted", by=maya.as_actor(), viewer_person=maya)
    assert "No action items yet" in stranger.get(LIST).text
    assert titles(stranger.get(f"{LIST}?incident=INC-1")) == []
    assert stranger.get(f"{LIST}.csv").text.count("\n") == 1
    assert stranger.get(f"{LIST}/{items[1].id}").status_code == 404
    form = opened(client, LIST, holding="bulk-owner")
    token = {"csrf_token": opened(stranger, "/console/incidents/new")["csrf_token"], "query": form["query"]}
    answer = send(stranger, f"{LIST}/changes", token, item=["2:1"], owner="keep", status="done", due_on="", reason="")
    assert (answer.status_code, items[1].status) == (303, "open")
    assert stranger.post(f"{LIST}/2/done", data=token).status_code == 404
    assert len(titles(client.get(LIST))) == 4


def test_the_list_takes_the_same_few_questions_however_long_it_is(four: Any, count_queries: list[str]) -> None:
    client, maya, _items = four
    client.get(LIST)
    count_queries.clear()
    client.get(LIST)
    few = len(count_queries)
    incident = db.session.get_one(Incident, 1)
    for number in range(40):
        action_items.add(incident, title=f"Item {number}", kind="prevent", owner=maya, by=maya.as_actor())
    db.session.commit()
    count_queries.clear()
    assert len(titles(client.get(LIST))) == 44
    assert len(count_queries) == few
