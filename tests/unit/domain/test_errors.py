"""Every code has a sentence; a sentence never fails for want of a parameter."""

from __future__ import annotations

import pytest

from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_has_a_whole_sentence(code: ErrorCode) -> None:
    sentence = HocbaError(code).sentence
    assert sentence == SENTENCES[code] or "…" in sentence
    assert sentence.strip().endswith((".", "!", ")")) and len(sentence) > 15
