import datetime as dt
import io
import struct
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.datasets.errors import FileRefusedError
from apps.datasets.reading import detect_format, read_rows
from apps.datasets.reading.bounds import LINE_MAX_BYTES
from apps.datasets.reading.sizes import sizes_of


def rows_of(content: bytes, written_as: str) -> list[tuple[dict, str]]:
    return [(row.values, row.fault) for row in read_rows(io.BytesIO(content), format=written_as, filename="f")]


def parquet(table: pa.Table, **how: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **how)
    return file.getvalue()


class TestDetectFormat:
    @pytest.mark.parametrize(
        ("content", "filename", "found"),
        [
            (b'{"a": 1}\n', "x.jsonl", "jsonl"),
            (b'\xef\xbb\xbf{"a": 1}\n', "no-ending", "jsonl"),
            (b"a,b\n1,2\n", "x.csv", "csv"),
            ("질문;답\n하나;둘\n".encode(), "x.txt", "csv"),
            (parquet(pa.table({"a": [1]})), "x.parquet", "parquet"),
        ],
    )
    def test_goes_by_content(self, content, filename, found):
        assert detect_format(io.BytesIO(content), filename=filename) == found

    @pytest.mark.parametrize(
        ("content", "filename", "why"),
        [
            (b"", "x.csv", "it is empty"),
            (b"  \n", "x.csv", "it is empty"),
            (b'{"a": 1}\n', "x.csv", "its name says CSV, but it holds JSON Lines"),
            (b"a,b\n", "x.parquet", "its name says Parquet, but it holds CSV"),
            (b'[{"a": 1}]', "x.json", "one JSON array"),
            (b"PK\x03\x04rest", "x.xlsx", "ZIP archive, as Excel"),
            (b"\x80\x04\x95", "x.jsonl", "pickle"),
            ("a,b\n".encode("utf-16"), "x.csv", "UTF-16"),
            ("a,b,c,d\n".encode("utf-16-le"), "x.csv", "UTF-16 text without a mark"),
            (b"a\0b", "x.csv", "NUL at byte 1"),
            (b"text\n" + "한국어 질문".encode("cp949"), "x.csv", "byte 5 is no UTF-8; it looks like CP949"),
            (b"text\ncaf\xe9 du coin\n", "x.csv", "byte 8 is no UTF-8; it looks like Latin-1"),
            (b"text\n" + "끝".encode()[:2], "x.csv", "byte 5 is no UTF-8"),
        ],
    )
    def test_refuses_what_it_cannot_read_and_says_what_it_is(self, content, filename, why):
        with pytest.raises(FileRefusedError, match=why):
            detect_format(io.BytesIO(content), filename=filename)

    def test_names_the_byte_beyond_the_first_chunk(self):
        content = b"text\n" + b"a" * (3 * 1024**2 - 1) + "é".encode()[:1] + b"\xff"

        with pytest.raises(FileRefusedError, match=f"byte {len(content) - 2} is no UTF-8"):
            detect_format(io.BytesIO(content), filename="x.csv")


class TestJsonLines:
    def test_reads_rows_and_passes_over_empty_lines(self):
        assert rows_of(b'\xef\xbb\xbf{"a": 1}\n\n{"a": "\xec\x95\x88"}', "jsonl") == [({"a": 1}, ""), ({"a": "안"}, "")]

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            (b"{'a': 1}", "it is no JSON"),
            (b"[1]", "it is no JSON object"),
            (b'{"a": NaN}', "it is no JSON"),
            (b'{"a": "\\u0000"}', "it holds a NUL character"),
            (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "nested more than 20 deep"),
            (b'{"": 1}', "'' cannot be a column's name"),
            (b'{"a": "' + b"x" * LINE_MAX_BYTES + b'"}', "longer than"),
            (b"{" + b",".join(b'"c%d": 1' % number for number in range(101)) + b"}", "101 columns"),
        ],
    )
    def test_says_what_is_wrong_with_a_row_and_goes_on(self, line, why):
        first, second = rows_of(line + b'\n{"a": 2}\n', "jsonl")

        assert why in first[1]
        assert second == ({"a": 2}, "")

    def test_bounds_the_columns_of_all_rows_together(self):
        lines = b"".join(b'{"c%d": 1}\n' % number for number in range(102)) + b'{"c0": 2}\n'

        faults = [fault for _, fault in rows_of(lines, "jsonl")]

        assert [number for number, fault in enumerate(faults) if fault] == [100, 101]
        assert "'c100' would be a further column; at most 100" in faults[100]


