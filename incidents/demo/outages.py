"""The week's loud incidents: P1 and P2, on the status page for everybody to see."""

from __future__ import annotations

from .. import actions
from ..policy.components import ComponentStatus
from . import components as parts_of
from . import learning
from .components import Parts
from .course import Scene
from .people import Cast

_DEGRADED, _PARTIAL, _MAJOR = ComponentStatus.DEGRADED, ComponentStatus.PARTIAL, ComponentStatus.MAJOR
_WELL = ComponentStatus.OPERATIONAL


def provider_limits_us(cast: Cast, parts: Parts) -> Scene:
    """P2: told on time but once; its cause is public."""
    maya, priya = cast.maya.as_actor(), cast.priya.as_actor()
    incident = actions.declare(
        title="Analyses fail because OpenAI limits our requests",
        severity="P2",
        by=cast.monitor,
        detected_by="the share of failed calls rose above 5 %",
        components={parts[parts_of.ENGINE]: _PARTIAL, parts[parts_of.OPENAI]: _DEGRADED},
    )
    yield 6
    actions.acknowledge(incident, by=maya)
    yield 3
    actions.describe_impact(incident, by=maya, impact="About 40 % of new analyses, some 900 an hour")
    actions.advance(incident, to="communication", by=maya)
    actions.assign_role(incident, role="communications_lead", person=cast.priya, by=maya)
    yield 1
    actions.accept_role(incident, role="communications_lead", by=priya)
    yield 4
    actions.post_update(
        incident,
        by=priya,
        body="New analyses that ask OpenAI fail or stop half way since 09:15. Saved reports, billing and sign-in work normally.",
        audience="public",
        public_status="investigating",
        components={parts[parts_of.ENGINE]: _PARTIAL, parts[parts_of.OPENAI]: _DEGRADED},
    )
    actions.advance(incident, to="investigation", by=maya)
    yield 9
    actions.add_note(
        incident,
        by=maya,
        body="429 on every second call. Our use is at 98 % of the limit per minute since the batch of a large customer began.",
        link="https://logs.example.com/search?q=429",
    )
    yield 12
    actions.add_note(
        incident,
        by=maya,
        kind="decision",
        body="Send new analyses to Google and Anthropic, hold the large batch in a queue of its own.",
    )
    actions.advance(incident, to="mitigation", by=maya, note="Fall back to the other providers, queue the large batch")
    yield 2
    actions.post_update(
        incident,
        by=priya,
        body="We send new analyses to other providers. About 1,100 analyses are waiting, down from 1,840. Reports may take up to "
        "20 minutes.",
        audience="public",
        public_status="identified",
        components={parts[parts_of.ENGINE]: _DEGRADED},
    )
    yield 38  # eight minutes late
    actions.post_update(
        incident,
        by=priya,
        body="The queue is empty but for one large batch. New analyses take 3 minutes, which is usual. This word comes late: we "
        "were watching the queue.",
        audience="public",
        public_status="monitoring",
    )
    actions.mark_in_place(incident, by=maya)
    yield 25
    actions.resolve(
        incident,
        by=maya,
        summary="Provider fallback is on by default for this customer's batches; batches have a queue with a rate of its own.",
        public_body="Analyses with all providers are complete and as fast as usual. The ones that failed were run again and not "
        "charged.",
        cause="dependency",
    )
    yield 60 * 26
    learning.publish(
        incident, by=maya, words={**learning.PROVIDER_LIMITS, "rca_public": learning.RCA}, reader=cast.jonas
    )
    learning.follow_up(incident, by=maya, owners=[cast.maya, cast.priya])
    yield 45
    actions.publish_rca(incident, by=maya, body=learning.RCA)


