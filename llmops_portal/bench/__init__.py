"""Measurements: each beside a baseline in the same run, so that a figure means something on any machine.

`make bench` runs all of them, prints one table each, and as the last line one JSON object with every figure.
"""
