"""The command line for users: a face of the API, with profiles that hold key pairs."""

from cordboard.edge.cli.agents import agents_app
from cordboard.edge.cli.numbers import numbers_app

__all__ = ["agents_app", "numbers_app"]