def database_refuses(cast: Cast, parts: Parts) -> Scene:
    """P1 at night: the second level was called, and the commander changed."""
    maya, jonas, helena = cast.maya.as_actor(), cast.jonas.as_actor(), cast.helena.as_actor()
    incident = actions.declare(
        title="Database refuses connections",
        severity="P1",
        by=cast.monitor,
        detected_by="/api/health/db answered 500 three times",
        components={parts[parts_of.WEB]: _MAJOR, parts[parts_of.API]: _MAJOR, parts[parts_of.BILLING]: _MAJOR},
    )
    yield 17
    actions.acknowledge(incident, by=jonas)
    yield 4
    actions.post_update(
        incident,
        by=jonas,
        body="The application does not answer since 23:40. Our database takes no new connections, and we are finding out why.",
        audience="public",
        public_status="investigating",
        components={parts[parts_of.WEB]: _MAJOR, parts[parts_of.API]: _MAJOR, parts[parts_of.BILLING]: _MAJOR},
    )
    yield 2
    actions.describe_impact(incident, by=jonas, impact="Everybody: no page opens, no payment is taken")
    actions.advance(incident, to="investigation", by=jonas, reason="The whole impact is plain to see")
    yield 5
    actions.escalate(incident, by=jonas, reason="access_missing", note="I cannot open the database's own console.")
    yield 6
    actions.assign_role(incident, role="commander", person=cast.maya, by=jonas)
    yield 1
    actions.accept_role(incident, role="commander", by=maya)
    actions.add_note(
        incident, by=maya, body="All 200 connections are taken, 180 of them idle in a transaction for 20 min."
    )
    yield 6
    actions.advance(incident, to="mitigation", by=maya, note="End what has been idle for 5 min, start the workers anew")
    yield 2
    actions.post_update(
        incident,
        by=helena,
        body="All connections to our database are taken by requests that wait for ever. We are ending those and starting the "
        "application anew, a part at a time.",
        audience="public",
        public_status="identified",
    )
    yield 12
    actions.mark_in_place(incident, by=maya)
    actions.add_note(
        incident, by=maya, kind="decision", body="Requests that hold a transaction for 60 s are ended from now on."
    )
    yield 8
    actions.post_update(
        incident,
        by=jonas,
        body="The application answers. We watch it for another quarter of an hour.",
        audience="public",
        public_status="monitoring",
        components={parts[parts_of.WEB]: _DEGRADED, parts[parts_of.API]: _DEGRADED, parts[parts_of.BILLING]: _WELL},
    )
    yield 15
    actions.resolve(
        incident,
        by=maya,
        summary="A report export kept its transaction open while it waited for the provider. Transactions now end after 60 s.",
        public_body="Everything answers as usual. No data was lost; payments that failed can be made again.",
        cause="deployment",
    )


def upgrades_not_granted(cast: Cast, parts: Parts) -> Scene:
    """P2: reopened when the fix held for half an hour only."""
    priya, daniel = cast.priya.as_actor(), cast.daniel.as_actor()
    billing = parts[parts_of.BILLING]
    incident = actions.declare(
        title="Upgrades are paid and not granted",
        severity="P3",
        by=daniel,
        detected_by="two customers wrote to support",
        components={billing: _DEGRADED},
    )
    yield 11
    actions.acknowledge(incident, by=priya)
    yield 3
    actions.change_severity(incident, to="P2", by=priya, reason="Every upgrade since 07:50 is affected, not two")
    actions.describe_impact(incident, by=priya, impact="31 customers paid for a plan that they do not have yet")
    yield 5
    actions.post_update(
        incident,
        by=priya,
        body="Who upgrades pays and keeps the former plan for now. No payment is lost, and we grant the plans by hand.",
        audience="public",
        public_status="investigating",
        components={billing: _PARTIAL},
    )
    actions.advance(incident, to="investigation", by=priya, reason="Impact and components are known")
    yield 14
    note = actions.add_note(incident, by=priya, body="The signature secret was rotated on friday, ours was not.")
    yield 4
    actions.correct_entry(
        note, incident, by=priya, body="The signature secret was rotated on Thursday evening, ours was not."
    )
    actions.advance(
        incident, to="mitigation", by=priya, note="Use the new secret, then ask for the missed messages again"
    )
    yield 5
    actions.post_update(
        incident,
        by=priya,
        body="Messages of our payment provider were not accepted. That is mended, and plans are granted one after another.",
        audience="public",
        public_status="monitoring",
    )
    actions.mark_in_place(incident, by=priya)
    yield 20
    actions.resolve(
        incident,
        by=priya,
        summary="The new secret is in use and 31 messages were delivered again.",
        public_body="All plans that were paid are granted.",
        cause="human",
    )
    yield 40
    actions.reopen(
        incident,
        by=daniel,
        reason="Three more customers wait for a plan; one of two workers still has the former secret.",
        public_body="Some upgrades are again paid and not granted. We are looking at the second half of what processes them.",
    )
    yield 4
    actions.acknowledge(incident, by=priya)
    yield 9
    actions.advance(incident, to="mitigation", by=priya, note="Start the second worker anew")
    yield 12
    actions.mark_in_place(incident, by=priya)
    actions.resolve(
        incident,
        by=priya,
        summary="Both workers use the new secret. An alarm now compares paid and granted upgrades every 15 minutes.",
        public_body="All plans that were paid are granted, and every part that processes payments has been checked.",
    )
    yield 60 * 5
    learning.draft(incident, by=priya, words=learning.UPGRADES)


