"""${message}

Why: say what people or programs gain by it.
Safe to run early: yes or no. The code before this change must go on working on the tables after it (add first, remove a
release later).
Locks: which table, and for how long at a million rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${'"%s"' % up_revision}
down_revision = ${'"%s"' % down_revision if down_revision else None}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
