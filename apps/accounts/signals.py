"""What accounts announces. Governance listens and writes the audit event in the same transaction."""

from django.dispatch import Signal

# Sent with: actor, action ("scope.verb"), subject (a model instance), before and after (dicts or None).
account_changed = Signal()
