"""What telemetry announces."""

from django.dispatch import Signal

# Sent with: events (list of RequestEvent), each exactly once, inside the transaction that stores them.
events_shipped = Signal()
