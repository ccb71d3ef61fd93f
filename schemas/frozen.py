"""Values that nobody may change, without paying for the guard on every construction.

`dataclass(frozen=True)` sets each field through `object.__setattr__`, three times as slow; a
callback makes some twenty values with two hundred fields on its way. Here the type checker is the
guard, as it is for everything else that the code promises about types.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make a data class with slots that is compared and hashed by its fields."""
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def named_value(cls: type[T]) -> type[T]:
    """Make a `value` whose fields are given by name only."""
    make: Callable[[type[T]], type[T]] = dataclass(slots=True, unsafe_hash=True, kw_only=True)
    return make(cls)
