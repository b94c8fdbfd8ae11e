"""Verify what the datasheet of this data set claims: `python check.py [FOLDER]`.

Prints one line per broken claim, naming file and row, and exits 1; prints a summary and exits 0 when all hold.
FOLDER holds the data files and is this script's own folder unless given. Needs nothing but Python 3.11.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from itertools import chain, pairwise
from pathlib import Path

# The label rule. Where an intent has two departments, what the message is about decides; README.md says how.
DEPARTMENTS_OF = {
    "refund_request": {"billing", "quality"},
    "exchange_request": {"logistics", "quality"},
    "subscription_change": {"account", "billing"},
    "delivery_delay": {"logistics"},
    "order_cancel": {"billing"},
    "product_defect": {"quality"},
    "installation_help": {"technical_support"},
    "billing_error": {"billing"},
    "account_access": {"account"},
    "coupon_question": {"marketing"},
    "stock_question": {"logistics"},
    "praise": {"marketing"},
}
TEMPLATE = "Classify the customer message.\nMessage: {{ message }}"
TRAIN_ROWS = (535, 555)
HELDOUT_PER_INTENT = 11
INTENT_TOLERANCE = 0.20  # largest distance of an intent's share from an even one, as a fraction of the even share
LANGUAGE_SHARES = {"ko": (0.50, 0.60), "en": (0.30, 0.40), "mixed": (0.05, 0.15)}
WORDS = (5, 45)
NEAR_DUPLICATE = 0.8  # Jaccard similarity of character 4-grams
CORPUS_ROWS = (300, 400)
CORPUS_BYTES = 60_000
PLANTED_KINDS = {"email": 2, "phone": 3, "resident_registration_number": 1, "credit_card": 1, "iban": 1}
EXACT_DUPLICATES, VARIED_DUPLICATES = 5, 4

PERSONAL_DATA = {
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[A-Za-z]+)+"),
    "phone": re.compile(r"(?<!\d)01[016789][ -]?\d{3,4}[ -]?\d{4}(?!\d)"),
    "resident_registration_number": re.compile(r"(?<!\d)\d{6}-?[0-9]\d{6}(?!\d)"),
    "credit_card": re.compile(r"(?<!\d)\d{4}(?:[ -]?\d{4}){3}(?!\d)"),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
}


class UnreadableDataError(Exception):
    """A file is missing or not what it should be; the message names the file, the line and what was expected."""


@dataclass(frozen=True, slots=True)
class Row:
    """One customer message with its two-part label, and the training pair made from them."""

    id: str
    language: str
    message: str
    intent: str
    department: str
    prompt: str
    response: str


@dataclass(frozen=True, slots=True)
class Planted:
    """What was put into the training split on purpose, for validators to find."""

    pii: list[dict[str, str]]  # each with id, kind and value
    duplicates: list[list[str]]  # pairs of ids, the earlier row first


@dataclass(frozen=True, slots=True)
class DataSet:
    train: list[Row]
    heldout: list[Row]
    corpus: list[str]
    planted: Planted
    template: str

    @property
    def rows(self) -> list[Row]:
        return self.train + self.heldout


# --- reading ---------------------------------------------------------------------------------------------------------


def read_text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UnreadableDataError(f"{path.name}: the file is missing") from None
    except UnicodeDecodeError as error:
        raise UnreadableDataError(f"{path.name}: not UTF-8 at byte {error.start}") from None
    if "\r" in text or text.startswith("\ufeff"):
        raise UnreadableDataError(f"{path.name}: save with LF line ends and without a byte order mark")
    return text


def read_objects(path: Path, keys: list[str]) -> list[dict[str, str]]:
    """Return the objects of a JSON Lines file, each with exactly `keys`, in that order, all non-empty strings."""
    text = read_text(path)
    if not text.endswith("\n"):
        raise UnreadableDataError(f"{path.name}: the last line has no line end")
    objects = []
    # Not splitlines(): it would also split at separators that JSON allows inside a string.
    for number, line in enumerate(text[:-1].split("\n"), start=1):
        try:
            given = json.loads(line)
        except json.JSONDecodeError as error:
            raise UnreadableDataError(f"{path.name}:{number}: not JSON ({error.msg})") from None
        if not isinstance(given, dict) or list(given) != keys:
            raise UnreadableDataError(f"{path.name}:{number}: expected an object with the keys {', '.join(keys)}")
        if not all(isinstance(value, str) and value for value in given.values()):
            raise UnreadableDataError(f"{path.name}:{number}: every value must be a string that is not empty")
        if line != json.dumps(given, ensure_ascii=False):
            raise UnreadableDataError(
                f"{path.name}:{number}: not written as json.dumps(..., ensure_ascii=False) writes"
            )
        objects.append(given)
    return objects


def read_planted(path: Path) -> Planted:
    try:
        given = json.loads(read_text(path))
        planted = Planted(pii=given["pii"], duplicates=given["duplicates"])
        well_formed = all(set(item) == {"id", "kind", "value"} for item in planted.pii) and all(
            len(pair) == 2 for pair in planted.duplicates
        )
        texts = [*(value for item in planted.pii for value in item.values()), *chain.from_iterable(planted.duplicates)]
    except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise UnreadableDataError(f"{path.name}: cannot be read ({error!r})") from None
    if not well_formed or not all(isinstance(text, str) for text in texts):
        raise UnreadableDataError(f"{path.name}: pii needs id, kind, value in each item; duplicates pairs of ids")
    return planted


def read_data_set(folder: Path) -> DataSet:
    keys = [field.name for field in fields(Row)]
    return DataSet(
        train=[Row(**given) for given in read_objects(folder / "train.jsonl", keys)],
        heldout=[Row(**given) for given in read_objects(folder / "heldout.jsonl", keys)],
        corpus=[given["text"] for given in read_objects(folder / "corpus.jsonl", ["text"])],
        planted=read_planted(folder / "PLANTED.json"),
        template=read_text(folder / "prompt_template.txt"),
    )


# --- measures --------------------------------------------------------------------------------------------------------


def normalised(text: str) -> str:
    """Return `text` without case, spacing and punctuation: equal results mean the same words."""
    return re.sub(r"[\W_]+", "", text).casefold()


def four_grams(text: str) -> frozenset[str]:
    """Return the character 4-grams of `text`, lower case, with runs of spacing and punctuation as one blank."""
    plain = re.sub(r"[\W_]+", " ", text).casefold().strip()
    return frozenset(plain[start : start + 4] for start in range(max(1, len(plain) - 3)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def language_of(message: str) -> str:
    """Return en without Hangul, mixed with two or more Latin words beside Hangul, else ko.

    A Latin word has three letters or more, so that TV, QR or 5 GHz do not make a Korean message mixed; Wi-Fi is one.
    """
    without_addresses = PERSONAL_DATA["email"].sub("", message)
    if not re.search("[가-힣]", without_addresses):
        return "en"
    latin_words = re.findall(r"[A-Za-z]+-[A-Za-z]+|[A-Za-z]{3,}", without_addresses)
    return "mixed" if len(latin_words) >= 2 else "ko"


def is_valid_card(number: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1, annex B) over the digits of `number`."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def is_valid_iban(number: str) -> bool:
    """The check of ISO 13616: the rearranged number, letters as 10 to 35, leaves 1 modulo 97."""
    compact = number.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])) % 97 == 1


def is_valid_resident_number(number: str) -> bool:
    """The check digit of a Korean resident registration number, as issued until October 2020."""
    digits = [int(digit) for digit in number if digit.isdigit()]
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    weighted = sum(digit * weight for digit, weight in zip(digits[:12], weights, strict=True))
    return digits[12] == (11 - weighted % 11) % 10


def belongs_to_nobody(number: str) -> bool:
    """Whether a resident registration number (seventh digit 3 or 4: born 2000 to 2099) tells a birth still to come."""
    digits = number.replace("-", "")
    try:
        born = datetime.strptime(f"20{digits[:6]}", "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:  # a day that no calendar has: scanners may rightly overlook the number
        return False
    return digits[6] in "34" and born > datetime.now(UTC)


# --- claims: each yields one sentence for everything that breaks it --------------------------------------------------


def check_ids(data: DataSet) -> Iterator[str]:
    for position, row in enumerate(data.rows, start=1):
        if row.id != (expected := f"voc-{position:04d}"):
            yield f"{row.id}: expected the id {expected} here; ids count through train and then heldout"


def check_labels(data: DataSet) -> Iterator[str]:
    for row in data.rows:
        if row.intent not in DEPARTMENTS_OF:
            yield f"{row.id}: unknown intent {row.intent!r}"
        elif row.department not in DEPARTMENTS_OF[row.intent]:
            yield f"{row.id}: {row.intent} never goes to {row.department!r}"
        if row.response != f"{row.intent} / {row.department}":
            yield f"{row.id}: the response is not '<intent> / <department>'"


def check_prompts(data: DataSet) -> Iterator[str]:
    if data.template != TEMPLATE:
        yield f"prompt_template.txt: expected exactly {TEMPLATE!r}"
    for row in data.rows:
        if row.prompt != data.template.replace("{{ message }}", row.message):
            yield f"{row.id}: the prompt is not the template with the message put in"


def check_counts(data: DataSet) -> Iterator[str]:
    if not TRAIN_ROWS[0] <= len(data.train) <= TRAIN_ROWS[1]:
        yield f"train.jsonl: {len(data.train)} rows, expected {TRAIN_ROWS[0]} to {TRAIN_ROWS[1]}"
    heldout = Counter(row.intent for row in data.heldout)
    train = Counter(row.intent for row in data.train)
    even = len(data.train) / len(DEPARTMENTS_OF)
    for intent, departments in DEPARTMENTS_OF.items():
        if heldout[intent] != HELDOUT_PER_INTENT:
            yield f"heldout.jsonl: {heldout[intent]} rows of {intent}, expected {HELDOUT_PER_INTENT}"
        if abs(train[intent] - even) > INTENT_TOLERANCE * even:
            yield f"train.jsonl: {train[intent]} rows of {intent}, over {INTENT_TOLERANCE:.0%} away from {even:.0f}"
        for name, rows in (("train", data.train), ("heldout", data.heldout)):
            used = {row.department for row in rows if row.intent == intent}
            if missing := departments - used:
                yield f"{name}.jsonl: no row of {intent} goes to {', '.join(sorted(missing))}"


def check_order(data: DataSet) -> Iterator[str]:
    for rows in (data.train, data.heldout):
        for first, second, third in zip(rows, rows[1:], rows[2:], strict=False):
            if first.intent == second.intent == third.intent:
                yield f"{third.id}: third row of {third.intent} in a row; the file is meant to be mixed"


def check_languages(data: DataSet) -> Iterator[str]:
    for row in data.rows:
        if row.language != (found := language_of(row.message)):
            yield f"{row.id}: says {row.language!r}, reads as {found!r}"
    for name, rows in (("train", data.train), ("heldout", data.heldout)):
        counts = Counter(row.language for row in rows)
        for language, (low, high) in LANGUAGE_SHARES.items():
            if not low <= counts[language] / len(rows) <= high:
                yield f"{name}.jsonl: {counts[language] / len(rows):.0%} {language}, expected {low:.0%} to {high:.0%}"


def check_lengths(data: DataSet) -> Iterator[str]:
    for row in data.rows:
        if not WORDS[0] <= (words := len(row.message.split())) <= WORDS[1]:
            yield f"{row.id}: {words} words, expected {WORDS[0]} to {WORDS[1]}"
        if row.message != " ".join(row.message.split()):
            yield f"{row.id}: the message has line breaks, double blanks or blanks at its ends"


def check_splits(data: DataSet) -> Iterator[str]:
    train = [(row.id, normalised(row.message), four_grams(row.message)) for row in data.train]
    corpus = [(f"corpus.jsonl:{line}", four_grams(text)) for line, text in enumerate(data.corpus, start=1)]
    corpus_text = [normalised(text) for text in data.corpus]
    for row in data.heldout:
        text, grams = normalised(row.message), four_grams(row.message)
        for other, other_text, other_grams in train:
            if text == other_text:
                yield f"{row.id}: the same message as {other} in train.jsonl"
            elif (similarity := jaccard(grams, other_grams)) > NEAR_DUPLICATE:
                yield f"{row.id}: nearly the same message as {other} in train.jsonl ({similarity:.2f})"
        for (place, other_grams), other_text in zip(corpus, corpus_text, strict=True):
            if text in other_text or jaccard(grams, other_grams) > NEAR_DUPLICATE:
                yield f"{row.id}: the message stands in {place}"
    for first, second in pairwise(sorted((normalised(row.message), row.id) for row in data.heldout)):
        if first[0] == second[0]:
            yield f"{second[1]}: the same message as {first[1]}"


def check_duplicates(data: DataSet) -> Iterator[str]:
    of_text: dict[str, list[Row]] = {}
    for row in data.train:
        of_text.setdefault(normalised(row.message), []).append(row)
    groups = [rows for rows in of_text.values() if len(rows) > 1]
    found = {tuple(row.id for row in rows) for rows in groups}
    listed = {tuple(pair) for pair in data.planted.duplicates}
    for pair in sorted(found - listed):
        yield f"{pair[-1]}: repeats {pair[0]} and is not listed in PLANTED.json"
    for pair in sorted(listed - found):
        yield f"{pair[1]}: PLANTED.json says that it repeats {pair[0]}; it does not"
    for rows in groups:
        if len({row.response for row in rows}) > 1:
            yield f"{rows[-1].id}: labelled differently from its twin {rows[0].id}"
    exact = sum(len({row.message for row in rows}) == 1 for rows in groups)
    if (exact, len(groups) - exact) != (EXACT_DUPLICATES, VARIED_DUPLICATES):
        yield (
            f"train.jsonl: {exact} exact and {len(groups) - exact} varied duplicates, "
            f"expected {EXACT_DUPLICATES} and {VARIED_DUPLICATES}"
        )


def check_personal_data(data: DataSet) -> Iterator[str]:
    texts = {row.id: row.message for row in data.rows}
    texts |= {f"corpus.jsonl:{line}": text for line, text in enumerate(data.corpus, start=1)}
    found = {
        (place, kind, value)
        for place, text in texts.items()
        for kind, pattern in PERSONAL_DATA.items()
        for value in pattern.findall(text)
    }
    listed = {(item["id"], item["kind"], item["value"]) for item in data.planted.pii}
    for place, kind, value in sorted(found - listed):
        yield f"{place}: holds {value!r} ({kind}), which PLANTED.json does not list"
    for place, kind, value in sorted(listed - found):
        yield f"{place}: PLANTED.json lists {value!r} ({kind}), which is not there"
    train_ids = {row.id for row in data.train}
    for place in sorted({place for place, _, _ in listed} - train_ids):
        yield f"{place}: personal data may be planted in train.jsonl only"
    if (kinds := Counter(kind for _, kind, _ in listed)) != PLANTED_KINDS:
        yield f"PLANTED.json: holds {dict(sorted(kinds.items()))}, expected {dict(sorted(PLANTED_KINDS.items()))}"


def check_planted_values(data: DataSet) -> Iterator[str]:
    harmless: dict[str, tuple[Callable[[str], bool], str]] = {
        "email": (lambda value: value.endswith(("@example.com", "@example.kr")), "an address at example.com or .kr"),
        # No Korean mobile number has 0 as the first digit after 010, so nobody can be called.
        "phone": (lambda value: bool(re.fullmatch(r"010[ -]?0\d{3}[ -]?\d{4}", value)), "a number that none has"),
        "resident_registration_number": (
            lambda value: is_valid_resident_number(value) and belongs_to_nobody(value),
            "a valid number with a birth date in the future",
        ),
        "credit_card": (
            lambda value: is_valid_card(value) and value.startswith("4111 1111"),
            "a valid number of the test range 4111 1111",
        ),
        "iban": (
            lambda value: is_valid_iban(value) and "WEST" in value,
            "the textbook example, or another valid number of its bank code WEST",
        ),
    }
    for item in data.planted.pii:
        if item["kind"] not in harmless:
            yield f"{item['id']}: unknown kind {item['kind']!r} in PLANTED.json"
            continue
        is_harmless, expected = harmless[item["kind"]]
        if not PERSONAL_DATA[item["kind"]].fullmatch(item["value"]) or not is_harmless(item["value"]):
            yield f"{item['id']}: {item['value']!r} is not {expected}"


def check_corpus(data: DataSet) -> Iterator[str]:
    if not CORPUS_ROWS[0] <= len(data.corpus) <= CORPUS_ROWS[1]:
        yield f"corpus.jsonl: {len(data.corpus)} rows, expected {CORPUS_ROWS[0]} to {CORPUS_ROWS[1]}"
    if (size := sum(len(text.encode()) for text in data.corpus)) < CORPUS_BYTES:
        yield f"corpus.jsonl: {size} bytes of text, expected {CORPUS_BYTES} or more"
    first_line: dict[str, int] = {}
    for line, text in enumerate(data.corpus, start=1):
        if (first := first_line.setdefault(normalised(text), line)) != line:
            yield f"corpus.jsonl:{line}: repeats line {first}"
        for intent in DEPARTMENTS_OF:
            if f"{intent} / " in text or ("_" in intent and intent in text):
                yield f"corpus.jsonl:{line}: holds the label {intent}"


CHECKS = (
    check_ids,
    check_labels,
    check_prompts,
    check_counts,
    check_order,
    check_languages,
    check_lengths,
    check_splits,
    check_duplicates,
    check_personal_data,
    check_planted_values,
    check_corpus,
)


def summary(data: DataSet) -> str:
    words = [len(row.message.split()) for row in data.rows]
    languages = Counter(row.language for row in data.rows)
    departments = Counter(row.department for row in data.rows)
    size = sum(len(text.encode()) for text in data.corpus)
    lines = [
        f"{len(data.train)} training messages, {len(data.heldout)} held-out messages",
        f"{len(data.corpus)} corpus texts, {size} bytes",
        f"languages    {dict(languages.most_common())}",
        f"departments  {dict(departments.most_common())}",
        f"words        {min(words)} to {max(words)}, mean {sum(words) / len(words):.1f}",
        f"all {len(CHECKS)} checks hold",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        data = read_data_set(folder)
    except UnreadableDataError as error:
        print(error, file=sys.stderr)
        return 1
    problems = [problem for check in CHECKS for problem in check(data)]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    print(summary(data))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
