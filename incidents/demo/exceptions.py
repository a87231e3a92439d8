"""What does not go the usual way: a drill, a false alarm, a double, a secret."""

from __future__ import annotations

from sqlalchemy import select

from .. import actions
from ..kernel.database import db
from ..policy.components import ComponentStatus
from ..records.incidents import Incident
from . import components as parts_of
from . import learning
from .components import Parts
from .course import Scene
from .people import Cast


def drill(cast: Cast, parts: Parts) -> Scene:
    """A drill: everything runs, nothing reaches the public."""
    priya, daniel = cast.priya.as_actor(), cast.daniel.as_actor()
    incident = actions.declare(
        title="Drill: payments stop at noon",
        severity="P2",
        by=priya,
        is_drill=True,
        components={parts[parts_of.BILLING]: ComponentStatus.MAJOR},
        impact="Nobody: this is a drill",
    )
    yield 4
    actions.acknowledge(incident, by=daniel)
    yield 7
    actions.post_update(
        incident, by=daniel, body="Drill: card payments are declined. We are asking our provider.", audience="public"
    )
    actions.advance(incident, to="investigation", by=daniel, reason="The drill begins with the search")
    yield 15
    actions.advance(incident, to="mitigation", by=daniel, note="Switch to the second provider")
    yield 10
    actions.resolve(
        incident,
        by=daniel,
        summary="Eleven minutes to the first word. The switch was where the manual says.",
        cause="unknown",
    )


def load_test(cast: Cast, parts: Parts) -> Scene:
    """A false alarm at night."""
    maya = cast.maya.as_actor()
    incident = actions.declare(
        title="High error rate on the API",
        severity="P3",
        by=cast.monitor,
        detected_by="errors above 2 % for five minutes",
        components={parts[parts_of.API]: ComponentStatus.DEGRADED},
    )
    yield 13
    actions.acknowledge(incident, by=maya)
    yield 9
    actions.add_note(
        incident, by=maya, body="All of it comes from one address of our own: the load test of the new limits."
    )
    actions.resolve(
        incident, by=maya, outcome="false_alarm", reason="Our own load test. It announces itself from now on."
    )


def missing_confirmations(cast: Cast, parts: Parts) -> Scene:
    """The same trouble reported twice: merged into the one that was there first."""
    daniel = cast.daniel.as_actor()
    incident = actions.declare(
        title="Confirmations of payments are missing",
        severity="P3",
        by=daniel,
        components={parts[parts_of.EMAIL]: ComponentStatus.DEGRADED},
    )
    yield 6
    actions.acknowledge(incident, by=daniel)
    yield 5
    actions.add_note(
        incident, by=daniel, body="The same 31 customers as those without a plan. This is one trouble, not two."
    )
    into = db.session.scalars(select(Incident).where(Incident.title == "Upgrades are paid and not granted")).one()
    actions.merge(incident, into=into, by=daniel)


def strange_sign_ins(cast: Cast, parts: Parts) -> Scene:
    """A security incident: only the named know of it."""
    helena, jonas = cast.helena.as_actor(), cast.jonas.as_actor()
    incident = actions.declare(
        title="An API key of a former contractor is used from an unknown network",
        severity="P3",
        by=jonas,
        is_security=True,
        detected_by="a pattern in the access log",
        components={parts[parts_of.API]: ComponentStatus.OPERATIONAL},
    )
    yield 3
    actions.acknowledge(incident, by=jonas)
    yield 4
    actions.change_severity(incident, to="P2", by=jonas, reason="The key may read reports of 12 customers")
    actions.escalate(incident, by=jonas, reason="security", note="Management has to know before we call anybody.")
    yield 2
    actions.name_person(incident, person=cast.maya, by=jonas, reason="keeps the access logs")
    yield 10
    actions.add_note(
        incident, by=jonas, kind="decision", body="Keep all access logs of 30 days before anything is changed."
    )
    actions.add_note(incident, by=jonas, body="The key is revoked. It read lists of projects and no report.")
    actions.post_update(
        incident,
        by=helena,
        body="One key is revoked. We read through 30 days of logs and speak with our lawyer. Nobody outside is told yet.",
        audience="internal",
    )
    actions.advance(
        incident, to="mitigation", by=jonas, note="Revoke every key of former contractors", reason="Known at once"
    )
    yield 27
    actions.no_change(incident, by=jonas)
    yield 28
    actions.post_update(
        incident, by=jonas, body="Nine more keys are revoked. None of them was used in 30 days.", audience="internal"
    )
    actions.mark_in_place(incident, by=jonas)
    yield 25
    actions.resolve(
        incident,
        by=jonas,
        summary="Ten keys revoked. Keys now end when a contract does. No report was read by strangers.",
        cause="security",
    )
    yield 60 * 20
    learning.draft(incident, by=helena, words={}, owner=cast.jonas)
