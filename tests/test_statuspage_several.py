"""Several incidents at once: the hardest first, then the one that began first, under the headline of the worst."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from incidents.kernel import clock as now
from incidents.kernel.database import db
from incidents.published import publishing
from statuspage import page
from statuspage.snapshot import take
from tests.factories_published import DEGRADED, MAJOR, make_component, make_update


def home() -> str:
    return page.home(take(db.session.connection(), now.now()), base="https://status.example.com").body.decode()


def test_the_hardest_comes_first_and_the_headline_is_of_the_worst(app: Flask) -> None:
    api, mail, search = (make_component(name) for name in ("API", "Mail", "Search"))
    an_hour_ago = now.now() - timedelta(hours=1)
    make_update(1, title="Mail is late", components={mail.public_id: DEGRADED})
    make_update(2, title="Search is slow", components={search.public_id: DEGRADED}, at=an_hour_ago)
    make_update(3, title="The API is away", components={api.public_id: MAJOR})
    db.session.commit()

    html = home()

    places = [html.index(title) for title in ("The API is away", "Search is slow", "Mail is late")]
    assert places == sorted(places)
    assert "<h1>The service is down</h1>" in html
    assert "API is down. Mail and Search are slow or failing for some people." in html


def test_when_the_worst_is_over_the_next_gives_the_headline(app: Flask) -> None:
    api = make_component("API")
    make_update(1, title="The API is away", components={api.public_id: MAJOR})
    make_update(2, title="The API is slow", components={api.public_id: DEGRADED})
    publishing.publish(
        incident_id=1,
        incident_ref="INC-1",
        title="The API is away",
        severity="P1",
        started_at=now.now(),
        update_id="a" * 12,
        body="It is back.",
        body_html="<p>It is back.</p>",
        public_status="resolved",
        components={},
        display_at=now.now(),
        next_update_at=None,
        notify=False,
    )
    db.session.commit()

    assert "<h1>Some systems are degraded</h1>" in home()
