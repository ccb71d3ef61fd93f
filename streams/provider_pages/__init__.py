"""What is told of every provider: on the terminal, in account files, in docs/providers.md.

All say the same, because all are made from `described`. Everything in it is read from the
provider's own file, except what to enter in a provider's console and how many cases there are.
"""

from streams.provider_pages.described import described
from streams.provider_pages.page import OVERVIEW, count_cases, overview_row, providers_page
from streams.provider_pages.wording import facts_of

__all__ = [
    "OVERVIEW",
    "count_cases",
    "described",
    "facts_of",
    "overview_row",
    "providers_page",
]
