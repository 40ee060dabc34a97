"""Elements that speak plain HTTP to our own routes.

Reflex's forms always prevent the native submit and its links become router links; setting an HttpOnly cookie, uploading
with a server-side limit and downloading a file need the browser's own request.
"""

from __future__ import annotations

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML


class NativeForm(BaseHTML):
    """A form the browser posts itself."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]
    enc_type: rx.Var[str]


class NativeLink(BaseHTML):
    """A link that leaves the single-page app: files, public pages."""

    tag = "a"
    href: rx.Var[str]
    download: rx.Var[str]
    target: rx.Var[str]


native_form = NativeForm.create
native_link = NativeLink.create
