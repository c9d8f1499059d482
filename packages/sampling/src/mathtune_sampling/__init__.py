"""Samples solutions from a causal language model and scores them with a verifier."""
