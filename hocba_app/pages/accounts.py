"""The page "Tài khoản": everybody's account, codes to hand out, roles."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import Head, column_head, data_table, list_pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import select_field, text_field
from hocba_app.components.native_form import native_form
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.components.undo_notice import undo_notice
from hocba_app.state.accounts import STATES, AccountsState, Row


def accounts() -> rx.Component:
    """Layout of ``/accounts``."""
    return shell(
        rx.cond(AccountsState.problem != "", error_notice(AccountsState.problem)),
        rx.cond(AccountsState.done != "", notice(AccountsState.done, tone="ok")),
        rx.cond(
            AccountsState.loaded,
            rx.el.div(
                rx.el.div(
                    text_field(
                        "Tìm",
                        id="search",
                        value=AccountsState.search,
                        on_change=AccountsState.set_search.debounce(300),
                        type="search",
                        placeholder="Tên hoặc tên đăng nhập",
                        auto_complete="off",
                        max_length=100,
                    ),
                    select_field(
                        "Tình trạng",
                        [("", "Tất cả"), *STATES.items()],
                        id="state",
                        value=AccountsState.state,
                        on_change=AccountsState.set_state_filter,
                    ),
                    class_name="filters panel",
                ),
                rx.cond(AccountsState.may_change, _codes()),
                rx.cond(
                    AccountsState.rows.length() > 0,
                    _table(),
                    empty_state(
                        "Không có tài khoản nào như vậy",
                        "Tài khoản được tạo khi đồng bộ danh sách cán bộ.",
                        icon="user-cog",
                    ),
                ),
                class_name="stack",
            ),
            placeholder("360px"),
        ),
        undo_notice(AccountsState),
        title="Tài khoản",
        active="/accounts",
        subtitle="Tài khoản theo danh sách cán bộ đã đồng bộ. Mỗi người kích hoạt bằng một mã dùng một lần rồi tự đặt mật khẩu.",
    )


def _codes() -> rx.Component:
    """Codes leave by a plain form: the answer is a file, and the codes never pass through the page."""
    return rx.el.section(
        rx.el.h2("Cấp mã kích hoạt"),
        rx.el.div(
            rx.el.button(
                "Chọn mọi người chưa kích hoạt", class_name="button soft", on_click=AccountsState.choose_inactive
            ),
            rx.cond(
                AccountsState.selected.length() > 0,
                rx.fragment(
                    rx.el.button("Bỏ chọn", class_name="button soft", on_click=AccountsState.clear),
                    native_form(
                        rx.el.input(type="hidden", name="accounts", value=AccountsState.selected_text, read_only=True),
                        _price("print"),
                        rx.el.button(
                            rx.icon("printer", size=18, aria_hidden=True),
                            "In mã cho ",
                            AccountsState.selected.length(),
                            " người",
                            type="submit",
                            class_name="button",
                        ),
                        action="/accounts/codes",
                        method="post",
                    ),
                    rx.cond(
                        AccountsState.mail,
                        native_form(
                            rx.el.input(
                                type="hidden", name="accounts", value=AccountsState.selected_text, read_only=True
                            ),
                            _price("mail"),
                            rx.el.button("Gửi mã qua thư", type="submit", class_name="button soft"),
                            action="/accounts/codes/mail",
                            method="post",
                        ),
                    ),
                ),
            ),
            class_name="filters",
        ),
        rx.el.p(
            "Người đang dùng được cấp mã mới thì mật khẩu cũ hết hiệu lực ngay. Mã chỉ hiện trên phiếu in, không xem lại được.",
            class_name="small muted",
            style={"margin": "10px 0 0"},
        ),
        class_name="panel",
    )


def _price(way: str) -> rx.Component:
    """A new code cannot be taken back: whose password it voids is said and ticked first."""
    return rx.cond(
        AccountsState.selected_active.length() > 0,
        rx.el.label(
            rx.el.input(
                type="checkbox",
                required=True,
                class_name="check",
                key=way + AccountsState.selected_active.length().to_string(),
            ),
            AccountsState.selected_active.length(),
            " người đang dùng sẽ phải đặt lại mật khẩu.",
            style={"display": "flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
        ),
    )


def _head(text: str, column: str) -> Head:
    return column_head(AccountsState, text, column)


def _table() -> rx.Component:
    return rx.el.section(
        rx.cond(AccountsState.action != "", _confirm()),
        data_table(
            [
                rx.cond(AccountsState.may_change, rx.el.th("Chọn", scope="col"), rx.fragment()),
                _head("Họ tên", "name"),
                _head("Tên đăng nhập", "username"),
                "Vai trò",
                _head("Tình trạng", "state"),
                _head("Dùng lần cuối", "last_seen"),
                rx.cond(AccountsState.may_change, rx.el.th("", scope="col", aria_label="Việc làm được"), rx.fragment()),
            ],
            AccountsState.rows,
            _row,
            label="Tài khoản",
        ),
        list_pager(AccountsState, "tài khoản"),
    )


def _row(row: Row) -> rx.Component:
    return rx.el.tr(
        rx.cond(
            AccountsState.may_change,
            rx.el.td(
                rx.el.label(
                    rx.el.input(
                        type="checkbox",
                        class_name="check",
                        checked=AccountsState.selected.contains(row.id),
                        on_change=AccountsState.toggle(row.id).stop_propagation,
                        disabled=row.disabled,
                        aria_label="Chọn " + row.name,
                    ),
                    class_name="check-label",
                )
            ),
        ),
        rx.el.th(row.name, rx.el.div(row.position, class_name="small muted"), scope="row"),
        rx.el.td(row.username),
        rx.el.td(row.roles, class_name="small"),
        rx.el.td(
            status_badge(row.tone, row.state_name),
            rx.cond(row.until != "", rx.el.div(row.until, class_name="small muted")),
        ),
        rx.el.td(row.last_seen, class_name="small muted"),
        rx.cond(AccountsState.may_change, rx.el.td(_acts(row))),
    )


def _acts(row: Row) -> rx.Component:
    def act(words: str, action: str) -> rx.Component:
        return rx.el.button(
            words,
            class_name="button soft",
            on_click=AccountsState.act(action, row.id),
            aria_label=words + " " + row.name,
        )

    return rx.el.details(
        rx.el.summary("Việc khác", aria_label="Việc khác với tài khoản của " + row.name),
        rx.el.div(
            rx.cond(
                row.is_admin, act("Thu hồi quyền Quản trị", "revoke_admin"), act("Cấp quyền Quản trị", "grant_admin")
            ),
            rx.cond(
                row.is_management,
                act("Thu hồi quyền CBQL", "revoke_management"),
                act("Cấp quyền CBQL", "grant_management"),
            ),
            rx.cond(row.disabled, act("Mở khóa", "enable"), act("Khóa", "disable")),
            class_name="stack",
            style={"gap": "8px", "marginTop": "8px"},
        ),
    )


def _confirm() -> rx.Component:
    return rx.el.div(
        notice(
            rx.el.div(
                rx.el.div(rx.el.b(AccountsState.question)),
                rx.el.button("Đồng ý", class_name="button", on_click=AccountsState.confirm, auto_focus=True),
                rx.el.button("Quay lại", class_name="button soft", on_click=AccountsState.not_now),
                class_name="task",
            ),
            tone="wait",
        ),
        role="alertdialog",
        aria_label="Xác nhận",
        style={"marginBottom": "12px"},
    )
