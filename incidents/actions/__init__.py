"""What people can do, one verb a function. Actions never commit and never send: the door does the first, jobs the second."""

from __future__ import annotations

from .approving import approve, ask_for_approval, send_back, take_question_back
from .cadence import agree_slower, snooze
from .components import set_components
from .corrections import revise_update, undo_update, withdraw_update
from .declare import correct_times, declare, describe_impact, rename
from .notes import add_note, correct_entry
from .postmortem import (
    add_comment,
    ask_for_review,
    begin_postmortem,
    choose_lines,
    edit_comment,
    join_lines,
    publish_postmortem,
    regenerate_facts,
    regenerate_section,
    reopen_comment,
    resolve_comment,
    restore_section,
    reword_line,
    send_back_postmortem,
    set_postmortem_owner,
    split_line,
    take_back_review,
    waive_postmortem,
    write_postmortem,
    write_section,
)
from .rca import publish_rca, revise_rca, withdraw_rca
from .relations import relate, unrelate
from .resolve import merge, reopen, resolve, set_cause
from .respond import acknowledge, change_severity, escalate, take_back_acknowledgement
from .roles import accept_role, assign_role, remove_role
from .steps import advance, mark_in_place
from .tags import change_tags, set_tags
from .updates import no_change, post_update, publish_draft
from .updates import set_time as set_update_time
from .visibility import change_visibility, name_oneself, name_person, unname_person

__all__ = [
    "accept_role",
    "acknowledge",
    "add_comment",
    "add_note",
    "advance",
    "agree_slower",
    "approve",
    "ask_for_approval",
    "ask_for_review",
    "assign_role",
    "begin_postmortem",
    "change_severity",
    "change_tags",
    "change_visibility",
    "choose_lines",
    "correct_entry",
    "correct_times",
    "declare",
    "describe_impact",
    "edit_comment",
    "escalate",
    "join_lines",
    "mark_in_place",
    "merge",
    "name_oneself",
    "name_person",
    "no_change",
    "post_update",
    "publish_draft",
    "publish_postmortem",
    "publish_rca",
    "regenerate_facts",
    "regenerate_section",
    "relate",
    "remove_role",
    "rename",
    "reopen",
    "reopen_comment",
    "resolve",
    "resolve_comment",
    "restore_section",
    "revise_rca",
    "revise_update",
    "reword_line",
    "send_back",
    "send_back_postmortem",
    "set_cause",
    "set_components",
    "set_postmortem_owner",
    "set_tags",
    "set_update_time",
    "snooze",
    "split_line",
    "take_back_acknowledgement",
    "take_back_review",
    "take_question_back",
    "undo_update",
    "unname_person",
    "unrelate",
    "waive_postmortem",
    "withdraw_rca",
    "withdraw_update",
    "write_postmortem",
    "write_section",
]
