"""Fine-tuning: base models, the generator's solutions, the verifier's verdicts. Thin over TRL."""
