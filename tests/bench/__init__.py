"""Benchmarks: ours beside a reference in the same run, interleaved, printed as ratios."""
