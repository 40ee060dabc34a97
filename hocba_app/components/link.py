"""A link to another page of the application, without loading it anew."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink


def link(*children: Any, href: Any, **props: Any) -> rx.Component:
    """An ``a`` that the router follows.

    Args:
        href: a path of the application; what a route of ours answers takes ``native_link``.
    """
    made: rx.Component = ReactRouterLink.create(*children, to=href, **props)
    return made
