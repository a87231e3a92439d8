"""What a channel must know beside the message, looked up just before each attempt: the outbox itself holds no secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.outbox import Claim

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Refusal:
    """This must not be sent any more, and why."""

    reason: str


def facts_for(claims: Sequence[Claim]) -> dict[int, Facts | Refusal]:
    """By the claim's id; what is not in it needs to know nothing."""
    return {}
