"""A simulated LiveKit that a reconciler keeps right, and who takes a call there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cordboard.numbers.e164 import E164
from cordboard.numbers.model import Number, NumberNotFoundError, checked_changes
from cordboard.numbers.operations import delete_number, update_number
from cordboard.numbers.store import get_number
from cordboard.provisioning.reconcile import Reconciler
from cordboard.routing import store
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.routing.topology import NOBODY, Estate, Layer
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from cordboard.simulated.livekit import SimulatedLiveKit, simulated_livekit
from cordboard.simulated.livekit.matching import Invite, LookUpError, find_rule, find_trunk
from tests.support.numbers import RULES, registered
from tests.support.organizations import an_actor

CARRIER = "192.0.2.10"
STRANGER = "203.0.113.9"
CLUSTER = "default"
RINGS = "rings for ever"
TRY_LATER = "503"


def an_estate(layer: Layer = Layer.DEDICATED, installation: str = "inst_test") -> Estate:
    """Return the settings of the tests: carriers call from 192.0.2.0/24."""
    return Estate(
        installation=installation,
        cluster_id=CLUSTER,
        layer=layer,
        source_cidrs=("192.0.2.0/24",),
        ringing_timeout_s=20,
        max_call_duration_s=3600,
    )


class Reconciled:
    """A database, a simulated LiveKit, and one reconciler between them."""

    def __init__(self, db: Database, actor: Actor, lk: SimulatedLiveKit) -> None:
        self.db, self.actor, self.lk = db, actor, lk
        self.estate = an_estate()
        self._open: list[LiveKit] = []
        self.reconciler = self.another()

    def client(self) -> LiveKit:
        """Open a client of the simulated LiveKit, closed with the block."""
        client = LiveKit(CLUSTER, self.lk.url, (APIKey(self.lk.api_key, self.lk.api_secret),))
        self._open.append(client)
        return client

    def another(self) -> Reconciler:
        """Return a reconciler that knows nothing yet, as after a restart or on another node."""
        return Reconciler(self.db, self.client(), self.estate)

    async def restart(self) -> None:
        """Lose what the reconciler knows; its lease is given back."""
        await self.reconciler.stop()
        self.reconciler = self.another()

    async def aclose(self) -> None:
        for client in self._open:
            await client.aclose()

    async def register(self, agent: str | None = "desk", **fields: Any) -> Number:  # noqa: ANN401 - as the field is
        """Register a number that an agent answers."""
        return await registered(self.db, self.actor, inbound_agent_id=agent, **fields)

    async def change(self, number: Number, **fields: object) -> None:
        """Change a number."""
        changes = checked_changes(fields, RULES)
        await self.db.write(update_number, self.actor, number.phone_number, changes, None, RULES)

    async def delete(self, number: Number) -> None:
        """Delete a number."""
        await self.db.write(delete_number, self.actor, number.phone_number, None)

    async def state(self, number: Number) -> store.NumberState | None:
        """Return what is known to stand for a number."""
        key = number.organization_id, number.phone_number
        try:
            now = await self.db.read(get_number, *key)
        except NumberNotFoundError:
            return await self.db.read(store.find_state, key[0], number.registration_id)
        makes_pairs = self.estate.layer is Layer.DEDICATED
        return await self.db.read(store.find_standing, key[0], now, makes_pairs)

    async def try_tick(self) -> None:
        """Let a tick do what it can."""
        try:
            await self.reconciler.tick()
        except LiveKitError:
            await asyncio.sleep(0)

    def taker(self, phone_number: E164 | str, source: str = CARRIER) -> str:
        """Return the agent whose rule takes a call, or what the caller hears instead."""
        invite = Invite(phone_number, "+12125550100", source, source, {})
        try:
            trunk = find_trunk(self.lk.sip, invite)
            rule = None if trunk is None else find_rule(self.lk.sip, trunk, invite)
        except LookUpError:
            return TRY_LATER
        return RINGS if rule is None else rule.room_config.agents[0].agent_name

    def objects(self) -> dict[str, bytes]:
        """Return everything at LiveKit, by id."""
        everything = {**self.lk.sip.inbound, **self.lk.sip.rules}
        return {name: it.SerializeToString(deterministic=True) for name, it in everything.items()}

    def has_catch_all(self) -> bool:
        """Whether a number that nobody has is for Cordboard to decide."""
        return self.taker("+19995550199") == NOBODY


@asynccontextmanager
async def reconciled(db: Database) -> AsyncIterator[Reconciled]:
    """Run a simulated LiveKit, with nothing in it yet, and a reconciler."""
    async with simulated_livekit() as lk:
        world = Reconciled(db, await an_actor(db), lk)
        try:
            yield world
        finally:
            await world.aclose()
