"""The command line for users: a face of the API, with profiles that hold key pairs."""

from cordboard.edge.cli.agents import agents_app
from cordboard.edge.cli.calls import calls_app
from cordboard.edge.cli.livekit import livekit_app
from cordboard.edge.cli.numbers import numbers_app
from cordboard.edge.cli.route import route_app
from cordboard.edge.cli.simulate import simulate_app

__all__ = ["agents_app", "calls_app", "livekit_app", "numbers_app", "route_app", "simulate_app"]
