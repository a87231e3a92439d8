"""What happens when processes die: real programs, real signals, a real database file."""
