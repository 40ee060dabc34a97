"""Every code has a sentence; a sentence never fails for want of a parameter."""

from __future__ import annotations

from collections import defaultdict

import pytest

from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.domain.head_words import USUAL


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_has_a_whole_sentence(code: ErrorCode) -> None:
    sentence = HocbaError(code).sentence
    assert sentence == SENTENCES[code].format_map(defaultdict(lambda: "…", USUAL.as_params()))
    assert sentence.strip().endswith((".", "!", ")")) and len(sentence) > 15
