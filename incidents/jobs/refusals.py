"""What a look-up before sending answers: the facts that the sender needs, or why nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Refusal:
    """Why a message cannot be sent to this destination any more."""

    reason: str
