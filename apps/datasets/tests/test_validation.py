import io
import json
from pathlib import Path

import pytest

from apps.datasets.errors import BrokenRowsError
from apps.datasets.tests.factories import jsonl
from apps.datasets.validation import examine
from apps.datasets.validation.quality import evenness

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "voc"


def examined(rows, as_type="sft_pair"):
    return examine(io.BytesIO(jsonl(rows)), filename="x.jsonl", type=as_type)


def pairs(*prompts: str) -> list[dict[str, str]]:
    return [{"prompt": prompt, "response": "ok"} for prompt in prompts]


class TestShape:
    def test_names_the_broken_rows_and_counts_them_all(self):
        rows = [*pairs("a good one"), {"prompt": "", "response": "x"}, {"prompt": 7, "response": "x"}, {"prompt": "a"}]

        with pytest.raises(BrokenRowsError, match=r"3 of 4 rows cannot be used") as refused:
            examined(rows)

        assert {rule.field: rule.message for rule in refused.value.rules} == {
            "rows[2].prompt": "Row 2: 'prompt' is empty.",
            "rows[3].prompt": "Row 3: 'prompt' is int, not text.",
            "rows[4].response": "Row 4: 'response' is missing.",
        }

    def test_names_at_most_twenty(self):
        with pytest.raises(BrokenRowsError) as refused:
            examined([*pairs("a good one"), *({"prompt": "", "response": "x"} for _ in range(100))])

        assert len(refused.value.rules) == 20
        assert refused.value.context["details"] == {"broken": 100, "rows": 101}

    def test_names_a_column_that_no_row_has_once(self):
        with pytest.raises(BrokenRowsError) as refused:
            examined(pairs("one", "two"), as_type="rlhf_pair")

        assert [rule.field for rule in refused.value.rules] == ["chosen", "rejected"]

    def test_refuses_a_file_without_rows(self):
        with pytest.raises(BrokenRowsError, match="no rows"):
            examine(io.BytesIO(b"prompt,response\n"), filename="x.csv", type="sft_pair")

    @pytest.mark.parametrize(
        ("as_type", "row"),
        [
            ("pretrain_corpus", {"text": "t"}),
            ("sft_pair", {"prompt": "p", "response": "r"}),
            ("eval_set", {"prompt": "p", "response": "r"}),
            ("rag_qa", {"question": "q", "context": "c", "answer": "a"}),
            ("rlhf_pair", {"prompt": "p", "chosen": "c", "rejected": "r"}),
            ("embedding_pair", {"query": "q", "positive": "p"}),
        ],
    )
    def test_each_type_has_its_columns(self, as_type, row):
        assert examined([row], as_type).rows == 1


class TestStatistics:
    def test_counts_empties_distinct_values_and_lengths(self):
        rows = [
            {"prompt": "aaaa", "response": "yes", "n": 1},
            {"prompt": "bb", "response": "yes", "n": 5},
            {"prompt": "bb", "response": "no", "note": ""},
            {"prompt": "cc", "response": "no"},
        ]

        statistics = examined(rows).statistics

        assert statistics["prompt"]["length"] == {"min": 2, "mean": 2.5, "max": 4}
        assert (statistics["n"]["count"], statistics["n"]["empty"]) == (2, 2)
        assert statistics["n"]["value"] == {"min": 1, "mean": 3.0, "max": 5}
        assert statistics["note"]["empty"] == 4
        assert statistics["response"]["top_values"] == [{"value": "yes", "count": 2}, {"value": "no", "count": 2}]

    def test_never_keeps_personal_data_as_a_label(self):
        rows = [{"prompt": f"question {number}", "response": "call 010-1234-5678"} for number in range(10)]

        found = examined(rows)

        assert found.statistics["response"]["top_values"] == [{"value": "call [PHONE]", "count": 10}]
        assert "1234-5678" not in json.dumps([found.statistics, found.pii, found.duplicates, found.quality])

    def test_holds_nothing_that_json_cannot_say(self):
        rows = [
            {"prompt": "a question", "response": "b", "big": 1e308},
            {"prompt": "another", "response": "b", "big": 1e308},
        ]

        json.dumps(examined(rows).statistics, allow_nan=False)


