"""Frames of the push connection: a message of protobuf behind its length as a varint."""

from typing import Any

from google.protobuf.message import DecodeError
from tigeropen.push.pb.Request_pb2 import Request
from tigeropen.push.pb.Response_pb2 import Response

__all__ = ["FrameReader", "frame", "reply_frame"]

MAX_REQUEST = 1 << 20
"""Bytes; a longer request is no request of the SDK's."""


def frame(message: Any) -> bytes:
    """Return the bytes of one frame."""
    packed: bytes = message.SerializeToString()
    length = len(packed)
    if length < 0x80:
        return bytes((length,)) + packed
    head = bytearray()
    while length >= 0x80:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + packed


class FrameReader:
    """Cuts what a client sends into requests."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """Return the requests that are whole now; raise ValueError for bytes that are none."""
        self._buffer += data
        requests = []
        while (found := self._next()) is not None:
            request = Request()
            try:
                request.ParseFromString(found)
            except DecodeError as error:
                raise ValueError(f"Expected a request, was {len(found)} other bytes") from error
            requests.append(request)
        return requests

    def _next(self) -> bytes | None:
        length = shift = 0
        for used, byte in enumerate(self._buffer, 1):
            length |= (byte & 0x7F) << shift
            shift += 7
            if length > MAX_REQUEST:
                raise ValueError(f"Expected at most {MAX_REQUEST} bytes a request, was {length}")
            if byte < 0x80:
                if len(self._buffer) < used + length:
                    return None
                found = bytes(self._buffer[used : used + length])
                del self._buffer[: used + length]
                return found
        return None


def reply_frame(
    command: int,
    *,
    request: int | None = None,
    code: int | None = None,
    text: str | None = None,
    data_type: int | None = None,
) -> bytes:
    """Return a frame that answers a request or says something of the connection."""
    response = Response()
    response.command = command
    if request is not None:
        response.id = request
    if code is not None:
        response.code = code
    if text is not None:
        response.msg = text
    if data_type is not None:
        response.body.dataType = data_type
    return frame(response)
