"""Processes that outlive the worker that started them. `base.py` says what is promised, `local.py` keeps it."""
