"""The same model on an accelerator: greedy tokens as on the CPU, and samples that do not depend on their company."""

import pytest
import torch
from families import FAMILIES, tiny_model

from mathtune_sampling.backends.torch import TorchSampler
from mathtune_sampling.engine.torch_kernels import TorchKernels
from mathtune_sampling.requests import SamplingParams

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator here"),
]
PARAMS = SamplingParams(n=5, temperature=0.9, top_p=0.95, max_tokens=40)


def generate(model, tokenizer, requests, *, max_num_seqs=16, decodings=("greedy", "sampled")):
    kernels = TorchKernels(model.device)
    sampler = TorchSampler(model, tokenizer, kernels=kernels, max_num_seqs=max_num_seqs, kv_cache_gib=0.1)
    done = {
        rows[0].problem_id: rows
        for rows in sampler.generate(requests, PARAMS, seed=2, purpose="test", decodings=decodings)
    }
    return [done[request.problem_id] for request in requests]


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_tokens_are_the_cpus(tokenizer, requests, family):
    model = tiny_model(tokenizer, family)
    here = generate(model, tokenizer, requests, decodings=("greedy",))
    there = generate(model.to("cuda"), tokenizer, requests, decodings=("greedy",))
    for [one], [other] in zip(here, there, strict=True):
        assert one.text == other.text
        assert one.sum_logprob == pytest.approx(other.sum_logprob, abs=1e-3)


def test_samples_do_not_depend_on_the_number_of_rows(tokenizer, requests):
    model = tiny_model(tokenizer).to("cuda")
    texts = [
        [[completion.text for completion in rows] for rows in generate(model, tokenizer, requests, max_num_seqs=number)]
        for number in (16, 4, 64)
    ]
    assert texts[1:] == texts[:1] * 2
