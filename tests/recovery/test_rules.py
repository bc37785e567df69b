"""Whether a database went back in time, judged from what a data directory remembers."""

import pytest

from treff.recovery.rules import Found, Seen, judge
from treff.recovery.states import Verdict

SEEN = Seen("inst_a", "", "place_a", 7)


@pytest.mark.parametrize(
    ("seen", "found", "verdict"),
    [
        pytest.param(None, Found("inst_a"), Verdict.NEW, id="nothing remembered"),
        pytest.param(SEEN, Found(""), Verdict.NEW, id="an empty database"),
        pytest.param(SEEN, Found("inst_b", beat=1), Verdict.NEW, id="another installation"),
        pytest.param(SEEN, Found("inst_a", beat=7), Verdict.SAME, id="as remembered"),
        pytest.param(SEEN, Found("inst_a", beat=8), Verdict.SAME, id="not written down any more"),
        pytest.param(SEEN, Found("inst_a", beat=6), Verdict.OLDER, id="an earlier beat"),
        pytest.param(SEEN, Found("inst_a"), Verdict.OLDER, id="from before the directory was met"),
        pytest.param(SEEN, Found("inst_a", ["r1"], beat=6), Verdict.NEW, id="a recovery has seen to it"),
        pytest.param(SEEN, Found("inst_a", ["r1"], is_held=True, beat=6), Verdict.NEW, id="a recovery sees to it"),
    ],
)
def test_the_verdict_of_a_directory_that_knows_of_no_recovery(seen: Seen, found: Found, verdict: Verdict) -> None:
    assert judge(seen, found) == verdict


@pytest.mark.parametrize(
    ("recoveries", "is_held", "beat", "verdict"),
    [
        pytest.param(["r1"], False, 7, Verdict.SAME, id="as remembered"),
        pytest.param(["r1"], False, 6, Verdict.OLDER, id="restored once more"),
        pytest.param(["r1"], True, 6, Verdict.NEW, id="restored once more while a person looks"),
        pytest.param([], False, 7, Verdict.OLDER, id="from before the recovery"),
        pytest.param(["r0"], False, 9, Verdict.OLDER, id="from before the recovery, after another one"),
        pytest.param(["r1", "r2"], False, 6, Verdict.NEW, id="another one has seen to it"),
        pytest.param(["r2"], True, 6, Verdict.NEW, id="from before it, and another one sees to it"),
    ],
)
def test_the_verdict_of_a_directory_that_knows_of_a_recovery(
    recoveries: list[str], is_held: bool, beat: int, verdict: Verdict
) -> None:
    assert judge(Seen("inst_a", "r1", "place_a", 7), Found("inst_a", recoveries, is_held, beat)) == verdict
