"""How a job ends when it does not succeed."""


class JobError(Exception):
    """The job cannot go on, for a reason that a person can act on.

    Args:
        reason: one sentence that names what is wrong, where, and how to mend it.
        detail: what an engineer may want besides; empty when the reason says it all.
    """

    def __init__(self, reason: str, *, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class SpecError(JobError):
    """The specification is malformed, or asks for what this program cannot do."""


class DataError(JobError):
    """A dataset file is missing, is not the approved one, or holds a row that cannot be used."""


class ModelError(JobError):
    """The base model cannot be read, or does not fit what is asked of it."""


class DivergedError(JobError):
    """The loss is no longer a finite number."""


class NoMemoryError(JobError):
    """The device has not the memory that the job needs."""


class FolderBusyError(Exception):
    """Another process is working in this folder."""


class Cancelled(BaseException):
    """SIGTERM arrived. Derives from BaseException so that no handler of errors on the way mistakes it for one."""
