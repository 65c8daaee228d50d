"""Cordboard, the self-hosted switchboard between phone numbers and voice agents."""

__version__ = "0.1.0"
