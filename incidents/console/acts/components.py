"""Which components an incident touches and how badly, as the team sees it."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...actions.components import statuses_of
from ...kernel.errors import Malformed
from ...policy.components import ComponentStatus
from ...published import publishing
from ...published.components import all_components
from ...records.incidents import Incident
from ..composer import COMPONENT_WORDS
from ..incident_pages import chosen_components, text
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, insist_on_sight

WORDS = {status: word for status, word in COMPONENT_WORDS.items() if status != ComponentStatus.OPERATIONAL}


@bp.route("/components", methods=FORM)
@may(Role.RESPONDER)
def components(ref: str) -> ResponseReturnValue:
    """A status for each that is affected, or "none"."""
    return answer(ref, "components", facts=_facts, act=_set)


def _set(incident: Incident) -> str | None:
    wanted, stands = chosen_components(), statuses_of(incident)
    if wanted and text("none_affected"):
        raise Malformed({"components": "You named a component and said that none is affected. Choose one of the two."})
    if not wanted and not text("none_affected"):
        raise Malformed({"components": "Name the affected components, or say that none is."})
    if wanted != stands:
        insist_on_sight(
            incident, _seen(incident), "Somebody changed the components meanwhile. Both are shown.", components=stands
        )
    actions.set_components(incident, wanted, by=actor())
    return None


def _facts(incident: Incident) -> dict[str, Any]:
    stands = statuses_of(incident)
    is_none = incident.components_answered and not stands
    return {
        "values": {
            "none_affected": "1" if is_none else "",
            **{f"component-{name}": status for name, status in stands.items()},
        },
        "seen": _seen(incident),
        "components": [(each, stands.get(each.public_id, "")) for each in all_components()],
        "component_words": {
            **WORDS,
            **{status: status.replace("_", " ").capitalize() for status in stands.values() if status not in WORDS},
        },
        "is_published": publishing.find(incident.id) is not None,
    }


def _seen(incident: Incident) -> str:
    return fingerprint(sorted(statuses_of(incident).items()), incident.components_answered)
