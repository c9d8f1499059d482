"""Several processes, on one machine or many, that share a stage's problems among them: Ray actors over any engine."""
