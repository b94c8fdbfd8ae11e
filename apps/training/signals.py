"""What training announces."""

from django.dispatch import Signal

# Sent in the transaction that makes a job final, with `job`: whoever listens books or rolls back with it.
job_finished = Signal()
