"""Messages in Slack, for which no table is needed

Why: which of them still bears a button is read off the outbox, by its incident, for which ix_outbox_incident stands already.
Safe to run early: yes, it changes nothing.
Locks: none.
"""

from __future__ import annotations

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
