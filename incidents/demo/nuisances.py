"""The week's quiet incidents: P3 and P4, some of them for colleagues only."""

from __future__ import annotations

from .. import actions
from ..policy.components import ComponentStatus
from . import components as parts_of
from .components import Parts
from .course import Scene
from .people import Cast

_DEGRADED = ComponentStatus.DEGRADED


def wrong_currency_sign(cast: Cast, parts: Parts) -> Scene:
    """P4, internal, closed the next day."""
    daniel = cast.daniel.as_actor()
    incident = actions.declare(
        title="Wrong currency sign in the preview of an invoice",
        severity="P4",
        by=daniel,
        visibility_wanted="internal",
        components={parts[parts_of.BILLING]: ComponentStatus.OPERATIONAL},
        impact="The preview says $ where the invoice says €. Amounts are right.",
    )
    yield 95
    actions.acknowledge(incident, by=daniel)
    yield 60 * 22
    actions.advance(
        incident, to="mitigation", by=daniel, note="Take the sign from the account", reason="Found by reading"
    )
    yield 120
    actions.resolve(incident, by=daniel, summary="The preview takes the sign from the account.", cause="deployment")


def cold_cache(cast: Cast, parts: Parts) -> Scene:
    """P3, internal: the cache was lost and everything slow and dear for a while."""
    priya = cast.priya.as_actor()
    incident = actions.declare(
        title="Response cache misses nine times out of ten",
        severity="P3",
        by=cast.monitor,
        visibility_wanted="internal",
        detected_by="the hit rate fell from 84 % to 11 %",
        components={parts[parts_of.CACHE]: _DEGRADED, parts[parts_of.ENGINE]: ComponentStatus.OPERATIONAL},
    )
    yield 24
    actions.acknowledge(incident, by=priya)
    yield 10
    actions.post_update(
        incident,
        by=priya,
        body="Analyses take a minute longer and cost four times as much while the cache fills. Customers do not notice yet.",
        audience="internal",
    )
    actions.advance(incident, to="investigation", by=priya, reason="Internal only")
    yield 35
    actions.add_note(incident, by=priya, body="Memory was full, and what was least used went first: all of it.")
    actions.advance(
        incident, to="mitigation", by=priya, note="Double the memory, keep answers for six hours and not for a day"
    )
    yield 50
    actions.mark_in_place(incident, by=priya)
    yield 60
    actions.resolve(incident, by=priya, summary="Hit rate back at 80 %. An alarm rings below 60 %.", cause="capacity")


def deployment_stuck(cast: Cast, _parts: Parts) -> Scene:
    """P3, internal: nothing new reaches production."""
    maya = cast.maya.as_actor()
    incident = actions.declare(
        title="Deployments succeed and production does not change",
        severity="P3",
        by=maya,
        visibility_wanted="internal",
        components={},
        impact="Nobody outside. Three changes wait, one of them for a customer's demonstration at 14:00.",
    )
    yield 2
    actions.acknowledge(incident, by=maya)
    actions.advance(incident, to="investigation", by=maya, reason="Nobody outside is touched")
    yield 21
    actions.add_note(
        incident, by=maya, body="The build takes the environment of the preview since a variable was renamed."
    )
    yield 6
    actions.advance(incident, to="mitigation", by=maya, note="Name the variable as before and build without the cache")
    yield 18
    actions.resolve(incident, by=maya, summary="The variable has one name in every environment.", cause="human")


def prices_not_collected(cast: Cast, parts: Parts) -> Scene:
    """P3 at night: a scheduled job stood still; nobody looked for four hours, so the lead was told."""
    jonas, priya = cast.jonas.as_actor(), cast.priya.as_actor()
    incident = actions.declare(
        title="Hourly collection of token prices has not run",
        severity="P3",
        by=cast.monitor,
        detected_by="the job collect-prices missed its ping at 02:00",
        components={parts[parts_of.MONITORING]: _DEGRADED},
    )
    yield 251
    actions.acknowledge(incident, by=jonas)
    yield 8
    actions.describe_impact(incident, by=jonas, impact="Cost estimates are up to seven hours old")
    actions.post_update(
        incident,
        by=jonas,
        body="Cost estimates are from 01:00. Analyses themselves are not affected.",
        audience="public",
        public_status="identified",
        components={parts[parts_of.MONITORING]: _DEGRADED},
    )
    actions.assign_role(incident, role="commander", person=cast.priya, by=jonas)
    yield 12
    actions.accept_role(incident, role="commander", by=priya)
    actions.advance(incident, to="mitigation", by=priya, note="Run the job by hand", reason="The log names the cause")
    yield 33
    actions.resolve(
        incident,
        by=priya,
        summary="The job waited for an answer without a limit. It now gives up after 60 s and tries again.",
        public_body="Cost estimates are of this hour again.",
        cause="dependency",
    )
