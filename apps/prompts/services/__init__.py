"""Writes of prompts: templates with their versions, and the labels that point to versions."""

from apps.prompts.services.labels import Moved, move_label, take_label_off
from apps.prompts.services.templates import add_version, create_template, rollback_template

__all__ = ["Moved", "add_version", "create_template", "move_label", "rollback_template", "take_label_off"]
