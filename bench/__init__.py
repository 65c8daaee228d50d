"""Benchmarks of Cordboard: one printed table, measured side by side. Never timed tests.

Run them with `make bench` or `python -m bench`; `bench/README.md` says what each row means.
"""
