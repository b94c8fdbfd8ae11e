from llmops_portal.local import pip_settings

LISTED = """\
:env:.find-links='/wheels /more'
global.cert='/etc/ca.pem'
global.extra-index-url='file:///a file:///b'
global.index-url='https://global.example/simple'
install.index-url='https://install.example/simple'
"""


class TestParse:
    def test_takes_what_pip_would_take_for_an_installation(self):
        settings = pip_settings.parse(LISTED)

        assert settings["index-url"] == "https://install.example/simple"
        assert settings["find-links"] == "/wheels /more"


class TestForUv:
    def test_says_the_same_in_uvs_variables(self):
        told = pip_settings.for_uv(pip_settings.parse(LISTED), {})

        assert told == {
            "UV_INDEX_STRATEGY": "unsafe-best-match",
            "UV_INDEX_URL": "https://install.example/simple",
            "UV_EXTRA_INDEX_URL": "file:///a file:///b",
            "UV_FIND_LINKS": "/wheels,/more",
            "SSL_CERT_FILE": "/etc/ca.pem",
        }

    def test_leaves_what_the_person_told_uv_itself(self):
        told = pip_settings.for_uv(pip_settings.parse(LISTED), {"UV_INDEX_URL": "https://mine.example"})

        assert "UV_INDEX_URL" not in told


class TestNoIndex:
    def test_is_read_as_pip_writes_it(self):
        assert pip_settings.no_index({"no-index": "true"})
        assert not pip_settings.no_index({})
