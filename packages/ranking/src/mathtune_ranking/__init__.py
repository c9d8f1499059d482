"""Selectors over sampled solutions, the statistics that judge them, and the report people read."""
