"""What the public may know: every way in, and what each changes."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents.kernel import clock as kernel_clock
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed
from incidents.published import accent, baselines, publishing
from incidents.published import components as known
from incidents.published.baselines import BaselineChange
from incidents.published.components import Component
from incidents.published.incidents import PublishedIncident, PublishedUpdate, PublishedUpdateRevision
from incidents.published.page_settings import PageSettings, change_page_settings, page_settings
from incidents.published.revision import PageRevision
from tests.factories_published import DEGRADED, MAJOR, PARTIAL, make_component, make_past_incident, make_update


def revision() -> int:
    db.session.expire_all()
    return db.session.scalar(select(PageRevision.revision)) or 0


def test_the_first_update_publishes_its_incident_and_the_last_withdrawn_takes_it_along(app: Flask, clock: Any) -> None:
    first = make_update(7, body="One.")
    clock.forward(minutes=5)
    second = make_update(7, body="Two.", status="identified")
    assert publishing.find(7) is not None

    publishing.withdraw_update(second.public_id)
    assert [update.body for update in publishing.find(7).updates] == ["One."]  # type: ignore[union-attr]

    publishing.withdraw_update(first.public_id)
    assert publishing.find(7) is None
    assert db.session.scalars(select(PublishedUpdate)).all() == []


def test_public_ids_are_twelve_of_a_to_z_and_digits(app: Flask) -> None:
    make_update(1)
    found = {publishing.find(1).public_id, make_component().public_id}  # type: ignore[union-attr]
    assert all(len(one) == 12 and set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789") for one in found)
    assert len(found) == 2


def test_every_change_moves_the_revision_in_its_own_transaction(app: Flask, clock: Any) -> None:
    component = make_component()
    group = known.add_group("Core")
    update = make_update(1, components={component.public_id: DEGRADED})
    second = make_update(1, status="identified")
    db.session.commit()
    changes: list[Callable[[], object]] = [
        lambda: publishing.revise(
            update.public_id, body="New.", body_html="<p>New.</p>", edited_at=clock(), by_name="Maya"
        ),
        lambda: publishing.move_promise(1, clock() + timedelta(minutes=60)),
        lambda: publishing.rename(1, "Another title"),
        lambda: publishing.withdraw_update(second.public_id),
        lambda: publishing.end(1, clock()),
        lambda: publishing.continue_elsewhere(1, 2),
        lambda: publishing.reopen(1),
        lambda: publishing.withdraw_incident(1),
        lambda: known.change_component(component, name="Public API"),
        lambda: baselines.set_baseline(component, PARTIAL, clock()),
        lambda: known.move_component(component, position=1, group=group),
        lambda: known.archive_component(component),
        lambda: known.restore_component(component),
        lambda: known.delete_component(component),
        lambda: known.change_group(group, name="Base"),
        lambda: known.move_group(group, position=1),
        lambda: known.delete_group(group),
        lambda: change_page_settings(name="AI Perception"),
    ]
    for change in changes:
        before = revision()
        change()
        db.session.commit()
        assert revision() > before


def test_a_rolled_back_change_moves_nothing(app: Flask) -> None:
    make_component()
    db.session.commit()
    before = revision()
    make_update(1)
    db.session.rollback()
    assert revision() == before
    assert publishing.find(1) is None


def test_an_edit_keeps_the_earlier_wording_and_marks_the_update(app: Flask, clock: Any) -> None:
    update = make_update(1, body="Frist.")
    edited_at = clock.forward(minutes=3)

    publishing.revise(update.public_id, body="First.", body_html="<p>First.</p>", edited_at=edited_at, by_name="Maya")

    kept = db.session.scalars(select(PublishedUpdateRevision)).one()
    assert (kept.body, kept.by_name, kept.replaced_at) == ("Frist.", "Maya", edited_at)
    assert (update.body, update.body_html, update.edited_at) == ("First.", "<p>First.</p>", edited_at)


def test_backdating_recomputes_order_beginning_and_end(app: Flask, clock: Any) -> None:
    now = clock()
    first = make_update(1, at=now - timedelta(minutes=30), started_at=now - timedelta(minutes=40))
    resolved = make_update(1, status="resolved", at=now)
    incident = publishing.find(1)
    assert incident is not None
    assert (incident.began_at, incident.ended_at) == (now - timedelta(minutes=40), now)

    publishing.revise(resolved.public_id, display_at=now - timedelta(minutes=10), edited_at=now, by_name="Maya")
    publishing.revise(first.public_id, display_at=now - timedelta(minutes=55), edited_at=now, by_name="Maya")

    assert (incident.began_at, incident.ended_at) == (now - timedelta(minutes=55), now - timedelta(minutes=10))


def test_the_end_is_the_first_resolution_of_the_last_run_and_reopening_takes_it_back(app: Flask, clock: Any) -> None:
    make_update(1)
    ended_at = clock.forward(minutes=10)
    make_update(1, status="resolved")
    clock.forward(minutes=10)
    make_update(1, status="postmortem")
    incident = publishing.find(1)
    assert incident is not None
    assert incident.ended_at == ended_at

    clock.forward(minutes=1)
    make_update(1, status="investigating")
    assert incident.is_open


def test_a_merged_incident_ends_without_a_resolving_update(app: Flask, clock: Any) -> None:
    make_update(1)
    at = clock.forward(minutes=4)
    publishing.continue_elsewhere(1, 2)
    incident = publishing.find(1)
    assert incident is not None
    assert (incident.ended_at, incident.continues_in) == (at, 2)


def test_what_cannot_be_published_is_refused_with_a_sentence(app: Flask) -> None:
    with pytest.raises(Malformed) as wrong:
        make_update(1, components={"nonesuch0000": DEGRADED})
    assert wrong.value.fields == {"components": "There is no component nonesuch0000."}
    component = make_component()
    with pytest.raises(Malformed):
        make_update(1, components={component.public_id: "on_fire"})
    with pytest.raises(Malformed):
        make_update(1, status="fixed")
    with pytest.raises(LookupError):
        publishing.revise("nonesuch0000", edited_at=kernel_clock.now(), by_name="Maya")


def test_titles_lose_what_no_database_can_store(app: Flask) -> None:
    make_update(1, title="Down\x00 \ud800again\n\u0085now", body="a\x00b\r\nc")
    db.session.commit()
    incident = publishing.find(1)
    assert incident is not None
    assert (incident.title, incident.updates[0].body) == ("Down again now", "ab\nc")


def test_components_are_ordered_by_group_and_position(app: Flask) -> None:
    services, core = known.add_group("Services"), known.add_group("Core", position=1)
    mail, api, web = (
        make_component("Mail", group=services),
        make_component("API", group=core),
        make_component("Web", group=core),
    )
    alone = make_component("Alone")
    assert [one.name for one in known.all_components()] == ["Alone", "API", "Web", "Mail"]

    known.move_component(web, position=1)
    known.move_component(mail, position=2, group=core)
    assert [one.name for one in known.all_components()] == ["Alone", "Web", "Mail", "API"]

    known.archive_component(api)
    known.delete_group(core)
    assert [one.name for one in known.all_components()] == ["Alone", "Web", "Mail"]
    assert [one.name for one in known.all_components(archived=True)] == ["API"]
    assert alone.position < mail.position


def test_a_baseline_keeps_its_history(app: Flask, clock: Any) -> None:
    component = make_component(age=timedelta(days=3))
    at = clock.forward(hours=1)
    baselines.set_baseline(component, MAJOR, at)
    baselines.set_baseline(component, MAJOR, at)  # the same again is no change
    changes = db.session.scalars(select(BaselineChange).order_by(BaselineChange.at)).all()
    assert [(change.status, change.at) for change in changes] == [("operational", component.created_at), (MAJOR, at)]


def test_a_deleted_component_leaves_the_updates_that_named_it(app: Flask) -> None:
    component = make_component()
    make_update(1, components={component.public_id: DEGRADED})
    known.delete_component(component)
    db.session.commit()
    assert db.session.scalars(select(Component)).all() == []
    assert publishing.find(1) is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"support_url": "javascript:alert(1)"}, "support_url"),
        ({"support_url": "https://"}, "support_url"),
        ({"accent": "#ffff00"}, "accent"),
        ({"accent": "red"}, "accent"),
        ({"accent_dark": "#102030"}, "accent_dark"),
        ({"logo": b"<svg onload=alert(1)>"}, "logo"),
        ({"partial_weight": 101}, "partial_weight"),
    ],
)
def test_a_wrong_page_setting_is_named_and_nothing_is_kept(app: Flask, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as wrong:
        change_page_settings(**change)
    assert list(wrong.value.fields) == [field]
    assert db.session.get(PageSettings, 1) is None


def test_page_settings_have_defaults_before_anybody_sets_them(app: Flask) -> None:
    assert (page_settings().zone, page_settings().shows_severity, page_settings().partial_weight) == ("UTC", False, 30)
    change_page_settings(name="AI Perception", zone="Europe/Berlin", accent="#7a1fa2")
    db.session.commit()
    kept = page_settings()
    assert (kept.name, kept.zone, kept.accent) == ("AI Perception", "Europe/Berlin", "#7a1fa2")
    assert accent.problem_with(kept.accent_dark or "", on=accent.ON_DARK) is None


def test_a_logo_becomes_a_small_png_with_nothing_else_in_it(app: Flask) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    secret = PngInfo()
    secret.add_text("Comment", "taken at 52.52, 13.40")
    uploaded = io.BytesIO()
    Image.effect_noise((1600, 900), 80).convert("RGB").save(uploaded, "PNG", pnginfo=secret)

    change_page_settings(logo=uploaded.getvalue())

    logo = page_settings().logo
    assert logo is not None
    assert len(logo) <= 8 * 1024
    assert b"52.52" not in logo
    with Image.open(io.BytesIO(logo)) as picture:
        assert picture.format == "PNG"


def test_ten_thousand_past_incidents_do_not_matter_to_find_and_publish(app: Flask, count_queries: list[str]) -> None:
    make_past_incident("Long ago", ended_ago=timedelta(days=300), lasted=timedelta(hours=1))
    db.session.commit()
    db.session.expire_all()
    count_queries.clear()
    make_update(1)
    few = len(count_queries)
    for number in range(30):
        make_past_incident(f"Past {number}", ended_ago=timedelta(days=number), lasted=timedelta(hours=1))
    db.session.commit()
    count_queries.clear()
    make_update(2)
    assert len(count_queries) <= few + 1  # PostgreSQL and SQLite may have to begin anew
    assert db.session.scalars(select(PublishedIncident.id)).all()
