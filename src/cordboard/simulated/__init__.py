"""Doubles of the world outside, shipped as products: stateful, with faults to inject."""
