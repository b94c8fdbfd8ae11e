"""The training program: what runs inside a training job, on one machine or in a container.

A job is a folder. `python -m apps.training.program run spec.json`, started in it, reads the specification, does the
work and leaves the model, its digests and its facts there; see `folder.py` for what lies where.

The program runs in an environment of its own and imports nothing of the portal: it can be run by hand, and all that
the portal learns about a job it reads from the folder.
"""
