"""What is remembered: rows that answer questions. Nothing here acts, sends or commits."""
