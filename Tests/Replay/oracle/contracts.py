# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What a frame's symbol stands for, and what its sizes mean (DESIGN section 3, EVENTS 13 and 24)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Optional

from .listings import Instrument
from .numbers import amount_of, product, spell
from .outcomes import Undecodable
from .symbols import Name

SPOT, LINEAR, INVERSE = "spot", "linear", "inverse"


@dataclass(frozen=True)
class Contract:
    """A symbol with its kind. `multiplier` turns the venue's size into ours; None where that is unknown."""

    name: Name
    venue_symbol: str
    kind: str
    multiplier: Optional[Decimal]
    contract_size: Optional[Decimal]

    @property
    def symbol(self) -> str:
        """The canonical symbol."""
        return self.name.canonical

    def sized(self) -> Decimal:
        """What turns the venue's sizes into ours; refused where that is unknown, sizes in the frame or not."""
        if self.multiplier is None:
            raise Undecodable("unknown_instrument", self.venue_symbol)
        return self.multiplier

    def exact_size(self, value: Any) -> Decimal:
        """The venue's size in our unit: base for spot and linear, contracts for inverse."""
        return product(amount_of(value), self.sized())

    def size(self, value: Any) -> str:
        """The same, spelled."""
        return spell(self.exact_size(value))

    def worth(self, contracts: Any) -> Optional[str]:
        """Contracts × contract size: what inverse contracts are worth in quote; None where the size is unknown."""
        if self.contract_size is None:
            return None
        return spell(product(amount_of(contracts), self.contract_size))


def contract(name: Name, venue_symbol: str, known: Optional[Instrument], counted: bool) -> Contract:
    """The contract behind a name; `counted` says that the venue counts linear sizes in contracts."""
    kind = SPOT if not name.contract else INVERSE if name.quote == "USD" else LINEAR
    if known is not None and name.contract:
        kind = LINEAR if known.linear else INVERSE
    size = known.fields["contract_size"] if known is not None else None
    exact = None if size is None else Decimal(size)
    multiplier = exact if counted and kind == LINEAR else Decimal(1)
    return Contract(name, venue_symbol, kind, multiplier, exact)
