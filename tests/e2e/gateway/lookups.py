"""Ask the real livekit-server, as livekit-sip would, which trunk and rule take a call.

This is the routing half of a SIP gateway: nothing of SIP or audio is tried by it. One look-up is a
request, a claim by a server, our consent, and the answer, all over Redis publish and subscribe.
"""

import time
import uuid
from typing import Any, Self

import msgspec
import redis
from livekit import api

from tests.e2e.gateway import wire

SERVICE = "IOInfo"
PATIENCE_S = 3.0
ACCEPT = 1
DROP = 4


class Routed(msgspec.Struct, frozen=True):
    """What the server says about a call.

    Attributes:
        trunk_id: The trunk that took it, or nothing.
        is_accepted: Whether a rule took it; a caller whose call is dropped hears ringing for ever.
        error: What the server said when a look-up failed; the caller hears 503.
        agents: Name, deployment and job metadata of each agent that is dispatched.
    """

    trunk_id: str
    rule_id: str
    is_accepted: bool
    error: str
    agents: tuple[tuple[str, str, str], ...]


class Gateway:
    """Somebody who takes calls from carriers and asks LiveKit where they go."""

    def __init__(self, redis_port: int) -> None:
        self._redis = redis.Redis("127.0.0.1", redis_port)
        self._client_id = f"CLI_{uuid.uuid4().hex[:12]}"
        self._answers = self._redis.pubsub()  # type: ignore[no-untyped-call]  # redis types it not

    def __enter__(self) -> Self:
        self._answers.subscribe(
            f"{SERVICE}|{self._client_id}|RES", f"{SERVICE}|{self._client_id}|CLAIM"
        )
        for _ in range(2):
            assert self._answers.get_message(timeout=PATIENCE_S) is not None
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._redis.close()

    def forget_everything(self) -> None:
        """Empty Redis, as a restart without persistence does."""
        self._redis.flushall()

    def call(self, called: str, caller: str = "+15550009999", source: str = "127.0.0.1") -> Routed:
        """Return what becomes of a call: called number, caller, and the carrier's address."""
        call = wire.SIPCall(lk_call_id=f"SCL_{uuid.uuid4().hex[:12]}", source_ip=source)
        call.from_uri.user, call.from_uri.host = caller, source
        call.to_uri.user, call.to_uri.host = called, "127.0.0.1"
        try:
            trunk = self._ask("GetSIPTrunkAuthentication", wire.TrunkRequest(call=call))
            trunk_id = wire.TrunkResponse.FromString(trunk).sip_trunk_id
            request = wire.RulesRequest(call=call, sip_trunk_id=trunk_id, no_pin=True)
            answer = wire.RulesResponse.FromString(self._ask("EvaluateSIPDispatchRules", request))
        except LookUpError as error:
            return Routed("", "", is_accepted=False, error=str(error), agents=())
        room = api.RoomConfiguration.FromString(answer.room_config)
        return Routed(
            trunk_id=trunk_id,
            rule_id=answer.sip_dispatch_rule_id,
            is_accepted=answer.result == ACCEPT,
            error="",
            agents=tuple((a.agent_name, a.deployment, a.metadata) for a in room.agents),
        )

    def _ask(self, method: str, request: Any) -> bytes:  # noqa: ANN401 - any request of the wire
        request_id, now = f"REQ_{uuid.uuid4().hex[:12]}", time.time_ns()
        message = wire.Request(
            request_id=request_id,
            client_id=self._client_id,
            sent_at=now,
            expiry=now + int(PATIENCE_S * 1e9),
            raw_request=request.SerializeToString(),
        )
        self._redis.publish(f"{SERVICE}|{method}|REQ", wire.wrapped(message))
        answer = self._next(request_id)
        if isinstance(answer, wire.ClaimRequest):
            consent = wire.ClaimResponse(request_id=request_id, server_id=answer.server_id)
            self._redis.publish(f"{SERVICE}|{method}|RCLAIM", wire.wrapped(consent))
            answer = self._next(request_id)
        if answer.error:
            raise LookUpError(answer.error)
        raw: bytes = answer.raw_response
        return raw

    def _next(self, request_id: str) -> Any:  # noqa: ANN401 - a claim or a response
        until = time.monotonic() + PATIENCE_S
        while (left := until - time.monotonic()) > 0:
            published = self._answers.get_message(ignore_subscribe_messages=True, timeout=left)
            if published is not None:
                answer = wire.unwrapped(published["data"])
                if answer.request_id == request_id:
                    return answer
        raise LookUpError("no answer from livekit-server")


class LookUpError(Exception):
    """A look-up failed; livekit-sip answers 503 then."""
