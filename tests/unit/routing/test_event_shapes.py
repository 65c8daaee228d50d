"""Each way in which LiveKit says that somebody came, spoke or left."""

from typing import Any

import pytest

from cordboard.routing.events import Sight
from tests.unit.routing.test_events import JOINED, parsed

EVENTS = {
    "participant_joined": Sight.JOINED,
    "track_published": Sight.AUDIO,
    "participant_left": Sight.LEFT,
    "participant_connection_aborted": Sight.LEFT,
    "room_started": Sight.ROOM_STARTED,
    "room_finished": Sight.ROOM_FINISHED,
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_of_a_call_becomes_what_was_seen(name: str) -> None:
    event = parsed(JOINED | {"event": name})
    assert event is not None
    assert event.sight is EVENTS[name]


@pytest.mark.parametrize(
    ("given", "joined_ms"),
    [
        ({"joinedAt": "1795441021", "joinedAtMs": "1795441021486"}, 1_795_441_021_486),
        ({"joinedAt": "1795441021"}, 1_795_441_021_000),
        ({}, 0),
    ],
    ids=["both", "seconds alone", "neither"],
)
def test_the_time_of_joining_is_as_exact_as_the_event_says(
    given: dict[str, Any], joined_ms: int
) -> None:
    who = {name: value for name, value in JOINED["participant"].items() if "joined" not in name}
    event = parsed(JOINED | {"participant": who | given})
    assert event is not None
    assert event.joined_ms == joined_ms


@pytest.mark.parametrize("name", ["room_started", "room_finished"])
def test_the_event_of_a_room_needs_nobody_in_it(name: str) -> None:
    event = parsed(JOINED | {"event": name, "participant": None})
    assert event is not None
    assert (event.participant_sid, event.kind, event.attributes) == ("", "", {})
