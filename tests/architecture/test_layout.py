"""Names lead to what they name: no drawer for everything, stores and stories as announced."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import (
    FOLDERS,
    Finding,
    FunctionNode,
    Source,
    assert_none,
    sample,
    sources,
)

_DRAWER = re.compile(
    r"(^|_)(utils?|helpers?|common|misc|base|services?|managers?|repository|factory)$"
)
_LAYER = re.compile(r"(Service|Manager|Helper|Factory|Repository|Utils?)$")

STORE_VERBS = ("claim", "count", "delete", "find", "get", "insert", "list", "update")
WRITING_VERBS = {"delete", "insert", "update"}
DOMAINS = ("agents", "calls", "carriers", "numbers", "organizations", "routing", "webhooks")

# "path": "reason"
DRAWERS: dict[str, str] = {}

# "path::function": "reason", for store functions that serve the whole installation.
_KEYS = "src/cordboard/organizations/store.py"
_CALLS = "src/cordboard/calls/store.py"
_PROBES = "src/cordboard/agents/store/probes.py"
_ROUTING = "src/cordboard/routing/store"
ACROSS_ORGANIZATIONS: dict[str, str] = {
    f"{_KEYS}::list_organizations": "the operator's list of all of them",
    f"{_KEYS}::find_key": "the key is what tells the organization",
    f"{_KEYS}::update_keys_last_used": "one write for the keys of all organizations",
    f"{_ROUTING}/numbers.py::list_static_numbers": "LiveKit is one for the whole installation",
    f"{_ROUTING}/numbers.py::find_routable_numbers": "a ringing call does not say whose it is",
    f"{_ROUTING}/numbers.py::find_aliased_number": "the same",
    f"{_ROUTING}/numbers.py::find_facts": "the same; an explanation names its organization",
    f"{_ROUTING}/states.py::list_states": "the reconciler works for all organizations",
    f"{_ROUTING}/states.py::get_pair_count": "the doctor looks at all organizations",
    f"{_ROUTING}/numbers.py::list_bound_agents": "the same; each comes with its organization",
    f"{_CALLS}::get_peak_per_second": "LiveKit's load is everybody's",
    f"{_ROUTING}/states.py::update_states": "each state carries its organization",
    f"{_ROUTING}/states.py::insert_pending_states": "each number carries its organization",
    f"{_ROUTING}/states.py::delete_states": "a registration is its organization's alone",
    f"{_ROUTING}/clusters.py::update_cluster": "a cluster belongs to the installation",
    f"{_ROUTING}/clusters.py::update_catch_all": "the catch-all takes every organization's calls",
    f"{_ROUTING}/clusters.py::find_own_rule": "a ringing call does not say whose it is",
    f"{_PROBES}::list_old_probe_rooms": "the sweep works for all organizations",
    f"{_PROBES}::delete_probe_room": "the same",
    f"{_CALLS}::insert_event": "LiveKit's events do not say whose call they are about",
    f"{_CALLS}::find_seen": "a room does not say whose it is",
    f"{_CALLS}::claim_room": "a room does not say whose it is",
    f"{_CALLS}::update_room": "the same",
    f"{_CALLS}::update_unknown_room": "the same",
    f"{_CALLS}::find_call_in_room": "the same",
    f"{_CALLS}::find_in_room": "the same",
    f"{_CALLS}::find_followed": "whoever answers calls works for all organizations",
    f"{_CALLS}::list_up": "the same",
    f"{_CALLS}::list_outbound_up": "the same",
    "src/cordboard/calls/outbound/store/schedule.py::list_due": "the same",
    f"{_CALLS}::delete_old_events": "housekeeping",
    f"{_CALLS}::delete_old_rooms": "housekeeping",
    f"{_CALLS}::delete_old_unmatched": "calls to nobody's numbers",
    f"{_ROUTING}/clusters.py::get_installation_id": "belongs to the installation",
}


def find_drawers(files: Iterable[Source]) -> Iterator[Finding]:
    """Modules and classes named after a layer or a drawer instead of what they do."""
    for file in files:
        if any(_DRAWER.search(part) for part in file.parts):
            yield Finding(file.path, 1, "name what it does")
        for node in ast.walk(file.tree):
            if isinstance(node, ast.ClassDef) and _LAYER.search(node.name):
                yield Finding(file.named(node.name), node.lineno, "a function would do")


def find_misnamed_store_functions(files: Iterable[Source]) -> Iterator[Finding]:
    """Public store functions that do not begin with one of the store's verbs."""
    for file, function in _store_functions(files):
        if function.name.split("_")[0] not in STORE_VERBS:
            yield Finding(file.named(function.name), function.lineno, "not a verb of stores")


