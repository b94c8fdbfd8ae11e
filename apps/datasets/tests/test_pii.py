import pytest

from apps.datasets.pii import find_pii, mask_pii, masked_sample

PERSONAL = [
    ("메일은 minseo.park@example.kr 이에요.", "email", "minseo.park@example.kr"),
    ("Write to J.Whitfield+shop@mail.example.com, thanks", "email", "J.Whitfield+shop@mail.example.com"),
    ("010-1234-5678로 연락 주세요", "phone", "010-1234-5678"),
    ("call 010 1234 5678 please", "phone", "010 1234 5678"),
    ("폰 01012345678", "phone", "01012345678"),
    ("０１０－１２３４－５６７８", "phone", "０１０－１２３４－５６７８"),
    ("사무실 02-345-6789", "phone", "02-345-6789"),
    ("인터넷 전화 070-1234-5678", "phone", "070-1234-5678"),
    ("ring +44 20 7946 0958", "phone", "+44 20 7946 0958"),
    ("991231-3204170", "resident_registration_number", "991231-3204170"),
    ("주민등록번호 9912313204170", "resident_registration_number", "9912313204170"),
    ("주민번호는 030101-4123456", "resident_registration_number", "030101-4123456"),
    ("카드 4111 1111 1111 1111", "credit_card", "4111 1111 1111 1111"),
    ("card 4111-1111-1111-1111", "credit_card", "4111-1111-1111-1111"),
    ("amex 3782 822463 10005", "credit_card", "3782 822463 10005"),
    ("5555555555554444", "credit_card", "5555555555554444"),
    ("to GB82 WEST 1234 5698 7654 32.", "iban", "GB82 WEST 1234 5698 7654 32"),
    ("IBAN DE89370400440532013000 THANKS", "iban", "DE89370400440532013000"),
]

NOBODYS = [
    "주문번호 20240115-123456",
    "주문번호 991231-3204170",
    "order HN-48210",
    "order no. 4111111111111111",
    "Order 2401153000012",
    "tracking 123456789012",
    "운송장번호 6012-3456-7890",
    "HN-010-1234-5678",
    "part 010-1234-5678-9",
    "고객센터 1588-1234",
    "1544-0000으로 전화",
    "240115-3000012",
    "991231-3204171",
    "4111 1111 1111 1112",
    "ISBN 978-3-16-148410-0",
    "2024-01-15 10:30:22",
    "2024.01.15 - 2024.02.15",
    "1,234,567,890원",
    "192.168.100.200",
    "version 1.2.3.4.5.6.7.8.9",
    "lat 37.5665350, long 126.9780150",
    "GB82 WEST 1234 5698 7654 33",
    "@minseo on the forum",
    "user@localhost",
    "550e8400-e29b-41d4-a716-446655440000",
    "시리얼 0212345678",
    "0.1234567891234567",
]


class TestFindPii:
    @pytest.mark.parametrize(("text", "kind", "value"), PERSONAL)
    def test_finds_it_where_it_stands(self, text, kind, value):
        assert [(item.kind, text[item.start : item.end]) for item in find_pii(text)] == [(kind, value)]

    @pytest.mark.parametrize("text", NOBODYS)
    def test_leaves_alone_what_is_nobodys(self, text):
        assert find_pii(text) == []

    def test_finds_several_in_order_without_overlaps(self):
        text = "a@example.com, 010-1234-5678, 4111 1111 1111 1111, b@example.com"

        assert [item.kind for item in find_pii(text)] == ["email", "phone", "credit_card", "email"]

    @pytest.mark.parametrize("text", ["a" * 100_000 + "@", "1-" * 50_000, "a." * 50_000 + "@b", "1234 " * 20_000])
    def test_stays_fast_on_text_that_was_made_to_slow_it(self, text):
        assert find_pii(text) == []


class TestMaskPii:
    def test_puts_placeholders_and_counts(self):
        masked = mask_pii("메일 a@example.com, 폰 010-1234-5678.")

        assert masked == ("메일 [EMAIL], 폰 [PHONE].", 2)

    @pytest.mark.parametrize(("text", "kind", "value"), PERSONAL)
    def test_leaves_nothing_to_be_found(self, text, kind, value):
        masked, _ = mask_pii(text)

        assert value not in masked
        assert find_pii(masked) == []


class TestMaskedSample:
    @pytest.mark.parametrize(("text", "kind", "value"), PERSONAL)
    def test_shows_at_most_four_characters_of_the_value(self, text, kind, value):
        (item,) = find_pii(text)
        sample = masked_sample(item)
        shown = [character for character in sample if character.isalnum()]

        assert len(shown) <= 4
        assert item.value not in sample
