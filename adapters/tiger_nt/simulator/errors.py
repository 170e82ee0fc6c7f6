"""Tiger's refusals: codes and words of its answers."""

__all__ = ["ACCESS", "BIZ_PARAM", "COMMON_PARAM", "LIVE_ORDER", "PAPER_ORDER", "RATE_LIMIT"]
__all__ += ["SERVER", "Refusal"]

SERVER = 1
"""The server's own fault."""
ACCESS = 4
"""Access forbidden, by permission, subscription limit or (in its older form) call limit."""
RATE_LIMIT = 5
"""Too many calls, with HTTP status 429."""
COMMON_PARAM = 1000
"""Method, signature or envelope of a request."""
BIZ_PARAM = 1010
"""Content of a request."""
LIVE_ORDER = 1200
"""Orders of a live account."""
PAPER_ORDER = 1300
"""Orders of a paper account."""


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """A request that Tiger answers with a code other than 0."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
