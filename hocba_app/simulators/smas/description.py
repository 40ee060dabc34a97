"""The service's own description: an OpenAPI document, and a page that shows it without any script."""

from __future__ import annotations

from html import escape
from typing import Any

from hocba_app.simulators.smas.fields import WRITABLE, Field

_SECTOR = "Cơ sở dữ liệu ngành (chỉ đọc)"
_LIVE = "SMAS của nhà trường"
_MINISTRY = "Nền tảng của Bộ"
_ONLY_HERE = "Chỉ có ở bản mô phỏng"
_YEAR = {"name": "school_year", "in": "query", "required": True, "schema": {"type": "string", "example": "2025-2026"}}
_LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 200}}


def _parameter(name: str, place: str = "path", **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string", **schema}}


def _operation(
    tag: str, summary: str, *parameters: dict[str, Any], body: dict[str, Any] | None = None, status: str = "200"
) -> dict[str, Any]:
    answers: dict[str, Any] = {status: {"description": "OK"}}
    if tag != _ONLY_HERE:
        answers["401"] = {"description": "invalid_token"}
    if body is not None:
        answers["422"] = {
            "description": "Các mục sai",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}},
        }
    operation: dict[str, Any] = {
        "tags": [tag],
        "summary": summary,
        "parameters": list(parameters),
        "responses": answers,
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if tag != _ONLY_HERE:
        operation["security"] = [{"school": []}]
    return operation


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _schema(field: Field) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string"}
    if field.kind == "integer":
        return {"type": "integer", "minimum": field.least, "maximum": field.most}
    if field.kind == "list":
        return {"type": "array", "items": {"type": "integer"}}
    if field.kind == "choice":
        text["enum"] = list(field.choices)
    elif field.kind == "date":
        text["format"] = "date"
    elif field.kind == "digits":
        text["pattern"] = f"^[0-9]{{{field.most}}}$"
    elif field.kind == "text":
        text["maxLength"] = field.most
    return text


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    text, number = {"type": "string"}, {"type": "integer"}
    identity = _parameter("id")
    mark = _object(
        student_id=text, subject_id=text, term={"enum": ["I", "II"]}, kind={"enum": ["regular", "midterm", "final"]},
        index=number,
        value={"type": ["string", "null"], "example": "8.5"},
    )  # fmt: skip
    comment = _object(
        student_id=text, subject_id={"type": ["string", "null"]}, comment=text, after_summer={"type": "boolean"}
    )
    paths: dict[str, Any] = {
        "/oauth2/token": {"post": {
            "tags": ["Xác thực"], "summary": "Mã truy cập của một trường (client_credentials)",
            "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": _object(grant_type=text, client_id=text, client_secret=text)}}},
            "responses": {"200": {"description": "access_token"}, "401": {"description": "invalid_client"}},
        }},
        "/sector/v1/snapshots": {"get": _operation(_SECTOR, "Các đợt dữ liệu đã tiếp nhận", _YEAR)},
        "/sector/v1/{resource}": {"get": _operation(
            _SECTOR, "Danh sách theo giao thức thay đổi", _parameter("resource", enum=[*WRITABLE, "results"]), _YEAR,
            _parameter("since", "query"),
            _parameter("page", "query"), _LIMIT,
        )},
        "/sector/v1/photos/{sha256}": {"get": _operation(_SECTOR, "Ảnh học sinh", _parameter("sha256"))},
        "/smas/v1/marks": {"put": _operation(_LIVE, "Ghi một điểm, hoặc {\"marks\": [...]}", body=mark)},
        "/smas/v1/comments": {"put": _operation(_LIVE, "Ghi nhận xét môn học hoặc của GVCN", body=comment)},
        "/smas/v1/results": {"get": _operation(_LIVE, "Kết quả học tập", _parameter("class_id", "query"), _LIMIT)},
        "/smas/v1/results/{id}": {
            "get": _operation(_LIVE, "Kết quả của một học sinh", identity),
            "patch": _operation(_LIVE, "Rèn luyện, chuyên cần, khen thưởng, đánh giá lại, điểm chuyển đến", identity, body=_object(
                training=_object(), absences=_object(), awards={"type": "array", "items": text}, certificates=text,
                promotion=text, promotion_note=text, subjects=_object(),
            )),
            "delete": _operation(_LIVE, "Xóa kết quả", identity, status="204"),
        },
        "/smas/v1/students/{id}/photo": {
            "put": _operation(_LIVE, "Thay ảnh học sinh (image/jpeg)", identity), "delete": _operation(_LIVE, "Bỏ ảnh", identity, status="204"),
        },
        "/smas/v1/photos/{sha256}": {"get": _operation(_LIVE, "Ảnh trên SMAS", _parameter("sha256"))},
        "/smas/v1/staff/{id}/password": {"post": _operation(_LIVE, "Cấp lại mật khẩu SMAS của cán bộ", identity)},
        "/smas/v1/years": {
            "get": _operation(_LIVE, "Các năm học đã khai báo"),
            "post": _operation(_LIVE, "Khai báo năm học mới, kết chuyển", status="201", body=_object(school_year=text, roll_over={"type": "boolean"}))},
        "/smas/v1/register_numbers": {"post": _operation(_LIVE, "Đánh số đăng bộ", body=_object(start=number, class_id=text))},
        "/smas/v1/workbook": {"get": _operation(_LIVE, "Xuất Excel dữ liệu của năm học", {**_YEAR, "required": False})},
        "/smas/v1/intake": {"post": _operation(_LIVE, "Nhận học sinh mới, tự sinh (chỉ có ở bản mô phỏng)", body=_object(students={"type": "integer"}))},
        "/smas/v1/trial": {"post": _operation(_LIVE, "Tự phân công và nhập điểm thử (chỉ có ở bản mô phỏng)", body=_object(term={"enum": ["I", "II"]}))},
        "/smas/v1/comment_templates/apply": {"post": _operation(_LIVE, "Điền nhận xét theo mẫu", body=_object(class_id=text, overwrite={"type": "boolean"}))},
        "/smas/v1/submissions": {
            "get": _operation(_LIVE, "Các lần nộp"),
            "post": _operation(_LIVE, "Nộp dữ liệu lên Sở", status="202", body=_object(
                kind={"enum": ["beginning_of_year", "results"]}, school_year=text,
                term={"enum": ["I", "II", "summer", None]},
            )),
        },
        "/smas/v1/submissions/{id}": {"get": _operation(_LIVE, "Tiến độ và lỗi từng dòng", identity)},
        "/ministry/v1/transfers": {
            "get": _operation(_MINISTRY, "Biên nhận"),
            "post": _operation(_MINISTRY, "Chuyển một đợt dữ liệu lên Bộ", status="201", body=_object(snapshot=number)),
        },
        "/_time": {"post": _operation(_ONLY_HERE, "Đến một thời điểm của năm học", body=_object(school=text, moment={"enum": ["september", "term1", "year_end", "summer"]}))},
        "/_faults": {"post": _operation(_ONLY_HERE, "Đặt lỗi", body=_object(kind=text, times=number, path=text)), "delete": _operation(_ONLY_HERE, "Bỏ mọi lỗi")},
        "/_known_errors": {"get": _operation(_ONLY_HERE, "Kết quả cố ý sai")},
        "/healthz": {"get": _operation(_ONLY_HERE, "Đang chạy")},
    }  # fmt: skip
    for resource in WRITABLE:
        schema = {"$ref": f"#/components/schemas/{resource}"}
        paths[f"/smas/v1/{resource}"] = {
            "get": _operation(_LIVE, f"Danh sách {resource}", _LIMIT, _parameter("page", "query"))
        }
        paths[f"/smas/v1/{resource}/{{id}}"] = {
            "get": _operation(_LIVE, f"Một mục của {resource}", identity),
            "patch": _operation(_LIVE, f"Sửa {resource}", identity, body=schema),
        }  # fmt: skip
        if resource != "school":
            paths[f"/smas/v1/{resource}"]["post"] = _operation(_LIVE, f"Thêm {resource}", body=schema, status="201")
            paths[f"/smas/v1/{resource}/{{id}}"]["delete"] = _operation(
                _LIVE, f"Xóa {resource}", identity, status="204"
            )
    schemas = {
        resource: _object(**{name: _schema(field) for name, field in fields.items()})
        for resource, fields in WRITABLE.items()
    }
    errors = _object(errors={"type": "array", "items": _object(field=text, code=text, message=text)})
    flow = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": {}}}}
    return {
        "openapi": "3.1.0", "info": {"title": "SMAS, CSDL ngành và nền tảng của Bộ (mô phỏng)", "version": "1.0"},
        "paths": paths,
        "components": {"schemas": {**schemas, "Errors": errors}, "securitySchemes": {"school": flow}},
    }  # fmt: skip


def docs_page() -> str:
    """The endpoints as a page."""
    groups: dict[str, list[str]] = {}
    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            row = f"<tr><td>{method.upper()}</td><td><code>{escape(path)}</code></td><td>{escape(operation['summary'])}</td></tr>"
            groups.setdefault(operation["tags"][0], []).append(row)
    tables = "".join(f"<h2>{escape(tag)}</h2><table>{''.join(rows)}</table>" for tag, rows in groups.items())
    style = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}td{padding:.2rem .8rem .2rem 0;vertical-align:top}"
    return (
        f"<!doctype html><html lang=vi><meta charset=utf-8><meta name=viewport content='width=device-width'><title>SMAS mô phỏng</title>"
        f"<style>{style}</style><h1>SMAS, CSDL ngành, Bộ (mô phỏng)</h1><p><a href='/openapi.json'>openapi.json</a></p>{tables}</html>"
    )
