"""Real WAV files for pretend recordings."""

from __future__ import annotations

import array
import io
import math
import wave

RATE = 8000  # samples a second, as telephones have it
_LONGEST = 600  # seconds; about 10 MB


def tone(seconds: int, *, hertz: int = 440) -> bytes:
    """A mono 16-bit WAV of a quiet tone that fades in and out once a second, as speech does."""
    one = array.array("h", (_sample(n, hertz) for n in range(RATE)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(one.tobytes() * max(0, min(seconds, _LONGEST)))
    return out.getvalue()


def _sample(n: int, hertz: int) -> int:
    return int(6000 * math.sin(math.pi * n / RATE) * math.sin(2 * math.pi * hertz * n / RATE))
