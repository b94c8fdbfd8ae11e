"""Experiment trackers: where a job's curves are kept beside the portal. `base.py` says what is needed of one."""
