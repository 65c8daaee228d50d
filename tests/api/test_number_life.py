"""A number's life against a model: whatever two organizations do, the API tells what happened."""

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.support.builders import a_foreign_number, a_number
from tests.support.caller import CREATE, Answer, Caller, path_of
from tests.support.server import RunningServer

DEFAULTS = {
    "nickname": None,
    "inbound_agent_id": None,
    "outbound_agent_id": None,
    "inbound_agent_version": 1,
    "outbound_agent_version": 1,
    "inbound_webhook_url": None,
    "number_provider": "twilio",
    "outbound_trunk_id": None,
}
VALUES = {
    "nickname": st.sampled_from(["Sales", "Support", None]),
    "inbound_agent_id": st.sampled_from(["agent_a", "agent_b", None]),
    "outbound_agent_id": st.sampled_from(["agent_a", None]),
    "inbound_agent_version": st.integers(1, 3),
    "outbound_agent_version": st.integers(1, 2),
    "inbound_webhook_url": st.sampled_from(["https://example.com/a", None]),
    "number_provider": st.sampled_from(["twilio", "plivo"]),
    "outbound_trunk_id": st.sampled_from(["ST_1", None]),
}
FIELDS = st.fixed_dictionaries({}, optional=VALUES)
WHO = st.integers(0, 1)
WHICH = st.integers(0, 2)
KEYS = st.sampled_from([None, None, "key_1", "key_2"])


class Registered:
    """A registered number as the model knows it."""

    def __init__(self, owner: int, fields: dict[str, Any], tag: str, updated_ms: int) -> None:
        self.owner = owner
        self.fields = DEFAULTS | {k: v for k, v in fields.items() if v is not None}
        self.revision = 1
        self.tag = tag
        self.updated_ms = updated_ms


