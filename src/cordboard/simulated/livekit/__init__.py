"""A simulated LiveKit: the same API for trunks, rules, rooms and dispatches, over real HTTP.

It behaves like livekit-server 1.13.5 and livekit-sip 1.10.0 where that was observed, traps
included, has workers and callers of its own, sends signed events, and keeps a ledger of everything
it was asked.
"""

from cordboard.simulated.livekit.callees import Dialled, Outcome
from cordboard.simulated.livekit.callers import Call, Ended, EndReason
from cordboard.simulated.livekit.faults import Fault, FaultKind, Faults
from cordboard.simulated.livekit.server import Moment, SimulatedLiveKit, simulated_livekit
from cordboard.simulated.livekit.workers import Behaviour, Job, Worker

__all__ = [
    "Behaviour",
    "Call",
    "Dialled",
    "EndReason",
    "Ended",
    "Fault",
    "FaultKind",
    "Faults",
    "Job",
    "Moment",
    "Outcome",
    "SimulatedLiveKit",
    "Worker",
    "simulated_livekit",
]
