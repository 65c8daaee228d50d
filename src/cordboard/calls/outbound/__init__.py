"""Calls that Cordboard makes: what guards them, and how they are dialled."""
