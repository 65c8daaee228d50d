import json
from typing import Any

import pytest

from cordboard.edge.cli.lists import Listing, merged, what_is_left
from cordboard.edge.client.paging import Pagination

NUMBERS = Listing(key="phone_numbers", what="numbers", most=1000, hint="Register one.")


def a_page(page: int, total_pages: int, *numbers: str) -> dict[str, Any]:
    return {
        "organization_id": "org_1",
        "phone_numbers": [{"phone_number": number} for number in numbers],
        "returned_count": len(numbers),
        "pagination": {
            "page": page,
            "limit": 2,
            "total_pages": total_pages,
            "total_count": 3,
            "has_next": page + 1 < total_pages,
            "has_previous": page > 0,
        },
        "sort_by": "updated_at",
    }


def raw(page: dict[str, Any]) -> bytes:
    return json.dumps(page).encode()


def test_one_page_is_printed_as_it_came() -> None:
    page = raw(a_page(0, 1, "+1"))
    assert merged([page], "phone_numbers") is page


def test_all_pages_become_one_that_holds_everything_in_the_same_form() -> None:
    pages = [raw(a_page(0, 2, "+1", "+2")), raw(a_page(1, 2, "+3"))]
    assert json.loads(merged(pages, "phone_numbers")) == a_page(0, 1, "+1", "+2", "+3") | {
        "pagination": {
            "page": 0,
            "limit": 3,
            "total_pages": 1,
            "total_count": 3,
            "has_next": False,
            "has_previous": False,
        }
    }


@pytest.mark.parametrize(
    ("pagination", "is_all", "text"),
    [
        (Pagination(0, 50, 0, 0, has_next=False), False, "No numbers. Register one."),
        (Pagination(0, 50, 1, 50, has_next=False), False, ""),
        (Pagination(1, 50, 2, 60, has_next=False), True, ""),
        (
            Pagination(0, 50, 25, 1234, has_next=True),
            False,
            "1–50 of 1,234 numbers; --page 1 or --all shows more.",
        ),
        (
            Pagination(24, 50, 25, 1234, has_next=False),
            False,
            "1,201–1,234 of 1,234 numbers; --all shows more.",
        ),
        (Pagination(7, 50, 2, 60, has_next=False), False, "The 60 numbers end on page 1."),
    ],
)
def test_below_a_list_stands_what_there_is_more_of(
    pagination: Pagination, text: str, *, is_all: bool
) -> None:
    assert what_is_left(pagination, NUMBERS, is_all=is_all) == text
