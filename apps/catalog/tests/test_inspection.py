import contextlib
import json
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.catalog.errors import FileRefusedError
from apps.catalog.inspection import inspect_file
from apps.catalog.inspection.safetensors import HeaderRefusedError, read_header
from apps.catalog.tests.factories import CONFIG, safetensors

GOOD = safetensors({"a": ("F32", [2, 3]), "b": ("BF16", [4])})


def file_of(tmp_path, content: bytes):
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def with_header(header: object, data: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def tensor(dtype="F32", shape=(1,), offsets=(0, 4)) -> dict[str, object]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


class TestReadHeader:
    def test_counts_parameters_and_names_the_most_common_type(self, tmp_path):
        header = read_header(file_of(tmp_path, GOOD))

        assert (header.tensor_count, header.parameter_count, header.dtype) == (2, 10, "F32")

    def test_takes_metadata_and_empty_tensors(self, tmp_path):
        content = with_header({"__metadata__": {"format": "pt"}, "a": tensor(shape=(0,), offsets=(0, 0))})

        assert read_header(file_of(tmp_path, content)).parameter_count == 0

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "no length"),
            (b"\xff" * 8, "no length"),
            (struct.pack("<Q", 10**12) + b"{}", "no length"),
            (with_header(b"[1, 2]"), "does not begin with"),
            (with_header(b"{" + b'"a":{' * 5000 + b"}" * 5001), "no JSON"),
            (with_header(b'{"a": 1, "a": 2}'), "a name occurs twice"),
            (with_header({"__metadata__": {"a": 1}}), "holds other than text"),
            (with_header({"a": 1}), "not described by"),
            (with_header({"a": tensor(dtype="F31")}, b"\0" * 4), "unknown type 'F31'"),
            (with_header({"a": tensor(dtype=["F32"])}, b"\0" * 4), "unknown type"),
            (with_header({"a": tensor(shape=(-1,))}, b"\0" * 4), "no valid shape"),
            (with_header({"a": tensor(shape=(True,))}, b"\0" * 4), "no valid shape"),
            (with_header({"a": tensor(shape=(1,) * 17)}, b"\0" * 4), "no valid shape"),
            (with_header({"a": tensor(offsets=(0, 4, 8))}, b"\0" * 4), "no valid data_offsets"),
            (with_header({"a": tensor(shape=(2,))}, b"\0" * 4), "does not fit its bytes"),
            (with_header({"a": tensor(shape=(2**62, 8))}, b"\0" * 4), "does not fit its bytes"),
            (with_header({"a": tensor(), "b": tensor(offsets=(2, 6))}, b"\0" * 6), "'b' overlaps"),
            (with_header({"a": tensor(), "b": tensor(offsets=(5, 9))}, b"\0" * 9), "'b' leaves a gap"),
            (with_header({"a": tensor()}, b"\0" * 5), "end at byte 4 of 5"),
            (with_header({"a": tensor()}, b"\0" * 3), "end at byte 4 of 3"),
        ],
    )
    def test_refuses_what_is_not_sound(self, tmp_path, content, why):
        with pytest.raises(HeaderRefusedError, match=why):
            read_header(file_of(tmp_path, content))

    def test_refuses_more_tensors_or_a_longer_header_than_are_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr("apps.catalog.inspection.safetensors.TENSORS_MAX", 1)
        with pytest.raises(HeaderRefusedError, match="names 2 tensors"):
            read_header(file_of(tmp_path, GOOD))

        monkeypatch.setattr("apps.catalog.inspection.safetensors.HEADER_MAX_BYTES", 10)
        with pytest.raises(HeaderRefusedError, match="at most 10 are read"):
            read_header(file_of(tmp_path, GOOD))

    @settings(max_examples=300, deadline=None)
    @given(data=st.data())
    def test_never_fails_in_another_way_on_damaged_files(self, tmp_path_factory, data):
        content = bytearray(GOOD)
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path = file_of(tmp_path_factory.mktemp("fuzz"), bytes(content[: data.draw(st.integers(0, len(content)))]))

        with contextlib.suppress(HeaderRefusedError):
            read_header(path)


