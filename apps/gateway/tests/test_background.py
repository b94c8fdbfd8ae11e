import asyncio
import signal

import pytest

from apps.gateway import background


@pytest.fixture
def raised(monkeypatch):
    """The signals that the process would have got."""
    signals = []
    monkeypatch.setattr(background.signal, "raise_signal", signals.append)
    return signals


class TestBegin:
    async def test_ends_the_process_when_a_bug_ends_the_work(self, raised):
        async def fail():
            raise KeyError("bug")

        await asyncio.wait([background.begin(fail(), name="failing")])
        await asyncio.sleep(0)

        assert raised == [signal.SIGTERM]

    async def test_leaves_the_process_alone_when_the_work_is_told_to_stop(self, raised):
        task = background.begin(asyncio.sleep(3600), name="waiting")
        task.cancel()

        await asyncio.wait([task])
        await asyncio.sleep(0)

        assert raised == []
