import pytest

from llmops_portal.local import installer

NO_TORCH = """\
error: No solution found when resolving dependencies
  cause: Because there is no version of torch==2.13.0+cpu and you require torch==2.13.0+cpu, we can conclude …
"""
NO_NETWORK = """\
error: Failed to fetch
  cause: error sending request for url (https://index.example/simple/idna/)
  cause: dns error
"""
CHANGED = """\
error: Failed to download `idna==3.20`
  cause: Hash mismatch for `idna==3.20`
"""


class TestExplain:
    @pytest.mark.parametrize(
        ("said", "told"),
        [
            (NO_TORCH, r"torch 2\.13\.0\+cpu for this Python was not found.*PIP_FIND_LINKS"),
            (NO_NETWORK, r"cannot reach https://index\.example/simple/idna/; check the network"),
            (CHANGED, r"idna==3\.20 differs from the one that was locked"),
            ("error: something new\n  cause: of it\n", "^something new$"),
        ],
    )
    def test_is_one_line_that_says_what_to_do(self, said, told):
        explained = installer.explain(said)

        assert "\n" not in explained
        with pytest.raises(installer.InstallError, match=told):
            raise installer.InstallError(explained)


class TestProgress:
    def test_shows_large_steps_and_not_a_hundred_packages(self):
        assert installer.is_progress("Downloading torch (182.9MiB)\n")
        assert not installer.is_progress(" + idna==3.20\n")


class TestForbidden:
    def test_finds_what_only_a_cuda_build_brings(self):
        assert installer.forbidden(["torch-2.13.0+cpu.dist-info", "idna-3.20.dist-info"]) == []
        assert installer.forbidden(["nvidia_cublas_cu12-1.dist-info", "triton-3.dist-info"]) != []
