"""Settings, components: what the public page lists is ordered, edited, archived and deleted on screen."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.published.components import (
    Component,
    add_component,
    add_group,
    all_components,
    all_groups,
    archive_component,
    find_component,
)
from incidents.records.audit import AuditEntry
from tests.factories_people import make_person, post, sign_in

LIST = "/console/status-page/components"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_person("maya@example.com", role="admin"))


def names() -> list[str]:
    db.session.expire_all()
    return [component.name for component in all_components()]


def one(name: str) -> Component:
    db.session.expire_all()
    return db.session.scalars(select(Component).where(Component.name == name)).one()


def test_the_first_day_offers_a_list_and_adds_what_was_ticked(admin: FlaskClient) -> None:
    assert "No components yet" in admin.get(LIST).text

    answer = post(admin, f"{LIST}/suggested", {"names": ["API", "Payments", "nothing we offer"]})

    assert (answer.status_code, answer.location) == (303, LIST)
    assert names() == ["API", "Payments"]


def test_a_component_is_added_to_its_group_with_its_status(admin: FlaskClient) -> None:
    group = add_group("Services")

    answer = post(
        admin,
        LIST,
        {"name": " Billing  System ", "group": group.public_id, "status": "partial_outage", "shown": "1"},
    )

    assert answer.status_code == 303
    made = one("Billing System")
    assert (made.group_id, made.status, made.is_shown) == (group.id, "partial_outage", True)
    assert "Partial outage" in admin.get(LIST).text


def test_a_missing_name_is_said_beside_the_field_and_the_rest_is_kept(admin: FlaskClient) -> None:
    answer = post(admin, LIST, {"name": "", "description": "Invoices and plans", "status": "operational"})

    assert answer.status_code == 422
    assert '<a href="#name">Give it a name.</a>' in answer.text
    assert 'id="name-error"' in answer.text
    assert 'value="Invoices and plans"' in answer.text
    assert "<title>Error: Add component" in answer.text
    assert names() == []


def test_editing_opens_in_the_list_and_changes_words_group_and_sight(admin: FlaskClient) -> None:
    component, group = add_component("API"), add_group("Application")
    address = f"{LIST}/{component.public_id}"
    assert 'value="API"' in admin.get(address).text

    changed = {"name": "Public API", "description": "Version 2", "group": group.public_id}
    answer = post(admin, address, changed)

    assert (answer.status_code, answer.location) == (303, f"{LIST}#c-{component.public_id}")
    db.session.expire_all()
    assert (component.name, component.description, component.group_id) == ("Public API", "Version 2", group.id)
    assert component.is_shown is False


def test_what_was_typed_into_an_edit_stays_when_it_is_refused(admin: FlaskClient) -> None:
    component = add_component("API")

    answer = post(admin, f"{LIST}/{component.public_id}", {"name": "x" * 101, "group": "gone", "shown": "1"})
    too_long = post(admin, f"{LIST}/{component.public_id}", {"name": "x" * 101, "shown": "1"})

    assert "This group is gone" in answer.text
    assert too_long.status_code == 422
    assert "Keep the name under 101 characters." in too_long.text
    assert "x" * 101 in too_long.text
    assert names() == ["API"]


def test_up_and_down_move_a_component_inside_its_group_alone(admin: FlaskClient) -> None:
    group = add_group("Services")
    for name in ("One", "Two", "Three"):
        add_component(name, group=group)
    add_component("Alone")

    def move(name: str, direction: str) -> list[str]:
        address = f"{LIST}/{one(name).public_id}/position"
        assert post(admin, address, {"direction": direction}).status_code == 303
        return names()

    assert move("Three", "up") == ["Alone", "One", "Three", "Two"]
    assert move("One", "up") == ["Alone", "One", "Three", "Two"]
    assert move("One", "down") == ["Alone", "Three", "One", "Two"]
    assert move("Two", "down") == ["Alone", "Three", "One", "Two"]


def test_groups_are_added_renamed_moved_and_removed_without_their_components(admin: FlaskClient) -> None:
    groups = "/console/status-page/groups"
    assert "Give it a name." in post(admin, groups, {"name": " "}).text
    for name in ("Application", "Services"):
        assert post(admin, groups, {"name": name}).status_code == 303
    first, second = all_groups()
    add_component("API", group=first)

    post(admin, f"{groups}/{second.public_id}/position", {"direction": "up"})
    db.session.expire_all()
    assert [group.name for group in all_groups()] == ["Services", "Application"]

    post(admin, f"{groups}/{first.public_id}", {"name": "Products"})
    db.session.expire_all()
    assert first.name == "Products"

    post(admin, f"{groups}/{first.public_id}/deletion")
    db.session.expire_all()
    assert [group.name for group in all_groups()] == ["Services"]
    assert one("API").group_id is None


def test_an_archived_component_leaves_the_list_and_comes_back(admin: FlaskClient) -> None:
    component = add_component("API")

    post(admin, f"{LIST}/{component.public_id}/archived")
    assert names() == []
    assert "Archived" in admin.get(LIST).text
    assert admin.get(f"{LIST}/{component.public_id}").status_code == 404

    post(admin, f"{LIST}/{component.public_id}/restored")
    assert names() == ["API"]


def test_deleting_needs_the_archive_first_and_then_the_name(admin: FlaskClient) -> None:
    component = add_component("Old importer")
    address = f"{LIST}/{component.public_id}/deletion"
    assert post(admin, address, {"typed": "Old importer"}).status_code == 404
    archive_component(component)

    wrong = post(admin, address, {"typed": "importer"})
    assert wrong.status_code == 422
    assert "Type Old importer to delete it. Nothing was deleted." in wrong.text
    assert 'value="importer"' in wrong.text
    assert find_component(component.public_id) is not None

    public_id = component.public_id
    assert post(admin, address, {"typed": "old importer"}).status_code == 303
    db.session.expire_all()
    assert find_component(public_id) is None


def test_a_responder_sets_a_status_and_edits_nothing_else(client: FlaskClient) -> None:
    component = add_component("API")
    sign_in(client, make_person("ron@example.com", role="responder"))

    page = client.get(f"{LIST}/{component.public_id}").text
    assert "Set status" in page
    assert "Archive component" not in page
    assert 'name="direction"' not in page

    answer = post(client, f"{LIST}/{component.public_id}/status", {"status": "major_outage"})
    assert answer.status_code == 303
    assert one("API").status == "major_outage"
    assert post(client, f"{LIST}/{component.public_id}", {"name": "Mine"}).status_code == 403
    refused = post(client, f"{LIST}/{component.public_id}/status", {"status": "on fire"})
    assert refused.status_code == 422
    assert 'id="status-error"' in refused.text


def test_a_viewer_sees_the_list_and_no_button(client: FlaskClient) -> None:
    add_component("API")
    sign_in(client, make_person("vic@example.com", role="viewer"))

    assert client.get("/console/settings/").location == LIST
    page = client.get(LIST).text
    assert "API" in page
    assert "Add component" not in page
    assert f'href="{LIST}/' not in page


def test_what_admins_change_stands_in_the_audit_log(admin: FlaskClient, app: Flask) -> None:
    component = add_component("API")
    post(admin, f"{LIST}/{component.public_id}/status", {"status": "degraded_performance"})

    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.what == "component status set")).one()
    assert (entry.by_name, entry.subject) == ("Maya", "API")
    assert entry.detail == {"before": "operational", "after": "degraded_performance"}
