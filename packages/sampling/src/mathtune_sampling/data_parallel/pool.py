"""Hands work out to Ray actors, gives results back as they come, and gives what a dead actor had to the others."""

import sys
import time
import weakref
from collections import Counter, deque
from collections.abc import Hashable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

import ray
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

from mathtune_core.errors import MathtuneError
from mathtune_sampling.data_parallel.chunks import chunk_size
from mathtune_sampling.data_parallel.cluster import join
from mathtune_sampling.data_parallel.params import DataParallelParams
from mathtune_sampling.data_parallel.worker import Description, Opening, Place, Task, Worker
from mathtune_sampling.provenance import code_digest, machine

# How long a worker may wait for a place. Where a cluster's other users leave no room the run goes on with fewer.
PLACEMENT_SECONDS = 120.0
# How often a worker may die while it starts, and how many workers may die over a problem without finishing any.
ATTEMPTS = 3
_WAKE_SECONDS = 1.0

Step = Literal["placing", "opening", "idle", "working", "gone"]


@dataclass(slots=True)
class _Slot:
    """One of the pool's workers, and the next one in its place when it dies."""

    number: int
    actor: Any = None
    step: Step = "gone"
    reply: Any = None  # what is awaited of the actor
    since: float = 0.0  # when the actor was asked for
    node: str = "an unknown node"
    failed_starts: int = 0
    chunk: dict[Hashable, Any] = field(default_factory=dict)  # handed out and not finished
    fruitful: bool = False  # whether anything of the chunk is finished


