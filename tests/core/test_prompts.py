import os
from collections.abc import Iterator, Sequence
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # tests reach no network
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import polars as pl
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import (
    END_OF_SHOT,
    GENERATOR_PROMPT,
    VERIFIER_PROMPT,
    completion_ids,
    end_token,
    prompt_ids,
    verdict_tokens,
    verifier_ids,
)
from mathtune_core.shots import Shot

PROBLEM = r"What is $\{1 + 2\}$? {problem}"
SOLUTION = r"$1 + 2 = 3$. The answer is $\boxed{3}$."
VERDICTS = [" correct", " incorrect"] * 50


class SmallTokenizer:
    """A tokenizer of the tokenizers library with the two names that rendering needs of a Hugging Face one."""

    def __init__(self, texts: Sequence[str], eos: str | None = "<|end|>", bos: str | None = None) -> None:
        special = [token for token in (eos, bos) if token]
        self.backend = Tokenizer(models.BPE())
        self.backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self.backend.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        self.backend.train_from_iterator(texts, trainer)
        if bos:
            self.backend.post_processor = processors.TemplateProcessing(
                single=f"{bos} $A", special_tokens=[(bos, self.backend.token_to_id(bos))]
            )
        self.bos_token_id = self.backend.token_to_id(bos) if bos else None
        self.eos_token_id = self.backend.token_to_id(eos) if eos else None

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        return self.backend.encode(text, add_special_tokens=add_special_tokens).ids

    def decode(self, ids: Sequence[int]) -> str:
        return self.backend.decode(ids, skip_special_tokens=True)


@pytest.fixture(scope="module")
def tokenizer() -> SmallTokenizer:
    return SmallTokenizer([GENERATOR_PROMPT, VERIFIER_PROMPT, SOLUTION, *VERDICTS])


@pytest.fixture(scope="module")
def tokenizer_with_start() -> SmallTokenizer:
    return SmallTokenizer([GENERATOR_PROMPT, VERIFIER_PROMPT, SOLUTION, *VERDICTS], bos="<|start|>")


def test_the_generator_sees_the_problem_and_writes_the_solution(tokenizer: SmallTokenizer) -> None:
    assert tokenizer.decode(prompt_ids(tokenizer, PROBLEM)) == f"Problem: {PROBLEM}\nSolution:"
    assert tokenizer.decode(completion_ids(tokenizer, SOLUTION)) == f" {SOLUTION}"


def test_the_verifier_reads_the_papers_words(tokenizer: SmallTokenizer) -> None:
    assert tokenizer.decode(verifier_ids(tokenizer, PROBLEM, SOLUTION)) == (
        f"Here is a math problem: {PROBLEM} Here is a candidate solution: {SOLUTION} The above candidate solution is"
    )


def test_white_space_around_the_texts_changes_no_token(tokenizer: SmallTokenizer) -> None:
    assert prompt_ids(tokenizer, f"\n{PROBLEM}  ") == prompt_ids(tokenizer, PROBLEM)
    assert completion_ids(tokenizer, f" {SOLUTION}\n\n") == completion_ids(tokenizer, SOLUTION)
    spaced = verifier_ids(tokenizer, f" {PROBLEM}\n", f"\t{SOLUTION} ")
    assert spaced == verifier_ids(tokenizer, PROBLEM, SOLUTION)


def test_a_completion_ends_in_the_end_token_and_nothing_else_does(tokenizer: SmallTokenizer) -> None:
    end = end_token(tokenizer)
    assert completion_ids(tokenizer, SOLUTION).count(end) == 1
    assert completion_ids(tokenizer, SOLUTION)[-1] == end
    assert end not in prompt_ids(tokenizer, PROBLEM)
    assert end not in verifier_ids(tokenizer, PROBLEM, SOLUTION)


def test_the_start_token_stands_once_before_each_prompt(tokenizer_with_start: SmallTokenizer) -> None:
    start = tokenizer_with_start.bos_token_id
    for ids in (prompt_ids(tokenizer_with_start, PROBLEM), verifier_ids(tokenizer_with_start, PROBLEM, SOLUTION)):
        assert ids[0] == start
        assert ids.count(start) == 1
    assert start not in completion_ids(tokenizer_with_start, SOLUTION)
    correct, incorrect = verdict_tokens(tokenizer_with_start)
    assert start not in (correct, incorrect)


def test_the_verdicts_are_the_next_token_after_the_verifiers_prompt(tokenizer: SmallTokenizer) -> None:
    prompt = VERIFIER_PROMPT.format(problem=PROBLEM, completion=SOLUTION)
    for verdict, token in zip((" correct", " incorrect"), verdict_tokens(tokenizer), strict=True):
        assert tokenizer.encode(prompt + verdict) == [*verifier_ids(tokenizer, PROBLEM, SOLUTION), token]


def test_a_verdict_of_several_tokens_is_refused_and_named() -> None:
    split = SmallTokenizer([" correct"] * 50)
    with pytest.raises(
        MathtuneError, match=r"splits the verdict ' incorrect' into \d+ tokens; .*prompts\.py"
    ) as caught:
        verdict_tokens(split)
    assert "\n" not in str(caught.value)


def test_a_tokenizer_without_an_end_token_is_refused() -> None:
    endless = SmallTokenizer([SOLUTION], eos=None)
    for use in (lambda: end_token(endless), lambda: completion_ids(endless, SOLUTION)):
        with pytest.raises(MathtuneError, match="no end-of-text token"):
            use()


class Recorder:
    """A sampler that keeps what it was asked and answers with SOLUTION."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.prompts: list[list[int]] = []

    def generate(self, requests: Any, params: Any, **settings: Any) -> Iterator[Any]:
        self.prompts = [list(request.prompt_ids) for request in requests]
        return self.answer.generate(requests, params, **settings)


def test_training_and_sampling_share_every_token(tokenizer_with_start: SmallTokenizer) -> None:
    # Here for their weight: these import torch and TRL.
    from mathtune_sampling.collect import requests_of
    from mathtune_training.sft import tokenize_solutions

    problems = pl.DataFrame({"problem_id": ["a"], "problem": [PROBLEM]})
    solutions = pl.DataFrame({"solution_id": ["a/0"], "problem_id": ["a"], "solution": [SOLUTION]})
    rows, dropped = tokenize_solutions(tokenizer_with_start, problems, solutions, max_length=512)
    assert dropped == 0
    trained = rows[0]["input_ids"]

    prompt = prompt_ids(tokenizer_with_start, PROBLEM)
    completion = completion_ids(tokenizer_with_start, SOLUTION)
    assert trained == prompt + completion

    assert [list(request.prompt_ids) for request in requests_of(problems, tokenizer_with_start)] == [prompt]


def test_worked_examples_stand_before_the_problem_as_training_would_write_them(tokenizer: SmallTokenizer) -> None:
    shots = (Shot("What is $\\{1\\}$?", "One."), Shot("And 2?", "Two."))
    text = tokenizer.decode(prompt_ids(tokenizer, f" {PROBLEM}\n", shots))
    assert text == (
        "Problem: What is $\\{1\\}$?\nSolution: One.\n\nProblem: And 2?\nSolution: Two.\n\n"
        f"Problem: {PROBLEM}\nSolution:"
    )
    assert prompt_ids(tokenizer, PROBLEM, ()) == prompt_ids(tokenizer, PROBLEM)
    # Where a model goes on to another example, sampling ends the completion.
    assert END_OF_SHOT in text
