"""The stage: a score for each sample, one to one."""

import json

import polars as pl
import pytest
from transformers import AutoConfig, AutoModelForCausalLM

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SAMPLE_KEY, SAMPLES, SCORES
from mathtune_core.tables import read_table, write_table
from mathtune_sampling import score_solutions
from mathtune_sampling.packed_verifier import PackedVerifier
from mathtune_sampling.padded_verifier import PaddedVerifier
from mathtune_sampling.score_solutions import ScoreSolutionsParams, open_verifier, run

PARAMS = ScoreSolutionsParams(max_num_batched_tokens=200, dtype="float32")


@pytest.fixture
def samples(problems):
    rows = [
        (problem_id, decoding, index, f"it is {number + index}", "stop", 5, -1.0, 0)
        for number, problem_id in enumerate(problems["problem_id"].head(6))
        for decoding, index in [("greedy", 0), ("sampled", 0), ("sampled", 1)]
    ]
    return pl.DataFrame(rows, schema=SAMPLES.schema, orient="row")


def test_every_sample_gets_its_score(problems, samples, checkpoint, model, tokenizer, tmp_path, capsys):
    write_table(problems, tmp_path / "problems.parquet", PROBLEMS)
    write_table(samples, tmp_path / "samples.parquet", SAMPLES)
    out = tmp_path / "out"
    run(PARAMS, problems=tmp_path, samples=tmp_path, verifier=checkpoint, out=out)
    assert capsys.readouterr().err.splitlines()[-1].startswith("score_solutions: 18 solutions in ")
    assert sorted(path.name for path in out.iterdir()) == ["scores.parquet", "timing.json"]
    timing = json.loads((out / "timing.json").read_text())
    assert timing["calls"] == 18
    assert timing["calls_per_second"] == pytest.approx(18 / timing["seconds"], rel=1e-3)
    scores = read_table(out / "scores.parquet", SCORES)
    assert scores.select(*SAMPLE_KEY).equals(samples.select(*SAMPLE_KEY))
    texts = dict(problems.select("problem_id", "problem").iter_rows())
    verifier = PaddedVerifier(model, tokenizer, max_num_batched_tokens=10_000)
    for row in range(len(samples)):
        [expected] = verifier.score_rows([texts[samples["problem_id"][row]]], [samples["completion"][row]])
        assert scores["verifier_score"][row] == pytest.approx(expected, abs=1e-5)


def test_scores_do_not_depend_on_how_many_rows_are_read_at_once(
    problems, samples, checkpoint, tmp_path, monkeypatch, capsys
):
    write_table(problems, tmp_path / "problems.parquet", PROBLEMS)
    write_table(samples, tmp_path / "samples.parquet", SAMPLES)
    written, calls = [], []
    score_rows = PackedVerifier.score_rows

    def counted(self, *rows):
        calls.append(len(rows[0]))
        return score_rows(self, *rows)

    monkeypatch.setattr(PackedVerifier, "score_rows", counted)
    for number in (1, 4, 7, 2**14):
        monkeypatch.setattr(score_solutions, "ROWS_AT_ONCE", number)
        out = tmp_path / f"out{number}"
        run(PARAMS, problems=tmp_path, samples=tmp_path, verifier=checkpoint, out=out)
        written.append((out / "scores.parquet").read_bytes())
        assert json.loads((out / "timing.json").read_text())["calls"] == 18
    assert len(set(written)) == 1
    assert calls == [3] * 6 + [3, 3, 3, 6, 3] + [6, 6, 3, 3] + [15, 3]  # the last problem may go on until the end


def test_a_solution_beyond_the_context_is_named_by_its_row_in_the_table(
    problems, samples, checkpoint, tmp_path, monkeypatch
):
    long = pl.when(pl.int_range(pl.len()) == 10).then(pl.lit("1 + " * 300)).otherwise("completion")
    write_table(problems, tmp_path / "problems.parquet", PROBLEMS)
    write_table(samples.with_columns(long.alias("completion")), tmp_path / "samples.parquet", SAMPLES)
    monkeypatch.setattr(score_solutions, "ROWS_AT_ONCE", 3)
    with pytest.raises(MathtuneError, match=r"samples\.parquet: row 10: the verifier's prompt has \d+ tok"):
        run(PARAMS, problems=tmp_path, samples=tmp_path, verifier=checkpoint, out=tmp_path / "out")
    assert not (tmp_path / "out" / "scores.parquet").exists()


def test_a_sample_of_an_unknown_problem_is_refused(problems, samples, checkpoint, tmp_path):
    lost = samples["problem_id"][0]
    write_table(problems.filter(pl.col("problem_id") != lost), tmp_path / "problems.parquet", PROBLEMS)
    write_table(samples, tmp_path / "samples.parquet", SAMPLES)
    with pytest.raises(MathtuneError, match=rf"problem_id '{lost}' is not in problems\.parquet"):
        run(PARAMS, problems=tmp_path, samples=tmp_path, verifier=checkpoint, out=tmp_path / "out")


def test_a_budget_of_no_tokens_is_refused():
    with pytest.raises(ValueError, match=r"^max_num_batched_tokens: "):
        ScoreSolutionsParams(max_num_batched_tokens=0, dtype="float32")


def test_a_model_of_another_family_is_scored_too_with_a_warning(tokenizer, tmp_path, capsys):
    config = AutoConfig.for_model("gpt2", vocab_size=len(tokenizer), n_embd=32, n_layer=1, n_head=2, n_positions=256)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert isinstance(open_verifier(tmp_path, "float32", 100), PaddedVerifier)
    assert "gpt2 is not one of" in capsys.readouterr().err
