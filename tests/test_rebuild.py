"""What a change of the page costs: what did not change is neither read through, nor made, nor written anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from incidents.kernel.database import db
from incidents.published import publishing
from statuspage import records
from statuspage.stored import Known
from tests.factories_maintenance import make_series
from tests.factories_published import PARTIAL, make_component, make_page, make_past_incident, make_update


def test_a_row_that_comes_the_same_again_is_not_made_anew(app: Flask, clock: Any) -> None:
    api = make_component("API")
    make_update(1, title="The API is slow", components={api.public_id: PARTIAL})
    edited = make_update(2, title="Mail is late")
    make_series(components=[api.public_id])
    db.session.commit()
    known = Known()
    before = records.read(db.session.connection(), clock(), known)

    publishing.revise(edited.public_id, by_name="Maya", edited_at=clock(), body="Wait.", body_html="<p>Wait.</p>")
    db.session.commit()
    after = records.read(db.session.connection(), clock(), known)

    assert after == records.read(db.session.connection(), clock())
    assert [one is other for one, other in zip(after.incidents, before.incidents, strict=True)] == [False, True]
    assert all(one is other for one, other in zip(after.maintenances, before.maintenances, strict=True))
    assert all(one is other for one, other in zip(after.components, before.components, strict=True))


# PostgreSQL rightly goes through tables that are as small as a test's
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_question_goes_through_all_that_ever_happened(app: Flask, clock: Any) -> None:
    make_page()
    make_past_incident("Old trouble", ended_ago=timedelta(days=300), lasted=timedelta(hours=1))
    db.session.commit()
    connection = db.session.connection()
    asked: list[tuple[str, Any]] = []
    listener = lambda _connection, _cursor, said, values, *_more: asked.append((said, values))  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    records.read(connection, clock())
    event.remove(db.engine, "before_cursor_execute", listener)

    plans = [
        row[3] for said, values in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)
    ]

    growing = ("published_incidents", "published_updates", "maintenances", "maintenance_updates", "baseline_changes")
    through = [plan for plan in plans if plan.startswith("SCAN") and plan.split()[1] in growing]
    # the newest fifty: the index is read from its end, and no further
    assert set(through) <= {
        "SCAN published_incidents USING COVERING INDEX ix_published_incidents_began_at",
        "SCAN maintenances USING COVERING INDEX ix_maintenances_starts_at",
    }
    assert len(plans) > len(asked)
