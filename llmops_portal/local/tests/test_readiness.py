import http.server
import socketserver
import threading

import pytest

from llmops_portal.local import readiness


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def address_string(self):
        return "a socket"

    def log_message(self, *_):
        pass


@pytest.fixture
def unix(tmp_path):
    with socketserver.UnixStreamServer(str(tmp_path / "s"), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield tmp_path / "s"
        server.shutdown()
        thread.join()


class TestHttpAnswers:
    def test_takes_a_refusal_for_an_answer_and_a_failure_for_none(self, unix):
        assert readiness.http_answers("/200", unix=unix)
        assert readiness.http_answers("/403", unix=unix)
        assert not readiness.http_answers("/503", unix=unix)

    def test_is_false_where_nobody_listens(self, tmp_path):
        assert not readiness.http_answers("/200", unix=tmp_path / "nobody")
        assert not readiness.http_answers("/200", port=9)


class TestSays:
    def test_reads_only_what_was_said_since(self, tmp_path):
        log = tmp_path / "worker.log"
        log.write_text("celery@host ready.\n")

        assert readiness.says(log, r"\bready\.", start=0)
        assert not readiness.says(log, r"\bready\.", start=log.stat().st_size)
        assert not readiness.says(tmp_path / "none.log", "ready", start=0)
