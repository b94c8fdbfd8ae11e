import pytest

from apps.core.secrets import OVERLAP, WINDOW, secret_kinds

AWS = "AKIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"Use {AWS} for it.", "AWS Access Key"),
        ("ghp_" + "a1B2" * 9, "GitHub Token"),
        ("Call https://robot:hunter22@example.org/api", "Basic Auth Credentials"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n", "Private Key"),
        ("키는 sk-" + "a1" * 10 + "T3BlbkFJ" + "b2" * 10 + " 입니다", "OpenAI Token"),
    ],
)
def test_a_key_is_found_by_its_form(text, kind):
    assert secret_kinds("Hello", text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Classify {{ message }} for https://example.org/help",
        "다음 문의를 분류하세요: {{ message }}",
        "token: {{ token }}",
    ],
)
def test_what_is_none_is_not_taken_for_one(text):
    assert secret_kinds(text) == []


@pytest.mark.parametrize("at", [0, WINDOW - OVERLAP, WINDOW - 10, 2 * (WINDOW - OVERLAP) - 5, 49_000])
def test_it_is_found_wherever_it_stands_in_a_long_line(at):
    assert secret_kinds("가 " * (at // 2) + AWS + " 나" * 500) == ["AWS Access Key"]


def test_each_kind_is_named_once():
    assert secret_kinds(AWS, f"{AWS}\n{AWS}") == ["AWS Access Key"]
