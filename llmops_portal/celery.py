"""The Celery application. Messages are wake-ups: losing them all costs time, never work."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmops_portal.settings")

app = Celery("llmops_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks()
