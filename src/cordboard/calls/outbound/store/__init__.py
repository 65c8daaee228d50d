"""Outbound calls in the database."""
