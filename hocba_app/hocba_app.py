"""The app: pages registered, plain routes mounted; nothing else."""

from __future__ import annotations

import reflex as rx

from hocba_app import logs
from hocba_app.components.frame_of_app import WRAPS
from hocba_app.domain.glossary import PAGE
from hocba_app.pages import (
    accounts,
    assignments,
    audit,
    dashboard,
    leadership,
    lock,
    login,
    me,
    my_signature,
    objections,
    printing,
    pupil,
    reading,
    record,
    records,
    school_years,
    signature_images,
    signing,
    signing_accounts,
    signing_settings,
    unlock,
    workbooks,
)
from hocba_app.pages import sync as sync_page
from hocba_app.routes.app import create_api
from hocba_app.routes.protection import BehindProxy, BodyLimit, SecurityHeaders, SocketEnd
from hocba_app.state.accounts import AccountsState
from hocba_app.state.assignments import AssignmentsState
from hocba_app.state.audit import AuditState
from hocba_app.state.dashboard import DashboardState
from hocba_app.state.leadership import LeadershipState
from hocba_app.state.lock import LockState
from hocba_app.state.my_signature import MySignatureState
from hocba_app.state.objections import ObjectionsState
from hocba_app.state.printing import PrintState
from hocba_app.state.pupil import PupilState
from hocba_app.state.reading import ReadingState
from hocba_app.state.record import RecordState
from hocba_app.state.records import RecordsState
from hocba_app.state.school_years import SchoolYearsState
from hocba_app.state.shared import live_screen
from hocba_app.state.shared.failures import shown_failure
from hocba_app.state.shared.gate import Gate
from hocba_app.state.shell import ShellState, waiting_again
from hocba_app.state.signature_images import SignatureImagesState
from hocba_app.state.signing import SigningState
from hocba_app.state.signing_accounts import SigningAccountsState
from hocba_app.state.signing_settings import SigningSettingsState
from hocba_app.state.sync import SyncState
from hocba_app.state.unlock import UnlockState
from hocba_app.state.workbooks import WorkbooksState

logs.configure()
app = rx.App(
    stylesheets=["/styles/colors.css", "/styles/app.css"],
    html_lang="vi",
    api_transformer=[create_api(), SocketEnd, BodyLimit, SecurityHeaders, BehindProxy],  # the last is the outermost
    toaster=rx.toast.provider(position="bottom-center"),
    app_wraps=WRAPS,
    frontend_exception_handler=logs.frontend_defect,
    backend_exception_handler=shown_failure,
    head_components=[
        rx.el.script(src="/scripts/typed.js", defer=True),  # hears a letter before the next one drops it
        rx.el.script(src="/scripts/connection.js", defer=True),
        rx.el.script(src="/scripts/pages.js", defer=True),
    ],
)
app.add_middleware(Gate(), index=0)
live_screen.menu_again = waiting_again
live_screen.open_tabs = lambda: app.event_namespace.token_to_sid if app.event_namespace else {}

for page, route, title, state in (
    (dashboard.dashboard, "/", PAGE["/"], DashboardState),
    (signing.signing, "/sign", PAGE["/sign"], SigningState),
    (sync_page.sync, "/sync", PAGE["/sync"], SyncState),
    (workbooks.workbooks, "/workbooks", PAGE["/workbooks"], WorkbooksState),
    (lock.lock, "/lock", PAGE["/lock"], LockState),
    (school_years.school_years, "/years", PAGE["/years"], SchoolYearsState),
    (unlock.unlock, "/unlock", PAGE["/unlock"], UnlockState),
    (records.records, "/records", PAGE["/records"], RecordsState),
    (record.record, "/records/[document_id]", "Học bạ", RecordState),
    (pupil.pupil, "/students/[student_id]", "Học sinh", PupilState),
    (objections.objections, "/objections", PAGE["/objections"], ObjectionsState),
    (reading.reading, "/read/[document_id]", "Đọc hồ sơ", ReadingState),
    (audit.audit, "/audit", PAGE["/audit"], AuditState),
    (accounts.accounts, "/accounts", PAGE["/accounts"], AccountsState),
    (leadership.leadership, "/leadership", PAGE["/leadership"], LeadershipState),
    (printing.printing, "/print", PAGE["/print"], PrintState),
    (assignments.assignments, "/assignments", PAGE["/assignments"], AssignmentsState),
    (signature_images.signature_images, "/signature-images", PAGE["/signature-images"], SignatureImagesState),
    (signing_accounts.signing_accounts, "/signing-accounts", PAGE["/signing-accounts"], SigningAccountsState),
    (signing_settings.signing_settings, "/signing-settings", PAGE["/signing-settings"], SigningSettingsState),
    (my_signature.my_signature, "/my-signature", PAGE["/my-signature"], MySignatureState),
    (me.me, "/me", PAGE["/me"], None),
):
    load = [ShellState.load, *([state.load] if state else [])]
    if state is None or not issubclass(state, live_screen.LiveScreen):
        load.append(ShellState.follow_menu)
    app.add_page(page, route=route, title=f"{title} · Học bạ điện tử", on_load=load)

for page, route, title in (
    (login.login, "/login", "Đăng nhập"),
    (login.activate, "/activate", "Kích hoạt tài khoản"),
    (login.forbidden, "/forbidden", "Không có quyền"),
):
    app.add_page(page, route=route, title=f"{title} · Học bạ điện tử", on_load=ShellState.load_public)
app.add_page(login.missing, route="404", title="Không có trang này · Học bạ điện tử")
