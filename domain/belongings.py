"""All that belongs to a person: its stream, those of others in it, and what still others repeat.

A person is more than its own stream: whoever was merged into it is the same human being. And where
a merge was taken back, the other person's stream repeats some of it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from domain.events import Erased, Kept, LoggedEvent, Merged, PersonEvent, Unmerged, gained_ids

Stream = Sequence[LoggedEvent]
Read = Callable[[UUID], Stream]
"""Returns all events of a person, oldest first; at least those that concern distinct ids."""


class Belongings(NamedTuple):
    """What belongs to a person.

    `streams`: its own, and those of all who were merged into it and still are; to each,
    `distinct_ids` has those that were ever its own. `others`: the streams of those with whom a
    merge was taken back; `given_back` has, to each, the distinct ids that are its own since.
    """

    streams: dict[UUID, Stream]
    distinct_ids: dict[UUID, set[str]]
    others: dict[UUID, Stream]
    given_back: dict[UUID, set[str]]

    def all_ids(self) -> set[str]:
        """Return the distinct ids that were ever this person's."""
        return set().union(*self.distinct_ids.values())


def belongings(read: Read, person_id: UUID) -> Belongings:
    """Return what belongs to a person that lives or has lived."""
    streams = _family(read, person_id)
    others = {each: read(each) for each in _parted_from(streams) if each not in streams}
    back = {
        event.merge: (each, set(event.distinct_ids))
        for each, stream in others.items()
        for event in _unmerged([stream])
        if event.other in streams
    }
    given = {merge: ids for merge, (_, ids) in back.items()}
    ids = {each: _own_ids(stream, given) for each, stream in streams.items()}
    given_back = {other: theirs.difference(*ids.values()) for other, theirs in back.values()}
    return Belongings(streams, ids, others, given_back)


def _family(read: Read, person_id: UUID) -> dict[UUID, Stream]:
    streams: dict[UUID, Stream] = {}
    unread = [person_id]
    while unread:
        each = unread.pop()
        if each not in streams:
            streams[each] = read(each)
            unread += _joined(streams[each])
    return streams


def _joined(stream: Stream) -> Iterable[UUID]:
    undone = {event.merge for event in _unmerged([stream])}
    for each in stream:
        if isinstance(each.event, Merged) and each.position not in undone:
            yield each.event.source


def _parted_from(streams: Mapping[UUID, Stream]) -> Collection[UUID]:
    return dict.fromkeys(event.other for event in _unmerged(streams.values()))


def _unmerged(streams: Iterable[Stream]) -> Iterable[Unmerged]:
    return (each.event for stream in streams for each in stream if isinstance(each.event, Unmerged))


def _own_ids(stream: Stream, given_back: Mapping[int, Collection[str]]) -> set[str]:
    """Return the distinct ids that a stream gained, but for those that an un-merge gave back."""
    ids: set[str] = set()
    for each in stream:
        if isinstance(each.event, Unmerged):
            ids.difference_update(given_back.get(each.event.merge, ()))
        ids.update(_named_ids(each.event))
    return ids


def _named_ids(event: PersonEvent) -> Collection[str]:
    match event:
        case Erased(kept=Kept() as kept):
            return kept.distinct_ids
        case _:
            return gained_ids(event)
