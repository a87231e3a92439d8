"""The post-mortem as the record tells it: sections, durations, and the whole as Markdown. It never invents."""

from .drafting import Draft, draft, draft_of
from .happenings import is_chosen
from .happenings import says as line_of
from .items import Item, items
from .lengths import NAMES as DURATION_NAMES
from .lengths import durations, durations_of
from .lines import Line
from .markdown import as_markdown
from .missing import Gap, Section
from .record import Record, read

__all__ = [
    "DURATION_NAMES",
    "Draft",
    "Gap",
    "Item",
    "Line",
    "Record",
    "Section",
    "as_markdown",
    "draft",
    "draft_of",
    "durations",
    "durations_of",
    "is_chosen",
    "items",
    "line_of",
    "read",
]