class TestCsv:
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_reads_rows_with_quotes_and_line_breaks(self, separator):
        content = separator.join(("a", "b")) + "\r\n" + separator.join(('"x\ny"', '"""q"""')) + "\r\n"

        assert rows_of(content.encode(), "csv") == [({"a": "x\ny", "b": '"q"'}, "")]

    def test_passes_over_the_byte_order_mark(self):
        assert rows_of(b"\xef\xbb\xbfa\n1\n", "csv") == [({"a": "1"}, "")]

    def test_says_which_rows_have_other_fields_than_the_header(self):
        assert [fault for _, fault in rows_of(b"a,b\n1,2\n3\n", "csv")] == ["", "it has 1 fields; the header has 2"]

    def test_stops_at_a_quote_that_never_ends(self):
        faults = [fault for _, fault in rows_of(b'a,b\n"1,2\n3,4\n', "csv")]

        assert len(faults) == 1
        assert "it is no CSV" in faults[0]

    def test_stops_at_a_row_of_many_lines_that_is_too_long(self):
        content = b"a\n" + b'"1\n2"\n' * 3 + b'"' + (b"x" * 1000 + b"\n") * (LINE_MAX_BYTES // 1000) + b'"\n'

        faults = [fault for _, fault in rows_of(content, "csv")]

        assert faults[:3] == ["", "", ""]
        assert f"a row is longer than {LINE_MAX_BYTES} bytes" in faults[3]

    @pytest.mark.parametrize("header", [b"a,a\n", b"a,\n"])
    def test_refuses_a_header_that_names_a_column_twice_or_not_at_all(self, header):
        with pytest.raises(FileRefusedError, match="its header cannot be used"):
            rows_of(header + b"1,2\n", "csv")


class TestParquet:
    def test_reads_rows_as_json_would_have_them(self):
        table = pa.table(
            {"day": [dt.date(2026, 1, 2)], "n": [float("nan")], "deep": [[{"x": 1}]], "text": ["안녕"], "none": [None]}
        )

        expected = {"day": "2026-01-02", "n": None, "deep": [{"x": 1}], "text": "안녕", "none": None}
        assert rows_of(parquet(table), "parquet") == [(expected, "")]

    def test_refuses_bytes_as_a_column(self):
        with pytest.raises(FileRefusedError, match="'raw' holds bytes"):
            rows_of(parquet(pa.table({"raw": [b"\x00"]})), "parquet")

    @pytest.mark.parametrize("cut", [8, 40, -9])
    def test_refuses_a_damaged_file(self, cut):
        with pytest.raises(FileRefusedError, match="damaged Parquet file"):
            rows_of(parquet(pa.table({"a": list(range(1000))}))[:cut], "parquet")

    def test_refuses_a_footer_that_lies_about_its_length(self):
        content = parquet(pa.table({"a": [1]}))

        with pytest.raises(FileRefusedError, match="damaged Parquet file"):
            rows_of(content[:-8] + struct.pack("<I", 2**31) + b"PAR1", "parquet")

    @pytest.mark.parametrize("wrap", [lambda text: text, lambda text: [text], lambda text: {"deep": [{"x": text}]}])
    def test_reads_rows_of_which_a_batch_holds_few(self, wrap):
        text = "가" * 100_000
        table = pa.table({"a": [wrap(text), wrap("x"), None, wrap(text), wrap(text + "y")] * 3})

        found = rows_of(parquet(table, row_group_size=4), "parquet")

        assert found == [({"a": value}, "") for value in table["a"].to_pylist()]

    @pytest.mark.parametrize("wrap", [lambda text: text, lambda text: [text], lambda text: {"deep": [{"x": text}]}])
    def test_says_which_rows_are_too_long(self, wrap):
        text = "x" * (LINE_MAX_BYTES + 1)
        table = pa.table({"a": [wrap("first"), wrap(text), wrap(text), wrap("last")]})

        faults = [fault for _, fault in rows_of(parquet(table), "parquet")]

        assert faults == ["", *[f"it is longer than {LINE_MAX_BYTES} bytes"] * 2, ""]

    def test_lays_out_no_more_than_a_row_at_once_of_a_text_that_the_file_holds_once(self):
        text = "a " * (LINE_MAX_BYTES // 4)
        content = parquet(pa.table({"text": [text] * 256}), compression="zstd")
        before = pa.total_allocated_bytes()
        tracemalloc.start()

        largest = max(pa.total_allocated_bytes() - before for _ in read_rows(io.BytesIO(content), format="parquet"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert len(content) < 10_000
        assert largest < 8 * LINE_MAX_BYTES
        assert peak < 8 * LINE_MAX_BYTES


class TestSizesOf:
    @pytest.mark.parametrize(
        ("values", "kind", "sizes"),
        [
            (["a", None, "안"], pa.string(), [1, 0, 3]),
            (["a", None, "안"], pa.dictionary(pa.int8(), pa.large_string()), [1, 0, 3]),
            ([None], pa.dictionary(pa.int8(), pa.string()), [0]),
            ([["a", "bc"], None, []], pa.list_(pa.string()), [3, 0, 0]),
            ([["a", "bc"], ["d", "e"]], pa.list_(pa.string(), 2), [3, 2]),
            ([{"x": "a", "y": 1}, {"x": "abc", "y": 2}], pa.struct({"x": pa.string(), "y": pa.int32()}), [9, 11]),
            ([[("k", "abc")], []], pa.map_(pa.string(), pa.string()), [4, 0]),
            ([1.5, None], pa.float64(), [8, 8]),
        ],
    )
    def test_counts_everything_that_is_in_a_value(self, values, kind, sizes):
        array = pa.array([values[0], *values], kind)

        assert sizes_of(array).tolist() == [sizes[0], *sizes]
        assert sizes_of(array.slice(1)).tolist() == sizes
