"""What people do with a post-mortem: begin it, write it together, choose its lines, have it reviewed, publish or waive it."""

from __future__ import annotations

from .comments import add_comment, edit_comment, reopen_comment, resolve_comment
from .course import begin_postmortem, publish_postmortem, set_postmortem_owner, waive_postmortem, write_postmortem
from .lines import choose_lines, join_lines, reword_line, split_line
from .review import ask_for_review, send_back_postmortem, take_back_review
from .writing import regenerate_facts, regenerate_section, restore_section, write_section

__all__ = [
    "add_comment",
    "ask_for_review",
    "begin_postmortem",
    "choose_lines",
    "edit_comment",
    "join_lines",
    "publish_postmortem",
    "regenerate_facts",
    "regenerate_section",
    "reopen_comment",
    "resolve_comment",
    "restore_section",
    "reword_line",
    "send_back_postmortem",
    "set_postmortem_owner",
    "split_line",
    "take_back_review",
    "waive_postmortem",
    "write_postmortem",
    "write_section",
]
