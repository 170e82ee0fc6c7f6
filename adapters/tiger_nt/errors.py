"""Errors of the link to Tiger, by what the caller can do about them."""

__all__ = [
    "AnswerError",
    "ClosedError",
    "TigerConfigError",
    "TigerDeniedError",
    "TigerError",
    "TigerLimitError",
]
__all__ += ["TigerRequestError", "TigerUnknownOutcomeError", "UnreachableError"]


class TigerError(Exception):
    """Base of all errors of this package; texts hold no credentials and no signatures."""


class TigerConfigError(TigerError, ValueError):
    """Settings or credentials cannot be used; nothing was sent."""


class TigerDeniedError(TigerError):
    """Tiger refuses for a reason that asking again does not cure.

    Permission, licence, signature, unknown account, or a business rule (an order's rejection).
    """

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: code={code} {message}")
        self.method = method
        self.code = code
        self.message = message


class TigerLimitError(TigerError):
    """A call limit is used up, ours or Tiger's; `retry_after_s` says when to ask again."""

    def __init__(self, method: str, retry_after_s: float, message: str) -> None:
        super().__init__(f"{method}: {message}, retry after {retry_after_s:.1f} s")
        self.method = method
        self.retry_after_s = retry_after_s


class TigerRequestError(TigerError):
    """A call that changes nothing failed on its way (timeout, connection, bad answer)."""


class UnreachableError(TigerRequestError):
    """No connection could be made; nothing was sent."""


class AnswerError(TigerRequestError, ValueError):
    """An answer that makes no sense: fields missing, or at odds with each other."""


class ClosedError(TigerRequestError):
    """A call before the start or after the end of the connection; nothing was sent."""


class TigerUnknownOutcomeError(TigerRequestError):
    """A call that changes something failed on its way: Tiger may or may not have done it.

    Never send it again; ask for the order by its user mark.
    """
