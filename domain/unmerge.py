"""Taking a merge back: both persons as they were before it, then each with what came later.

What came later is decided again, as if the merge had never been.
"""

from domain.errors import InvalidUnmergeError
from domain.histories import Histories
from domain.merge_replay import MergeReplay, person_at
from domain.merges import Merges
from domain.sides import Plan


def plan(histories: Histories, merge: int) -> Plan:
    """Return what taking back the merge at a position would give.

    Raises:
        InvalidUnmergeError: there is no such merge, or something that came later stands against it.
    """
    merges = Merges(histories.stream, erased={})
    merged = merges.merged.get(merge)
    if merged is None:
        raise InvalidUnmergeError(f"there is no merge into this person at position {merge}")
    if obstacle := merges.obstacle(merge):
        raise InvalidUnmergeError(obstacle)
    restored = person_at(histories.of(merged.source), version=merged.source_version)
    return MergeReplay(histories, merge, merged, restored, merges.undone_with(merge)).plan()
