"""The two incidents that are open now: one whose update is late, and one that nobody has yet."""

from __future__ import annotations

from datetime import timedelta

from .. import actions
from ..kernel import clock
from ..policy.components import ComponentStatus
from . import components as parts_of
from .components import Parts
from .course import Scene
from .people import Cast

LATE_MINUTES = 7  # how late the public update is when the demo begins
LATE_LASTS, YOUNG_LASTS = 58, 9  # minutes since each was declared
_DEGRADED, _PARTIAL = ComponentStatus.DEGRADED, ComponentStatus.PARTIAL


def analyses_fail(cast: Cast, parts: Parts) -> Scene:
    """P1: worked on by three, and the promise to the public has just been missed."""
    maya, priya = cast.maya.as_actor(), cast.priya.as_actor()
    touched = {parts[parts_of.ENGINE]: _PARTIAL, parts[parts_of.API]: _DEGRADED}
    incident = actions.declare(
        title="Analyses fail or take very long with three providers",
        severity="P2",
        by=cast.monitor,
        detected_by="calls to the providers take longer than 30 s",
        impact_started_at=clock.now() - timedelta(minutes=6),
        components=touched,
    )
    yield 3
    actions.acknowledge(incident, by=maya)
    yield 2
    actions.change_severity(
        incident, to="P1", by=maya, reason="Two of three analyses fail, and the queue grows by 60 a minute"
    )
    actions.describe_impact(
        incident, by=maya, impact="Two of three new analyses, about 2,400 an hour. Saved reports are safe."
    )
    actions.advance(incident, to="communication", by=maya)
    actions.assign_role(incident, role="communications_lead", person=cast.priya, by=maya)
    yield 1
    actions.accept_role(incident, role="communications_lead", by=priya)
    yield 2
    actions.post_update(
        incident,
        by=priya,
        body="New analyses fail or take very long. Saved reports, billing and sign-in work normally. We are looking for the cause.",
        audience="public",
        public_status="investigating",
        components={**touched, parts[parts_of.OPENAI]: _DEGRADED},
    )
    actions.advance(incident, to="investigation", by=maya)
    yield 6
    actions.add_note(
        incident,
        by=maya,
        body="OpenAI, Anthropic and Perplexity are all slow from here, and fast from a laptop. Our way out is the common part.",
        link="https://charts.example.com/egress",
    )
    yield 7
    published = LATE_LASTS - 30 - LATE_MINUTES
    actions.advance(incident, to="mitigation", by=maya, note="Send the calls by the second network address")
    yield published - 21
    actions.post_update(
        incident,
        by=priya,
        body="The cause is the way from our servers to the providers, not the providers. **Half of all analyses** now take another "
        "way and are as fast as usual. About 1,900 are waiting.",
        audience="public",
        public_status="identified",
        components={parts[parts_of.ENGINE]: _DEGRADED, parts[parts_of.API]: ComponentStatus.OPERATIONAL},
    )
    yield 8
    actions.add_note(
        incident, by=maya, kind="decision", body="Move the other half at once when the first has been quiet for 20 min."
    )
    actions.assign_role(incident, role="scribe", person=cast.daniel, by=maya)
    yield 9
    actions.escalate(incident, by=maya, reason="customer", note="Our largest customer has called Helena.")
    actions.post_update(
        incident,
        by=maya,
        body="For support: nothing is charged for analyses that fail. Do not promise a time, send people to the status page.",
        audience="internal",
    )
    yield 10
    actions.add_note(incident, by=priya, body="Queue at 1,150 and falling by 40 a minute.")
    draft = actions.post_update(
        incident,
        by=cast.daniel.as_actor(),
        body="All analyses take the new way now. About 1,100 are waiting, and the last of them will be done in half an hour.",
        audience="public",
        public_status="monitoring",
        draft=True,
        will_ask=True,
    )
    actions.ask_for_approval(incident, draft, by=cast.daniel.as_actor(), of=cast.priya)
    actions.post_update(
        incident,
        by=cast.daniel.as_actor(),
        body="For the late shift: answers for customers stand in the usual document. Ask Priya before you add one.",
        audience="internal",
        publish_at=clock.now() + timedelta(minutes=75),
    )


def payments_unanswered(cast: Cast, parts: Parts) -> Scene:
    """P2: an alarm of a few minutes ago that nobody has acknowledged."""
    actions.declare(
        title="Payment provider's messages are answered with 401",
        severity="P2",
        by=cast.monitor,
        detected_by="14 refused messages in five minutes",
        components={parts[parts_of.BILLING]: _DEGRADED},
    )
    yield from ()
