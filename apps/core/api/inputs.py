"""Strict input: unknown fields are refused by name, camelCase aliases of known ones are accepted."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def snake_case(name: str) -> str:
    """Return `useGpu` as `use_gpu`."""
    return _HUMP.sub(lambda match: "_" + match.group(1).lower(), name)


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses what it does not know, so that a misspelt field is never silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            data = self._known(data)
        return super().to_internal_value(data)

    def _known(self, data: Mapping[str, Any]) -> dict[str, Any]:
        known = {name for name, field in self.fields.items() if not field.read_only}
        renamed: dict[str, Any] = {}
        unknown: dict[str, list[str]] = {}
        for name in data:
            target = name if name in known else snake_case(str(name))
            if target not in known:
                unknown[str(name)] = [_unknown_field(target, known)]
            elif target in renamed:
                unknown[str(name)] = [f"Given twice, also as '{target}'. Give it once."]
            else:
                renamed[target] = data[name]
        if unknown:
            raise serializers.ValidationError(unknown)
        return renamed


def _unknown_field(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Known fields: {', '.join(sorted(known)) or 'none'}."
    return f"Unknown field. {hint}"
