"""A component whose own status was set, as webhooks are told of it; letters are written of incidents and maintenance alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..published.components import Component
from .public_news import News, Surroundings


def news_of(known: Component, facts: Mapping[str, Any], around: Surroundings) -> News:
    """``facts`` hold what it was before."""
    return News(
        about="component.updated",
        fold_key=f"public/component/{known.public_id}",
        around=around,
        data={
            "component": {
                "id": known.public_id,
                "name": known.name,
                "status": known.status,
                "old_status": facts["was"],
                "shown_status": around.status_of(known),
            }
        },
        statuspage_parts={
            "component_update": {
                "created_at": facts["at"],
                "new_status": known.status,
                "old_status": facts["was"],
                "id": facts["change"],
                "component_id": known.public_id,
            },
            "component": {
                "created_at": known.created_at.isoformat(),
                "id": known.public_id,
                "name": known.name,
                "status": known.status,
            },
        },
    )
