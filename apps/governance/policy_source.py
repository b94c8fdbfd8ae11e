"""Reading a policy document's YAML, with the line and column of everything in it.

Less than YAML is read: no anchors, aliases or tags (a short document with aliases can stand for a gigabyte), no key
twice, and only the scalars of JSON. `no` is a text here, as in YAML 1.2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

SOURCE_MAX = 100_000  # characters
NODES_MAX = 5_000
DEPTH_MAX = 20

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a document, and where: by path and, counted from 1, by line and column."""

    path: str
    line: int
    column: int
    message: str

    def as_dict(self) -> dict[str, str | int]:
        return {"path": self.path, "line": self.line, "column": self.column, "message": self.message}


class UnreadableError(ValueError):
    """The text is no document that can be read at all; says where and why."""

    def __init__(self, message: str, mark: Any = None) -> None:
        super().__init__(message)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        self.fault = Fault("document", line, column, message)


class _Loader(yaml.SafeLoader):
    """A safe loader that resolves plain scalars as JSON does."""

    yaml_implicit_resolvers: dict[str, Any] = {}


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]{0,17})$"), list("-0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?$"),
    list("-0123456789"),
)


class Source:
    """A document as it was written.

    Attributes:
        content: the same as JSON.
    """

    def __init__(self, text: str, loader: Any, root: Any) -> None:
        self.text = text
        self._lines = text.splitlines()
        self._loader = loader
        self._nodes: dict[Path, Any] = {}
        self._keys: dict[Path, Any] = {}
        self.content = self._plain(root, ())

    def _plain(self, node: Any, path: Path) -> Any:
        self._nodes[path] = node
        if isinstance(node, yaml.ScalarNode):
            return self._loader.construct_object(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(inner, (*path, index)) for index, inner in enumerate(node.value)]
        return dict(self._entries(node, path))

    def _entries(self, node: Any, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, inner in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UnreadableError("A key is a single word here.", key.start_mark)
            if key.value in seen:
                raise UnreadableError(f"The key '{key.value}' is there twice. Keep one.", key.start_mark)
            seen.add(key.value)
            self._keys[(*path, key.value)] = key
            yield key.value, self._plain(inner, (*path, key.value))

    def fault(self, path: Path, message: str, *, at_key: bool = False) -> Fault:
        """Return a fault at what stands at `path`, or at the nearest thing around it that is there."""
        marked = self._keys if at_key and path in self._keys else self._nodes
        nearest = path
        while nearest not in marked:
            nearest = nearest[:-1]
        mark = marked[nearest].start_mark
        return Fault(written(path), mark.line + 1, mark.column + 1, message)

    def fault_within(self, path: Path, line: int, column: int, message: str) -> Fault:
        """Return a fault inside the text at `path`, given line and column of that text, both counted from 1."""
        node = self._nodes[path]
        offset = sum(len(part) + 1 for part in node.value.split("\n")[: line - 1]) + column - 1
        where = self._written_at(node, min(offset, len(node.value)))
        return Fault(written(path), *where, message)

    def _written_at(self, node: Any, offset: int) -> tuple[int, int]:
        """Return line and column in the document of one character of a scalar, however it is quoted and folded.

        The characters of the text stand in the document in the same order; between them stand indentation, the ends of
        folded lines, quotes and backslashes.
        """
        at = node.start_mark.line
        column = node.start_mark.column
        if node.style in ("|", ">"):
            at, column = at + 1, 0
        elif node.style in ("'", '"'):
            column += 1
        for wanted in node.value[:offset]:
            if not wanted.isspace():
                at, column = self._next(at, column, wanted)
                column += 1
        if offset < len(node.value) and not node.value[offset].isspace():
            at, column = self._next(at, column, node.value[offset])
        return at + 1, column + 1

    def _next(self, at: int, column: int, wanted: str) -> tuple[int, int]:
        for line in range(at, len(self._lines)):
            found = self._lines[line].find(wanted, column if line == at else 0)
            if found >= 0:
                return line, found
        return at, column


def read_source(text: str) -> Source:
    """Read a policy document.

    Raises:
        UnreadableError: it is no YAML, larger or deeper than a policy is, or uses what is not read here.
    """
    if len(text) > SOURCE_MAX:
        raise UnreadableError(f"The document has {len(text):,} characters; {SOURCE_MAX:,} are allowed.")
    try:
        _refuse_bombs(text)
        loader = _Loader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        why = f"Not YAML: {error.problem or error.context}."
        raise UnreadableError(why, error.problem_mark or error.context_mark) from error
    except yaml.YAMLError as error:
        raise UnreadableError(f"Not YAML: {' '.join(str(error).split())}") from error
    if root is None:
        raise UnreadableError("The document is empty. Begin with `id:`.")
    return Source(text, loader, root)


def _refuse_bombs(text: str) -> None:
    """Look at the events alone, which cost no more than the text is long."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UnreadableError("Anchors and aliases are not read in policies. Write it out.", event.start_mark)
        if getattr(event, "tag", None):
            raise UnreadableError("Tags are not read in policies. Leave it out.", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > DEPTH_MAX:
            raise UnreadableError(f"This is nested more than {DEPTH_MAX} deep.", event.start_mark)
        if nodes > NODES_MAX:
            raise UnreadableError(f"The document has more than {NODES_MAX:,} values.", event.start_mark)


def written(path: Path) -> str:
    """Return a path as it is written in answers: `rules[0].expression`."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return steps.lstrip(".") or "document"
