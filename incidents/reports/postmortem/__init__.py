"""The post-mortem as the record tells it: sections, durations, and the whole as Markdown. It never invents."""

from .drafting import Draft, Gap, Section, draft, draft_of
from .lengths import durations, durations_of
from .markdown import as_markdown
from .record import Record, read

__all__ = [
    "Draft",
    "Gap",
    "Record",
    "Section",
    "as_markdown",
    "draft",
    "draft_of",
    "durations",
    "durations_of",
    "read",
]
