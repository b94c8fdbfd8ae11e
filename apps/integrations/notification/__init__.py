"""Ways to tell a person something outside the portal. `base.py` says what is needed of one."""
