"""The lines of a post-mortem's timeline are chosen, merged and reworded; the record keeps every word of its own."""

from __future__ import annotations

from flask import Flask

from incidents import actions
from incidents.kernel.database import db
from tests.acting import browser_of, entries, opened, room, send
from tests.conftest import WoundClock
from tests.test_postmortem_screens import begun, over, section


def test_entries_are_taken_in_and_left_out_and_nobody_undoes_anothers_ticks(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    actions.add_note(incident, by=maya.as_actor(), body="The queue shrinks")
    db.session.commit()
    path = f"{begun(client, incident)}/timeline"
    note, taken = entries(incident, "note")[0].id, entries(incident, "acknowledged")[0].id
    first = opened(client, path, holding="seen")
    old = dict(first)
    ticks = {int(each) for each in first["had"].split(",")}
    assert note not in ticks

    send(client, path, first, **{"in": sorted({*ticks, note}), "act": "save"})
    send(client, path, old, **{"in": sorted(ticks - {taken}), "act": "save"})

    text = section(incident, "timeline").generated
    assert "noted: The queue shrinks" in text
    assert "acknowledged" not in text
    assert len(entries(incident, "acknowledged")) == 1
    assert "acknowledged" in client.get(room(incident)).text


def test_merged_and_reworded_lines_show_what_was_recorded(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = over(maya, clock)
    path = f"{begun(client, incident)}/timeline"
    first, second = entries(incident, "declared")[0].id, entries(incident, "acknowledged")[0].id
    form = opened(client, path, holding="seen")
    alone = send(client, path, form, **{"in": form["had"].split(","), "mark": [first], "act": "merge"})
    assert alone.status_code == 422

    merged = send(client, path, form, **{"in": form["had"].split(","), "mark": [second, first], "act": "merge"})
    assert merged.headers["Location"] == f"{path}/{first}"
    send(client, f"{path}/{first}", opened(client, f"{path}/{first}", holding="act"), words="Declared | and taken")

    text = section(incident, "timeline").generated
    assert "| Declared \\| and taken |" in text
    assert "acknowledged" not in text
    read = client.get(f"{room(incident)}/postmortem").text
    assert "1 line says it in other words than the record" in read
    assert "acknowledged" in read
    assert client.get(f"{path}/{second}").status_code == 404

    send(client, f"{path}/{first}", opened(client, f"{path}/{first}", holding="act"), act="split", words="x")
    text = section(incident, "timeline").generated
    assert "declared it as P1" in text
    assert "acknowledged" in text
