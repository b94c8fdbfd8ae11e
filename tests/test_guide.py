"""The guide and its pictures, and the first page that leads to them."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
GUIDE = ROOT / "docs" / "guide"
LINK = re.compile(r"\]\(([^)#]+)\)")


def links_in(page: Path) -> list[str]:
    """The links and pictures of a page that lead to a file beside it."""
    return [target for target in LINK.findall(page.read_text()) if "://" not in target]


def pictures_in_guide() -> list[str]:
    """The pictures that any chapter shows."""
    links = [target for chapter in GUIDE.glob("*.md") for target in links_in(chapter)]
    return [Path(target).name for target in links if target.startswith("images/")]


class TestGuide:
    def test_shows_every_picture_that_is_kept(self):
        assert {picture.name for picture in (GUIDE / "images").iterdir()} == set(pictures_in_guide())

    def test_shows_each_page_on_a_desktop_and_on_a_phone(self):
        pictures = pictures_in_guide()
        on = {
            look: {name.removesuffix(f"-{look}.png") for name in pictures if name.endswith(f"-{look}.png")}
            for look in ("desktop-light", "phone-dark")
        }

        assert on["desktop-light"] == on["phone-dark"] != set()


class TestReadme:
    def test_leads_to_files_that_are_there(self):
        readme = ROOT / "README.md"

        assert [target for target in links_in(readme) if not (readme.parent / target).exists()] == []
