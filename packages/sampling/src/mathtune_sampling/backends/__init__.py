"""The samplers, by name: `torch` is ours, `transformers` the baseline, `vllm` an extra, `fake` for tests."""
