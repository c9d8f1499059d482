"""The vocabulary every package shares: table schemas, params, prompts and the stage runner. No torch, no sympy."""
