"""What the pages are dressed in: built files are those of their sources, and hold every class that a template uses."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

from apps.core.web.tags.marks import icon_names
from llmops_portal.settings_pages import BASE, PRIMARY

ROOT = Path(settings.BASE_DIR)
STATIC, ASSETS, TEMPLATES = ROOT / "static", ROOT / "assets", ROOT / "templates"
# Templates of django-unfold that ours stand in for: they are dressed by its own sheet.
FOREIGN = ("admin", "unfold")


def templates() -> Iterator[Path]:
    for path in sorted(TEMPLATES.rglob("*.html")):
        if path.relative_to(TEMPLATES).parts[0] not in FOREIGN:
            yield path


def classes_in(source: str) -> set[str]:
    """The classes that a template names in full; `badge-{{ tone }}` is not one."""
    found = set()
    for value in re.findall(r'\bclass="([^"]*(?:"[^"<>]*")*?[^"]*)"', re.sub(r"{%.*?%}", " ", source)):
        found |= {name for name in re.sub(r"\S*{{.*?}}\S*", " ", value).split() if name}
    return found


def classes_of(sheet: str) -> set[str]:
    return {re.sub(r"\\(.)", r"\1", name) for name in re.findall(r"\.((?:\\.|[\w-])+)", sheet)}


def test_every_class_in_a_template_is_in_the_style_sheet():
    known = classes_of((STATIC / "portal.css").read_text())
    # Told apart by scripts or by other rules, without a look of their own.
    known |= {"htmx-indicator", "page-wide", "diff-same", "section-title"}

    unknown = {
        f"{path.relative_to(ROOT)}: {name}" for path in templates() for name in classes_in(path.read_text()) - known
    }

    assert sorted(unknown) == [], "Run `npm ci && npm run css`, or use a class that exists."


@pytest.mark.parametrize("sheet", ["portal.css", "admin.css"])
def test_the_style_sheets_are_built_from_their_sources(sheet):
    sources = [ASSETS / "admin.css", *sorted((ASSETS / "css").iterdir()), ASSETS / "portal.css"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()

    assert (STATIC / sheet).read_text().rstrip().endswith(f"/* sources {digest} */"), "Run `npm ci && npm run css`."


def test_the_admin_has_the_colours_of_the_pages():
    tokens = dict(re.findall(r"--color-((?:base|primary)-\d+): ([^;]+);", (ASSETS / "css" / "tokens.css").read_text()))

    assert {f"base-{weight}": value for weight, value in BASE.items()} | {
        f"primary-{weight}": value for weight, value in PRIMARY.items()
    } == tokens


def test_vendored_files_are_those_that_were_recorded():
    lines = (STATIC / "vendor" / "SHA256SUMS").read_text().split("\n")
    recorded = {name: digest for digest, name in (line.split("  ") for line in lines if line)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (STATIC / "vendor").iterdir()
        if path.name != "SHA256SUMS"
    }

    assert found == recorded


def test_the_icons_are_those_that_are_listed():
    assert icon_names() == frozenset((ASSETS / "icons.txt").read_text().split())


@pytest.mark.parametrize("path", list(templates()), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_template_can_be_read(path):
    get_template(str(path.relative_to(TEMPLATES)))


@pytest.mark.parametrize("path", list(templates()), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_template_holds_nothing_that_the_content_security_policy_refuses(path):
    source = path.read_text()

    assert not re.search(r"<[^>]*\s(style|on[a-z]+|hx-on[^=]*)=", source), "inline style or handler"
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", source), "inline script"
    assert not re.search(r"""hx-(vals|vars|headers)=["'](js:|javascript:)""", source), "evaluated attribute"
