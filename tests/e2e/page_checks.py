"""What every page must keep on a phone: no wider than it, no scroll inside the scroll, folded when long, targets a thumb finds.

Used by the walk over all pages (``test_year_is_calm.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.async_api import Page

SMALLEST, MAIN = 24, 44
"""Pixels of any target (WCAG 2.5.8), and of those that do a page's work."""
HIGHEST = 4500
"""Pixels of a page as it opens: about five screens of a phone."""

_LOOK = r"""() => {
  const seen = e => e.checkVisibility({visibilityProperty: true}) && e.getBoundingClientRect().width > 1
      && e.getBoundingClientRect().right > 0 && !e.closest('details:not([open]) > :not(summary)') && !e.closest('.skip, .unseen');
  const words = e => (e.getAttribute('aria-label') || e.textContent || e.id || e.name || e.tagName).trim().slice(0, 50);
  const box = e => {
    const own = e.getBoundingClientRect(), label = e.closest('label, .check-label');
    if (!label || !e.matches('input')) return own;
    const around = label.getBoundingClientRect();
    return {width: Math.max(own.width, around.width), height: Math.max(own.height, around.height)};
  };
  const small = [], flat = [];
  for (const e of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
    if (!seen(e)) continue;
    const {width, height} = box(e), told = `${e.tagName.toLowerCase()} "${words(e)}" ${Math.round(width)}x${Math.round(height)}`;
    if (Math.min(width, height) < SMALLEST - 0.5) small.push(told);
    else if (e.matches('.button, select, textarea, input:not([type=checkbox], [type=radio]), .menu a, .drawer > summary') && height < MAIN - 0.5) flat.push(told);
  }
  const nested = [...document.querySelectorAll('main *')].filter(e => seen(e) && !e.matches('textarea, select, input')
      && /auto|scroll/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1).map(e => e.className || e.tagName);
  const left = [...document.querySelectorAll('main .reason, main .muted, main .small, main .long')].filter(e => seen(e) && e.textContent.trim().length > 60
      && /right|end/.test(getComputedStyle(e).textAlign)).map(words);
  // What is read aloud holds what is written: who says the written words to the machine is understood.
  const plain = text => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
  const written = e => { const copy = e.cloneNode(true); copy.querySelectorAll('[aria-hidden=true], .unseen, svg').forEach(x => x.remove()); const pieces = [], walk = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT); while (walk.nextNode()) pieces.push(walk.currentNode.data); return plain(pieces.join(' ')); };
  const misnamed = [];
  for (const e of document.querySelectorAll(':is(a, button, summary)[aria-label], label > input[aria-label]')) {
    const text = written(e.matches('input') ? e.closest('label') : e), name = plain(e.getAttribute('aria-label'));
    if (seen(e) && text && !name.includes(text)) misnamed.push(`"${text}" is read "${name}"`);
  }
  const shown = document.documentElement;
  return {height: shown.scrollHeight, wider: shown.scrollWidth - shown.clientWidth, small, flat, nested, ragged: left, misnamed};
}""".replace("SMALLEST", str(SMALLEST)).replace("MAIN", str(MAIN))


@dataclass(frozen=True, slots=True)
class Looked:
    """The measurements of a page at one width."""

    height: int
    """Pixels of the whole page."""
    problems: list[str] = field(default_factory=list)
    """What it breaks, each with the place."""


async def look_at(page: Page, highest: int = HIGHEST) -> Looked:
    """Measure the page as it lies open now.

    Args:
        highest: pixels it may be long.
    """
    found = await page.evaluate(_LOOK)
    problems = [
        *([f"{found['height']} px long"] if found["height"] > highest else []),
        *([f"{found['wider']} px wider than the screen"] if found["wider"] > 0 else []),
        *(f"target too small: {each}" for each in found["small"]),
        *(f"main target too flat: {each}" for each in found["flat"]),
        *(f"scrolls inside the page: {each}" for each in found["nested"]),
        *(f"a sentence is set to the right: {each}" for each in found["ragged"]),
        *(f"named otherwise than written: {each}" for each in found["misnamed"]),
    ]
    return Looked(found["height"], problems)
