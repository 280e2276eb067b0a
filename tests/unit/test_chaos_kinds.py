"""The verdicts of chaos: each thing that may be wrong is found, and nothing else."""

import pytest

from tests.chaos.kinds import Found, each_version, merged, with_marks, with_missing, without_marked

A, B, GONE = ("a", 1, "", 1, 0, None), ("b", 1, "", 2, 0, None), ("c", 2, "", 3, 0, 3)
SOURCE = [A, B, GONE]
OTHER = ("b", 9, "", 2, 0, None)


@pytest.mark.parametrize(
    ("verdict", "rows", "found"),
    [
        (merged, SOURCE, Found()),
        (merged, [A, OTHER, GONE], Found(lost=1)),
        (merged, [A, A, B, GONE], Found(doubled=1)),
        (merged, [A, B], Found(lost=1)),
        (merged, [*SOURCE, ("d", *A[1:])], Found(resurrected=1)),
        (without_marked, [A, B], Found()),
        (without_marked, SOURCE, Found(resurrected=1)),
        (without_marked, [A], Found(wrongly_deleted=1)),
        (with_marks, [(*A, None), (*B, None), (*GONE, 3)], Found()),
        (with_marks, [(*A, None), (*B, None), (*GONE, None)], Found(resurrected=1)),
        (with_marks, [(*A, None), (*B, 1), (*GONE, 3)], Found(wrongly_deleted=1)),
        (with_marks, [(*A, None), (*B, None), (*GONE, 4)], Found(lost=1)),
        (with_missing, [*((*row, None) for row in SOURCE), ("d", *A[1:], 7)], Found()),
        (
            with_missing,
            [*((*row, None) for row in SOURCE), ("d", *A[1:], None)],
            Found(resurrected=1),
        ),
        (with_missing, [(*A, None), (*B, 7)], Found(wrongly_deleted=2)),
        (
            each_version,
            [
                ("b", 0, "", 1, 0, None, 1, 2, False),
                (*B, 2, None, True),
                (*A, 1, None, True),
                (*GONE, 3, None, True),
            ],
            Found(),
        ),
        (
            each_version,
            [
                ("b", 0, "", 1, 0, None, 1, None, True),
                (*B, 2, None, True),
                (*A, 1, None, True),
                (*GONE, 3, None, True),
            ],
            Found(lost=1),
        ),
    ],
)
def test_a_verdict_finds_what_is_wrong(verdict, rows, found):
    assert verdict(SOURCE, rows) == found
