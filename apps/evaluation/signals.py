"""What evaluation announces."""

from django.dispatch import Signal

# Sent in the transaction that makes a run final, with `run`: whoever listens books or rolls back with it.
run_finished = Signal()