def find_queries_without_organization(files: Iterable[Source]) -> Iterator[Finding]:
    """Public store functions of a domain that do not take the organization, right after `tx`.

    Those that only make a statement take no `tx`. A write may take the struct instead that it
    writes, because that holds its organization.
    """
    for file, function in _store_functions(files):
        arguments = [*function.args.posonlyargs, *function.args.args]
        has_tx = bool(arguments) and arguments[0].arg == "tx"
        subject = arguments[has_tx : has_tx + 1]
        makes_a_statement = isinstance(function, ast.FunctionDef)
        if not (has_tx or makes_a_statement) or not _names_organization(file, function, subject):
            names = ", ".join(argument.arg for argument in arguments[:2])
            text = f"takes ({names}, …), not (tx, organization_id, …)"
            yield Finding(file.named(function.name), function.lineno, text)


def find_misnamed_stories(files: Iterable[Source]) -> Iterator[Finding]:
    """Files of `provisioning/` that hold no public function of their own name."""
    for file in files:
        is_story = file.parts[:-1] == ("src", "cordboard", "provisioning")
        names = {name for name, _ in file.functions}
        if is_story and file.parts[-1] != "__init__" and file.parts[-1] not in names:
            yield Finding(file.path, 1, f"no function {file.parts[-1]}")


def _names_organization(file: Source, function: FunctionNode, subject: list[ast.arg]) -> bool:
    if {argument.arg for argument in subject} & {"organization_id", "actor"}:
        return True
    models = (node for node in ast.walk(file.tree) if isinstance(node, ast.ImportFrom))
    structs = {
        alias.name
        for node in models
        if (node.module or "").endswith(".model")
        for alias in node.names
        if not alias.name.endswith("Id")
    }
    types = {ast.unparse(argument.annotation) for argument in subject if argument.annotation}
    return function.name.partition("_")[0] in WRITING_VERBS and bool(types & structs)


def _store_functions(files: Iterable[Source]) -> Iterator[tuple[Source, FunctionNode]]:
    for file in files:
        is_of_a_domain = file.parts[:2] == ("src", "cordboard") and file.parts[2] in DOMAINS
        if is_of_a_domain and "store" in file.parts:
            for name, function in file.functions:
                is_query = not name.startswith("_") and not name.endswith("_from_row")
                if "." not in name and is_query:
                    yield file, function


def test_no_module_or_class_is_a_drawer() -> None:
    assert_none(find_drawers(sources(*FOLDERS)), DRAWERS)


def test_store_functions_begin_with_a_verb_of_stores() -> None:
    assert_none(find_misnamed_store_functions(sources("src")))


def test_no_query_without_its_organization() -> None:
    assert_none(find_queries_without_organization(sources("src")), ACROSS_ORGANIZATIONS)


def test_a_story_is_named_like_its_file() -> None:
    assert_none(find_misnamed_stories(sources("src")))


@pytest.mark.parametrize(
    "path",
    ["src/cordboard/utils.py", "src/cordboard/numbers/number_helpers.py", "tests/common/a.py"],
)
def test_a_drawer_is_found(path: str) -> None:
    assert [finding.key for finding in find_drawers([sample(path, "")])] == [path]


def test_a_class_named_after_a_layer_is_found() -> None:
    file = sample("a.py", "class NumberService: ...\nclass Number: ...\n")
    assert [finding.key for finding in find_drawers([file])] == ["a.py::NumberService"]


def test_a_store_function_with_another_verb_is_found() -> None:
    path = "src/cordboard/numbers/store.py"
    file = sample(path, "async def fetch_number(tx): ...\nasync def find_number(tx): ...\n")
    assert [f.key for f in find_misnamed_store_functions([file])] == [f"{path}::fetch_number"]


def test_a_store_function_without_organization_is_found_also_in_a_folder() -> None:
    path = "src/cordboard/numbers/store/reading.py"
    text = "async def get_a(tx, e164): ...\nasync def get_b(tx, organization_id): ...\n"
    found = find_queries_without_organization([sample(path, text + "def _row(row): ...\n")])
    assert [finding.key for finding in found] == [f"{path}::get_a"]


@pytest.mark.parametrize(
    ("signature", "is_found"),
    [
        ("async def insert_key(tx: WriteTx, key: Key)", False),
        ("async def update_key(tx: WriteTx, key: Key, used_ms: int)", False),
        ("def delete_key(key: Key)", False),
        ("def insert_use(actor: Actor, key: Key)", False),
        ("async def find_key(tx: ReadTx, key: Key)", True),
        ("async def update_key(tx: WriteTx, key_id: KeyId)", True),
        ("async def insert_key(key: Key, tx: WriteTx)", True),
        ("def update_key(key_id: KeyId)", True),
    ],
)
def test_only_what_is_written_whole_may_stand_for_its_organization(
    signature: str, *, is_found: bool
) -> None:
    text = f"from cordboard.organizations.model import Key, KeyId\n{signature}: ...\n"
    file = sample("src/cordboard/organizations/store.py", text)
    assert bool(list(find_queries_without_organization([file]))) is is_found


def test_a_story_under_another_name_is_found() -> None:
    path = "src/cordboard/provisioning/release_number.py"
    assert len(list(find_misnamed_stories([sample(path, "async def release(tx): ...\n")]))) == 1
    assert list(find_misnamed_stories([sample(path, "async def release_number(tx): ...\n")])) == []