class TestInspectFile:
    def test_reads_facts_out_of_the_configuration(self, tmp_path):
        inspected = inspect_file("config.json", file_of(tmp_path, json.dumps(CONFIG).encode()))

        assert inspected.kind == "config"
        assert inspected.facts["architecture"] == "LlamaForCausalLM"

    def test_leaves_out_facts_that_are_odd(self, tmp_path):
        odd = {"architectures": "x", "vocab_size": "many", "hidden_size": -1, "max_position_embeddings": 1e9}

        assert inspect_file("config.json", file_of(tmp_path, json.dumps(odd).encode())).facts == {}

    def test_looks_into_the_text_part_of_a_configuration(self, tmp_path):
        content = json.dumps({"text_config": {"vocab_size": 7}}).encode()

        assert inspect_file("config.json", file_of(tmp_path, content)).facts == {"vocab_size": 7}

    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("tokenizer.json", "tokenizer"),
            ("generation_config.json", "config"),
            ("merges.txt", "text"),
            ("chat_template.jinja", "tokenizer"),
            ("README.md", "text"),
            ("LICENSE", "text"),
        ],
    )
    def test_takes_json_and_text(self, tmp_path, path, kind):
        found = inspect_file(path, file_of(tmp_path, b"{}")).kind

        assert found == ("tokenizer" if path == "merges.txt" else kind)

    @pytest.mark.parametrize("path", ["model.safetensors", "config.json", "notes.txt", "weights.bin", "LICENSE"])
    @pytest.mark.parametrize("protocol", [2, 3, 4, 5])
    def test_refuses_pickles_whatever_they_are_called(self, tmp_path, path, protocol):
        with pytest.raises(FileRefusedError, match=path.replace(".", r"\.")):
            inspect_file(path, file_of(tmp_path, bytes([0x80, protocol]) + b"K\x01."))

    @pytest.mark.parametrize("path", ["model.safetensors", "config.json", "model.pt", "model.zip"])
    def test_refuses_archives_whatever_they_are_called(self, tmp_path, path):
        with zipfile.ZipFile(tmp_path / "file", "w") as archive:
            archive.writestr("data.pkl", b"\x80\x04K\x01.")

        with pytest.raises(FileRefusedError):
            inspect_file(path, tmp_path / "file")

    @pytest.mark.parametrize(
        ("path", "content", "why"),
        [
            ("run.py", b"print(1)", "programs are not accepted"),
            ("model.h5", b"\x89HDF\r\n\x1a\n", "only safetensors"),
            ("model.gguf", b"GGUF", "only safetensors"),
            ("tokenizer.model", b"\n\x0e", "SentencePiece"),
            ("notes.txt", b"#!/bin/sh\nrm -rf /", "it is a script"),
            ("notes.txt", b"\x7fELF", "it is a program"),
            ("notes.txt", b"caf\xe9", "no UTF-8 text"),
            ("notes.txt", b"a\0b", "NUL character"),
            ("config.json", b"{", "it is no JSON"),
            ("config.json", b"[]", "no JSON object"),
            ("config.json", b"1", "single value"),
            ("tokenizer.json", b"[" * 100_000, "it is no JSON"),
            ("image.png", b"\x89PNG", "only safetensors, JSON and text"),
        ],
    )
    def test_says_why_and_what_to_do(self, tmp_path, path, content, why):
        with pytest.raises(FileRefusedError, match=why) as refused:
            inspect_file(path, file_of(tmp_path, content))

        assert refused.value.context["mend"]

    def test_takes_weights_whose_length_looks_like_a_signature(self, tmp_path):
        header = json.dumps({"a": tensor()}).encode()
        header += b" " * (int.from_bytes(b"#!", "little") - len(header))

        assert inspect_file("m.safetensors", file_of(tmp_path, with_header(header, b"\0" * 4))).kind == "weights"
