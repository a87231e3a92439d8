"""Pure rules, written with the standard library only."""
