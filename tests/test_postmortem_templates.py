"""What a post-mortem asks for depends on its severity, as the team set it; nothing that was written is ever left out."""

from __future__ import annotations

from flask import Flask

from incidents.policy import postmortem_templates as policy
from incidents.policy.postmortems import SectionName
from tests.acting import browser_of, main_of, opened, send
from tests.conftest import WoundClock
from tests.test_postmortem_screens import begun, over, section


def test_a_template_says_which_sections_and_questions_and_leaves_out_nothing_written(
    app: Flask, clock: WoundClock
) -> None:
    client, maya = browser_of(app, role="admin")
    incident = over(maya, clock, severity="P2")
    path = begun(client, incident)
    send(client, f"{path}/sections/lucky", opened(client, f"{path}/edit", holding="/lucky"), **{"row-0-0": "Night"})
    at = "/console/settings/postmortems"
    form = opened(client, f"{at}?kind=P2", holding="section")

    assert send(client, at, form, **{"section": ["impact"], "question-impact": "x" * 301}).status_code == 422
    send(client, at, form, **{"section": ["impact"], "question-impact": "Which customers?"})

    page = main_of(client.get(f"{path}/edit"))
    for shown in ('id="summary"', 'id="timeline"', 'id="impact"', 'id="lucky"', "Which customers?"):
        assert shown in page
    assert 'id="root_cause"' not in page
    assert 'id="root_cause"' in main_of(client.get(f"{path}/edit?all=1"))
    assert section(incident, "lucky").written == "- Night"
    send(client, at, form, act="reset")
    assert 'id="root_cause"' in main_of(client.get(f"{path}/edit"))


def test_a_security_incident_has_questions_of_its_own_whatever_its_severity() -> None:
    assert policy.kind_of("P3", is_security=True) == policy.SECURITY
    asked = {kind: template.questions[SectionName.IMPACT] for kind, template in policy.DEFAULTS.items()}
    assert "Which data" in asked[policy.SECURITY]
    assert "Which data" not in asked["P1"]
    assert policy.of(["no such", "impact"], {"impact": ""}).sections == ("summary", "impact", "timeline")
