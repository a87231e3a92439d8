"""Builds published things for tests: components, incidents, and a whole rich page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count

from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.kernel.text import render_markdown
from incidents.published import components as known
from incidents.published import page_settings, publishing
from incidents.published.components import Component
from incidents.published.incidents import PublishedUpdate
from incidents.published.public_ids import fresh_public_id

DEGRADED, PARTIAL, MAJOR, OPERATIONAL = "degraded_performance", "partial_outage", "major_outage", "operational"
_numbers = count(1)

GROUPS = {
    "Application": ["Web application", "API", "Analysis Engine"],
    "Services": ["Billing System", "Email Service", "Monitoring Service"],
    "AI providers we depend on": ["OpenAI", "Anthropic", "Google", "Perplexity"],
}


def make_component(name: str = "API", *, age: timedelta = timedelta(days=400), **more: object) -> Component:
    """A component that has existed for ``age``."""
    return known.add_component(name, created_at=clock.now() - age, **more)  # type: ignore[arg-type]


def make_update(
    incident_id: int = 1,
    *,
    status: str = "investigating",
    body: str = "We are looking into it.",
    components: Mapping[str, str] | None = None,
    title: str = "AI provider rate limited",
    severity: str = "P1",
    at: datetime | None = None,
    started_at: datetime | None = None,
    next_update_at: datetime | None = None,
    notify: bool = True,
) -> PublishedUpdate:
    """One published update, now unless ``at`` says otherwise."""
    at = at or clock.now()
    existing = publishing.find(incident_id)
    return publishing.publish(
        incident_id=incident_id,
        incident_ref=f"INC-{incident_id}",
        title=title,
        severity=severity,
        started_at=started_at or (existing.started_at if existing else at),
        update_id=fresh_public_id(),
        body=body,
        body_html=render_markdown(body),
        public_status=status,
        components=components or {},
        display_at=at,
        next_update_at=next_update_at,
        notify=notify,
    )


def make_past_incident(
    title: str,
    *,
    ended_ago: timedelta,
    lasted: timedelta,
    components: Mapping[str, str] | None = None,
    body: str = "It works again.",
) -> int:
    """An incident that is over; its private id."""
    number = 1000 + next(_numbers)
    start = clock.now() - ended_ago - lasted
    make_update(
        number,
        title=title,
        at=start + lasted * 0.1,
        started_at=start,
        components=components,
        body="Some requests fail. We are looking into it.",
    )
    make_update(number, title=title, status="resolved", at=start + lasted, started_at=start, body=body)
    return number


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def make_page() -> dict[str, Component]:
    """The page of the pictures: ten components in three groups, one open incident, several past ones; committed."""
    page_settings.change_page_settings(
        name="AI Perception", zone="Europe/Berlin", support_url="https://support.example.com"
    )
    by_name = {}
    for heading, names in GROUPS.items():
        group = known.add_group(heading)
        for name in names:
            by_name[name] = make_component(name, group=group)
    ids = {name: component.public_id for name, component in by_name.items()}
    past = [
        ("Slow analyses with OpenAI", days(5), minutes(48), {"Analysis Engine": DEGRADED, "OpenAI": DEGRADED}),
        (
            "Database connection failure",
            days(9),
            minutes(72),
            {"Web application": MAJOR, "API": MAJOR, "Billing System": MAJOR},
        ),
        ("Perplexity answers missing from reports", days(12), minutes(22), {"Perplexity": PARTIAL}),
        ("Password reset emails delayed", days(18), minutes(55), {"Email Service": DEGRADED}),
        ("Analyses failing", days(23), minutes(40), {"Analysis Engine": PARTIAL, "OpenAI": PARTIAL}),
        ("Slow analyses", days(24), minutes(130), {"Analysis Engine": DEGRADED, "Anthropic": DEGRADED}),
        ("API slower than usual", days(38), minutes(65), {"API": DEGRADED, "Analysis Engine": DEGRADED}),
        ("Pages and calls failing", days(51), minutes(18), {"Web application": PARTIAL, "API": PARTIAL}),
        ("Anthropic rate limits", days(60), minutes(30), {"Anthropic": DEGRADED}),
    ]
    for title, ended_ago, lasted, touched in past:
        make_past_incident(
            title,
            ended_ago=ended_ago,
            lasted=lasted,
            components={ids[name]: status for name, status in touched.items()},
        )
    now = clock.now()
    make_update(
        142,
        started_at=now - minutes(50),
        at=now - minutes(35),
        components={ids["Analysis Engine"]: DEGRADED, ids["API"]: DEGRADED},
        body="Two of our AI providers, OpenAI and Anthropic, are limiting our requests. New analyses are slow and some fail. "
        "Saved reports, billing and sign-in work normally.",
        next_update_at=now - minutes(5),
    )
    make_update(
        142,
        status="identified",
        at=now - minutes(7),
        body="We are sending new analyses to Google and Perplexity instead of OpenAI and Anthropic. The queue is shrinking: "
        "about 1,100 analyses are waiting, down from 1,840. Reports may take up to 20 minutes.",
        next_update_at=now + minutes(23),
    )
    db.session.commit()
    return by_name
