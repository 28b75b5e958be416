"""The hashes, ids and times of the compiled part, called as their Python is (c/leaves.h)."""

from ctypes import CDLL, POINTER, byref, c_char_p, c_int32, c_int64, c_size_t
from ctypes import create_string_buffer as room

_TYPES = {
    "blake2b": (None, c_char_p, c_size_t, c_char_p, c_size_t),
    "key_half": (None, c_char_p, c_size_t, c_char_p),
    "key_is_global": (c_int32, c_char_p, c_size_t),
    "moment": (c_int32, c_char_p, c_size_t, c_int64, POINTER(c_int64)),
    "fingerprint": (None, c_char_p, c_size_t, c_char_p, c_size_t, c_char_p),
    "outcome": (c_int32, c_char_p, c_size_t, c_int32, c_char_p),
}


class Leaves:
    """Each equals a function of sources/fold, but that some say None: ask Python."""

    def __init__(self, library: CDLL) -> None:
        self._at = {name: getattr(library, f"costtop_{name}") for name in _TYPES}
        for name, (gives, *takes) in _TYPES.items():
            self._at[name].restype, self._at[name].argtypes = gives, takes

    def blake2b(self, data: bytes, digest_size: int) -> bytes:
        made = room(digest_size)
        self._at["blake2b"](data, len(data), made, digest_size)
        return made.raw

    def half(self, text: str) -> bytes:
        raw, made = text.encode("utf-8", "surrogatepass"), room(8)
        self._at["key_half"](raw, len(raw), made)
        return made.raw

    def is_global(self, name: str) -> bool | None:
        raw = name.encode("utf-8", "surrogatepass")
        return {0: False, 1: True, -1: None}[self._at["key_is_global"](raw, len(raw))]

    def stamp(self, text: str, seen: int) -> int | None:
        raw, held = text.encode("utf-8", "surrogatepass"), c_int64()
        return held.value if self._at["moment"](raw, len(raw), seen, byref(held)) else None

    def fingerprint(self, raw: bytes, kind: str) -> str:
        name, made = kind.encode("utf-8", "replace"), room(8)
        self._at["fingerprint"](raw, len(raw), name, len(name), made)
        return made.raw.hex()

    def outcome(self, raw: bytes, error: bool) -> str:
        made = room(12)
        size = self._at["outcome"](raw, len(raw), error, made)
        return made.raw[:8].hex() + ("~" + made.raw[8:size].hex() if error else "")
