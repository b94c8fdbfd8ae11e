"""What a person told pip about indexes, mirrors and certificates, told to uv as well: uv reads no pip.conf.

Only the standard library is used: this runs before anything is installed.
"""

import ast
import subprocess
from collections.abc import Mapping
from pathlib import Path

# A later section wins, as in pip.
SECTIONS = ("global", "install", ":env:")

# uv takes these from its environment rather than from arguments, where others could read a password in a URL.
VARIABLES = {
    "index-url": "UV_INDEX_URL",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


def read(python: Path) -> dict[str, str]:
    """Return pip's settings by name, from its files and the environment, as the pip of `python` sees them."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    return parse(listed)


def parse(listed: str) -> dict[str, str]:
    """Return the settings in the output of `pip config list`, whose lines look like `global.index-url='https://…'`."""
    sections: dict[str, dict[str, str]] = {name: {} for name in SECTIONS}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in sections:
            sections[section][name] = str(ast.literal_eval(value))
    return {name: value for section in SECTIONS for name, value in sections[section].items()}


def for_uv(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables with which uv does as pip would. What the person set for uv itself stays."""
    told = {}
    for name, variable in VARIABLES.items():
        value = " ".join(settings.get(name, "").split())
        if value and variable not in environ:
            told[variable] = value.replace(" ", ",") if variable == "UV_FIND_LINKS" else value
    # pip takes the best version of all indexes; uv would stop at the first that knows the name.
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **told}


def no_index(settings: Mapping[str, str]) -> bool:
    """Did the person forbid every index, leaving only `find-links`?"""
    return settings.get("no-index", "").lower() in {"1", "true", "yes", "on"}
