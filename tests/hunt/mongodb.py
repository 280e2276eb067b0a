"""Cases of MongoDB: documents of a shape that drifts, a history of writes, runs, a verdict.

Documents are written byte by byte, and judged by a decoder of the hunt's own.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from tests.hunt.bench import Bench, Moment
from tests.hunt.case import Verdict
from tests.hunt.mongodb_documents import Chance, Shape, a_document, a_shape
from tests.hunt.mongodb_trial import FLAG, run_case
from tests.hunt.repairs import BACKFILL, RATE, REPLAY, UNDO
from tests.hunt.steps import Repair

KINDS = ("date", "integer", "objectId")
MODES = ("once", "merge", "append")
MARKED_RATE, HISTORY_RATE, REMOVED_RATE = 0.5, 0.3, 0.5
COMPARED = ("hard", "hard", "soft")


@dataclass(frozen=True, slots=True)
class Put:
    """Documents that are written: (_id, what follows _id and cursor as raw BSON).

    `late`: in a transaction that is open for most of a second, its stamps older than its commit.
    """

    documents: tuple[tuple[int, bytes], ...]
    late: bool = False


@dataclass(frozen=True, slots=True)
class Remove:
    """Documents that are deleted; a key of which there is none is passed over."""

    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run, its own parameters, and what is written at a moment within it."""

    words: tuple[tuple[str, str], ...] = ()
    during: tuple[tuple[Moment, Put | Remove], ...] = ()


@dataclass(frozen=True, slots=True)
class MongodbCase:
    """A case as a value."""

    seed: int
    mode: str
    cursor: str
    words: tuple[tuple[str, str], ...]
    steps: tuple[Put | Remove | Run | Repair, ...]
    marks: bool = False
    """Whether each document says whether it is deleted, and those that are are removed."""
    gone: str = ""
    """What becomes of documents that are deleted: delete_missing, or hard_deletes; empty: off."""

    def run(self, bench: Bench) -> Verdict:
        """See `tests.hunt.case.Case`."""
        return run_case(self, bench)

    def smaller(self) -> Iterator[Self]:
        """Half of the steps; one step, one half of a step's documents, one parameter less."""
        middle = len(self.steps) // 2
        for half in (self.steps[middle:], self.steps[:middle]):
            if any(isinstance(step, Run) for step in half):
                yield replace(self, steps=half)
        for at, step in enumerate(self.steps):
            before, after = self.steps[:at], self.steps[at + 1 :]
            if after or not isinstance(step, Run):
                yield replace(self, steps=before + after)
            if isinstance(step, Remove) and len(step.keys) > 1:
                for keys in (step.keys[:1], step.keys[1:]):
                    yield replace(self, steps=(*before, Remove(keys), *after))
            if isinstance(step, Run) and step.during:
                yield replace(self, steps=(*before, replace(step, during=()), *after))
            if isinstance(step, Put) and len(step.documents) > 1:
                half = len(step.documents) // 2
                for documents in (step.documents[:half], step.documents[half:]):
                    yield replace(self, steps=(*before, replace(step, documents=documents), *after))
        for at in range(len(self.words)):
            yield replace(self, words=self.words[:at] + self.words[at + 1 :])

    def script(self) -> str:
        """The steps; documents in hexadecimal, since no shell writes a name twice."""
        marks = f", {FLAG} true in each third write" if self.marks else ""
        gone = f", deleted ones: {self.gone}" if self.gone else ""
        lines = [f"# {self.mode}, cursor {self.cursor}{marks}{gone}; BSON behind, by bson.encode"]
        for step in self.steps:
            if isinstance(step, Put):
                how = "put late" if step.late else "put"
                lines += [f"{how} {key} {raw.hex()}" for key, raw in step.documents]
                continue
            if isinstance(step, Remove):
                lines.append(f"delete {step.keys}")
                continue
            if isinstance(step, Repair):
                lines.append(f"# {step.kind}")
                continue
            words = " ".join(f"--{name}={value!r}" for name, value in (*self.words, *step.words))
            lines.append(f"main.py {words}")
            lines += [f"  at {at.what} {at.number}: {put!r}" for at, put in step.during]
        return "\n".join(lines)


def make_case(seed: int) -> MongodbCase:
    """The same case for the same seed."""
    chance = random.Random(seed)
    mode, cursor = chance.choice(MODES), chance.choice(KINDS)
    shape, numbers = a_shape(chance), iter(range(10_000))
    steps, words = list[Put | Run](), _common(chance, shape)
    for turn in range(chance.choice((1, 2, 2, 3))):
        steps.append(_put(chance, shape, numbers, mode, late=False))
        if chance.random() < 0.4 and mode != "once":
            steps.append(_put(chance, shape, numbers, "append", late=True))
        during = list[tuple[Moment, Put]]()
        if chance.random() < 0.5 and mode != "once":
            moment = Moment("request", chance.randrange(2, 30))
            during.append((moment, _put(chance, shape, numbers, mode, late=False)))
        steps.append(Run(_own(chance), tuple(during)))
        if turn and chance.random() < 0.5:
            shape = a_shape(chance)
    case = MongodbCase(seed, mode, cursor, words, tuple(steps))
    case = replace(case, steps=_with_repairs(case))
    shows_all = not {"transformation_config", "mongodb_projection"} & dict(words).keys()
    may_mark = mode == "merge" and shows_all
    case = replace(case, marks=may_mark and random.Random(f"marks {seed}").random() < MARKED_RATE)
    return _with_removals(_as_history(case))