class NumberLife(RuleBasedStateMachine):
    """Two organizations that create, change, delete and re-create three numbers."""

    server: RunningServer

    def __init__(self) -> None:
        super().__init__()
        self.callers: list[Caller] = [self.server.organization() for _ in range(2)]
        self.numbers = [a_number(), a_number(212), a_foreign_number()]
        self.registered: dict[str, Registered] = {}
        self.histories: dict[tuple[int, str], list[tuple[str, int, dict[str, Any]]]] = {}
        self.stored: dict[tuple[int, str], tuple[bytes, Answer]] = {}

    @rule(who=WHO, which=WHICH, fields=FIELDS, key=KEYS)
    def create(self, who: int, which: int, fields: dict[str, Any], key: str | None) -> None:
        number = self.numbers[which]
        body = json.dumps({"phone_number": number, **fields}).encode()
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = self.callers[who].request("POST", CREATE, body, headers)
        known = None if key is None else self.stored.get((who, key))
        if known is not None:
            self._is_replayed(answer, body, *known)
        elif number in self.registered:
            assert answer.refusal[:2] == (409, "phone_number.exists")
        else:
            self._is_created(answer, who, number, fields)
            if key is not None:
                self.stored[who, key] = (body, answer)

    def _is_replayed(self, answer: Answer, body: bytes, stored: bytes, first: Answer) -> None:
        if body != stored:
            assert answer.refusal[:2] == (409, "idempotency.mismatch")
            return
        assert answer.headers["idempotency-replayed"] == "true"
        assert (answer.body, answer.headers["etag"]) == (first.body, first.headers["etag"])

    def _is_created(self, answer: Answer, who: int, number: str, fields: dict[str, Any]) -> None:
        data = answer.data
        told = Registered(who, fields, answer.headers["etag"], data["last_modification_timestamp"])
        self.registered[number] = told
        assert {field: data[field] for field in DEFAULTS} == told.fields
        assert data["created_at"] == data["updated_at"]
        changes = {f: {"from": None, "to": v} for f, v in told.fields.items() if v is not None}
        self._remember(who, number, "created", 1, changes)

    def _remember(
        self, who: int, number: str, action: str, revision: int, changes: dict[str, Any]
    ) -> None:
        self.histories.setdefault((who, number), []).insert(0, (action, revision, changes))

    @rule(who=WHO, which=WHICH, fields=FIELDS, condition=st.sampled_from(["none", "good", "old"]))
    def change(self, who: int, which: int, fields: dict[str, Any], condition: str) -> None:
        number = self.numbers[which]
        known = self._owned(who, number)
        headers = self._condition(known, condition)
        answer = self.callers[who].request("PATCH", path_of(number), fields, headers)
        if known is None:
            assert answer.refusal[:2] == (404, "phone_number.not_found")
        elif condition == "old":
            assert answer.refusal[:2] == (412, "etag.mismatch")
        else:
            self._is_changed(answer, known, number, fields)

    def _is_changed(
        self, answer: Answer, known: Registered, number: str, fields: dict[str, Any]
    ) -> None:
        changes = {
            field: {"from": known.fields[field], "to": value}
            for field, value in fields.items()
            if known.fields[field] != value
        }
        data = answer.data
        if changes:
            known.fields |= fields
            known.revision += 1
            assert answer.headers["etag"] != known.tag
            assert data["last_modification_timestamp"] >= known.updated_ms
            known.tag = answer.headers["etag"]
            known.updated_ms = data["last_modification_timestamp"]
            self._remember(known.owner, number, "updated", known.revision, changes)
        assert answer.headers["etag"] == known.tag
        assert data["last_modification_timestamp"] == known.updated_ms
        assert {field: data[field] for field in DEFAULTS} == known.fields

    @rule(who=WHO, which=WHICH, condition=st.sampled_from(["none", "good", "old"]))
    def delete(self, who: int, which: int, condition: str) -> None:
        number = self.numbers[which]
        known = self._owned(who, number)
        headers = self._condition(known, condition)
        answer = self.callers[who].request("DELETE", path_of(number), headers=headers)
        if known is None:
            assert answer.refusal[:2] == (404, "phone_number.not_found")
        elif condition == "old":
            assert answer.refusal[:2] == (412, "etag.mismatch")
        else:
            assert answer.data["phone_number"] == number
            del self.registered[number]
            changes = {f: {"from": v, "to": None} for f, v in known.fields.items() if v is not None}
            self._remember(who, number, "deleted", known.revision + 1, changes)

    def _owned(self, who: int, number: str) -> Registered | None:
        known = self.registered.get(number)
        return known if known is not None and known.owner == who else None

    def _condition(self, known: Registered | None, condition: str) -> dict[str, str]:
        match condition:
            case "good" if known is not None:
                return {"If-Match": known.tag}
            case "old":
                return {"If-Match": '"num_old.1"'}
        return {}

    @invariant()
    def every_number_is_shown_to_its_owner_alone(self) -> None:
        for who, caller in enumerate(self.callers):
            for number in self.numbers:
                answer = caller.request("GET", path_of(number))
                known = self._owned(who, number)
                if known is None:
                    assert answer.refusal[:2] == (404, "phone_number.not_found")
                    continue
                assert answer.headers["etag"] == known.tag
                assert answer.data["revision"] == known.revision
                assert {field: answer.data[field] for field in DEFAULTS} == known.fields

    @invariant()
    def every_list_is_complete(self) -> None:
        for who, caller in enumerate(self.callers):
            mine = sorted(n for n, known in self.registered.items() if known.owner == who)
            query = "sort_by=phone_number&sort_order=ascending"
            data = caller.request("GET", f"/api/phone-numbers?{query}").data
            assert [number["phone_number"] for number in data["phone_numbers"]] == mine
            assert data["pagination"]["total_count"] == len(mine)

    @invariant()
    def every_history_tells_all_that_happened(self) -> None:
        for who, caller in enumerate(self.callers):
            for number in self.numbers:
                expected = self.histories.get((who, number))
                answer = caller.request("GET", path_of(number, "/history?limit=1000"))
                if expected is None:
                    assert answer.refusal[:2] == (404, "phone_number.not_found")
                    continue
                told = [
                    (
                        entry["action"],
                        entry["revision"],
                        {f: c for f, c in entry["changes"].items() if f in DEFAULTS},
                    )
                    for entry in answer.data["revisions"]
                ]
                assert told == expected


def test_whatever_two_organizations_do_the_api_tells_what_happened(server: RunningServer) -> None:
    life: type[RuleBasedStateMachine] = type("Life", (NumberLife,), {"server": server})
    run_state_machine_as_test(life, settings=settings(max_examples=15, stateful_step_count=20))
