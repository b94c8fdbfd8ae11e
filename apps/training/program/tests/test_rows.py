import pyarrow
import pyarrow.parquet
import pytest

from apps.training.program.errors import DataError
from apps.training.program.rows import read_rows, verify
from apps.training.program.spec import DatasetFile

from .conftest import dataset_file, write_lines

COLUMNS = ("prompt", "response")
ROWS = [{"prompt": '안녕하세요, "여러분"\nhow are you?', "response": "fine"}, {"prompt": "b", "response": "c"}]


def jsonl(path):
    return write_lines(path, [{**row, "id": number} for number, row in enumerate(ROWS)])


def csv(path):
    path.write_text('id,prompt,response\n0,"안녕하세요, ""여러분""\nhow are you?",fine\n1,b,c\n', encoding="utf-8-sig")
    return path


def parquet(path):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    return path


def file_of(path, kind="jsonl"):
    return DatasetFile.model_validate(dataset_file(path, kind))


class TestReadRows:
    @pytest.mark.parametrize("write", [jsonl, csv, parquet])
    def test_reads_the_same_rows_from_every_format(self, tmp_path, write):
        path = write(tmp_path / "rows")

        assert list(read_rows([file_of(path, write.__name__)], COLUMNS)) == ROWS

    def test_reads_files_one_after_another(self, tmp_path):
        first, second = write_lines(tmp_path / "a", ROWS[:1]), write_lines(tmp_path / "b", ROWS[1:])

        assert list(read_rows([file_of(first), file_of(second)], COLUMNS)) == ROWS

    @pytest.mark.parametrize(
        ("content", "kind", "reason"),
        [
            ('{"prompt": "a", "response": "b"}\n{"prompt": "a"}\n', "jsonl", 'rows line 2: "response" is missing'),
            ('{"prompt": "a", "response": 5}\n', "jsonl", 'rows line 1: "response" holds no text'),
            ('{"prompt": " ", "response": "b"}\n', "jsonl", 'rows line 1: "prompt" holds no text'),
            ("[1]\n", "jsonl", "rows line 1: each line must be a JSON object"),
            ('{"prompt": "a", "response": "b"}\n{"pro\n', "jsonl", "rows line 2: not valid JSON"),
            ("prompt,response\na,\n", "csv", 'rows line 2: "response" is empty'),
            ('prompt,response\na,"b\n', "csv", "not valid CSV"),
            ("prompt,response\n", "parquet", "rows: not a valid Parquet file"),
        ],
    )
    def test_says_where_a_row_cannot_be_used(self, tmp_path, content, kind, reason):
        path = tmp_path / "rows"
        path.write_text(content)

        with pytest.raises(DataError, match=reason):
            list(read_rows([file_of(path, kind)], COLUMNS))

    def test_says_where_bytes_are_not_utf_8(self, tmp_path):
        path = tmp_path / "rows"
        path.write_bytes('{"prompt": "환불"}\n'.encode("cp949"))

        with pytest.raises(DataError, match="rows: not valid UTF-8"):
            list(read_rows([file_of(path)], COLUMNS))


class TestVerify:
    def test_accepts_the_approved_bytes(self, tmp_path):
        verify([file_of(jsonl(tmp_path / "rows"))])

    def test_refuses_one_changed_byte(self, tmp_path):
        path = jsonl(tmp_path / "rows")
        file = file_of(path)
        path.write_bytes(path.read_bytes().replace(b"fine", b"fire"))

        with pytest.raises(DataError, match="rows is not the one that was approved") as caught:
            verify([file])
        assert file.sha256 in caught.value.detail

    def test_refuses_a_file_that_is_gone(self, tmp_path):
        path = jsonl(tmp_path / "rows")
        file = file_of(path)
        path.unlink()

        with pytest.raises(DataError, match="cannot be read: No such file"):
            verify([file])
