"""Figures over incidents: times, targets kept, load. Drills, false alarms and merged incidents are left out."""

from __future__ import annotations

from .counting import Group, Insights, LeftOut, Measured, When, causes, count, counted, when
from .facts import components
from .load import Calls, calls
from .selection import Selection

__all__ = [
    "Calls",
    "Group",
    "Insights",
    "LeftOut",
    "Measured",
    "Selection",
    "When",
    "calls",
    "causes",
    "components",
    "count",
    "counted",
    "when",
]
