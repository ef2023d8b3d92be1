"""Asking the operator API, for the commands that look things up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from csms.errors import LaddvaktError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import httpx

ApiUrl = Annotated[
    str,
    typer.Option("--api-url", envvar="CSMS_API_URL", help="Where the API of the server is."),
]
ApiToken = Annotated[
    str | None, typer.Option("--api-token", envvar="CSMS_API_TOKEN", help="Its bearer token.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DEFAULT_URL = "http://127.0.0.1:8080"
_PAGE = 1000
_CALL_S = 60.0
_READ_S = 600.0
# A workbook is read to its end, and its sessions made, before there is an answer.
_FILE_S = 7200.0
_UNAUTHORIZED = 401


class ApiError(LaddvaktError):
    """The API cannot be asked, or refuses; the message says why."""


def get(url: str, api_token: str | None, path: str, /, **query: Any) -> Any:  # noqa: ANN401 - JSON
    """Returns what the API answers to a GET.

    Raises:
        ApiError: if nothing answers, or with the problem that the API names.
    """
    return fetch(url, api_token, path, **query).json()


def fetch(url: str, api_token: str | None, path: str, /, **query: Any) -> httpx.Response:  # noqa: ANN401 - query values
    """Returns the whole answer to a GET, for what is no JSON.

    Raises:
        ApiError: as `get`.
    """
    asked = {name: value for name, value in query.items() if value is not None}
    return _request(url, api_token, "GET", path, params=asked)


def every(url: str, api_token: str | None, path: str, /, **query: Any) -> list[Any]:  # noqa: ANN401 - query values
    """Returns all items of a list, page after page.

    Raises:
        ApiError: as `get`.
    """
    items: list[Any] = []
    cursor: str | None = None
    while True:
        page = get(url, api_token, path, limit=_PAGE, cursor=cursor, **query)
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def post(url: str, api_token: str | None, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Returns what the API answers to a POST; members that are None are left out.

    Raises:
        ApiError: if nothing answers, or with the problem that the API names.
    """
    sent = {name: value for name, value in body.items() if value is not None}
    return _request(url, api_token, "POST", path, json=sent).json()


def put(url: str, api_token: str | None, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Returns what the API answers to a PUT.

    Raises:
        ApiError: if nothing answers, or with the problem that the API names.
    """
    return _request(url, api_token, "PUT", path, json=dict(body)).json()


def delete(url: str, api_token: str | None, path: str) -> None:
    """Has the API delete something.

    Raises:
        ApiError: if nothing answers, or with the problem that the API names.
    """
    _request(url, api_token, "DELETE", path)


def streamed(
    url: str, api_token: str | None, path: str, query: list[tuple[str, str]]
) -> Iterator[bytes]:
    """Yields what the API answers to a GET as it comes; the caller may stop at any time.

    Raises:
        ApiError: as `get`, and if the answer ends before it is complete.
    """
    import httpx

    headers = {"Authorization": f"Bearer {api_token}"} if api_token else {}
    address = f"{url.rstrip('/')}/api/v1{path}"
    timeout = httpx.Timeout(60, read=_READ_S)
    asked, has_begun = tuple(query), False
    try:
        with httpx.stream("GET", address, params=asked, headers=headers, timeout=timeout) as answer:
            if answer.is_error:
                answer.read()
                raise ApiError(_problem(answer))
            for piece in answer.iter_bytes():
                has_begun = True
                yield piece
    except httpx.HTTPError as error:
        if has_begun:
            raise ApiError(f"the answer ended before it was complete ({error})") from None
        raise ApiError(
            f"no API answers at {url} ({error}). Is `csms serve` running? Give --api-url."
        ) from None
    except httpx.InvalidURL as error:
        raise ApiError(f"{url} is no address of an API: {error}") from None


def send_table(url: str, api_token: str | None, path: str, table: bytes, **query: Any) -> Any:  # noqa: ANN401 - JSON
    """Returns what the API answers to a POST of a CSV table.

    Raises:
        ApiError: if nothing answers, or with the problem that the API names.
    """
    headers = {"Content-Type": "text/csv"}
    return _request(
        url, api_token, "POST", path, params=query, content=table, headers=headers
    ).json()


def send_file(url: str, api_token: str | None, path: str, file: Path, **query: Any) -> Any:  # noqa: ANN401 - JSON
    """Returns what the API answers to a POST of a file, which is not read into memory.

    Raises:
        ApiError: if the file cannot be read, nothing answers, or with the API's problem.
    """
    asked = {name: value for name, value in query.items() if value is not None}
    headers = {"Content-Type": "application/octet-stream"}
    try:
        with file.open("rb") as content:
            more = {"params": asked, "headers": headers, "read_s": _FILE_S}
            answer = _request(url, api_token, "POST", path, content=content, **more)
    except OSError as error:
        raise ApiError(f"cannot read {file}: {error.strerror}") from None
    return answer.json()


def send_text(url: str, api_token: str | None, path: str, text: bytes, **query: Any) -> Any:  # noqa: ANN401 - JSON
    """Returns what the API answers to a PUT of a file that need not be JSON.

    Raises:
        ApiError: if nothing answers, or with the problem that the API names.
    """
    asked = {name: value for name, value in query.items() if value is not None}
    return _request(url, api_token, "PUT", path, params=asked, content=text).json()


def _request(
    url: str,
    api_token: str | None,
    method: str,
    path: str,
    **content: Any,  # noqa: ANN401 - JSON
) -> httpx.Response:
    import httpx

    headers = content.pop("headers", {})
    if api_token:
        headers["Authorization"] = f"Bearer {api_token}"
    timeout = httpx.Timeout(_CALL_S, read=content.pop("read_s", _CALL_S))
    try:
        answer = httpx.request(
            method, f"{url.rstrip('/')}/api/v1{path}", headers=headers, timeout=timeout, **content
        )
    except httpx.HTTPError as error:
        raise ApiError(
            f"no API answers at {url} ({error}). Is `csms serve` running? Give --api-url."
        ) from None
    except httpx.InvalidURL as error:
        raise ApiError(f"{url} is no address of an API: {error}") from None
    except ValueError as error:
        raise ApiError(f"this cannot be sent: {error}") from None
    if answer.is_error:
        raise ApiError(_problem(answer))
    return answer


def _problem(answer: Any) -> str:  # noqa: ANN401 - an httpx response
    if answer.status_code == _UNAUTHORIZED:
        return "the API wants its token, and this is not it: give --api-token, or CSMS_API_TOKEN"
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError):
        return f"the API answered {answer.status_code}"
