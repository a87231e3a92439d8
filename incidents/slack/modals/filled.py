"""A form that was sent off: what stands in its fields, what it was opened with, and whether it was sent before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ...access import Role
from ...records import slack_requests
from ...records.incidents import Incident
from ...records.people import Person
from ..acted import Acted


class Filled:
    """The fields of ``acted.view``; what cannot be one is empty."""

    def __init__(self, acted: Acted) -> None:
        self.acted = acted

    def text(self, name: str) -> str:
        """A text, or the value of the one choice."""
        found = self._field(name)
        value = found.get("value")
        chosen = found.get("selected_option")
        if value is None and isinstance(chosen, dict):
            value = chosen.get("value")
        return _storable(value).strip()

    def values(self, name: str) -> list[str]:
        """The values of all that is chosen."""
        return _values(self._field(name).get("selected_options"))

    def user(self, name: str) -> str:
        """The user of Slack who is chosen."""
        return _storable(self._field(name).get("selected_user"))

    def opened_with(self, name: str) -> list[str]:
        """What was chosen in that field when the form was opened."""
        blocks = self.acted.view.get("blocks")
        for block in blocks if isinstance(blocks, list) else []:
            element = block.get("element") if isinstance(block, dict) and block.get("block_id") == name else None
            if isinstance(element, dict):
                return _values(element.get("initial_options"))
        return []

    @cached_property
    def kept(self) -> Mapping[str, Any]:
        """What the form carries unseen."""
        try:
            found = json.loads(str(self.acted.view.get("private_metadata") or "{}"))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def once(self) -> str:
        """The name of this filling."""
        return _storable(str(self.kept.get("once") or self.acted.view.get("id") or self.acted.once))[:32]

    @property
    def after(self) -> int:
        """The last entry of the timeline when the form was opened."""
        found = self.kept.get("after")
        return found if type(found) is int and 0 <= found < 2**31 else 0

    def incident(self) -> tuple[Incident, Person]:
        """The incident that the form is about, locked, and who sent it; refused as anywhere."""
        asked = self.acted.asked(str(self.kept.get("ref", "")))
        person = asked.known(Role.RESPONDER)
        return asked.incident()[0], person

    def was_sent(self) -> bool:
        """Whether this filling was acted on before."""
        return slack_requests.is_remembered(f"form/{self.once}")

    def is_first_time(self) -> bool:
        """Whether it acts now: False where it was acted on before. Undone with the transaction, if that is refused."""
        return slack_requests.remember(f"form/{self.once}")

    def _field(self, name: str) -> Mapping[str, Any]:
        state = self.acted.view.get("state")
        values = state.get("values") if isinstance(state, dict) else None
        block = values.get(name) if isinstance(values, dict) else None
        found = next(iter(block.values()), None) if isinstance(block, dict) else None
        return found if isinstance(found, dict) else {}


def _values(chosen: object) -> list[str]:
    return [
        _storable(each.get("value")) for each in (chosen if isinstance(chosen, list) else []) if isinstance(each, dict)
    ]


def _storable(value: object) -> str:
    """Without half characters and NUL, which no database takes."""
    return value.encode("utf-8", "replace").decode().replace("\x00", "") if isinstance(value, str) else ""
