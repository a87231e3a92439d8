"""What people can do, one verb a function. Actions never commit and never send: the door does the first, jobs the second."""

from __future__ import annotations

from .cadence import agree_slower, snooze
from .components import set_components
from .declare import correct_times, declare, describe_impact, rename
from .notes import add_note, correct_entry
from .relations import relate, unrelate
from .resolve import merge, reopen, resolve, set_cause, waive_postmortem, write_postmortem
from .respond import acknowledge, change_severity, escalate, take_back_acknowledgement
from .roles import accept_role, assign_role, remove_role
from .steps import advance, mark_in_place
from .updates import no_change, post_update, publish_draft, revise_update, undo_update, withdraw_update
from .visibility import change_visibility, name_oneself, name_person, unname_person

__all__ = [
    "accept_role",
    "acknowledge",
    "add_note",
    "advance",
    "agree_slower",
    "assign_role",
    "change_severity",
    "change_visibility",
    "correct_entry",
    "correct_times",
    "declare",
    "describe_impact",
    "escalate",
    "mark_in_place",
    "merge",
    "name_oneself",
    "name_person",
    "no_change",
    "post_update",
    "publish_draft",
    "relate",
    "remove_role",
    "rename",
    "reopen",
    "resolve",
    "revise_update",
    "set_cause",
    "set_components",
    "snooze",
    "take_back_acknowledgement",
    "undo_update",
    "unname_person",
    "unrelate",
    "waive_postmortem",
    "withdraw_update",
    "write_postmortem",
]