def _as_history(case: MongodbCase) -> MongodbCase:
    """The case of a merge, now and then as that of a history."""
    fits = case.mode == "merge" and not case.marks
    dice = random.Random(f"history {case.seed}")
    return replace(case, mode="history") if fits and dice.random() < HISTORY_RATE else case


def _with_removals(case: MongodbCase) -> MongodbCase:
    """The case with documents that are deleted before and within runs, which compare keys."""
    dice = random.Random(f"removals {case.seed}")
    if case.mode not in ("merge", "history") or dice.random() > REMOVED_RATE:
        return case
    known = sorted(
        {key for step in case.steps if isinstance(step, Put) for key, _ in step.documents}
    )
    steps = list[Put | Remove | Run | Repair]()
    for step in case.steps:
        if isinstance(step, Run) and steps and dice.random() < 0.7:
            steps.append(_some(dice, known))
        if isinstance(step, Run) and not step.during and dice.random() < 0.4:
            moment = Moment("request", dice.randrange(2, 30))
            step = replace(step, during=((moment, _some(dice, known)),))
        steps.append(step)
    gone = "invalidate" if case.mode == "history" else dice.choice(COMPARED)
    if gone == "soft" and case.marks:
        gone = "hard"
    return replace(case, steps=tuple(steps), gone=gone)


def _some(dice: random.Random, known: Sequence[int]) -> Remove:
    """Of the keys a few, but never the first one: an empty source ends a run."""
    return Remove(tuple(dice.sample(known[1:], min(dice.choice((1, 2, 5)), len(known) - 1))))


def _with_repairs(case: MongodbCase) -> tuple[Put | Run | Repair, ...]:
    """The steps with something mended behind some of the runs; the rest stays as it is."""
    if case.mode == "once":
        return case.steps
    dice = random.Random(f"repairs {case!r}")
    kinds = [UNDO, REPLAY]
    if (case.mode, case.cursor) == ("merge", "date"):
        kinds += [BACKFILL, BACKFILL]
    steps = list[Put | Run | Repair]()
    for step in case.steps:
        steps.append(step)
        if isinstance(step, Run) and dice.random() < RATE:
            steps.append(Repair(dice.choice(kinds)))
    return tuple(steps)


def _put(chance: Chance, shape: Shape, numbers: Iterator[int], mode: str, *, late: bool) -> Put:
    documents = list[tuple[int, bytes]]()
    for _ in range(chance.choice((1, 3, 20))):
        key = next(numbers)
        if mode == "merge" and key and chance.random() < 0.3:
            key = chance.randrange(key)
        documents.append((key, a_document(chance, shape, ()).raw))
    return Put(tuple({key: (key, raw) for key, raw in documents}.values()), late)


def _common(chance: Chance, shape: Shape) -> tuple[tuple[str, str], ...]:
    words = dict[str, str]()
    numbers = chance.random()
    if numbers < 0.4:
        words["json_numbers"] = "text" if numbers < 0.25 else "exact"
    fields = [name.decode() for name, _ in shape.fields]
    if chance.random() < 0.4:
        words |= _chosen(chance, fields)
    return tuple(words.items())


def _chosen(chance: Chance, fields: Sequence[str]) -> dict[str, str]:
    """Parameters that leave fields out; key and cursor always come."""
    some = chance.sample(fields, chance.randrange(1, len(fields) + 1))
    how = chance.choice(("exclude_fields", "select_fields", "only", "without"))
    if how == "exclude_fields":
        return {"transformation_config": json.dumps({how: some})}
    if how == "select_fields":
        kept = ["_id", "stamp", *(name for name in some if name != "_extra")]
        return {"transformation_config": json.dumps({how: kept})}
    plain = [name for name in some if name and "." not in name and not name.startswith("$")]
    if how == "only":
        return {"mongodb_projection": json.dumps(dict.fromkeys(["_id", "stamp", *plain], 1))}
    return {"mongodb_projection": json.dumps(dict.fromkeys(plain, 0))} if plain else {}


def _own(chance: Chance) -> tuple[tuple[str, str], ...]:
    words = dict[str, str]()
    if chance.random() < 0.5:
        words["mongodb_sample_size"] = chance.choice(("1", "3", "10"))
    if chance.random() < 0.5:
        words["batch_size"] = chance.choice(("1", "7"))
    if chance.random() < 0.5:
        words["num_splits"] = chance.choice(("2", "4"))
    return tuple(words.items())
