"""Hashes that files are recognised by, held to what sha256sum says and to one another."""

from pathlib import Path

from mathtune_core.digests import draw_by_key, hash_file, hash_files, hash_lines, hash_text, hash_weights

# printf abc | sha256sum
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_text_and_a_file_of_it_have_the_hash_that_sha256sum_gives(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("abc")
    assert hash_text("abc") == hash_file(tmp_path / "text") == ABC


def test_lines_have_the_hash_of_the_text_they_make() -> None:
    assert hash_lines(iter(["ab", "c"])) == hash_text("ab\nc\n")
    assert len({hash_lines(lines) for lines in ([], [""], ["abc"], ["ab", "c"], ["a", "bc"])}) == 5


def test_files_are_hashed_by_name_and_contents_in_any_order(tmp_path: Path) -> None:
    one, two, other = tmp_path / "one", tmp_path / "two", tmp_path / "other"
    one.write_text("abc")
    two.write_text("abc")
    other.write_text("d")
    assert hash_files([one, other]) == hash_files([other, one])
    assert len({hash_files(files) for files in ([one], [two], [other], [one, other], [two, other])}) == 5


def test_one_weight_file_has_its_own_hash_and_several_have_one_together(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_text("abc")
    (tmp_path / "config.json").write_text("{}")
    assert hash_weights(tmp_path) == ABC
    (tmp_path / "model-2.safetensors").write_text("d")
    both = hash_weights(tmp_path)
    (tmp_path / "model-2.safetensors").write_text("e")
    assert len({ABC, both, hash_weights(tmp_path)}) == 3


def test_a_draw_changes_with_the_seed_and_with_the_key() -> None:
    draws = [draw_by_key(seed, key) for seed in (0, 1) for key in (("a", 1), ("a", 2), ("b", 1))]
    assert len(set(draws)) == 6
    assert draw_by_key(0, ("a", 1)) == draws[0]
