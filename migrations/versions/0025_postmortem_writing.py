"""Writing a post-mortem together

Why: …
Safe to run early: yes.
Locks: none that anybody waits for.
"""

from __future__ import annotations

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
