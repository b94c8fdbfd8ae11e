"""What a file is, by its bytes. Its name is only asked whether it claims something else."""

import codecs
from pathlib import PurePosixPath
from typing import IO

from apps.datasets.errors import FileRefusedError
from apps.datasets.models import DatasetVersion

Format = DatasetVersion.Format

CHUNK_BYTES = 1024**2
PARQUET_MAGIC = b"PAR1"
CLAIMS = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
    ".parquet": Format.PARQUET,
}
MEND = "Upload a CSV, JSON Lines or Parquet file."
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "it is a ZIP archive, as Excel workbooks are.", "Save the sheet as 'CSV UTF-8', or unpack it."),
    (b"\xd0\xcf\x11\xe0", "it is an old Office document.", "Save the sheet as 'CSV UTF-8'."),
    (b"\x1f\x8b", "it is a gzip archive.", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "it is a zstd archive.", "Unpack it first."),
    (b"BZh", "it is a bzip2 archive.", "Unpack it first."),
    (b"\xfd7zXZ\x00", "it is an xz archive.", "Unpack it first."),
    (b"%PDF", "it is a PDF.", MEND),
    (b"SQLite format 3", "it is an SQLite database.", "Export the table as CSV."),
    (b"ARROW1", "it is an Arrow file.", "Save it as Parquet."),
    (b"\x7fELF", "it is a program.", MEND),
    (b"\x80\x04", "it is a Python pickle, which runs code when it is opened.", "Save the data as Parquet."),
    (b"\x80\x05", "it is a Python pickle, which runs code when it is opened.", "Save the data as Parquet."),
)
WIDE_MARKS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))


def detect_format(file: IO[bytes], *, filename: str) -> DatasetVersion.Format:
    """Return what `file` is.

    Raises:
        FileRefusedError: it is empty, of a kind that is not read here, not UTF-8, or its name claims another format.
    """
    file.seek(0)
    start = file.read(64 * 1024)
    if not start.strip():
        raise FileRefusedError(filename=filename, why="it is empty.", mend=MEND)
    for signature, why, mend in SIGNATURES:
        if start.startswith(signature):
            raise FileRefusedError(filename=filename, why=why, mend=mend)
    found = Format.PARQUET if start.startswith(PARQUET_MAGIC) else _text_format(file, start, filename)
    claimed = CLAIMS.get(PurePosixPath(filename).suffix.lower(), found)
    if claimed != found:
        why = f"its name says {claimed.label}, but it holds {found.label}."
        raise FileRefusedError(filename=filename, why=why, mend="Rename it, if its content is what you meant to send.")
    return found


def _text_format(file: IO[bytes], start: bytes, filename: str) -> DatasetVersion.Format:
    for mark, encoding in WIDE_MARKS:
        if start.startswith(mark):
            raise FileRefusedError(filename=filename, why=f"it is {encoding} text.", mend="Save it as UTF-8.")
    if b"\0" in start:
        looks = "UTF-16 text without a mark" if start[1::2].count(0) > len(start) // 4 else "binary"
        why = f"it looks like {looks} (NUL at byte {start.index(0)})."
        raise FileRefusedError(filename=filename, why=why, mend=f"{MEND} Text is UTF-8.")
    refuse_other_encodings(file, filename)
    text = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith(b"["):
        mend = "Write one JSON object a line, without the brackets and the commas between."
        raise FileRefusedError(filename=filename, why="it is one JSON array.", mend=mend)
    return Format.JSONL if text.startswith(b"{") else Format.CSV


def refuse_other_encodings(file: IO[bytes], filename: str) -> None:
    """Read the whole file once and refuse it at the first byte that is no UTF-8.

    Raises:
        FileRefusedError: says where, and which encoding it looks like.
    """
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    passed = 0
    while chunk := file.read(CHUNK_BYTES):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise _wrong_encoding(filename, passed - pending + error.start, error) from None
        passed += len(chunk)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _wrong_encoding(filename, passed - len(error.object), error) from None


def _wrong_encoding(filename: str, offset: int, error: UnicodeDecodeError) -> FileRefusedError:
    around = bytes(error.object[error.start : error.start + 4096])
    why = f"byte {offset} is no UTF-8; it looks like {_looks_like(around)}."
    return FileRefusedError(filename=filename, why=why, mend="Save it as UTF-8.")


def _looks_like(sample: bytes) -> str:
    try:
        codecs.getincrementaldecoder("cp949")().decode(sample)
    except UnicodeDecodeError:
        return "Latin-1 (Windows-1252)"
    return "CP949 (Korean Windows)"
