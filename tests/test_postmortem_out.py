"""The post-mortem leaves as Markdown and as JSON: whole, and whatever was written in it keeps to its place."""

from __future__ import annotations

from datetime import date

from flask import Flask

from incidents import actions
from incidents.actions import action_items
from incidents.kernel.database import db
from incidents.policy.postmortems import SectionName
from incidents.records.incidents import Incident
from incidents.records.postmortems import find_postmortem
from incidents.reports import postmortem as report
from incidents.reports.postmortem.cells import cell
from incidents.reports.postmortem.embedded import embedded
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.programs import Program

_HOSTILE = (
    "# Not a title\nunder\n===\n\n| a | b |\n<details><!-- `<b>` <https://example.com>\n- # Nor this\n```\n# code"
)


def written(clock: WoundClock) -> Incident:
    """A published post-mortem with reasons, a factor and an action item, in words that would break a document."""
    maya, jonas = a_person("Maya"), a_person("Jonas")
    incident = an_incident(by=maya, title="Pipes | and <b>tags</b>")
    actions.acknowledge(incident, by=maya.as_actor())
    clock.forward(minutes=20)
    actions.post_update(incident, by=maya.as_actor(), body="Slow.\n# Slow", audience="public")
    clock.forward(minutes=40)
    actions.resolve(incident, by=maya.as_actor(), summary=_HOSTILE, reason="Known")
    postmortem = actions.begin_postmortem(incident, by=maya.as_actor())
    why = "- It was full\n    - Nobody looked\n    - It grew\n        - A loop wrote"
    for name, body in (("five_whys", why), ("contributing_factors", "- The alarm was off"), ("root_cause", _HOSTILE)):
        actions.write_section(postmortem, name, by=maya.as_actor(), body=body)
    action_items.add(
        incident,
        title="Watch | the <i>disk</i>",
        kind="detect",
        owner=jonas,
        due_on=date(2026, 12, 1),
        by=maya.as_actor(),
    )
    actions.ask_for_review(postmortem, reviewer=jonas, by=maya.as_actor())
    actions.publish_postmortem(incident, by=jonas.as_actor())
    db.session.commit()
    return incident


def test_markdown_is_whole_and_hostile_words_keep_to_their_section(app: Flask, clock: WoundClock) -> None:
    incident = written(clock)
    text = report.as_markdown(incident, find_postmortem(incident.id))

    outside, in_code = [], False
    for line in text.splitlines():
        in_code ^= line.startswith("```")
        outside += [] if in_code else [line]
    headings = [line for line in outside if line.startswith(("# ", "## "))]
    internal = [name.heading for name in SectionName if name is not SectionName.RCA_PUBLIC]

    assert headings == [
        "# INC-1: Pipes | and &lt;b>tags&lt;/b>",
        *(f"## {each}" for each in [*internal, "Action items"]),
    ]
    assert not any("<details" in line or "<i>" in line for line in outside)
    assert "Published to colleagues by Jonas, 23 Nov 2026, 03:14 UTC. Reviewed by Jonas." in text
    assert "- It was full\n    - Nobody looked\n    - It grew\n        - A loop wrote" in text
    assert "| Detect | Watch \\| the &lt;i>disk&lt;/i> | Jonas | 1 Dec 2026 | Open |" in text
    for told in ("| Time to resolve | 1 h | Recorded |", "| Due | Told | To | Kept |", "- The alarm was off"):
        assert told in text


def test_a_text_set_into_a_document_sinks_and_ends_what_it_opened() -> None:
    assert embedded(_HOSTILE).splitlines() == [
        *("### Not a title", "under  ", "\\===", "", "| a | b |"),
        *("&lt;details>&lt;!-- `<b>` <https://example.com>", "- ### Nor this", "```", "# code", "```"),
    ]
    assert embedded("02:10 full\n02:12 not\n- so\n\nend") == "02:10 full  \n02:12 not\n- so\n\nend"
    assert embedded("    # shell\n###### Deep") == "    # shell\n###### Deep"
    assert cell("a|b \\| c\nd") == "a\\|b \\ \\| c d"


def test_programs_get_the_tree_the_picked_lines_and_what_is_to_be_done(app: Flask, clock: WoundClock) -> None:
    written(clock)

    shown = Program(app).get("/incidents/INC-1/postmortem").get_json()

    whys = [
        {
            "text": "It was full",
            "beneath": [
                {"text": "Nobody looked", "beneath": []},
                {"text": "It grew", "beneath": [{"text": "A loop wrote", "beneath": []}]},
            ],
        }
    ]
    assert shown["outlines"]["five_whys"] == whys
    assert shown["outlines"]["contributing_factors"] == [{"text": "The alarm was off", "beneath": []}]
    assert shown["outlines"]["lucky"] is None
    assert [(item["title"], item["due_on"]) for item in shown["action_items"]] == [
        ("Watch | the <i>disk</i>", "2026-12-01")
    ]
    assert (shown["published_by"], shown["review"]["answer"]) == ("Jonas", "approved")
    assert shown["timeline_lines"][0] == {
        "at": "2026-11-23T02:14:00Z",
        "text": "Maya declared it as P1",
        "reworded_by": None,
        "recorded": [],
    }
