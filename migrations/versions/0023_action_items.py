"""Action items

Why: …
Safe to run early: yes.
Locks: none that anybody waits for.
"""

from __future__ import annotations

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
