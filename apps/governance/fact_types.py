"""Shapes of facts as types of CEL, so that saving a policy finds the fact that is misspelt or compared with the wrong
kind of thing. Message types are CEL's only maps with known keys, hence a protobuf descriptor for each record; facts
themselves stay JSON and are never made into messages."""

from collections.abc import Mapping
from typing import Any

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, descriptor_pool, wrappers_pb2

from apps.governance.fact_shapes import Flag, ListOf, MapOf, Number, Record, Shape, Text, Whole

PACKAGE = "facts"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: dict[type, tuple[int, str, Any]] = {
    Text: (_Field.TYPE_STRING, "StringValue", cel.Type.STRING),
    Whole: (_Field.TYPE_INT64, "Int64Value", cel.Type.INT),
    Number: (_Field.TYPE_DOUBLE, "DoubleValue", cel.Type.DOUBLE),
    Flag: (_Field.TYPE_BOOL, "BoolValue", cel.Type.BOOL),
}


class FactTypes:
    """The types of facts, by name of the fact, with the descriptors that they need.

    Attributes:
        pool: what an environment of CEL looks the messages up in.
        variables: the type of each fact.
        fields: name of a message to the path of the record and the names that it knows, for error messages.
    """

    def __init__(self, facts: Mapping[str, Shape]) -> None:
        self.fields: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._file = descriptor_pb2.FileDescriptorProto(
            name="facts.proto", package=PACKAGE, syntax="proto3", dependency=[wrappers_pb2.DESCRIPTOR.name]
        )
        self._names = {name: self._prepared(name, shape) for name, shape in facts.items()}
        self.pool = descriptor_pool.DescriptorPool()
        self.pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
        self.pool.AddSerializedFile(self._file.SerializeToString())
        self.variables = {name: self._type(shape, self._names[name]) for name, shape in facts.items()}

    def _prepared(self, path: str, shape: Shape) -> str:
        """Declare the records of a shape; returns the name of its own message, or of its items'."""
        match shape:
            case Record():
                return self._message(path, shape)
            case ListOf():
                return self._prepared(f"{path}[]", shape.item)
            case MapOf():
                return self._prepared(f"{path}.{shape.key}", shape.value)
            case _:
                return ""

    def _message(self, path: str, shape: Record) -> str:
        name = f"Record{len(self.fields)}"
        self.fields[f"{PACKAGE}.{name}"] = (path, tuple(shape.fields))
        inner = {field: self._prepared(f"{path}.{field}", held) for field, held in shape.fields.items()}
        message = self._file.message_type.add(name=name)
        for number, (field, held) in enumerate(shape.fields.items(), 1):
            self._add_field(message, field, number, held, inner[field])
        return name

    def _add_field(self, message: Any, name: str, number: int, shape: Shape, inner: str) -> None:
        if isinstance(shape, MapOf):
            entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
            entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL, **_wire(shape.value, inner))
            wire = {"type": _Field.TYPE_MESSAGE, "type_name": f".{PACKAGE}.{message.name}.{entry.name}"}
        else:
            wire = _wire(shape.item if isinstance(shape, ListOf) else shape, inner)
        label = _Field.LABEL_REPEATED if isinstance(shape, ListOf | MapOf) else _Field.LABEL_OPTIONAL
        message.field.add(name=name, number=number, label=label, **wire)

    def _type(self, shape: Shape, message: str) -> Any:
        match shape:
            case Record():
                return cel.Type(f"{PACKAGE}.{message}")
            case ListOf():
                return cel.Type.List(self._type(shape.item, message))
            case MapOf():
                return cel.Type.Map(cel.Type.STRING, self._type(shape.value, message))
            case _:
                return _SCALARS[type(shape)][2]


def _wire(shape: Shape, message: str) -> dict[str, Any]:
    """Return the protobuf type of a leaf or a record. A leaf that may be null is a wrapper, which CEL compares so."""
    if isinstance(shape, Record):
        return {"type": _Field.TYPE_MESSAGE, "type_name": f".{PACKAGE}.{message}"}
    assert not isinstance(shape, ListOf | MapOf), "protobuf knows no list of lists"  # noqa: S101
    scalar, wrapper, _ = _SCALARS[type(shape)]
    if shape.nullable:
        return {"type": _Field.TYPE_MESSAGE, "type_name": f".google.protobuf.{wrapper}"}
    return {"type": scalar}
