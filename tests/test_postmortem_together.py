"""Writing a post-mortem together: versions, comments, mentions, and a review by somebody who wrote none of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions.postmortem.review import authors_of
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed
from incidents.kernel.outbox import OutboxMessage
from incidents.policy.mentions import mentioned
from incidents.records.incidents import Incident
from incidents.records.postmortem_writing import comments_of, revisions_of
from incidents.records.postmortems import Postmortem, find_postmortem
from tests.acting import browser_of, main_of, opened, room, send
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person
from tests.test_postmortem_screens import begun, over, section


def told(prefix: str) -> Sequence[str]:
    wanted = select(OutboxMessage.destination).where(OutboxMessage.event.startswith(prefix))
    return db.session.scalars(wanted.order_by(OutboxMessage.id)).all()


def written(incident: Incident) -> Postmortem:
    db.session.expire_all()
    found = find_postmortem(incident.id)
    assert found is not None
    return found


def test_every_version_is_kept_with_its_difference_and_an_old_one_stands_again(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = f"{begun(client, incident)}/sections/impact"
    assert "Nobody has written in this section yet." in client.get(f"{path}/versions").text
    for body in ("Nine customers waited.", "Nineteen customers waited."):
        send(client, path, opened(client, f"{room(incident)}/postmortem/edit", holding="/sections/impact"), body=body)

    page = client.get(f"{path}/versions").text
    assert "<del>Nine</del> <ins>Nineteen</ins> customers waited." in page.replace("</del><ins>", "</del> <ins>")
    send(client, f"{path}/versions", opened(client, f"{path}/versions", holding='value="2"'), version="2")

    stands = section(incident, "impact")
    assert (stands.written, stands.version) == ("Nine customers waited.", 4)
    kept = revisions_of(stands.postmortem_id, "impact")
    assert [(each.version, each.restored_from) for each in kept] == [(4, 2), (3, None), (2, None)]
    assert send(client, f"{path}/versions", opened(client, f"{path}/versions"), version="77").status_code == 409


def test_reasons_are_written_as_a_tree_without_a_script(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    edit = f"{begun(client, incident)}/edit"
    path = f"{room(incident)}/postmortem/sections/five_whys"
    form = opened(client, edit, holding="/sections/five_whys")
    rows = {"row-0-0": "Requests failed", "row-1-1": "No **connections**", "row-2-1": ""}

    moved = send(client, path, form, **rows, act="move:beside:1")
    assert moved.status_code == 200
    assert 'name="row-2-1"' in main_of(moved)
    assert section(incident, "five_whys").written is None
    shown = client.post(f"{path}/preview", data={**form, **rows})
    assert "Why 2" in shown.text
    assert "<strong>connections</strong>" in shown.text
    send(client, path, form, **{**rows, "row-2-1": "No alarm"}, act="save")

    assert section(incident, "five_whys").written == "- Requests failed\n    - No **connections**\n    - No alarm"
    read = client.get(f"{room(incident)}/postmortem").text
    assert read.count('<span class="n">Why 2</span>') == 2
    stale = send(client, path, {**form, "version": "1"}, **{"row-0-0": "Requests failed", "row-1-1": "Old driver"})
    assert stale.status_code == 409
    assert "- Requests failed\n    - No **connections**\n    - No alarm\n    - Old driver" in stale.text


def test_a_comment_is_written_settled_and_mended_by_its_writer_alone(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = f"{begun(client, incident)}/comments"
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    form = opened(client, path, holding="comment")
    assert send(client, path, form, section="impact", comment=" ").status_code == 422
    for _ in "twice":
        send(client, path, form, section="impact", comment="Which *nine*, @jonas?")
    (comment,) = comments_of(written(incident).id)["impact"]
    assert told("mention/") == ["jonas@example.com"]

    send(client, f"{path}/{comment.id}", form, act="edit", comment="Which nine, @jonas and @Jonas Weber?")
    send(client, f"{path}/{comment.id}", form, act="resolve")
    assert told("mention/") == ["jonas@example.com"]
    assert "1 settled" in client.get(path).text
    send(client, f"{path}/{comment.id}", form, act="reopen")
    actions.add_comment(written(incident), "impact", body="These.", by=jonas.as_actor())
    db.session.commit()
    theirs = comments_of(written(incident).id)["impact"][1]
    assert send(client, f"{path}/{theirs.id}", form, act="edit", comment="Those.").status_code == 409
    assert "2 comments, 2 open" in client.get(f"{room(incident)}/postmortem/edit").text


def test_of_a_restricted_incident_only_the_named_are_told_that_they_are_mentioned(
    app: Flask, clock: WoundClock
) -> None:
    maya, jonas = make_person("maya@example.com", name="Maya"), make_person("jonas@example.com", name="Jonas")
    make_person("tomas@example.com", name="Tomás")
    incident = an_incident(by=maya, title="Leaked keys", is_security=True)
    actions.name_person(incident, person=jonas, by=maya.as_actor(), reason="He rotates them")
    actions.resolve(incident, by=maya.as_actor(), summary="Rotated", reason="Quick")
    postmortem = actions.begin_postmortem(incident, by=maya.as_actor())

    for body in ("Ask @jonas and @tomas, not tomas@example.com.", "Ask @jonas, @tomas and `@maya`."):
        actions.write_section(postmortem, "lucky", body=body, by=maya.as_actor())
    db.session.commit()

    assert told("mention/") == ["jonas@example.com"]
    payload = db.session.scalars(select(OutboxMessage.payload).where(OutboxMessage.event.startswith("mention/"))).one()
    assert "not tomas" not in str(payload)


def test_a_name_that_two_bear_calls_neither() -> None:
    handles = {1: ("Maya Lindqvist", "maya"), 2: ("Maya Roth", "roth"), 3: ("Jonas Weber", "jonas")}
    assert mentioned("@Maya Roth, @jonas.", handles) == {2, 3}
    assert mentioned("@Maya, write@jonas and `@jonas`", handles) == {1}
    assert mentioned('@"Jonas Weber" @nobody', handles) == {3}
    assert mentioned("@Ana or @Ana Roth", {4: ("Ana Roth", "ar"), 5: ("Ana Silva", "as")}) == {4}


def test_a_review_is_by_somebody_who_wrote_none_of_it_and_can_send_it_back(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = f"{begun(client, incident)}/review"
    reader, jonas = browser_of(app, "jonas")
    writer, tomas = browser_of(app, "tomas")
    postmortem = written(incident)
    actions.write_section(postmortem, "lucky", by=tomas.as_actor(), body="It was night.")
    db.session.commit()
    ask = opened(client, path, holding="reviewer")
    for wrong in (maya.id, tomas.id, 999):
        assert send(client, path, ask, act="ask", reviewer=wrong).status_code == 422
    send(client, path, ask, act="ask", reviewer=jonas.id)
    assert (written(incident).state, told("postmortem-review/")) == ("in_review", ["jonas@example.com"])
    for author in (client, writer):
        assert send(author, path, opened(author, path, holding="take_back"), act="publish").status_code == 409
    assert "asks you to review" in reader.get("/console/").text

    back = opened(reader, path, holding="send_back")
    assert send(reader, path, back, act="send_back", reason="").status_code == 422
    send(reader, path, back, act="send_back", reason="The root cause is a person.")
    assert written(incident).state == "draft"
    assert "The root cause is a person." in client.get(path).text
    send(client, path, ask, act="ask", reviewer=jonas.id)
    send(reader, path, opened(reader, path, holding="publish"), act="publish")

    out = written(incident)
    assert (out.state, out.reviewer_name, out.unreviewed_reason) == ("published", jonas.name, None)
    assert f"Reviewed by {jonas.name}." in client.get(f"{room(incident)}/postmortem").text
    clock.forward(minutes=1)
    actions.write_section(out, "root_cause", by=maya.as_actor(), body="Another one.")
    db.session.commit()
    for form in ("", ".md"):
        assert "Changed since: root cause." in client.get(f"{room(incident)}/postmortem{form}").text
    with pytest.raises(Malformed):
        actions.add_comment(out, "rca_public", body="x", by=maya.as_actor())


def test_a_text_that_comes_back_is_compared_with_what_it_was_written_over(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = f"{begun(client, incident)}/edit"
    form = opened(client, path, holding="base")
    key = f"{incident.ref}:postmortem:lucky"
    typed = {"fields": json.dumps({"body": "Maya: few were awake.", "base": "1"}), "tab_key": key, "tab_page": "a" * 16}
    client.post("/console/unsent", data={**form, **typed})
    actions.write_section(written(incident), "lucky", by=make_person("jonas@example.com").as_actor(), body="Night.")
    clock.forward(minutes=1)
    db.session.commit()

    shown = main_of(client.get(path)).partition('id="lucky"')[2]
    assert "Maya: few were awake." in shown.partition("</form>")[0]
    assert '<input type="hidden" name="version" value="1">' in shown.partition("</form>")[0]


def test_whoever_wrote_what_another_has_mended_is_still_its_author(app: Flask, clock: WoundClock) -> None:
    maya, jonas, tomas = (make_person(f"{name}@example.com") for name in ("maya", "jonas", "tomas"))
    incident = over(maya, clock)
    postmortem = actions.begin_postmortem(incident, by=maya.as_actor())
    for writer, words in ((jonas, "It was nigt."), (tomas, "It was night.")):
        actions.write_section(postmortem, "lucky", by=writer.as_actor(), body=words)
    assert authors_of(postmortem) == {maya.id, jonas.id, tomas.id}

    for writer, words in ((tomas, ""), (tomas, "Few were awake.")):
        actions.write_section(postmortem, "lucky", by=writer.as_actor(), body=words)
    assert authors_of(postmortem) == {maya.id, tomas.id}


def test_only_who_may_write_in_it_can_own_it(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    stranger = make_person("jonas@example.com", name="Jonas Weber")
    viewer = make_person("amira@example.com", role="viewer")
    incident = an_incident(by=maya, is_security=True)
    actions.resolve(incident, by=maya.as_actor(), summary="Rotated", reason="Quick")
    db.session.commit()
    path = begun(client, incident)
    form = opened(client, f"{path}/edit", holding="owner")

    assert "Jonas Weber" not in client.get(f"{path}/edit").text
    for wrong in (stranger.id, viewer.id, "²"):
        assert send(client, path, form, act="owner", owner=wrong).status_code == 422
    assert written(incident).owner_id == maya.id
