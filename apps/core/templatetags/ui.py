"""`{% load ui %}`: every component of the pages. /design shows them; `apps/core/web/tags/` holds them."""

from django import template

from apps.core.web.tags import boxes, forms, lists, marks, values

register = template.Library()

for part in (marks, boxes, lists, forms, values):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)
