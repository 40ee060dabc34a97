"""The page "Người ký bìa, ký thay, đóng dấu"."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.data_table import data_table
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import option, select_field, text_field
from hocba_app.components.key_editor import key_editor, key_facts
from hocba_app.components.link import link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.components.undo_notice import undo_notice
from hocba_app.domain.wording import CAPACITY
from hocba_app.state.shell import ShellState
from hocba_app.state.signing_settings import DelegationRow, ElsewhereRow, SigningSettingsState


def signing_settings() -> rx.Component:
    """Layout of ``/signing-settings``."""
    return shell(
        rx.cond(SigningSettingsState.problem != "", error_notice(SigningSettingsState.problem)),
        rx.cond(
            SigningSettingsState.done != "", rx.el.div(notice(SigningSettingsState.done, tone="ok"), role="status")
        ),
        rx.cond(
            SigningSettingsState.loaded,
            rx.el.div(
                rx.cond(
                    SigningSettingsState.elsewhere.length() > 0,
                    rx.el.div(rx.foreach(SigningSettingsState.elsewhere, _elsewhere), class_name="stack"),
                ),
                rx.el.div(_cover(), _operator(), class_name="two"),
                _delegations(),
                _seal_account(),
                class_name="stack",
            ),
            placeholder("320px"),
        ),
        undo_notice(SigningSettingsState),
        title="Cấu hình ký",
        active="/signing-settings",
        subtitle="Thay đổi áp dụng cho hồ sơ chốt từ bây giờ. Hồ sơ đã chốt chưa ký có thể chuyển cho người ký mới.",
    )


def _elsewhere(row: ElsewhereRow) -> rx.Component:
    return notice(
        rx.el.div(
            rx.el.div(row.text),
            rx.el.button(row.button, class_name="button soft", on_click=SigningSettingsState.hand_over(row.kind)),
            class_name="task",
        ),
        tone="todo",
    )


def _cover() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Người ký bìa"),
        rx.el.p(
            rx.cond(
                SigningSettingsState.cover_signer != "",
                rx.fragment("Hiện nay: ", rx.el.b(SigningSettingsState.cover_signer)),
                "Chưa có người ký bìa: danh sách cán bộ chưa có " + ShellState.office + ".",
            ),
            class_name="said",
        ),
        rx.form(
            _select(
                "Người ký bìa",
                "cover_signer",
                SigningSettingsState.cover_choices,
                SigningSettingsState.cover_signer_id,
                first=rx.cond(
                    SigningSettingsState.principal != "",
                    ShellState.office + ": " + SigningSettingsState.principal,
                    ShellState.office,
                ),
                hint=ShellState.deputy
                + " ký bìa sẽ có dòng “KT. "
                + ShellState.office.upper()
                + ", "
                + ShellState.deputy.upper()
                + "”.",
            ),
            rx.el.button("Lưu người ký bìa", type="submit", class_name="button"),
            on_submit=SigningSettingsState.save_cover_signer,
        ),
        class_name="panel",
    )


def _operator() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Người đóng dấu"),
        rx.el.p(
            rx.cond(
                SigningSettingsState.seal_operator != "",
                rx.fragment("Hiện nay: ", rx.el.b(SigningSettingsState.seal_operator)),
                status_badge("todo", "Chưa phân công"),
            ),
            class_name="said",
        ),
        rx.form(
            _select(
                "Người đóng dấu",
                "seal_operator",
                SigningSettingsState.operators,
                SigningSettingsState.seal_operator_id,
                first="Chưa phân công",
                hint="Người này đóng dấu bằng chứng thư số của trường.",
            ),
            rx.el.button("Lưu người đóng dấu", type="submit", class_name="button"),
            on_submit=SigningSettingsState.save_seal_operator,
        ),
        class_name="panel",
    )


def _select(
    label: str, id: str, options: rx.Var[Any], chosen: rx.Var[str], *, first: object, hint: str
) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=id),
        rx.el.select(
            rx.el.option(first, value=""),
            rx.foreach(options, option),
            id=id,
            name=id,
            default_value=chosen,
            # Made anew when the stored choice or the list changes: an uncontrolled select keeps its first value.
            key=id + chosen.to(str) + options.length().to_string(),
            aria_describedby=f"{id}-hint",
        ),
        rx.el.small(hint, id=f"{id}-hint"),
        class_name="field",
    )


def _delegations() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Ký thay " + ShellState.office),
        rx.el.p(
            "Cấp phó ký thay, quyền người đứng đầu, cấp phó phụ trách: ký bằng chứng thư số của mình, theo quyết định và trong thời hạn ghi ở đây.",
            class_name="muted said",
        ),
        rx.cond(
            SigningSettingsState.delegations.length() > 0,
            data_table(
                ["Người ký thay", "Hồ sơ", "Thời hạn", "Quyết định", "Tình trạng", "Chứng thư số", ""],
                SigningSettingsState.delegations,
                _delegation,
                label="Các quyết định ký thay",
            ),
            empty_state("Chưa có quyết định ký thay", ShellState.head + " ký mọi QTHT và KQHT.", icon="file-check"),
        ),
        rx.cond(
            SigningSettingsState.deputies.length() > 0,
            rx.el.details(
                rx.el.summary("Thêm quyết định ký thay", class_name="button soft", style={"listStyle": "none"}),
                _new_delegation(),
                key="new-" + SigningSettingsState.form_turn.to_string(),
                style={"marginTop": "14px"},
            ),
            rx.el.p(
                "Danh sách cán bộ chưa có " + ShellState.deputy + " nên chưa thể thêm quyết định ký thay.",
                class_name="muted said",
            ),
        ),
        class_name="panel",
    )


def _delegation(row: DelegationRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.deputy, scope="row"),
        rx.el.td(row.kinds),
        rx.el.td(row.dates),
        rx.el.td(row.number),
        rx.el.td(status_badge(row.tone, row.state_name)),
        rx.el.td(rx.cond(row.live, status_badge(row.key_tone, row.key_name))),
        rx.el.td(
            rx.cond(
                row.live,
                rx.cond(
                    SigningSettingsState.revoking == row.id,
                    rx.el.div(
                        rx.el.b("Thu hồi quyết định này? Không lấy lại được."),
                        rx.el.button(
                            "Thu hồi",
                            class_name="button danger",
                            on_click=SigningSettingsState.revoke(row.id),
                            auto_focus=True,
                        ),
                        rx.el.button("Quay lại", class_name="button soft", on_click=SigningSettingsState.keep),
                        class_name="filters",
                        role="alertdialog",
                        aria_label="Xác nhận thu hồi quyết định " + row.number,
                    ),
                    rx.el.button(
                        "Thu hồi",
                        class_name="button soft",
                        on_click=SigningSettingsState.ask_revoke(row.id),
                        aria_label="Thu hồi quyết định " + row.number,
                    ),
                ),
            ),
        ),
    )


def _new_delegation() -> rx.Component:
    return rx.form(
        rx.el.div(
            rx.el.label(ShellState.deputy + " ký thay", html_for="deputy"),
            rx.el.select(rx.foreach(SigningSettingsState.deputies, option), id="deputy", name="deputy", required=True),
            class_name="field",
        ),
        select_field(
            "Tư cách", list(CAPACITY.items()), id="capacity", hint="Quyền, phụ trách: ký mọi loại hồ sơ, cả bìa."
        ),
        rx.el.fieldset(
            rx.el.legend("Loại hồ sơ được ký thay", style={"fontWeight": "600", "padding": "0"}),
            *[
                rx.el.label(
                    rx.el.input(
                        type="checkbox", name=f"kind-{kind}", value="1", class_name="check", default_checked=True
                    ),
                    f" {words}",
                    style={"display": "flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
                )
                for kind, words in (("history", "Quá trình học tập (QTHT)"), ("results", "Kết quả học tập (KQHT)"))
            ],
            style={"border": "0", "padding": "0", "margin": "0 0 8px"},
        ),
        rx.el.div(
            text_field("Từ ngày", id="from_date", type="date", required=True, default_value=SigningSettingsState.today),
            text_field("Đến hết ngày", id="to_date", type="date", required=True, min=SigningSettingsState.today),
            text_field(
                "Số quyết định",
                id="decision_number",
                required=True,
                max_length=80,
                placeholder="15/QĐ-THCS",
                auto_complete="off",
            ),
            class_name="filters",
            style={"marginBottom": "14px"},
        ),
        rx.el.button("Lưu quyết định", type="submit", class_name="button"),
        on_submit=SigningSettingsState.add_delegation,
        style={"marginTop": "14px"},
    )


def _seal_account() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Tài khoản ký số của con dấu"),
        rx.el.p(
            "Chứng thư số của trường, mang mã số thuế. Người đóng dấu xác nhận trên điện thoại của mình; chứng thư số trong token ở máy chủ thì ký ngay khi bấm.",
            class_name="muted",
        ),
        rx.cond(
            ~SigningSettingsState.seal_image,
            notice(
                rx.el.div(
                    rx.el.div("Chưa có ảnh con dấu."),
                    link("Tải ảnh con dấu", href="/signature-images", class_name="button soft"),
                    class_name="task",
                ),
                tone="todo",
            ),
        ),
        key_facts(SigningSettingsState.seal),
        rx.cond(
            SigningSettingsState.seal.user != "",
            rx.el.div(
                rx.el.button(
                    "Kiểm tra lại",
                    class_name="button soft",
                    on_click=SigningSettingsState.test(SigningSettingsState.key_owner),
                    disabled=SigningSettingsState.key_busy,
                )
            ),
        ),
        key_editor(SigningSettingsState),
        class_name="panel stack",
    )