class TestDuplicates:
    def test_tells_exact_ones_from_those_that_differ_in_case_spacing_and_punctuation(self):
        rows = pairs(
            "IS IT IN STOCK??",
            "Refund please",
            "is it in stock?",
            "Refund please",
            "환불 가능한가요",
            "환불가능한가요??",
        )

        duplicates = examined(rows).duplicates

        assert (duplicates["count"], duplicates["exact"], duplicates["normalised"]) == (3, 1, 2)
        assert [(group["rows"], group["kind"]) for group in duplicates["groups"]] == [
            ([1, 3], "normalised"),
            ([2, 4], "exact"),
            ([5, 6], "normalised"),
        ]

    def test_does_not_count_other_answers_or_other_signs_as_the_same(self):
        rows = [*pairs("Refund please"), {"prompt": "Refund please", "response": "no"}, *pairs("???", "!!!")]

        assert examined(rows).duplicates["count"] == 0


class TestQuality:
    def test_names_its_parts_with_weight_and_reason(self):
        quality = examined(pairs("one thing", "another thing")).quality

        assert {part["name"] for part in quality["parts"]} >= {
            "validity",
            "uniqueness",
            "completeness",
            "personal_data",
        }
        assert all(part["reason"] and 0 <= part["score"] <= 100 for part in quality["parts"])

    def test_falls_with_duplicates_and_personal_data(self):
        clean = examined(pairs(*(f"question {number}" for number in range(20)))).quality["score"]
        repeated = examined(pairs(*(f"question {number % 10}" for number in range(20)))).quality["score"]
        personal = examined(pairs(*(f"mail a{number}@example.com" for number in range(20)))).quality["score"]

        assert clean > repeated
        assert clean > personal

    def test_evenness_is_one_when_all_are_alike_and_nothing_for_one_label(self):
        assert evenness({"a": 5, "b": 5}) == pytest.approx(1.0)
        assert evenness({"a": 5}) == 0.0
        assert 0 < evenness({"a": 9, "b": 1}) < 0.5


class TestOnTheExampleData:
    """PLANTED.json says what was put into the training file by hand: all of it is found, and nothing else."""

    @pytest.fixture
    def planted(self):
        return json.loads((EXAMPLES / "PLANTED.json").read_text(encoding="utf-8"))

    @pytest.fixture
    def rows(self):
        return [json.loads(line) for line in (EXAMPLES / "train.jsonl").read_text(encoding="utf-8").splitlines()]

    @pytest.fixture
    def found(self):
        with (EXAMPLES / "train.jsonl").open("rb") as file:
            return examine(file, filename="train.jsonl", type="sft_pair")

    def test_finds_the_personal_data_and_nothing_else(self, planted, rows, found):
        items = {(rows[item["row"] - 1]["id"], item["kind"]) for item in found.pii["items"]}

        assert items == {(item["id"], item["kind"]) for item in planted["pii"]}
        assert found.pii["found"] == len(planted["pii"])

    def test_never_keeps_a_value_of_it(self, planted, found):
        kept = json.dumps([found.pii, found.statistics, found.duplicates, found.quality], ensure_ascii=False)

        assert not [item["value"] for item in planted["pii"] if item["value"] in kept]

    def test_finds_the_duplicates_and_nothing_else(self, planted, rows, found):
        groups = [[rows[row - 1]["id"] for row in group["rows"]] for group in found.duplicates["groups"]]

        assert sorted(groups) == sorted(planted["duplicates"])

    @pytest.mark.parametrize(("name", "as_type"), [("heldout.jsonl", "eval_set"), ("corpus.jsonl", "pretrain_corpus")])
    def test_finds_nothing_in_the_other_files(self, name, as_type):
        with (EXAMPLES / name).open("rb") as file:
            found = examine(file, filename=name, type=as_type)

        assert (found.pii["found"], found.duplicates["count"]) == (0, 0)
