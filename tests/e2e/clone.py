"""A copy of the working tree in a Git repository of its own, in which DVC runs the real DAG at micro scale."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mathtune_cli.scale import merge
from mathtune_core.params import read_params_file

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Clone:
    """A tree in which commands run as a user's would, with the environment's own mathtune pointing elsewhere."""

    root: Path

    def run(self, *command: str, expected: int | None = 0) -> str:
        """The command's output, stdout and stderr together; fails the test on another exit code than expected."""
        with self.start(*command) as process:
            output, _ = process.communicate()
        assert expected is None or process.returncode == expected, output[-6000:]
        return output

    def start(self, *command: str) -> subprocess.Popen[str]:
        """The command begun, with all it starts in a process group of its own."""
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            # What an editable install does: the workspace's packages are importable, and must not be what runs.
            "PYTHONPATH": os.pathsep.join(str(path) for path in ROOT.glob("packages/*/src")),
            "DVC_NO_ANALYTICS": "1",
        }
        return subprocess.Popen(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    def repro(self, *arguments: str) -> set[str]:
        """Runs `dvc repro` and returns the names of the stages it ran."""
        return set(re.findall(r"Running stage '([^']+)'", self.run("dvc", "repro", *arguments)))

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces the one occurrence of `old` in a file of the tree."""
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))

    def set_params(self, **changes: object) -> None:
        """Sets params by dotted name."""
        file = self.root / "params.yaml"
        document = read_params_file(file)
        for name, value in changes.items():
            *parents, last = name.split("__")
            node = document
            for parent in parents:
                node = node[parent]
            assert last in node
            node[last] = value
        YAML(typ="rt").dump(document, file)

    def commit(self, message: str) -> None:
        """Commits everything that Git does not ignore."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "-m", message)


def copy_tree(target: Path) -> Clone:
    """The working tree as it stands, without what Git ignores, committed, with the store's contents pulled."""
    if not (ROOT / "dvc-store").is_dir():
        pytest.skip("no dvc-store/ here: an installed copy without the repository")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, text=True, check=True, capture_output=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)
    clone = Clone(target)
    clone.run("git", "init", "--quiet", "--initial-branch=main")
    clone.run("git", "config", "user.name", "test")
    clone.run("git", "config", "user.email", "test@example.org")
    clone.commit("the tree under test")
    return clone


def use_micro_scale(clone: Clone) -> None:
    """Writes the tree's params.yaml at micro scale."""
    document = read_params_file(clone.root / "scales" / "tiny.yaml")
    merge(document, read_params_file(Path(__file__).parent / "micro.yaml"))
    YAML(typ="rt").dump(document, clone.root / "params.yaml")
