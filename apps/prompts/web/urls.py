"""Addresses of the pages of prompts."""

from django.urls import path

from apps.prompts.web import views

app_name = "prompts"
urlpatterns = [
    path("", views.templates, name="templates"),
    path("new", views.create, name="create"),
    path("preview", views.preview, name="preview"),
    path("<uuid:template_id>/", views.template, name="template"),
    path("<uuid:template_id>/edit", views.edit, name="edit"),
    path("<uuid:template_id>/compare", views.compare, name="compare"),
    path("<uuid:template_id>/label", views.move_label, name="move_label"),
    path("<uuid:template_id>/label/off", views.take_label_off, name="take_label_off"),
    path("<uuid:template_id>/rollback", views.rollback, name="rollback"),
]
