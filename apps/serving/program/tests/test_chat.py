import json

import pytest

from apps.serving.program.chat import read_request
from apps.serving.program.errors import RequestError

from .conftest import chat_body


def read(**changes):
    return read_request(json.dumps(chat_body(**changes)).encode())


class TestReadRequest:
    def test_takes_what_clients_send_without_meaning_it(self):
        request = read(n=1, user="u-1", presence_penalty=0, tools=[], response_format={"type": "text"}, stop=None)

        assert request.stop == []

    def test_prefers_the_newer_name_of_the_limit(self):
        assert read(max_tokens=5).limit == 5
        assert read(max_tokens=5, max_completion_tokens=7).limit == 7

    def test_joins_the_parts_of_a_message(self):
        parts = [{"type": "text", "text": "환불"}, {"type": "text", "text": "해 주세요"}]

        [message] = read(messages=[{"role": "developer", "content": parts}]).messages

        assert message.plain() == {"role": "system", "content": "환불해 주세요"}

    @pytest.mark.parametrize(
        ("changes", "param"),
        [
            ({"n": 2}, "n"),
            ({"top_k": 5}, "top_k"),
            ({"tools": [{"type": "function"}]}, "tools"),
            ({"response_format": {"type": "json_object"}}, "response_format.type"),
            ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ],
    )
    def test_refuses_what_it_cannot_do(self, changes, param):
        with pytest.raises(RequestError, match="This server cannot do what") as caught:
            read(**changes)
        assert caught.value.param == param

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"messages": []}, "messages: List should have at least 1 item"),
            ({"messages": [{"role": "user"}]}, r"messages\.0\.content: Field required"),
            ({"temperature": 3}, "temperature: Input should be less than or equal to 2"),
            ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
            ({"stop": ["a", "b", "c", "d", "e"]}, "stop: Value should have at most 4 items"),
            ({"stop": ""}, r"stop\.0: String should have at least 1 character"),
        ],
    )
    def test_names_the_field_to_blame(self, changes, reason):
        with pytest.raises(RequestError, match=reason):
            read(**changes)

    def test_refuses_what_is_no_json(self):
        with pytest.raises(RequestError, match="body: Invalid JSON"):
            read_request(b"{")
