"""The command line for users: a face of the API, with profiles that hold key pairs."""

from cordboard.edge.cli.numbers import numbers_app

__all__ = ["numbers_app"]
