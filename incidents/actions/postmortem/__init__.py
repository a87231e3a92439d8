"""What people do with a post-mortem: begin it, write it together, choose its lines, have it reviewed, publish or waive it."""

from __future__ import annotations

from .course import begin_postmortem, publish_postmortem, set_postmortem_owner, waive_postmortem, write_postmortem
from .lines import choose_lines, join_lines, reword_line, split_line
from .writing import regenerate_facts, regenerate_section, restore_section, write_section

__all__ = [
    "begin_postmortem",
    "choose_lines",
    "join_lines",
    "publish_postmortem",
    "regenerate_facts",
    "regenerate_section",
    "restore_section",
    "reword_line",
    "set_postmortem_owner",
    "split_line",
    "waive_postmortem",
    "write_postmortem",
    "write_section",
]
