"""Side-by-side timings, each a ratio in one run; nothing about time is asserted."""
