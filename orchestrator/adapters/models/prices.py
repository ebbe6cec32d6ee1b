"""What tokens cost: the user's own prices first, then the dated list of ``genai-prices``, else unknown.

The list is a module on disk; its network updater is never used. Cache writes are priced at the five-minute rate, the
only kind that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from orchestrator.domain.call import Usage
from orchestrator.settings import Price

_MILLION = Decimal(1_000_000)

_LISTED: Mapping[str, str] = MappingProxyType({"anthropic": "anthropic", "google": "google", "openai": "openai"})


class PriceList:
    """Implements :class:`orchestrator.ports.Prices`.

    ``overrides``: by exact model id. ``per_call``: by provider, US dollars a call whatever it uses (command
    executors). ``per_search``: US dollars a search of the provider's own tool. ``listed``: our provider's name -> the
    list's, for those whose list prices hold; a local server is not among them, whatever its model is called.
    """

    def __init__(
        self,
        overrides: Mapping[str, Price] | None = None,
        *,
        per_call: Mapping[str, Decimal] | None = None,
        per_search: Decimal = Decimal(0),
        listed: Mapping[str, str] = _LISTED,
    ) -> None:
        self._overrides = dict(overrides or {})
        self._per_call = dict(per_call or {})
        self._per_search = per_search
        self._listed = dict(listed)

    def cost(self, *, provider: str, model: str, usage: Usage, at: datetime) -> Decimal | None:
        """US dollars; ``None`` where no price is known."""
        if provider in self._per_call:
            return self._per_call[provider]
        tokens: Decimal | None = None
        if model in self._overrides:
            tokens = _by_own_price(self._overrides[model], usage)
        elif provider in self._listed:
            tokens = _by_list(self._listed[provider], model.removeprefix("models/"), usage, at)
        return None if tokens is None else tokens + usage.searches * self._per_search


def _by_own_price(price: Price, usage: Usage) -> Decimal:
    """Cached parts without a price of their own cost what input costs."""
    plain = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    parts = (
        plain * price.input,
        usage.cached_tokens * read,
        usage.cache_write_tokens * write,
        usage.output_tokens * price.output,
    )
    return sum(parts, Decimal(0)) / _MILLION


@lru_cache(maxsize=512)
def _by_list(listed: str, model: str, usage: Usage, at: datetime) -> Decimal | None:
    """Remembered: finding a model in the list takes longer than the sum, and an outlook asks for few sums often."""
    from genai_prices import Usage as ListUsage
    from genai_prices import calc_price

    counts = ListUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens or None,
        cache_write_tokens=usage.cache_write_tokens or None,
    )
    try:
        return calc_price(counts, model, provider_id=listed, genai_request_timestamp=at).total_price
    except LookupError:  # not in the list: unknown, which is not zero
        return None