def bad_deployment(cast: Cast, parts: Parts) -> Scene:
    """P1 that turned out a P2: rolled back within the hour."""
    jonas, daniel = cast.jonas.as_actor(), cast.daniel.as_actor()
    touched = {parts[parts_of.WEB]: _PARTIAL, parts[parts_of.API]: _PARTIAL}
    incident = actions.declare(
        title="Every tenth request fails since the afternoon's deployment",
        severity="P1",
        by=jonas,
        detected_by="an alarm of the error tracker",
        components=touched,
    )
    yield 1
    actions.acknowledge(incident, by=jonas)
    actions.assign_role(incident, role="scribe", person=cast.daniel, by=jonas)
    yield 2
    actions.accept_role(incident, role="scribe", by=daniel)
    yield 3
    actions.change_severity(incident, to="P2", by=jonas, reason="Trying again works: 9 of 10 requests are answered")
    actions.describe_impact(incident, by=jonas, impact="One request in ten, mostly when a report is opened")
    yield 2
    actions.post_update(
        incident,
        by=jonas,
        body="One request in ten fails since 16:15. Trying again helps. A change of this afternoon is being taken back.",
        audience="public",
        public_status="identified",
        components=touched,
    )
    actions.advance(
        incident, to="mitigation", by=jonas, note="Roll back to the version of noon", reason="The cause is plain"
    )
    yield 9
    actions.mark_in_place(incident, by=jonas)
    actions.add_note(incident, by=daniel, body="Errors fell from 10.4 % to 0.2 % within two minutes of the roll-back.")
    yield 16
    actions.resolve(
        incident,
        by=jonas,
        summary="Rolled back. The change asked for a column that the tables of one region did not have yet.",
        public_body="All requests are answered again.",
        cause="deployment",
    )


def late_password_mail(cast: Cast, parts: Parts) -> Scene:
    """P2 that drags on: snoozed, no change, a slower cadence agreed."""
    daniel, maya = cast.daniel.as_actor(), cast.maya.as_actor()
    email = parts[parts_of.EMAIL]
    incident = actions.declare(
        title="Password resets arrive an hour late",
        severity="P2",
        by=daniel,
        detected_by="support",
        components={email: _DEGRADED},
        impact="Everybody who asked for a new password since 13:00, about 60 people",
    )
    yield 5
    actions.acknowledge(incident, by=maya)
    actions.advance(incident, to="communication", by=maya)
    yield 6
    actions.post_update(
        incident,
        by=daniel,
        body="E-mails with a link for a new password arrive up to an hour late. Asking again makes the former link void, so wait "
        "for the first one.",
        audience="public",
        public_status="investigating",
        components={email: _DEGRADED},
    )
    actions.advance(incident, to="investigation", by=maya)
    yield 26
    actions.snooze(
        incident, by=daniel, minutes=10, reason="On the telephone with the mail provider, who is about to answer"
    )
    yield 9
    actions.post_update(
        incident,
        by=daniel,
        body="Our mail provider has a backlog and works it off. We are moving password e-mails to a second provider.",
        audience="public",
        public_status="identified",
    )
    actions.advance(incident, to="mitigation", by=maya, note="Send password e-mails by the second provider")
    yield 28
    actions.no_change(incident, by=daniel)
    yield 29
    actions.no_change(incident, by=daniel)
    yield 22
    actions.agree_slower(
        incident, by=maya, minutes=60, reason="Only the provider's backlog is left, and it shrinks steadily"
    )
    yield 30
    actions.mark_in_place(incident, by=maya)
    actions.post_update(
        incident,
        by=daniel,
        body="New password e-mails arrive within a minute. Those from before 15:00 still wait at the first provider.",
        audience="public",
        public_status="monitoring",
    )
    yield 45
    actions.resolve(
        incident,
        by=maya,
        summary="Password e-mails go by the second provider when the first takes longer than 2 minutes.",
        public_body="All e-mails have arrived, and new ones arrive within a minute.",
        cause="dependency",
    )
