"""Our decoding engine: a Llama-family model, its kernels, its cache and the scheduler that fills its rows."""
