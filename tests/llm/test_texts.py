"""The mixed text that tokenizers are compared on holds what it should: code, 20 scripts, emoji, control characters and bytes that
are not UTF-8, each in many of the 10,000 lines. `pytest -s` prints how many.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

import texts

SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "TAMIL", "TELUGU", "MALAYALAM", "GUJARATI",
           "SINHALA", "MYANMAR", "THAI", "KHMER", "GEORGIAN", "ARMENIAN", "ETHIOPIC", "CHEROKEE", "CJK", "HIRAGANA", "KATAKANA",
           "HANGUL")


def kinds_of(line: bytes) -> set[str]:
    try:
        text, found = line.decode(), set()
    except UnicodeDecodeError:
        text, found = line.decode(errors="ignore"), {"not UTF-8"}
    for character in text:
        category = unicodedata.category(character)
        if category.startswith("L"):
            found.add(unicodedata.name(character, "").split(" ")[0].removesuffix("-IDEOGRAPH"))
        elif category == "Cc" and character not in "\t\n\r":
            found.add("control characters")
    if any(emoji in text for emoji in texts.EMOJI):
        found.add("emoji")
    if any(code in text for code in texts.CODE):
        found.add("code")
    return found


def test_lines_hold_every_kind(mixed: list[bytes]) -> None:
    counts = Counter(kind for line in mixed for kind in kinds_of(line))
    wanted = (*SCRIPTS, "code", "emoji", "control characters", "not UTF-8")
    print(f"{len(mixed)} lines, {sum(map(len, mixed))} bytes:", ", ".join(f"{kind} {counts[kind]}" for kind in wanted))
    assert len(mixed) == 10_000 and len(SCRIPTS) >= 20
    few = [kind for kind in wanted if counts[kind] < 100]
    assert not few, f"found fewer than 100 lines of {few}"
