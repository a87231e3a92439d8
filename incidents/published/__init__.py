"""What the public may know, and the only ways in; the status page reads this and nothing else."""
