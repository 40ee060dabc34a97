"""The page "Tài khoản ký số": who can sign, until when, and what to do about who cannot."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import Head, column_head, data_table, list_pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import select_field, text_area, text_field
from hocba_app.components.key_editor import key_editor, key_facts
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.progress import progress_bar
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.domain.wording import KEY_STATE
from hocba_app.state.shared.key_editing import KeyRow
from hocba_app.state.shell import ShellState
from hocba_app.state.signing_accounts import Count, PersonLine, SigningAccountsState


def signing_accounts() -> rx.Component:
    """Layout of ``/signing-accounts``."""
    return shell(
        rx.cond(SigningAccountsState.problem != "", error_notice(SigningAccountsState.problem)),
        rx.cond(
            SigningAccountsState.key_owner == "",
            rx.fragment(
                rx.cond(SigningAccountsState.key_problem != "", error_notice(SigningAccountsState.key_problem)),
                rx.cond(SigningAccountsState.key_done != "", notice(SigningAccountsState.key_done, tone="ok")),
            ),
        ),
        rx.cond(SigningAccountsState.key_owner != "", _editor()),
        rx.cond(SigningAccountsState.loaded, _connecting()),
        rx.cond(SigningAccountsState.ending.length() > 0, _ending()),
        rx.cond(SigningAccountsState.loaded, _list(), placeholder("320px")),
        title="Tài khoản ký số",
        active="/signing-accounts",
        subtitle="Mỗi người ký bằng chứng thư số của chính mình. Con dấu dùng chứng thư số của trường.",
        actions=rx.el.div(
            rx.el.button(
                rx.icon("link", size=18, aria_hidden=True),
                "Kết nối tất cả",
                class_name="button",
                on_click=SigningAccountsState.connect_everybody,
                disabled=SigningAccountsState.connecting,
            ),
            rx.el.button(
                rx.icon("list-checks", size=18, aria_hidden=True),
                "Kiểm tra tất cả",
                class_name="button soft",
                on_click=SigningAccountsState.test_all,
                disabled=SigningAccountsState.testing,
            ),
            style={"display": "flex", "flexWrap": "wrap", "gap": "8px"},
        ),
    )


def _connecting() -> rx.Component:
    """The job that connects everybody, whom it left, and a column to paste."""
    return rx.el.section(
        rx.el.h2("Kết nối tất cả", class_name="panel-title", style={"margin": "0"}),
        rx.el.p(
            "Hệ thống tìm tài khoản của từng người chưa kết nối theo số định danh trên SMAS, kiểm tra và lấy chứng thư số.",
            class_name="muted",
            style={"margin": "0"},
        ),
        rx.cond(
            SigningAccountsState.connect_problem != "",
            error_notice(SigningAccountsState.connect_problem),
        ),
        rx.cond(
            SigningAccountsState.connecting,
            rx.el.div(
                progress_bar(SigningAccountsState.connect_percent, SigningAccountsState.connect_text),
                rx.cond(
                    SigningAccountsState.connect_stopping,
                    rx.el.p("Đang dừng…"),
                    rx.el.button("Dừng", class_name="button soft", on_click=SigningAccountsState.stop_connecting),
                ),
                class_name="stack",
                aria_live="polite",
            ),
        ),
        rx.cond(
            SigningAccountsState.connect_said != "",
            rx.el.p(SigningAccountsState.connect_said, role="status", style={"margin": "0"}),
        ),
        rx.cond(
            SigningAccountsState.left.length() > 0,
            rx.el.details(
                rx.el.summary("Chưa kết nối được: " + SigningAccountsState.left.length().to_string() + " người"),
                rx.el.ul(rx.foreach(SigningAccountsState.left, _person), class_name="people"),
                open=True,
            ),
        ),
        rx.el.details(
            rx.el.summary("Dán danh sách tài khoản"),
            rx.el.form(
                text_area(
                    "Mỗi dòng một người",
                    id="pasted",
                    rows=6,
                    required=True,
                    max_length=60_000,
                    auto_complete="off",
                    spell_check=False,
                    hint="Số định danh hoặc tài khoản; hoặc mã cán bộ rồi số định danh. Dán được cột từ Excel. "
                    "Ai đã kết nối thì giữ nguyên.",
                ),
                rx.cond(
                    SigningAccountsState.services.length() > 1,
                    select_field("Dịch vụ ký số", SigningAccountsState.services, id="where"),
                ),
                rx.el.button(
                    "Kết nối theo danh sách",
                    type="submit",
                    class_name="button",
                    disabled=SigningAccountsState.connecting,
                ),
                on_submit=SigningAccountsState.connect_pasted,
                class_name="stack",
                aria_label="Kết nối theo danh sách dán vào",
            ),
        ),
        class_name="panel stack",
        aria_label="Kết nối tất cả",
    )


def _ending() -> rx.Component:
    """Whose certificate ends, and when."""
    return rx.el.section(
        rx.el.details(
            rx.el.summary(
                "Chứng thư số sắp hết hạn hoặc đã hết hạn: "
                + SigningAccountsState.ending.length().to_string()
                + " người"
            ),
            rx.el.ul(rx.foreach(SigningAccountsState.ending, _person), class_name="people"),
        ),
        class_name="panel",
        aria_label="Chứng thư số sắp hết hạn",
    )


def _person(line: PersonLine) -> rx.Component:
    return rx.el.li(
        rx.el.div(line.name, " ", rx.el.span(line.code, class_name="small muted"), class_name="name"),
        rx.el.div(line.text, class_name="small"),
        rx.el.button(
            "Mở tài khoản",
            class_name="button soft",
            on_click=SigningAccountsState.edit(line.owner),
            aria_label="Mở tài khoản ký số của " + line.name,
        ),
    )


def _editor() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2(SigningAccountsState.editing.name, class_name="panel-title", style={"margin": "0"}),
            rx.el.div(
                rx.cond(
                    SigningAccountsState.editing.user != "",
                    rx.el.button(
                        "Gỡ tài khoản",
                        class_name="button soft",
                        on_click=SigningAccountsState.ask_remove,
                        aria_label="Gỡ tài khoản ký số của " + SigningAccountsState.editing.name,
                    ),
                ),
                rx.el.button("Đóng", class_name="button soft", on_click=SigningAccountsState.close),
                style={"display": "flex", "gap": "8px"},
            ),
            style={
                "display": "flex",
                "flexWrap": "wrap",
                "gap": "10px",
                "justifyContent": "space-between",
                "alignItems": "center",
            },
        ),
        rx.cond(SigningAccountsState.removing, _confirm_removal()),
        key_facts(SigningAccountsState.editing),
        rx.cond(SigningAccountsState.editing.problem == "certificate_other_name", _other_name()),
        key_editor(SigningAccountsState),
        class_name="panel stack",
        aria_label="Tài khoản đang sửa",
        tab_index=-1,
        style={"scrollMarginTop": "72px"},
        custom_attrs={"data-reveal": "1"},
        key=SigningAccountsState.key_owner,  # another person's is another element
    )


def _other_name() -> rx.Component:
    """For the principal: his written word that both names are one person."""
    return rx.cond(
        SigningAccountsState.may_accept,
        rx.el.form(
            text_area(
                "Lý do chấp nhận tên khác",
                id="name_reason",
                max_length=200,
                required=True,
                hint="Ghi vào nhật ký; người kiểm tra học bạ sẽ thấy. Ví dụ: đổi tên theo quyết định số 12/QĐ-UBND.",
            ),
            rx.el.button("Chấp nhận chứng thư số này", type="submit", class_name="button"),
            on_submit=SigningAccountsState.accept_name,
            class_name="stack",
            aria_label="Chấp nhận chứng thư số mang tên khác",
        ),
        notice(
            "Chỉ " + ShellState.head + " chấp nhận được chứng thư số mang tên khác, và phải ghi lý do.", tone="info"
        ),
    )


def _confirm_removal() -> rx.Component:
    return rx.el.div(
        rx.el.b("Gỡ tài khoản này? Muốn ký lại phải kết nối từ đầu."),
        rx.el.button("Gỡ", class_name="button danger", on_click=SigningAccountsState.remove, auto_focus=True),
        rx.el.button("Quay lại", class_name="button soft", on_click=SigningAccountsState.keep),
        class_name="filters",
        role="alertdialog",
        aria_label="Xác nhận gỡ tài khoản",
    )


def _list() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.foreach(SigningAccountsState.counts, _count), style={"display": "flex", "flexWrap": "wrap", "gap": "8px"}
        ),
        rx.cond(
            SigningAccountsState.testing,
            rx.el.div(
                progress_bar(SigningAccountsState.test_percent, SigningAccountsState.test_text), aria_live="polite"
            ),
        ),
        rx.el.div(
            text_field(
                "Tìm theo tên, mã hoặc tài khoản",
                id="search",
                type="search",
                value=SigningAccountsState.search,
                on_change=SigningAccountsState.set_search,
                auto_complete="off",
            ),
            select_field(
                "Tình trạng",
                [("", "Tất cả"), ("any", "Chưa sẵn sàng"), *KEY_STATE.items()],
                id="state",
                value=SigningAccountsState.only,
                on_change=SigningAccountsState.show,
            ),
            class_name="filters",
        ),
        rx.cond(
            SigningAccountsState.rows.length() > 0,
            rx.fragment(
                data_table(
                    [
                        _head("Người ký", "name"),
                        _head("Tài khoản ký số", "account"),
                        _head("Chứng thư số", "certificate"),
                        _head("Hiệu lực", "validity"),
                        _head("Tình trạng", "state"),
                        "",
                    ],
                    SigningAccountsState.rows,
                    _row,
                    label="Tài khoản ký số của từng người",
                ),
                list_pager(SigningAccountsState, "người"),
            ),
            empty_state("Không có ai như vậy", "Thử tìm tên khác hoặc chọn tình trạng khác.", icon="search"),
        ),
        class_name="panel stack",
    )


def _head(text: str, column: str) -> Head:
    return column_head(SigningAccountsState, text, column)


def _count(count: Count) -> rx.Component:
    return status_badge(count.tone, count.name + ": " + count.people.to_string())


def _row(row: KeyRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.name, rx.el.div(row.detail, class_name="small muted", style={"fontWeight": "400"}), scope="row"),
        rx.el.td(row.user, rx.cond(row.user != "", rx.el.div(row.service, class_name="small muted"))),
        rx.el.td(
            rx.cond(row.certificate != "", rx.el.div(row.certificate, rx.el.div(row.number, class_name="small muted")))
        ),
        rx.el.td(rx.cond(row.validity != "", rx.el.div(row.validity, rx.el.div(row.days, class_name="small muted")))),
        rx.el.td(
            rx.el.div(
                rx.el.div(status_badge(row.tone, row.state_name), style={"minWidth": "118px"}),
                rx.cond(
                    (row.sentence != "") & (row.state != "no_account") & (row.state != "no_certificate"),
                    rx.el.div(row.sentence, class_name="small muted"),
                ),
            ),
        ),
        rx.el.td(
            rx.el.div(
                rx.el.button(
                    rx.cond(row.user != "", "Sửa", "Nhập tài khoản"),
                    class_name="button soft",
                    on_click=SigningAccountsState.edit(row.owner),
                    aria_label=rx.cond(row.user != "", "Sửa", "Nhập").to(str) + " tài khoản ký số của " + row.name,
                ),
                rx.cond(
                    row.user != "",
                    rx.el.button(
                        "Kiểm tra",
                        class_name="button soft",
                        on_click=SigningAccountsState.test(row.owner),
                        disabled=SigningAccountsState.key_busy,
                        aria_label="Kiểm tra tài khoản ký số của " + row.name,
                    ),
                ),
                class_name="acts",
            ),
        ),
    )
