import pytest
from supervisor.options import ServerOptions

from llmops_portal.local import paths, supervisord
from llmops_portal.local.processes import Process


def process(**more):
    return Process(**{"name": "worker", "tier": 2, "command": ["true"], "is_ready": lambda _start: True, **more})


class TestRender:
    def test_is_read_back_by_supervisord_as_it_was_meant(self, tmp_path):
        odd = ["/bin/echo", "two words", "100%", "it's", '"quoted"']
        paths.create(tmp_path)
        (tmp_path / "conf").write_text(supervisord.render(tmp_path, [process(command=odd, stop_signal="INT")]))

        options = ServerOptions()
        options.realize(["--configuration", str(tmp_path / "conf")])

        read = options.process_group_configs[0].process_configs[0]
        assert (read.command, read.stopsignal, read.autostart) == (supervisord.shlex.join(odd), 2, False)
        assert read.stdout_logfile == str(tmp_path / "log" / "worker.log")

    def test_refuses_what_supervisord_would_cut_off_as_a_comment(self, tmp_path):
        with pytest.raises(supervisord.SupervisorError, match="my ;var"):
            supervisord.render(tmp_path, [process(command=["/my ;var/bin/redis-server"])])


class TestEnded:
    def test_is_said_as_people_say_it(self, tmp_path):
        said = {
            "WARN exited: worker (terminated by SIGKILL; not expected)": "signal 9",
            "WARN exited: worker (terminated by SIGSEGV (core dumped); not expected)": "signal 11",
            "INFO exited: setup (exit status 0; expected)": "exit status 0",
        }

        causes = {line: supervisord.parse_event(line).cause for line in said}

        assert causes == said

    def test_tells_when_supervisord_gave_up(self):
        line = "INFO gave up: beat entered FATAL state, too many start retries too quickly"

        assert supervisord.parse_event(line) == supervisord.Ended(name="beat", cause="too often", gave_up=True)

    def test_is_not_a_stop_that_was_asked_for(self):
        assert supervisord.parse_event("WARN stopped: gateway (terminated by SIGTERM)") is None