class Pool:
    """`params.data_parallel_size` Ray actors, each with an engine of its own that `opening` opens there.

    Ray is left when the pool is no longer referred to. Raises MathtuneError when there is no Ray or no room in it, and
    whatever MathtuneError `opening` raises.
    """

    def __init__(self, params: DataParallelParams, opening: Opening, *, gpus_each: int, threads: int) -> None:
        session = join(params, gpus_each, threads)
        self.close = weakref.finalize(self, session.leave)
        self.threads = session.share.threads
        self._opening = opening
        self._actor = ray.remote(Worker).options(num_cpus=session.share.cpus, num_gpus=session.share.gpus)
        self._code = code_digest()
        self._description: Description | None = None  # the first worker's
        self._described = ""  # its node
        self._fruitless: Counter[Hashable] = Counter()
        self._slots = [_Slot(number) for number in range(1, params.data_parallel_size + 1)]
        with ExitStack() as undone:  # whatever ends the start, an interrupt too, leaves no Ray behind
            undone.callback(self.close)
            for slot in self._slots:
                self._start(slot)
            while self._description is None:
                self._await()
            undone.pop_all()

    @property
    def name(self) -> str:
        """What the workers' results depend on; as in one process where they compute on what computes here."""
        assert self._description is not None
        where = self._description.machine
        return self._description.name if where == machine() else f"{self._description.name}, {where}"

    def run(self, task: Task, items: Mapping[Any, Any], *, least: int) -> Iterator[Any]:
        """The result of each of `items`, by its key, as they are finished; `task` runs on chunks of at least `least`.

        A dead worker's unfinished items are handed out again, and another worker is started in its place. Raises
        MathtuneError when the same item ends `ATTEMPTS` workers, when no worker is left, and as `task` does.
        """
        waiting = deque(items)
        for slot in self._slots:
            if slot.step == "gone":
                self._start(slot)
        try:
            while waiting or any(slot.step == "working" for slot in self._slots):
                for slot in self._slots:
                    if slot.step == "idle" and waiting:
                        number = chunk_size(len(waiting), len(self._slots), least)
                        keys = [waiting.popleft() for _ in range(number)]
                        self._hand_out(slot, task, {key: items[key] for key in keys})
                told, results = self._await()
                yield from results
                if told is not None and told.step != "working":  # what it had when it died, if it did
                    waiting.extend(told.chunk)
                    told.chunk = {}
        finally:
            for slot in self._slots:
                if slot.step == "working":  # its chunk is nobody's any more
                    ray.kill(slot.actor)
                    slot.step, slot.reply, slot.chunk = "gone", None, {}

    def _start(self, slot: _Slot) -> None:
        slot.actor = self._actor.remote(self.threads)
        slot.reply, slot.step, slot.since = slot.actor.place.remote(), "placing", time.monotonic()

    def _hand_out(self, slot: _Slot, task: Task, chunk: dict[Hashable, Any]) -> None:
        slot.chunk, slot.fruitful, slot.step = chunk, False, "working"
        slot.reply = slot.actor.work.options(num_returns="streaming").remote(task, list(chunk.values()))

    def _await(self) -> tuple[_Slot | None, list[Any]]:
        """The worker that had something to say, and the result that it gave, if it did; no worker after a while."""
        self._give_up_on_places()
        replies = {slot.reply: slot for slot in self._slots if slot.reply is not None}
        ready, _ = ray.wait(list(replies), num_returns=1, timeout=_WAKE_SECONDS)
        if not ready:
            return None, []
        slot = replies[ready[0]]
        try:
            return slot, self._read(slot)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, MathtuneError):
                raise error.cause from None
            raise
        except ray.exceptions.RayError as error:
            self._replace(slot, error)
        return slot, []

    def _read(self, slot: _Slot) -> list[Any]:
        if slot.step == "working":
            try:
                key, result = ray.get(next(slot.reply))
            except StopIteration:
                assert not slot.chunk, "a task must give a result for each item"
                slot.step, slot.reply = "idle", None
                return []
            del slot.chunk[key]
            slot.fruitful = True
            return [result]
        answer = ray.get(slot.reply)
        if isinstance(answer, Place):
            self._placed(slot, answer)
        else:
            self._opened(slot, answer)
        return []

    def _placed(self, slot: _Slot, place: Place) -> None:
        slot.node = place.node
        if place.code != self._code:
            raise MathtuneError(
                f"ray_address: node {place.node} runs other code of mathtune than this tree; uninstall it there"
            )
        slot.reply, slot.step = slot.actor.open.remote(self._opening), "opening"

    def _opened(self, slot: _Slot, description: Description) -> None:
        if self._description is None:
            self._description, self._described = description, slot.node
            for line in description.said:
                _say(line)
            _say(f"Ray: {len(self._slots)} workers, {self.threads} thread{'s' * (self.threads > 1)} each")
        first, other = self._description, self._described
        one, two = (_what_computes(*of) for of in ((first, other), (description, slot.node)))
        if one != two:
            raise MathtuneError(
                f"ray_address: nodes {other} and {slot.node} compute differently ({one}; {two}), so that results would "
                "depend on which of them gave them; take nodes alike"
            )
        slot.reply, slot.step, slot.failed_starts = None, "idle", 0

    def _replace(self, slot: _Slot, error: Exception) -> None:
        """Starts another worker in the place of one that died; what it had is left in the slot's chunk."""
        ray.kill(slot.actor)  # one that is only out of reach must not go on
        starting, reason = slot.step != "working", _reason(error)
        slot.failed_starts += starting
        if slot.failed_starts == ATTEMPTS:
            raise MathtuneError(
                f"data_parallel_size: Ray worker {slot.number} died {ATTEMPTS} times while it started, the last time "
                f"on {slot.node} ({reason}); fewer workers need less memory"
            )
        if not slot.fruitful:
            self._fruitless.update(slot.chunk.keys())
        deadly = [key for key in slot.chunk if self._fruitless[key] >= ATTEMPTS]
        if deadly:
            raise MathtuneError(
                f"problem {deadly[0]}: {ATTEMPTS} Ray workers died over it before any of them had finished a problem, "
                f"the last one on {slot.node} ({reason}); what is finished is kept"
            )
        after = "while it started" if starting else f"{len(slot.chunk)} unfinished problems are handed out again"
        _say(f"warning: Ray worker {slot.number} on {slot.node} died ({reason}); {after}")
        self._start(slot)

    def _give_up_on_places(self) -> None:
        late = time.monotonic() - PLACEMENT_SECONDS
        for slot in [slot for slot in self._slots if slot.step == "placing" and slot.since < late]:
            ray.kill(slot.actor)
            self._slots.remove(slot)
            if not self._slots:
                raise MathtuneError(
                    f"data_parallel_size: Ray found no room for any worker within {PLACEMENT_SECONDS:g} s; see "
                    "`ray status`, and run this again: what is finished is kept"
                )
            _say(
                f"warning: Ray found no room for worker {slot.number} within {PLACEMENT_SECONDS:g} s; "
                f"the run goes on with {len(self._slots)}"
            )


def _what_computes(description: Description, node: str) -> str:
    """All that rounding depends on: the engine and its kernels, torch, the processor, the GPUs' model."""
    resources = {name for one in ray.nodes() if one["NodeManagerHostname"] == node for name in one["Resources"]}
    gpus = sorted(name.partition(":")[2] for name in resources if name.startswith("accelerator_type:"))
    return ", ".join((description.name, description.machine, *gpus))


def _reason(error: Exception) -> str:
    """Ray's page on why an actor died, in a word or two."""
    text = str(error)
    if "NODE_OUT_OF_MEMORY" in text or isinstance(error, ray.exceptions.OutOfMemoryError):
        return "its node ran out of memory"
    if "node has died" in text:
        return "its node died"
    if isinstance(error, ray.exceptions.RayActorError):
        return "killed or crashed" if "Worker exit type" in text else text.splitlines()[0]
    return " ".join(text.split())


def _say(line: str) -> None:
    tqdm.write(line, file=sys.stderr)  # above the progress bar
