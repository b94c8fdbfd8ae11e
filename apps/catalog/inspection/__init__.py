"""Looking at model files before they are kept: by name, by content, with bounds, and without ever running them."""

from apps.catalog.inspection.kinds import FileKind, Inspected, inspect_file
from apps.catalog.inspection.paths import checked_path, refuse_clashes

__all__ = ["FileKind", "Inspected", "checked_path", "inspect_file", "refuse_clashes"]
