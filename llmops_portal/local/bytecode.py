"""Compiled modules, kept even where nobody wants them beside the sources."""

from collections.abc import Mapping

from llmops_portal.local import paths


def kept_apart(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what to add to `environ`, so that PYTHONDONTWRITEBYTECODE keeps its promise without slowing every start.

    Containers often set it, and the portal's processes then take three times as long to start.
    """
    if not environ.get("PYTHONDONTWRITEBYTECODE"):
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(paths.CHECKOUT / ".cache" / "pycache")}
