"""The server as a process, over its wire."""

import http.client
import json
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor

from .conftest import Server, chat_body, wait_for

DEADLINE_S = 180


class TestChatCompletions:
    def test_answers_with_usage(self, server):
        status, body, _ = server.chat(max_tokens=5)

        assert status == 200
        assert (body["object"], body["model"]) == ("chat.completion", "tiny")
        assert body["choices"][0]["finish_reason"] == "length"
        used = body["usage"]
        assert used["completion_tokens"] == 5
        assert used["total_tokens"] == used["prompt_tokens"] + 5

    def test_streams_the_same_answer(self, server):
        _, whole, _ = server.chat(max_tokens=30)

        *chunks, done = server.events(max_tokens=30)

        chunks = [json.loads(chunk) for chunk in chunks]
        text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
        assert text == whole["choices"][0]["message"]["content"]
        assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
        assert [chunk["choices"][0]["finish_reason"] for chunk in chunks][-2:] == [None, "length"]
        assert all("usage" not in chunk for chunk in chunks)
        assert done == "[DONE]"

    def test_streams_usage_when_asked(self, server):
        _, whole, _ = server.chat(max_tokens=5)

        *_, last, done = server.events(max_tokens=5, stream_options={"include_usage": True})

        assert (json.loads(last)["choices"], json.loads(last)["usage"]) == ([], whole["usage"])
        assert done == "[DONE]"

    def test_refuses_another_model(self, server):
        status, body, _ = server.chat(model="other")

        assert status == 404
        assert body["error"] == {
            "message": "This server serves 'tiny', not 'other'.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }

    def test_refuses_a_prompt_that_is_too_long(self, server):
        status, body, _ = server.chat(messages=[{"role": "user", "content": "word " * 100}], stream=True)

        assert status == 400
        assert body["error"]["code"] == "context_length_exceeded"

    def test_refuses_when_too_many_are_at_it(self, server):
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: server.chat(max_tokens=64), range(24)))

        assert {status for status, _, _ in answers} == {200, 503}
        refused = next(response for status, _, response in answers if status == 503)
        assert refused.headers["Retry-After"] == "1"
        assert server.call("GET", "/health")[1]["in_flight"] == 0

    def test_forgets_who_left(self, server):
        for stream in (True, False):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            connection.request("POST", "/v1/chat/completions", json.dumps(chat_body(stream=stream)))
            connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()

        wait_for(lambda: server.call("GET", "/health")[1]["in_flight"] == 0, timeout_s=10)
        assert server.chat(max_tokens=2)[0] == 200


class TestModels:
    def test_lists_the_one(self, server):
        _, body, _ = server.call("GET", "/v1/models")

        assert [model["id"] for model in body["data"]] == ["tiny"]


class TestLife:
    def test_listens_at_once_loads_and_ends_when_told(self, model_dir, tmp_path):
        server = Server(tmp_path, model_dir)
        status, body, _ = server.call("GET", "/health")
        assert (status, body["status"]) == (503, "loading")
        status, body, response = server.chat()
        assert (status, response.headers["Retry-After"]) == (503, "1")
        wait_for(server.is_ready)

        server.process.terminate()

        assert server.process.wait(DEADLINE_S) == -15
        assert not (tmp_path / "result.json").exists()

    def test_serves_no_other_bytes_than_the_approved(self, model_dir, tmp_path):
        copy = shutil.copytree(model_dir, tmp_path / "model")
        server = Server(tmp_path, copy)
        server.end()
        spec = json.loads((tmp_path / "spec.json").read_text())
        (copy / "config.json").write_text((copy / "config.json").read_text() + " ")

        server = Server(tmp_path, copy, manifest=spec["manifest"])

        assert server.process.wait(DEADLINE_S) == 1
        assert server.result()["error_type"] == "VerificationError"
        assert "config.json is not the one that was approved" in server.result()["reason"]

    def test_says_that_the_port_is_taken(self, model_dir, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as other:
            server = Server(tmp_path, model_dir, port=other.getsockname()[1])

            assert server.process.wait(DEADLINE_S) == 98
        assert server.result()["error_type"] == "PortTakenError"
        assert "is taken by another process" in server.result()["reason"]

    def test_names_every_wrong_field_of_its_specification(self, model_dir, tmp_path):
        server = Server(tmp_path, model_dir, port=-1, runtime={"max_output_tokens": 0})

        assert server.process.wait(DEADLINE_S) == 1
        assert "port: " in server.result()["reason"]
        assert "runtime.max_output_tokens: " in server.result()["reason"]
