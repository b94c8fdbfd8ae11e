"""The components that pages are made of, by kind; `templatetags/ui.py` offers them all to templates.

Each tag renders one template in `templates/components/`. Tags that end in `{% end... %}` take what stands between as
their content: the page's own HTML, escaped where the page wrote it.
"""
