"""`mathtune plan`: what a run will cost, from its params alone."""
