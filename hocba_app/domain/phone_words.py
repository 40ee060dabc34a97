"""The sentence on the signer's phone: class, subject and a few names, within what the protocols carry (72 plain letters)."""

from __future__ import annotations

from collections.abc import Sequence

from hocba_app.domain.wording import KIND_SHORT

MAX_LENGTH = 72
"""Letters that the narrowest protocol carries (`docs/protocols.md`)."""
MAX_NAMES = 2


def phone_words(
    about: Sequence[tuple[str, str, str]], total: int, names: Sequence[str], *, longest: int = MAX_LENGTH
) -> str:
    """What a request is about, the most telling first, so that what is cut off is the least.

    Args:
        about: ``(kind, class, subject or "")`` of the request, in school order.
        total: records in it.
        names: of its first pupils.
    """
    kinds = list(dict.fromkeys(KIND_SHORT[kind] for kind, _, _ in about))
    classes = list(dict.fromkeys(class_name for _, class_name, _ in about))
    subjects = list(dict.fromkeys(subject for *_, subject in about if subject))
    what = " ".join(kinds if not subjects or len(kinds) > 1 else subjects[:2])
    where = " ".join(classes[:3]) + (f" và {len(classes) - 3} lớp" if len(classes) > 3 else "")
    text = f"{what} {where} - {total} hồ sơ"
    if len(classes) == 1:
        for count in range(min(MAX_NAMES, len(names)), 0, -1):
            more = f" và {total - count} em" if total > count else ""
            longer = f"{text} - {' - '.join(names[:count])}{more}"
            if len(longer) <= longest:
                return longer
    return text
