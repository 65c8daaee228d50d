"""How a LiveKit differs from what it should be, in words for people."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from cordboard.routing.comparison import Difference, Repair
from cordboard.routing.model import RoutableNumber
from cordboard.routing.topology import CATCH_ALL
from cordboard.runtime.ids import OrganizationId


class DriftKind(StrEnum):
    """What is the matter: a closed set."""

    MISSING = "missing"
    CHANGED = "changed"
    SURPLUS = "surplus"
    BLOCKED = "blocked"
    DANGEROUS = "dangerous"


class Drift(msgspec.Struct, frozen=True):
    """One difference. All but ``blocked`` and ``dangerous`` goes away by itself.

    Attributes:
        tag: ``catch-all``, or the registration whose pair is concerned; empty for what is foreign.
        object_id: The object at LiveKit, where there is one.
        organization_id: Whose number is concerned; None for what concerns everybody, and for what
            is left of a deleted number.
    """

    kind: DriftKind
    tag: str
    object_id: str | None
    organization_id: OrganizationId | None
    detail: str

    @property
    def concerns_everybody(self) -> bool:
        """Whether it is no single number's affair."""
        return self.tag in {CATCH_ALL, ""}


def drifts(difference: Difference, numbers: Iterable[RoutableNumber]) -> list[Drift]:
    """Return every difference, what needs a person first."""
    owners: dict[str, OrganizationId] = {
        number.registration_id: number.organization_id for number in numbers
    }
    found = [*_dangerous(difference), *_blocked(difference), *_to_repair(difference)]
    found += _surplus(difference)
    return [msgspec.structs.replace(each, organization_id=owners.get(each.tag)) for each in found]


def _dangerous(difference: Difference) -> Iterator[Drift]:
    for warned in difference.warnings:
        yield Drift(
            DriftKind.DANGEROUS, "", warned.object_id, None, f"{warned.object_id} {warned.detail}"
        )


def _blocked(difference: Difference) -> Iterator[Drift]:
    for tag, foreign in difference.blocked.items():
        what = "every number" if tag == CATCH_ALL else "the number"
        detail = (
            f"trunk {foreign}, which is not Cordboard's, has {what} of {tag}; remove or change it"
        )
        yield Drift(DriftKind.BLOCKED, tag, foreign, None, detail)


def _to_repair(difference: Difference) -> Iterator[Drift]:
    for repair in difference.repairs:
        missing = [
            name for name, it in (("trunk", repair.trunk), ("rule", repair.rule)) if it is None
        ]
        if missing:
            detail = f"the {' and the '.join(missing)} of {repair.tag} {_is(missing)} missing"
            yield Drift(DriftKind.MISSING, repair.tag, None, None, detail)
        for object_id in _changed(repair):
            detail = f"{object_id} of {repair.tag} is not what it should be"
            yield Drift(DriftKind.CHANGED, repair.tag, object_id, None, detail)


def _is(words: list[str]) -> str:
    return "is" if len(words) == 1 else "are"


def _changed(repair: Repair) -> Iterator[str]:
    if repair.trunk is not None and not repair.is_trunk_right:
        yield repair.trunk.trunk_id
    if repair.rule is not None and not repair.is_rule_right:
        yield repair.rule.rule_id


def _surplus(difference: Difference) -> Iterator[Drift]:
    for surplus in (*difference.surplus_trunks, *difference.surplus_rules):
        detail = f"{surplus.object_id} of {surplus.tag} is Cordboard's and should not be there"
        yield Drift(DriftKind.SURPLUS, surplus.tag, surplus.object_id, None, detail)
