"""One function for each kind of personal data: text in, (start, end, bare value) of each item out.

Each is strict on purpose. A scan that calls every order number a phone number is switched off by the people it serves.
"""

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType
from stdnum import iban, luhn
from stdnum.kr import rrn

HOME_REGION = "KR"  # of numbers without a country code

Item = tuple[int, int, str]

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?=[ ]?[A-Z0-9]{4})")
_IBAN_MIN, _IBAN_MAX = 15, 34
_CARD = re.compile(
    r"(?<![A-Za-z0-9.-])(?:"
    r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{3})?"  # 4-4-4-4, and 4-4-4-4-3 of some
    r"|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5}"  # 4-6-5 of American Express, 4-6-4 of Diners
    r"|[0-9]{14,19}"
    r")(?![A-Za-z0-9]|[.-][0-9])"
)
_RESIDENT = re.compile(r"(?<![A-Za-z0-9-])([0-9]{6})([ -]?)([1-8][0-9]{6})(?![A-Za-z0-9]|-[0-9])")
_RESIDENT_SAID = re.compile(r"주민|외국인\s?등록|(?i:\bRRN\b|resident registration)")
_CODE_SAID = re.compile(
    r"(?:주문|송장|운송장|접수|예약|일련|제품|모델|시리얼|관리)\s?(?:번호)?[^가-힣A-Za-z]{0,6}$"
    r"|(?i:\b(?:order|invoice|tracking|ticket|serial|part|sku|ref(?:erence)?|case|id)\b[^가-힣A-Za-z]{0,6}"
    r"(?:(?:no|nr|number|id)\b[^가-힣A-Za-z]{0,6})?$)"
)
_SAID_WITHIN = 30  # characters before the number

_PHONE_KINDS = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)


def emails(text: str) -> Iterator[Item]:
    """E-mail addresses."""
    for match in _EMAIL.finditer(text):
        yield match.start(), match.end(), match.group().lower()


def ibans(text: str) -> Iterator[Item]:
    """International bank account numbers, with the length and the check digits of their country."""
    for match in _IBAN_START.finditer(text):
        compact, position = "", match.start()
        while position < len(text) and len(compact) < _IBAN_MAX:
            character = text[position]
            if character == " " and text[position - 1] != " ":
                position += 1
                continue
            if not (character.isascii() and (character.isdigit() or character.isupper())):
                break
            compact += character
            position += 1
            ends_here = position == len(text) or not (text[position].isascii() and text[position].isalnum())
            if len(compact) >= _IBAN_MIN and ends_here and iban.is_valid(compact):
                yield match.start(), position, compact
                break


def cards(text: str) -> Iterator[Item]:
    """Payment card numbers: of a known issuer's range and length, with the right check digit."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"[ -]", "", match.group())
        is_bare = digits == match.group()
        if _is_issued(digits) and luhn.is_valid(digits) and not (is_bare and _is_called_a_code(text, match.start())):
            yield match.start(), match.end(), digits


def resident_numbers(text: str) -> Iterator[Item]:
    """Korean resident and foreigner registration numbers.

    Six digits that are a date and seven more are also what many order numbers look like, and one in ten of those has
    the right check digit by chance. Where the text says that it is such a number, a date is enough (numbers given
    since October 2020 have no check digit); where it says nothing, the hyphen and the check digit are needed; where
    it says that it is another code, it is that.
    """
    for match in _RESIDENT.finditer(text):
        digits = match.group(1) + match.group(3)
        before = text[max(0, match.start() - _SAID_WITHIN) : match.start()]
        if _RESIDENT_SAID.search(before):
            is_one = rrn.is_valid(digits) or _is_born(digits)
        else:
            is_one = bool(match.group(2)) and rrn.is_valid(digits) and not _is_called_a_code(text, match.start())
        if is_one:
            yield match.start(), match.end(), digits


def phones(text: str) -> Iterator[Item]:
    """Phone numbers of people: mobile, fixed line, internet. Service lines such as 1588-1234 are nobody's."""
    for match in PhoneNumberMatcher(text, HOME_REGION, leniency=Leniency.VALID):
        kind, raw = phonenumbers.number_type(match.number), match.raw_string
        if kind not in _PHONE_KINDS or not _stands_alone(text, match.start, match.end):
            continue
        is_mobile = kind == PhoneNumberType.MOBILE
        is_spaced = any(mark in raw for mark in " -.()") or raw.startswith("+")
        if is_mobile or (is_spaced and not _is_called_a_code(text, match.start)):
            number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
            yield match.start, match.end, number


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether the digits are no part of a longer code, such as HN-010-1234-5678 or 010-1234-5678-9."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    is_headed = re.search(r"[A-Za-z0-9][-_/#]?$|[#_]$", before) is not None
    is_continued = re.match(r"[A-Za-z0-9_]|[-/][A-Za-z0-9]", after) is not None
    return not is_headed and not is_continued


def _is_called_a_code(text: str, start: int) -> bool:
    """Tell whether the words right before the number call it an order number or the like."""
    return _CODE_SAID.search(text[max(0, start - _SAID_WITHIN) : start]) is not None


def _is_issued(digits: str) -> bool:
    length, two, three, four = len(digits), int(digits[:2]), int(digits[:3]), int(digits[:4])
    return any(
        (
            digits[0] == "4" and length in (16, 19),  # Visa
            length == 16 and (51 <= two <= 55 or 2221 <= four <= 2720),  # Mastercard
            length == 15 and two in (34, 37),  # American Express
            16 <= length <= 19 and (four == 6011 or 644 <= three <= 649 or two == 65),  # Discover
            16 <= length <= 19 and 3528 <= four <= 3589,  # JCB
            length == 14 and (300 <= three <= 305 or two in (36, 38, 39)),  # Diners
            16 <= length <= 19 and two == 62,  # UnionPay
        )
    )


def _is_born(digits: str) -> bool:
    """Tell whether the first six digits and the century digit make a day that there was."""
    try:
        rrn.get_birth_date(digits, allow_future=False)
    except ValueError:
        return False
    return True
