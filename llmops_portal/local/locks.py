"""Write requirements/*.txt from requirements/*.in: the newest versions that fit together, each file with its digest.

python3 -m llmops_portal.local.locks [NAME ...]
"""

import sys

from llmops_portal.local import environments, installer


def main(names: list[str]) -> int:
    """Lock the named requirements, or all; 0 when all resolved."""
    # In this order: the tools of the tests fit themselves to what the portal runs with (`-c portal.txt`).
    sources = [installer.REQUIREMENTS / f"{name}.in" for name in names or ("uv", *environments.ENVIRONMENTS)]
    try:
        uv = installer.Installer(environments.ROOT / "uv", tell=print)
        for source in sources:
            print(f"Locking {source.name}", flush=True)
            uv.lock(source, source.with_suffix(".txt"))
    except installer.InstallError as error:
        print(f"lock: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
