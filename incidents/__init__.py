"""Everything that writes: the team's side of Sevenbells."""
