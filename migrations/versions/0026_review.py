"""Review of a post-mortem

Why: …
Safe to run early: yes.
Locks: none that anybody waits for.
"""

from __future__ import annotations

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
