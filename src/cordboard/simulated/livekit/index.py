"""Objects by id, and by what may exist once: what a check of conflicts asks in constant time."""

from collections import UserDict
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from google.protobuf.message import Message

ANY = ""
"""The group of the objects that hold for every number, or for every trunk."""

Key = tuple[str, ...]
M = TypeVar("M", bound=Message)


class Indexed(UserDict[str, M]):
    """Objects by id, indexed by their keys; a key's first part is its group.

    An object is changed by writing a new one under its id: what is changed in place is not seen by
    the index.
    """

    def __init__(self, keys_of: Callable[[M], Iterable[Key]]) -> None:
        """Begin empty; ``keys_of`` tells what an object claims."""
        self._keys_of = keys_of
        self._keys: dict[str, list[Key]] = {}
        self._holders: dict[Key, dict[str, None]] = {}
        self._groups: dict[str, dict[str, None]] = {}
        self.contested: dict[Key, None] = {}
        """The keys that more than one object claims."""
        super().__init__()

    def __setitem__(self, object_id: str, item: M) -> None:
        if object_id in self:
            del self[object_id]
        super().__setitem__(object_id, item)
        self._keys[object_id] = list(self._keys_of(item))
        for key in self._keys[object_id]:
            holders = self._holders.setdefault(key, {})
            holders[object_id] = None
            self._groups.setdefault(key[0], {})[object_id] = None
            if len(holders) > 1:
                self.contested[key] = None

    def __delitem__(self, object_id: str) -> None:
        super().__delitem__(object_id)
        for key in self._keys.pop(object_id):
            holders = self._holders.get(key, {})
            holders.pop(object_id, None)
            if len(holders) < 2:  # noqa: PLR2004 - a key with one holder is nobody's quarrel
                self.contested.pop(key, None)
            if not holders:
                self._holders.pop(key, None)
            group = self._groups.get(key[0], {})
            group.pop(object_id, None)
            if not group:
                self._groups.pop(key[0], None)

    def holders(self, key: Key, *, besides: str) -> Iterator[str]:
        """Return the ids of the other objects that claim a key."""
        return (object_id for object_id in self._holders.get(key, {}) if object_id != besides)

    def quarrel(self, groups: Iterable[str] | None, *, besides: str) -> tuple[str, str] | None:
        """Return two objects that claim the same key, of these groups or of any; None: all well."""
        wanted = None if groups is None else set(groups)
        for key in self.contested:
            if wanted is None or key[0] in wanted:
                holders = [*self.holders(key, besides=besides)]
                if len(holders) > 1:
                    return holders[0], holders[1]
        return None

    def in_groups(self, *groups: str) -> list[M]:
        """Return the objects of these groups, each once, in the order of their ids."""
        ids = {object_id for group in groups for object_id in self._groups.get(group, {})}
        return [self[object_id] for object_id in sorted(ids)]
